"""What arguments must be: an error that says what is wrong, and what to pass, in Python's words.

A line is a call, the error, and the hint. `integration/cli/mistakes` has what people get wrong,
and what the command refuses in the same way.
"""

from __future__ import annotations

import re
import shutil
from functools import partial
from pathlib import Path

import pytest

import targen_core as tg

from ...tables import table

pytestmark = pytest.mark.whole

CALLS = table("""
    generate(labels={"entailment": "2"}) | labels is | labels={
    generate(labels={"entailment": 1.0}) | labels is | labels={
    generate(labels={1.0: 2}) | labels is {1.0: 2} | labels={
    generate(preset=3) | preset is 3 | preset="paper"
    generate(n=2, variants=5) | variants is 5 | a list of names
    generate(n=2, filters={"a", "b"}) | filters is {' | a list of names
    generate(n=2, shard=2) | shard is 2 | "2/8" or (2, 8)
    generate(n=2, steps=["correct"]) | steps is | steps={
    generate(n=2, steps={"judge": {"temperature": 1}}) | there is no step or part 'judge' |
    generate(n=2, options=["x"]) | options is | options={
    generate(n=2, correct="blind") | correct is 'blind' | corrector="NAME"
    generate(n=2, correct=None) | correct is None | True or False
    generate(n=2, hedge=None) | hedge is None | True or False
    generate(n=2, seed=None) | seed is None | a whole number
    tg.preview("rte", model="scripted", seed=None) | seed is None | a whole number
    tg.correct("run", model="scripted", seed=None) | seed is None | a whole number
    tg.analyze("run", seed=None) | seed is None | a whole number
    tg.train("run", seed=None) | seed is None | a whole number
    generate(n=2, concurrency="4") | concurrency is '4' | a number
    generate(n=2, concurrency=10**9) | concurrency is 1000000000; it must be at most |
    generate(n=2, near_duplicates=0.9) | near_duplicates is 0.9 | up to 100
    generate(n=2, near_duplicates=101) | near_duplicates is 101; it must be at most 100 |
    generate(n=2, max_cost=0) | max_cost is 0; it must be above 0 |
    generate(n=2, give_up_after=0) | give_up_after is 0; it must be at least 1 |
    tg.resume("run", n=4, give_up_after=-1) | give_up_after is -1; it must be at least 1 |
    generate(n=2, max_cosine=0) | max_cosine is 0; it must be above 0 |
    generate(n=2, max_cosine=1.0) | max_cosine is 1.0; it must be below 1 |
    generate(n=2, embedder="words") | embedder requires max_cosine |
    generate(n=2, max_cosine=0.8, embedder="word") | no embedder named 'word' is installed |
    generate(n=2, contexts_limit=0) | contexts_limit is 0 |
    generate(n=2, seeds="empty.txt") | empty.txt is empty |
    generate(n=2, seeds="half.jsonl") | seeds file half.jsonl, line 1: the premise has 1 word, |
    generate(n=2, contexts_fraction=2) | contexts_fraction is 2; it must be at most 1 |
    generate(n=2, contexts_from="topics", contexts=["a"]) | contexts_from cannot be combined with |
    generate(n=2, dimensions={"length": 3}) | dimension length is 3 | pass a list of values, or
    generate(n=2, dimensions={"tone": None}) | no such dimension |
    generate(n=2, dimensions="length") | dimensions is 'length' |
    generate(n=2, temperature=object()) | temperature is <object | numbers, strings, lists or
    generate(n=2, listener=print) | listener is <built-in function print> | only Job.run takes a
    generate(n=2, script=print) | script is <built-in function print> | model=ScriptedModel(
    tg.generate("rte", n=2, model=scripted(later)) | script: later (line | def instead of async def
    tg.generate("rte", n=2, model=scripted("x")) | script: str is not a function | pass a function
    generate(n=2, registry="x") | registry is 'x' | load_registry()
    generate(n=2, out="x" * 300) | is too long for a path | choose a different name
    generate(n=2, out="a\\0b") | 'a\\x00b' contains a character that no path can contain |
    generate(n=2, contexts="a\\0b") | contains a character that no path can contain |
    tg.generate("./\\ud800.yaml", n=2, model="scripted") | contains a character that no path |
    tg.load("x" * 300) | is too long for a path |
    tg.resume("a\\ud800") | 'a\\ud800' contains a character that no path can contain |
    tg.read_dataset("x" * 300, task="rte") | is too long for a path |
    tg.export("run", "a\\0.csv") | contains a character that no path can contain |
    tg.train("run", out="a\\0b") | contains a character that no path can contain |
    tg.evaluate("x" * 300, "run") | is too long for a path |
    tg.review("a\\0b") | contains a character that no path can contain |
    tg.Job.resume(tg.load_registry(), "a\\0b") | contains a character that no path can contain |
    generate(n=2, out="stray") | stray | such as out="stray/run"
    estimate(n=10, yield_=0) | yield_ is 0 |
    estimate(n=10, reasoning_tokens={"think": 1}) | rte has no such step |
    estimate(n=10, measured="nowhere") | nowhere |
    estimate(n=10, max_cost=3) | max_cost |
    tg.load(None) | None | pass
    tg.read_dataset(["a", "b"], "rte") | is a list of texts, not of rows | [{"text": text} for
    tg.analyze(iter(["a", "b"])) | is a list of texts, not of rows | [{"text": text} for text in
    tg.trace("run", -1) | run has no row -1: it has 2 rows, numbered from 0 |
    tg.load("stray") | stray | targen_core.generate(..., out=...) creates run directories
    tg.load("run", task="rte") | task is 'rte', but a run looks up its task by name | pass
    tg.load("run", registry="x") | registry is 'x' | pass
    tg.resume(5) | 5 | pass
    tg.resume("run", task="rte") | task is 'rte', but a run looks up its task by name | pass
    tg.correct("run", model="scripted", flip="a") | flip is 'a' | pass
    tg.correct("run", model="scripted", flip=1.5) | flip is 1.5 |
    tg.correct("run", model="scripted", n=0) | n is 0 |
    tg.correct("run", model="scripted", rows_per_call=0) | rows_per_call is 0 |
    tg.correct("run", task="cb", model="scripted") | already states the task of its rows |
    tg.read_dataset([{"text": "t"}], {"name": "x"}) | task: dict is not a task | Declaration(
    tg.read_dataset("values.json", "rte") | values.json, row 1 does not fit the task rte: Input
    tg.read_dataset("torn.json", "rte") | cannot read torn.json, line 1: it is not JSON: Expecting |
    tg.read_dataset("none.json", "rte") | none.json has no rows |
""")
FILES = {
    "stray/mine.txt": "mine",
    "values.json": "[1, 2]",
    "torn.json": "[{}",
    "none.json": "[]",
    "empty.txt": "\n \n",
    "half.jsonl": '"a"\n{"b": 1}\n',
}


async def later(request):
    return ""


def scripted(script):
    return tg.ScriptedModel(tg.ScriptedOptions(), script)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    made = tmp_path_factory.mktemp("made") / "run"
    tg.generate("rte", n=2, model="scripted", out=made, progress=False, cache=False)
    return made


@pytest.mark.parametrize(("call", "error", "hint"), CALLS)
def test_what_cannot_be_is_said(call, error, hint, run):
    for name, text in FILES.items():
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(text)
    shutil.copytree(run, "run")
    known = {
        name: partial(getattr(tg, name), "rte", model="scripted")
        for name in ("generate", "estimate")
    }
    with pytest.raises(tg.TargenError) as caught:
        eval(call, {"tg": tg, "scripted": scripted, "later": later, **known})
    assert error in str(caught.value)
    assert hint in caught.value.hint
    assert not re.search(" --?[a-z]", f"{caught.value} {caught.value.hint}")
    assert not Path("runs").exists()
