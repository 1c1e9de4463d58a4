"""Errors carry values, and their text is that of the place where it appears."""

from __future__ import annotations

import ast
import pickle
import re
from pathlib import Path

import pytest

import targen_core
from targen_core import wording
from targen_core.errors import UsageError
from targen_core.wording import REPEAT, Option, in_words, of_a_command

from ..tables import table

CORE = Path(targen_core.__file__).parent

# The value, and its text for the command line, Python and a file.
SAID = table(
    r"""
    Option("max_cost") | --max-cost | max_cost | max_cost:
    Option("max_cost", 5) | --max-cost 5 | max_cost=5 | max_cost: 5
    Option("out", ...) | --out | out=... | out: …
    Option("given", Blank("FILE")) | --given FILE | given=FILE | given: FILE
    Option("n", 40) | -n 40 | n=40 | n: 40
    Option("mix", True) | --mix | mix=True | mix: true
    Option("correct", False) | --no-correct | correct=False | correct: false
    Option("labels", {"a b": 4, "no": 2}) | --label 'a b=4' --label no=2 | labels={"a b": 4, "no": 2} | labels: {"a b": 4, "no": 2}
    Option("variants", ["a", "my b"]) | --variant a --variant 'my b' | variants=["a", "my b"] | variants: ["a", "my b"]
    Option("out", Path("my runs/x")) | --out 'my runs/x' | out="my runs/x" | out: "my runs/x"
    Setting("temperature", 0.7) | -o temperature=0.7 | temperature=0.7 | temperature: 0.7
    Setting("correct.top_p", 0) | -o correct.top_p=0 | options={"correct.top_p": 0} | options: {correct.top_p: 0}
    Setting("correct.times") | -o correct.times | options["correct.times"] | correct.times:
    Setting("extra", {"a": 1}) | -o 'extra={"a": 1}' | extra={"a": 1} | extra: {"a": 1}
    Together(Option("n", 4), Setting("a.b", 1), Setting("c.d", "x y")) | -n 4 -o a.b=1 -o 'c.d=x y' | n=4, options={"a.b": 1, "c.d": "x y"} | n: 4, options: {"a.b": 1, "c.d": "x y"}
    Model("llama", "NAME") | --model NAME | model="llama/NAME" | model: "llama/NAME"
    Action("resume", "my runs/x", n=40) | targen resume 'my runs/x' -n 40 | targen_core.resume("my runs/x", n=40) | targen_core.resume("my runs/x", n=40)
    Action("show", "x.csv", task="rte") | targen show x.csv --task rte | targen show x.csv --task rte | targen show x.csv --task rte
    Action("generate", ..., out=...) | targen generate --out | targen_core.generate(..., out=...) | targen_core.generate(..., out=...)
    Either("this", Option("n")) | this | n | n
    "give " + Option("seeds", ...) + " or " + listed([Option("n", 1), Option("n", 2)]) | give --seeds or -n 1, -n 2 | give seeds=... or n=1, n=2 | give seeds: … or n: 1, n: 2
    """,
    4,
)


@pytest.mark.parametrize(("value", "command", "python", "file"), SAID)
def test_a_value_has_a_text_for_each_edge(value, command, python, file):
    said = eval(value, {**vars(wording), "Path": Path})
    assert str(said) == python
    assert in_words(said, "file") == file
    with of_a_command():
        assert str(said) == command
    assert str(pickle.loads(pickle.dumps(said))) == f"{said}" == python


def test_an_error_is_worded_where_it_is_read():
    error = UsageError(Option("max_cost") + " is -1", hint=Option("max_cost", 5))
    assert (str(error), error.hint) == ("max_cost is -1", "max_cost=5")
    assert error.__notes__ == ["hint: max_cost=5"]
    sent = pickle.dumps(error)
    with of_a_command():
        arrived = pickle.loads(sent)
        assert (str(arrived), arrived.hint) == ("--max-cost is -1", "--max-cost 5")
    arrived.hint = REPEAT + " later"
    assert arrived.hint == "make the same call again later"
    assert isinstance(arrived.hint, str)


def _texts(path: Path) -> list[ast.Constant]:
    """The texts of a module, without its docstrings."""
    tree = ast.parse(path.read_text("utf-8"))
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    texts = (node for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return [text for text in texts if isinstance(text.value, str) and id(text) not in prose]


def test_no_text_below_the_command_has_a_flag():
    flag = re.compile(r"(?<![\w-])--[a-z]|(?<!\S)-[no] ")
    rooms = [path for path in CORE.rglob("*.py") if not {"cli", "templates"} & {*path.parts}]
    own = CORE / "options.py", CORE / "wording.py"  # what the command says of a flag; flags
    own += CORE / "plugins/kinds.py", CORE / "origin.py", CORE / "pages.py"  # likewise; CSS
    own += tuple(CORE / f"runs/records/{name}.py" for name in ("correction_plan", "other_folders"))
    found = [
        f"{path.relative_to(CORE)}:{text.lineno}: {text.value}"
        for path in rooms
        if path not in own
        for text in _texts(path)
        if flag.search(re.sub(r"(pip|ulimit)\b.*", "", text.value))
    ]
    assert not found
