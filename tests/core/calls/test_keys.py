"""The key of a call: all that decides its reply, and nothing else."""

from __future__ import annotations

import pytest

from targen_core.calls.model import Message


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
        {"messages": (Message("user", "helouser 1\nlo"),)},
        {"text": "\ud800"},
    ],
    ids=str,
)
def test_whatever_decides_the_reply_changes_the_key(key, change):
    assert key() != key(**change)
