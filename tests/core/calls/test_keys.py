"""The key of a call: all that decides its reply, and nothing else."""

from __future__ import annotations

import pytest

from targen_core import Message


@pytest.fixture
def key(lab, desk, drive, tmp_path):
    """The key of one call, made as the arguments say."""

    def of(*, seed=0, params=None, identity="toy", concurrency=8, **question):
        model = lab.ToyModel(lambda request: "x", identity=identity)
        path = tmp_path / f"journal-{of.count}"
        of.count += 1
        one = desk(model, path=path, seed=seed, params=params, concurrency=concurrency)
        drive(one.ask(**question))
        return model.asked[0]

    of.count = 0
    return of


def test_the_same_call_has_the_same_key_whatever_surrounds_it(key):
    assert key() == key()
    assert key() == key(concurrency=1)
    assert key(params={"max_tokens": 5, "top_p": 1.0}) == key(
        params={"top_p": 1.0, "max_tokens": 5}
    )
    assert len(key()) == 32
    assert int(key(), 16) >= 0


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"place": "generate/0/no/0"},
        {"occurrence": 1},
        {"params": {"max_tokens": 51}},
        {"params": {"max_tokens": 50, "temperature": 0.5}},
        {"identity": "other"},
        {"text": "hello."},
        {"digest": "another schema"},
        {"messages": (Message("system", "hello"),)},
        {"messages": (Message("user", "hello"), Message("user", ""))},
        {"messages": (Message("user", "hel"), Message("user", "lo"))},
    ],
    ids=str,
)
def test_whatever_decides_the_reply_changes_the_key(key, change):
    assert key() != key(**change)


def test_messages_cannot_be_shifted_into_one_another(key):
    one = (Message("user", "a"), Message("user", "b"))
    other = (Message("user", "auser 1\nb"),)
    assert key(messages=one) != key(messages=other)


def test_surrogates_have_a_key(key):
    assert key(text="\ud800") != key(text="\ud801")


class TestInARun:
    pytestmark = pytest.mark.usefixtures("virtual_time")

    def test_what_a_stage_asks_twice_are_two_calls(self, lab, tmp_path):
        world = lab.World(labels=("only",), lists=(3,), correct=False)

        async def write(llm, seed):
            texts = [await llm.ask("write only / $seed", seed=seed) for _ in range(3)]
            assert len(set(texts)) == 3
            return lab.Row(seed=seed, text=" ".join(texts), label="only")

        task = world.task(generators={"only": write})
        ran = lab.run(world, tmp_path / "run", {"only": 2}, task=task)
        assert ran.error is None
        assert len(set(ran.model.asked)) == len(ran.model.asked)

    def test_a_prompt_a_schema_or_an_option_that_changes_asks_anew(self, lab, tmp_path):
        world = lab.World(labels=("only",), lists=(3,), correct=False)
        keys = {}
        for name, spec in {
            "plain": {},
            "again": {},
            "seed": {"seed": 3},
            "option": {"options": {"temperature": 0.1}},
        }.items():
            ran = lab.run(world, tmp_path / name, {"only": 2}, **spec)
            keys[name] = set(ran.model.asked)
        assert keys["plain"] == keys["again"]
        assert not keys["plain"] & keys["seed"]
        assert not keys["plain"] & keys["option"]
