"""Properties of decisions that no task has to name: lengths, and words that texts share.

And how they and a task's cues are spread over the labels: which way an artefact goes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from targen_analysis.artifacts.sample import Sample
from targen_analysis.lexical.words import split
from targen_analysis.statistics import mean
from targen_core.cli.findings import Cell, Table

ALL = "all fields"
"""The name of a whole decision."""

Numbers = Mapping[str, NDArray[np.float64]]
"""Property -> its value for each decision, shape (decisions,)."""

_KINDS = 3
"""For a cue that is a word, the number of common ones to show."""


def numbers_of(sample: Sample) -> dict[str, Numbers]:
    """Lengths of the texts, and for each two of them the words that they share.

    Returns:
        The name of the property -> its numbers.
    """
    known = {text: split(text) for row in sample.texts for text in row}
    words = [[known[text] for text in row] for row in sample.texts]
    lengths = {
        f"words of {field}": np.array([len(row[at]) for row in words], dtype=float)
        for at, field in enumerate(sample.fields)
    }
    numbers: dict[str, Numbers] = {f"length of {ALL}": lengths}
    # A text of one word has no part to share.
    longer = [at for at, counts in enumerate(lengths.values()) if counts.max(initial=0) > 1]
    for one, two in combinations(longer, 2):
        if {one, two} & set(sample.telling):
            names = sample.fields[one], sample.fields[two]
            numbers[f"overlap of {names[0]} and {names[1]}"] = {
                f"share of {names[0]} words that are also in {names[1]}": np.array(
                    [_shared(row[one], row[two]) for row in words]
                ),
                f"share of {names[1]} words that are also in {names[0]}": np.array(
                    [_shared(row[two], row[one]) for row in words]
                ),
            }
    return numbers


def _shared(one: list[str], other: list[str]) -> float:
    """The share of the different words of one that the other has."""
    kinds = set(one)
    return len(kinds & set(other)) / len(kinds) if kinds else 0.0


def by_label(name: str, sample: Sample, properties: Mapping[str, Numbers]) -> Table:
    """The mean of each property over the decisions of each label."""
    labels = sorted(set(sample.labels))
    rows: list[tuple[Cell, ...]] = []
    for what, values in _counted(sample, properties):
        by_kind: dict[str, list[float]] = {label: [] for label in labels}
        for label, value in zip(sample.labels, values, strict=True):
            by_kind[label].append(float(value))
        rows.append((what, *(mean(by_kind[label]) for label in labels)))
    return Table(f"Means by label in {name}", ("property", *labels), rows)


def _counted(
    sample: Sample, properties: Mapping[str, Numbers]
) -> Iterator[tuple[str, Sequence[float]]]:
    for name, values in sample.cues.items():
        if isinstance(values[0], str):
            for kind, _ in Counter(values).most_common(_KINDS):
                yield f"{name}: {kind}", [float(value == kind) for value in values]
        else:
            yield name, [float(value[0]) for value in values]
    for numbers in properties.values():
        for name, counts in numbers.items():
            yield name, counts.tolist()
