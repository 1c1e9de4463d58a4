"""Datasets to measure, and the command in this process."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest

from targen_analysis.metrics import Corpus, Study
from targen_core.plugins.register import Registration
from tests.files import write_lines


@pytest.fixture
def jsonl(tmp_path):
    """Write rows to a file."""
    return lambda name, rows: write_lines(tmp_path / name, rows)


def corpus(
    texts: Sequence[str | tuple[str, ...]],
    labels: Sequence[str] = (),
    *,
    name: str = "mine",
    fields: Sequence[str] = ("text",),
    **more: Any,
) -> Corpus:
    """A dataset of these texts."""
    rows = [(text,) if isinstance(text, str) else text for text in texts]
    return Corpus(
        name=name,
        rows=[dict(zip(fields, row, strict=True)) for row in rows],
        fields=tuple(fields),
        texts=rows,
        labels=list(labels) or [""] * len(rows),
        rendered=["\n".join(row) for row in rows],
        **more,
    )


@pytest.fixture(name="corpus")
def _corpus():
    return corpus


WORDS = [f"{a}{b}{c}" for a in "bdgklmnprst" for b in "aeiou" for c in "lmnrst"]


def sentences(count: int, *, seed: int = 0, words: int = 12, of: int = len(WORDS)) -> list[str]:
    """Sentences of words drawn with the frequencies that words have."""
    rng = random.Random(seed)
    weights = [1 / (rank + 1) for rank in range(of)]
    return [" ".join(rng.choices(WORDS[:of], weights, k=words)) for _ in range(count)]


@pytest.fixture(name="sentences")
def _sentences():
    return sentences


@pytest.fixture
def study():
    """A study of datasets."""

    def make(*corpora: Corpus, against: Corpus | None = None, seed: int = 0) -> Study:
        return Study(corpora, against, seed)

    return make


@pytest.fixture
def metric():
    """A metric of a plugin that is not there, by its name."""
    return lambda name: Registration("metric", name, "m:M", "", "acme", "main", "acme")
