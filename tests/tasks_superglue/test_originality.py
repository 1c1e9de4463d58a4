"""No prompt names a dataset, and no worked example nearly repeats a text that exists.

Holds for every task that the project's distributions register, now and later.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from rapidfuzz import fuzz

from targen_core import Prompt, Task
from targen_core.plugins.loader import load_registry
from targen_standard.correctors.blind import SOLVE_PROMPT
from targen_standard.correctors.meta import META_PROMPT

SHARED = Path(__file__).parents[3] / "shared"
DATA = SHARED / "data"
EXAMPLES = Path(__file__).parents[2] / "examples" / "superglue"
needs_data = pytest.mark.skipif(
    not (DATA / "superglue").is_dir(), reason=f"the original data is not at {DATA}"
)
DISTRIBUTIONS = ("targen-tasks-superglue", "targen-tasks-multirc")
NEAR = 85  # similarity from which a text is nearly another one
LEAST = 5  # words of a text that can be recognised at all
FORM = {"what was the cause of this", "what happened as a result"}  # part of the task, no example

NAMES = re.compile(
    r"(?i:\bsuper[\s-]?glue\b|\bbig-?bench\b|\bcommitment\s?bank\b|\bboolq\b|\bmultirc\b|"
    r"\bwinograd\b|\bwinogender\b|\bwinobias\b|\bax-?[bg]\b|\bwic\b|\bwsc\b|\brte\b|\bcopa\b|"
    r"\b[sm]nli\b|\bsquad\b|\bword-in-context\b|\bchoice of plausible\b|\btextual entailment\b|"
    r"\bbenchmarks?\b|\bdata\s?-?sets?\b|\btest set\b|\btraining (?:set|data)\b|\btargen\b)"
    r"|\bGLUE\b|\bCB\b|\bReCoRD\b|\bNLI\b"
)


def tasks() -> dict[str, Task[Any, Any]]:
    registry = load_registry()
    return {
        item.name: registry.resolve(item)
        for item in registry.all("task")
        if item.distribution in DISTRIBUTIONS
    }


def as_made(task: Task[Any, Any]) -> Iterator[Task[Any, Any]]:
    """The task, and the task under each of its variants."""
    yield task
    for name in task.variants:
        yield task.varied([name])


def prompts_of(task: Task[Any, Any]) -> dict[str, Prompt]:
    """Every prompt of a task and its variants, that of instruction tuning included."""
    return {
        f"{prompt.name} {prompt.version}": prompt
        for made in as_made(task)
        for prompt in filter(None, [*made.prompts, made.texts.instruction_template])
    }


def sayings(task: Task[Any, Any]) -> dict[str, str]:
    """All that a task may say to a model, by where it stands."""
    said = {f"prompt {name}": prompt.text for name, prompt in prompts_of(task).items()}
    for made in as_made(task):
        said[f"instructions {made.judging.instructions[:40]!r}"] = made.judging.instructions
        for sample in made.judging.samples:
            said[f"sample {sample.input[:40]!r}"] = (
                f"{sample.input}\n{sample.output}\n{sample.actual}\n{sample.explanation}"
            )
    return said


def test_nothing_that_is_said_names_a_dataset():
    assert NAMES.search("as in SuperGLUE") and not NAMES.search("The record of the wick burned.")
    assert {"cb", "copa", "rte"} <= set(tasks())
    for name, task in tasks().items():
        for where, text in sayings(task).items():
            actual = NAMES.search(text)
            assert actual is None, f"{name}, {where}: {actual and actual[0]!r}"
        assert len(worked(task)) >= 8, f"{name} shows worked examples"
    for prompt in (META_PROMPT, SOLVE_PROMPT):
        assert NAMES.search(prompt.text) is None


# --- worked examples --------------------------------------------------------

_WORD = re.compile(r"\w+")
_SENTENCE = re.compile(r"(?<=[.!?])[\"”’')]*\s+|\n|<br>|@highlight")
_HEADING = re.compile(r"^\W*[A-Za-z][\w ']{0,24}:\s+", re.MULTILINE)
_MARKED = re.compile(r"\[(\w+)=[^\]]*\]")


def plain(text: str) -> str:
    return " ".join(_WORD.findall(text.lower()))


def units(text: str, *, whole: int = 400) -> Iterator[str]:
    """A text, if it is short, and its sentences, as comparisons see them."""
    parts = _SENTENCE.split(text)
    if len(text) <= whole:
        parts.append(text)
    for part in parts:
        actual = plain(part)
        if actual.count(" ") >= LEAST - 1:
            yield actual


def strings(value: object) -> Iterator[str]:
    """Every text in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from strings(part)
    elif isinstance(value, list):
        for part in value:
            yield from strings(part)


def shown(text: str) -> Iterator[str]:
    """What a worked turn shows: the strings of its JSON, or its lines without headings."""
    try:
        yield from strings(json.loads(text))
    except ValueError:
        yield from _HEADING.sub("", _MARKED.sub(r"\1", text)).split("\n")


def worked(task: Task[Any, Any]) -> set[str]:
    """Every worked text of a task: turns of prompts, samples, examples of tuning."""
    texts: set[str] = set()
    for prompt in prompts_of(task).values():
        values: dict[str, Any] = {
            name: () if f"--- insert {name}" in prompt.text else "x" for name in prompt.variables
        }
        for turn in prompt.fill(values):
            if turn.role != "system":
                texts.update(unit for part in shown(turn.content) for unit in units(part))
    for made in as_made(task):
        for sample in made.judging.samples:
            texts.update(unit for part in shown(sample.input) for unit in units(part))
    return texts - FORM


def originals() -> Iterator[str]:
    """Every text of the original data and of the paper, whole or by sentences."""
    for path in sorted(DATA.glob("superglue/*/*.jsonl")):
        for line in path.read_text(encoding="utf-8").split("\n"):
            if line:
                for text in strings(json.loads(line)):
                    yield from units(text)
    for path in sorted(DATA.glob("targen_released/*.json")):
        for text in strings(json.loads(path.read_text(encoding="utf-8"))):
            yield from units(text)
    for path in sorted((SHARED / "seeds").glob("*.txt")):
        lines = path.read_text(encoding="utf-8").split("\n")
        for text in (" ".join(lines), *lines):
            yield from units(_HEADING.sub("", text))


class Index:
    """The originals by their words, to find those that a text may nearly repeat."""

    def __init__(self, texts: set[str], expected: set[str]) -> None:
        self.texts: list[str] = []
        self.by_word: dict[str, list[int]] = defaultdict(list)
        for text in texts:
            known = [word for word in set(text.split()) & expected if len(word) > 3]
            if known:
                for word in known:
                    self.by_word[word].append(len(self.texts))
                self.texts.append(text)

    def nearest(self, text: str) -> tuple[float, str]:
        """The most similar original that shares at least a third of the longer words."""
        longer = {word for word in text.split() if len(word) > 3}
        shared = Counter(number for word in longer for number in self.by_word[word])
        best = (0.0, "")
        for number, count in shared.items():
            if count * 3 >= len(longer):
                other = self.texts[number]
                score = fuzz.ratio(text, other, score_cutoff=NEAR)
                best = max(best, (score, other))
        return best


@cache
def everything_worked() -> dict[str, str]:
    """Worked texts of all tasks and hand-made rows -> where each stands."""
    actual = {text: name for name, task in tasks().items() for text in worked(task)}
    for path in EXAMPLES.glob("*.jsonl"):
        for line in path.read_text(encoding="utf-8").split("\n"):
            for text in strings(json.loads(line or "null")):
                actual.update(dict.fromkeys(units(text), path.name))
    return actual


PLANTED = (
    ("My body cast a shadow over the lawn.", "my body cast a shadow over the grass"),
    ("The grass was recently cut by the boy.", ""),
    ("I carefully cast a long shadow there.", ""),
)


@needs_data
def test_no_worked_example_nearly_repeats_an_original_text():
    mine = everything_worked()
    assert len(mine) > 100
    planted = {plain(text): near for text, near in PLANTED}
    expected = {word for text in (*mine, *planted) for word in text.split()}
    index = Index(set(originals()), expected)
    assert len(index.texts) > 50_000
    for text, near in planted.items():  # the search finds what it is for
        assert bool(index.nearest(text)[0]) == bool(near), text
    near_copies = {
        f"{name}: {text!r} is nearly {actual[1]!r} ({actual[0]:.0f})"
        for text, name in mine.items()
        if (actual := index.nearest(text))[0] >= NEAR
    }
    assert not near_copies, "\n".join(sorted(near_copies))
