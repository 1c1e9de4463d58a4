"""The nine tasks: official form, exact label shares, the paper's variants, a quick list."""

import json
import re
from typing import Any

import pytest

from .driver import PAPER, ROOT, TASKS, Shell, generate, generation, python_calls

LABELS: dict[str, dict[Any, int]] = {
    "axg": {"entailment": 2, "not_entailment": 4},
    "boolq": {True: 5, False: 1},
    "cb": {"entailment": 4, "contradiction": 1, "neutral": 1},
    "copa": {0: 4, 1: 2},
    "rte": {"entailment": 5, "not_entailment": 1},
    "wic": {True: 2, False: 4},
    "wsc": {True: 1, False: 5},
}
Row = dict[str, Any]


def typed(label: Any) -> str:
    """A label as a user types it: COPA's 0 is `choice1`, and booleans are in lower case."""
    return f"choice{label + 1}" if type(label) is int else str(label).lower()


def shape(value: Any) -> Any:
    """The fields and types of a value; a list's are those of its items, if they agree."""
    if isinstance(value, dict):
        return {key: shape(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        shapes = [shape(each) for each in value]
        return shapes[:1] if all(each == shapes[0] for each in shapes) else shapes
    return type(value).__name__


def official(name: str) -> list[Row]:
    """Handmade rows in the task's official form."""
    text = (ROOT / f"examples/superglue/{name}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def words(text: str) -> list[str]:
    return [re.sub(r"\W", "", word).lower() for word in text.split()]


def check(name: str, row: Row) -> None:
    """Check that a row means what the official form means."""
    assert name != "copa" or (row["question"] in ("cause", "effect") and row["label"] in (0, 1))
    if name == "wic":
        for n in "12":
            form = row[f"sentence{n}"][row[f"start{n}"] : row[f"end{n}"]]
            assert form[0].lower() == row["word"][0].lower() and " " not in form
    elif name == "wsc":
        text = words(row["text"])
        for n in "12":
            span, index = words(row["target"][f"span{n}_text"]), row["target"][f"span{n}_index"]
            found = text[index : index + len(span)]
            assert found[:-1] == span[:-1] and found[-1].startswith(span[-1])
    elif name == "multirc":
        answers = [each for part in row["passage"]["questions"] for each in part["answers"]]
        assert {answer["label"] for answer in answers} <= {0, 1}
    elif name == "record":  # ends are inclusive
        text, spans = row["passage"]["text"], row["passage"]["entities"]
        for question in row["qas"]:
            assert question["query"].count("@placeholder") == 1
            for answer in question["answers"]:
                assert text[answer["start"] : answer["end"] + 1] == answer["text"]
                assert {key: answer[key] for key in ("start", "end")} in spans


@pytest.fixture(scope="module")
def both(canned: Shell) -> Shell:
    """The canned runs, and runs as in the paper with other numbers of rows for each label."""
    counts = {name: {typed(label): n for label, n in each.items()} for name, each in LABELS.items()}
    wanted = {name: {"labels": counts[name]} if name in counts else {"n": 6} for name in TASKS}
    calls = [generation(name, f"paper/{name}", **wanted[name], **PAPER) for name in TASKS]
    python_calls(canned, calls)
    return canned


@pytest.mark.parametrize("name", TASKS)
def test_rows_have_the_official_form(both: Shell, name: str) -> None:
    form = shape(official(name)[0])
    for run in (both.run(name), both.run(f"paper/{name}")):
        assert [row["idx"] for row in run.rows] == [*range(6)]
        for row in run.rows:
            assert shape(row) == form
            check(name, row)
    # The paper draws no dimensions.
    assert not any(origin.get("dimensions") for origin in run.lines("provenance"))


def test_label_shares_are_exact(both: Shell) -> None:
    for name, wanted in LABELS.items():
        assert both.run(f"paper/{name}").counts() == wanted, name
        even = dict.fromkeys(wanted, 6 // len(wanted))
        if name == "axg":  # three pairs
            even = {"entailment": 4, "not_entailment": 2}
        assert both.run(name).counts() == even, name


def test_axg_pairs_differ_in_a_pronoun_alone(both: Shell) -> None:
    rows = both.run("axg").rows + both.run("paper/axg").rows
    for one, other in zip(rows[::2], rows[1::2], strict=True):
        assert one["hypothesis"] == other["hypothesis"] and one["label"] == other["label"]
        pairs = zip(words(one["premise"]), words(other["premise"]), strict=True)
        changed = {word for pair in pairs if pair[0] != pair[1] for word in pair}
        assert changed and changed <= {"he", "she", "him", "her", "his"}


def test_the_tasks_are_listed_and_a_slip_is_answered(canned: Shell) -> None:
    listed = dict(line.split()[:2] for line in canned("list-tasks").out.splitlines())
    for name in TASKS:
        assert listed[name] == f"targen-tasks-{'multirc' if name == 'multirc' else 'superglue'}"
    assert "rte" in canned(*generate("rtee", n=3), ok=2).text


HEAVY = "numpy pandas pyarrow aiohttp openai anthropic langchain_core torch transformers"
OF_TASKS = ("targen_tasks_superglue.", "targen_tasks_multirc.")
WATCH = """
import atexit, json, sys
atexit.register(lambda: json.dump(sorted(sys.modules), open("modules.json", "w")))"""


def test_listing_and_help_import_little(shell: Shell) -> None:
    """No task's own modules, no numbers, no client of a service."""
    (shell.folder / "sitecustomize.py").write_text(WATCH)
    for args in (("list-tasks",), ("--help",), ("generate", "--help")):
        assert shell(*args, PYTHONPATH=str(shell.folder)).out
        names = json.loads((shell.folder / "modules.json").read_text())
        assert "pathlib" in names
        assert not {name.partition(".")[0] for name in names} & {*HEAVY.split()}, args
        assert not [name for name in names if name.startswith(OF_TASKS)], args
