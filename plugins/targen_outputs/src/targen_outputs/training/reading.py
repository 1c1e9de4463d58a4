"""Texts as numbers for linear models: TF-IDF, or the vectors of an embedder that is not trained."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from targen_core.errors import UsageError
from targen_outputs.training import stored
from targen_training.decisions import parts_of
from targen_training.features import Features, Vectors, embedder_of, fields_of
from targen_training.trainers import Decision, TrainerOptions, TrainingSet

_PARTS = 5

Numbers = NDArray[np.float64]


class ReaderOptions(TrainerOptions):
    """Options of trainers that read texts as numbers."""

    embedder: str = Field(
        "",
        description="the embedder, such as minilm; see targen list-embedders. By default, "
        "words and word pairs are counted",
    )


def check(options: ReaderOptions) -> None:
    """Check that the embedder exists and has what it needs.

    Raises:
        UsageError: it is not, or lacks something.
    """
    if options.embedder:
        embedder_of(options.embedder)


class Reader:
    """Decisions as numbers: each text, what two share, and of two texts where they differ.

    For a pair with numbers u and v, |u - v| and u * v are added (Conneau et al., 2017).
    """

    def __init__(
        self, fields: Sequence[str], embedder: str, each: Features, joint: Features
    ) -> None:
        self.fields, self.embedder = tuple(fields), embedder
        self._each, self._joint = each, joint
        self._vectors = Vectors(fields, embedder_of(embedder)[1]) if embedder else None

    @classmethod
    def learn(cls, data: TrainingSet, embedder: str) -> Reader:
        """Learn the words of some decisions, unless an embedder knows them."""
        fields = fields_of(data.decisions)
        if embedder:
            return cls(fields, embedder_of(embedder)[0], Features(fields, {}), Features((), {}))
        pairs = _flat(data.decisions, fields) if len(fields) == 2 else []
        joint = Features.learn(pairs) if pairs else Features((), {})
        return cls(fields, "", Features.learn(data.decisions), joint)

    def of(self, decisions: Sequence[Decision]) -> Any:
        """A sparse matrix (CSR), a line for each decision; 1 is in one of its columns."""
        from scipy.sparse import csr_matrix, hstack

        parts: list[Any] = [self._each.of(decisions)]
        if self._vectors is not None:
            parts.append(csr_matrix(self._vectors.of(decisions)))
        elif self._joint.known:
            both = self._joint.of(_flat(decisions, self.fields))[:, :-1]
            one, other = both[: len(decisions)], both[len(decisions) :]
            same = one.multiply(other)
            parts += [abs(one - other), same, csr_matrix(same.sum(axis=1))]
        return hstack(parts, format="csr")

    def facts(self) -> tuple[dict[str, Any], dict[str, Numbers]]:
        """Return what `Reader.read` takes."""
        words: dict[str, dict[str, list[str]]] = {}
        numbers = {}
        for kind, features in (("each", self._each), ("joint", self._joint)):
            words[kind] = {}
            for at, (field, (known, idf)) in enumerate(features.known.items()):
                words[kind][field] = sorted(known, key=known.__getitem__)
                numbers[f"{kind}{at}"] = idf
        return {"fields": self.fields, "embedder": self.embedder, "words": words}, numbers

    @classmethod
    def read(cls, facts: Mapping[str, Any], numbers: Mapping[str, Numbers]) -> Reader:
        """Read what `facts` returned."""

        def features(kind: str, fields: Sequence[str]) -> Features:
            known = {
                str(field): (
                    {str(word): place for place, word in enumerate(words)},
                    numbers[f"{kind}{at}"],
                )
                for at, (field, words) in enumerate(facts["words"][kind].items())
            }
            if any(len(words) != len(idf) for words, idf in known.values()):
                raise ValueError("its words and their weights differ in number")
            return Features(fields, known)

        fields = [str(field) for field in facts["fields"]]
        joint = features("joint", ["text"])
        return cls(fields, str(facts["embedder"]), features("each", fields), joint)


def _flat(decisions: Sequence[Decision], fields: Sequence[str]) -> list[Decision]:
    """The first texts of decisions, then the second ones, as texts of one name."""
    return [
        Decision({"text": each.texts.get(name, "")}, "", 0) for name in fields for each in decisions
    ]


def best(
    data: TrainingSet, choices: Sequence[float], loss: Callable[[float, Any, Any], float]
) -> float:
    """Return the choice with the least loss of parts that are held out in turn.

    `loss(choice, learned, held)` is given the places of decisions.
    """
    parts = parts_of([each.label for each in data.decisions], _PARTS, data.seed)
    losses = np.zeros(len(choices))
    for part in np.unique(parts):
        held, rest = np.flatnonzero(parts == part), np.flatnonzero(parts != part)
        if len(rest):
            losses += [loss(choice, rest, held) for choice in choices]
    return choices[int(losses.argmin())]


def write_model(
    folder: Path, reader: Reader, facts: Mapping[str, Any], numbers: Mapping[str, Numbers]
) -> None:
    """Write a linear model; `weights` and `bias` are among its numbers."""
    known, idf = reader.facts()
    stored.write(folder, {**known, **facts}, {**idf, **numbers})


def reader_in(facts: Mapping[str, Any], numbers: Mapping[str, Numbers], lines: int) -> Reader:
    """Return the reader of a linear model whose weights have so many lines.

    Raises:
        ValueError: they have not.
    """
    weights, bias = numbers["weights"], numbers["bias"]
    if weights.shape[:1] != bias.shape or bias.shape != (lines,):
        raise ValueError("its weights have the wrong shape")
    return Reader.read(facts, numbers)


def scores_of(
    reader: Reader, numbers: Mapping[str, Numbers], decisions: Sequence[Decision]
) -> Numbers:
    """For each decision, a number for each line of a linear model's weights."""
    inputs = reader.of(decisions)
    if inputs.shape[1] != numbers["weights"].shape[1]:
        raise UsageError(
            "the texts have different features than when the model was trained",
            hint="train the model again",
        )
    scores: Numbers = inputs @ numbers["weights"].T + numbers["bias"]
    return scores
