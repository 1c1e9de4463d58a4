"""The decisions that a model is trained on: what it reads, and what belongs together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from targen_analysis.artifacts.sample import draw
from targen_analysis.folds import joined
from targen_analysis.metrics import Corpus, Study
from targen_analysis.statistics import generator
from targen_core.errors import Rejected

_WORDS = 5
"""Words from which a text that two rows share says that they belong together."""

_COMMON = 0.05
"""A text that more of the rows share is a formula and not theirs."""


@dataclass(frozen=True, slots=True)
class Decisions:
    """Labelled decisions of one dataset, in random order.

    Attributes:
        inputs: what a model reads of each.
        labels: the label of each.
        texts: the texts that it is about.
        units: a number that it shares with what its task makes together.
        rows: the place of the row that it is from.
    """

    inputs: Sequence[str]
    labels: Sequence[str]
    texts: Sequence[tuple[str, ...]]
    units: Sequence[int]
    rows: Sequence[int]

    def __len__(self) -> int:
        return len(self.labels)

    def only(self, kept: Sequence[int]) -> Decisions:
        """Some of them."""
        return Decisions(
            [self.inputs[at] for at in kept],
            [self.labels[at] for at in kept],
            [self.texts[at] for at in kept],
            [self.units[at] for at in kept],
            [self.rows[at] for at in kept],
        )


def read(study: Study, corpus: Corpus, limit: int) -> Decisions:
    """Random labelled rows, at most so many; of rows without a label, what their task decides.

    A row reads as its task shows it, or else each field under its name. Not as
    `Corpus.rendered` has it: the paper left things out, such as COPA's second
    choice.
    """
    known = [row for row, label in enumerate(corpus.labels) if label]
    if not known and corpus.task is not None and corpus.task.rows.cases is not None:
        sample = draw(study, corpus, limit)
        return Decisions(
            [_named(sample.fields, texts) for texts in sample.texts],
            sample.labels,
            sample.texts,
            sample.units,
            sample.rows,
        ).only(range(min(limit, len(sample))))
    order = generator(study.rng(f"difficulty/{corpus.name}")).permutation(len(known))[:limit]
    rows = [known[at] for at in order]
    together = corpus.task.rows_per_instance if corpus.task is not None else 1
    texts = [corpus.texts[row] for row in rows]
    return Decisions(
        _as_task(corpus, rows) or [_named(corpus.fields, of) for of in texts],
        [corpus.labels[row] for row in rows],
        texts,
        [row // together for row in rows],
        rows,
    )


def _named(fields: Sequence[str], texts: Sequence[str]) -> str:
    if len(fields) == 1:
        return texts[0]
    return "\n".join(f"{name}: {text}" for name, text in zip(fields, texts, strict=True))


def _as_task(corpus: Corpus, rows: Sequence[int]) -> list[str]:
    """Return the inputs of the task; empty without a task, or if a row is not an instance."""
    if corpus.task is None:
        return []
    try:
        instances = [corpus.task.from_rows([corpus.rows[row]]) for row in rows]
        return [corpus.task.render(instance) for (instance,) in instances]
    except (ValueError, LookupError, TypeError, AttributeError, Rejected):
        return []


def groups_of(decisions: Decisions, *, largest: int) -> list[int]:
    """Return each decision's group: decisions that share a text, directly or through others.

    A model that has met a premise with one hypothesis does not meet it again with
    the next. Texts of fewer than five words do not join rows, nor do those in more than one row in
    twenty. Where groups would pass `largest`, only what is the same throughout, or what its task
    made together, is a group.
    """
    often = [Counter(column) for column in zip(*decisions.texts, strict=True)]
    few = max(2, int(_COMMON * len(decisions)))
    keys: list[list[Hashable]] = [
        [
            unit,
            *(
                (field, text)
                for field, text in enumerate(texts)
                if often[field][text] <= few and len(text.split()) >= _WORDS
            ),
        ]
        for unit, texts in zip(decisions.units, decisions.texts, strict=True)
    ]
    groups = joined(keys)
    if np.bincount(groups).max() > largest:
        groups = joined(zip(decisions.units, decisions.texts, strict=True))
    return [int(group) for group in groups]
