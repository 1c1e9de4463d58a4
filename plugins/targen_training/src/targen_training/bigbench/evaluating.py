"""Evaluate models with `targen evaluate` on a task.json of BIG-bench."""

from __future__ import annotations

import random
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from targen_core.cli.status import status
from targen_core.dataset.source import open_source
from targen_core.errors import UnreadableFile, UsageError
from targen_core.reading.files import read_json
from targen_core.text import plural
from targen_standard.datasets.bigbench import BigBench, Example, bigbench_of, is_bigbench
from targen_training.bigbench.score import Grade, graded
from targen_training.printed import with_interval


def bigbench_in(sources: Sequence[str]) -> BigBench | None:
    """Return the BIG-bench task in a single file; None if the file holds another task."""
    if len(sources) != 1 or not sources[0].endswith(".json") or not Path(sources[0]).is_file():
        return None
    try:
        value = read_json(Path(sources[0]), 1 << 30)
    except UnreadableFile:
        return None
    return bigbench_of(value, sources[0]) if is_bigbench(value) else None


def is_decoder(place: Path) -> bool:
    """Return whether a folder holds a decoder: a trained one, or pretrained weights."""
    if (place / "model.json").is_file():
        from targen_training.models import facts_of

        return facts_of(place)[0].trainer == "targen-training:decoder"
    if not place.exists() and str(place).count("/") == 1:  # as on the hub: in its cache
        return True
    return (place / "config.json").is_file()


def drawn(task: BigBench, number: int | None) -> list[int]:
    """The places of so many examples, drawn by chance; by default of all."""
    every = range(len(task.examples))
    if number is None or number >= len(every):
        return list(every)
    return sorted(random.Random("bigbench").sample(every, number))


def chosen(task: BigBench, place: str, shots: int, number: int | None) -> tuple[Grade, list[Any]]:
    """Return the grade of a decoder that chooses by likelihood, and each of its choices.

    Raises:
        UsageError: the decoder does not exist, or the task has no choices.
    """
    from targen_training.bigbench.likelihood import Chooser, decoder_in
    from targen_training.bigbench.score import METRICS, metric_of
    from targen_training.bigbench.shots import prompt_of

    if metric_of(task) != METRICS[0]:
        raise UsageError(
            f"{task.name} is scored on written answers ({metric_of(task)})",
            hint="have a model write answers with targen answer-bigbench, then evaluate those",
        )
    places = drawn(task, number)
    prompts = [prompt_of(task, at, shots, 0) for at in places]
    examples = [task.examples[at] for at in places]
    chooser = Chooser(decoder_in(place))
    with status() as line:
        picks = chooser.choose(
            prompts,
            [list(example.scores) for example in examples],
            lambda done, of: line.at(f"{done:,} of {of:,} examples"),
        )
    if chooser.cut:
        print(
            f"note: {plural(chooser.cut, 'prompt')} exceeded the maximum length; the beginning was "
            "cut",
            file=sys.stderr,
        )
    rows = _rows(places, examples, picks)
    return graded(task, examples, chosen=picks), rows


def answered(task: BigBench, source: str) -> tuple[Grade, list[Any]]:
    """Grade written answers: a run of targen answer-bigbench, or rows of `input` and `output`.

    Raises:
        UsageError: they cannot be read, or are of another task.
    """
    by_input: dict[str, list[int]] = {}
    for at, example in enumerate(task.examples):
        for text in {example.input.strip(), example.with_choices.strip()}:
            by_input.setdefault(text, []).append(at)
    answer_at: dict[int, str] = {}
    lost = 0
    for row in open_source(Path(source)).rows():
        if not isinstance(row.get("input"), str) or row.get("output", row.get("answer")) is None:
            raise UsageError(
                f"{source} does not contain answers, which are rows with `input` and `output`",
                hint="have a model write some with targen answer-bigbench TASK.json",
            )
        places = by_input.get(row["input"].strip(), [])
        place = _place(row, places)
        if place is None:
            lost += 1
        else:
            answer_at[place] = str(row.get("output", row.get("answer")))
    if not answer_at:
        raise UsageError(f"{source} contains no answers to examples of {task.name or 'this task'}")
    if lost:
        print(f"warning: answers that match no example of the task: {lost:,}", file=sys.stderr)
    if len(answer_at) < len(task.examples):
        print(
            f"answered {len(answer_at):,} of {len(task.examples):,} examples; the others do not "
            "count",
            file=sys.stderr,
        )
    places = sorted(answer_at)
    examples = [task.examples[at] for at in places]
    answers = [answer_at[at] for at in places]
    return graded(task, examples, answers=answers), _rows(places, examples, answers)


def _place(row: Mapping[str, Any], places: Sequence[int]) -> int | None:
    """The example that a row answers: the one it names, of those with its input."""
    named = row.get("row")
    if named in places:
        return int(str(named))
    return places[0] if places else None


def _rows(
    places: Sequence[int], examples: Sequence[Example], answers: Sequence[str]
) -> list[dict[str, Any]]:
    return [
        {"row": at, "targets": list(example.targets), "answer": answer}
        for at, example, answer in zip(places, examples, answers, strict=True)
    ]


def grade_said(grade: Grade) -> list[str]:
    """A grade in lines for people."""
    score = with_interval(grade.normalized, scale=1)
    lines = [
        f"{grade.metric}: {with_interval(grade.raw, unit='%')}; chance: {100 * grade.low:.1f}%",
        f"normalised score: {score}; 0 is chance level, 100 is perfect",
    ]
    if grade.illegal is not None and grade.illegal.value:
        share = with_interval(grade.illegal, unit="%")
        lines.append(f"answers that do not contain a choice, counted as wrong: {share}")
    return lines


def as_facts(task: BigBench, grade: Grade, shots: int | None) -> dict[str, Any]:
    """A grade for programs."""
    return {
        "task": task.name,
        "metric": grade.metric,
        "examples": grade.examples,
        "shots": shots,
        "raw": asdict(grade.raw),
        "chance": grade.low,
        "normalized": asdict(grade.normalized),
        "illegal": None if grade.illegal is None else grade.illegal.value,
    }
