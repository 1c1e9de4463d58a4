"""What arguments must be: a `UsageError` that says what is wrong, and what to pass."""

from __future__ import annotations

from pathlib import Path

import pytest

import targen_core as tg

pytestmark = pytest.mark.whole

SAMPLE_DECLARATION = tg.Declaration(name="a", description="Notes.", labels={"a": "b", "c": "d"})


@pytest.mark.parametrize(
    ("given", "wrong", "hint"),
    [
        ({"n": [2]}, r"n is \[2\]", "n=100"),
        ({"n": True}, "n is True", "n=100"),
        ({"labels": {"entailment": "2"}}, "labels is", "labels={"),
        ({"labels": {"entailment": 1.0}}, "labels is", "labels={"),
        ({"preset": 3}, "preset is 3", 'preset="paper"'),
        ({"n": 2, "variants": 5}, "variants is 5", "a list of names"),
        ({"n": 2, "steps": ["correct"]}, "steps is", "steps={"),
        ({"n": 2, "options": ["x"]}, "options is", "options={"),
        ({"n": 2, "concurrency": "4"}, "concurrency is '4'", "a number"),
        ({"n": 2, "correct": "blind"}, "correct is 'blind'", 'corrector="NAME"'),
        ({"n": 2, "near_duplicates": 0.9}, "near_duplicates is 0.9", "up to 100"),
        ({"n": 2, "registry": "x"}, "registry is 'x'", "load_registry()"),
        ({"n": 2, "out": 4}, "4 is not a path", "pass a path"),
    ],
)
def test_generate_says_what_to_pass(given, wrong, hint):
    with pytest.raises(tg.UsageError, match=wrong) as caught:
        tg.generate("rte", model="scripted", **given)
    assert hint in caught.value.hint
    assert not Path("runs").exists()


@pytest.mark.parametrize(
    "call",
    [
        lambda: tg.load(None),
        lambda: tg.resume(5),
        lambda: tg.resume("x", task="rte"),
        lambda: tg.load("x", task="rte"),
        lambda: tg.load("x", registry="x"),
        lambda: tg.correct("x", model="scripted", flip="a"),
        lambda: tg.read_dataset([{"text": "t"}], SAMPLE_DECLARATION),
    ],
)
def test_so_do_the_other_functions(call):
    tg.generate("rte", n=2, model="scripted", out="x")
    with pytest.raises(tg.UsageError) as caught:
        call()
    assert "pass" in caught.value.hint


def test_a_class_is_no_model(lab):
    with pytest.raises(tg.UsageError, match=r"ToyModel is a class; .* such as ToyModel\(...\)"):
        tg.generate("rte", n=2, model=lab.ToyModel)
    assert not Path("runs").exists()


def _stray(name: str) -> str:
    Path(name).mkdir()
    Path(name, "mine.txt").write_text("mine")
    return name


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: tg.generate("rte", n=0, model="scripted"), "n is 0; it must be at least 1"),
        (
            lambda: tg.load(_stray("x")),
            "targen_core.generate(..., out=...) creates run directories",
        ),
        (lambda: tg.generate("rte", n=2, model="scripted", out=_stray("y")), 'such as out="y/run"'),
        (lambda: tg.generate("rte", n=2, model="llama/m", max_cost=1), "price_in=0.15, price_out"),
    ],
)
def test_options_of_the_command_line_are_keywords(call, said):
    with pytest.raises(tg.TargenError) as caught:
        call()
    words = f"{caught.value} {caught.value.hint}"
    assert said in words
    assert " -" not in words
