"""The decisions of a dataset that classifiers learn from: whole rows, drawn at random."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from targen_analysis.learning import groups_of
from targen_analysis.metrics import Corpus, Study
from targen_analysis.statistics import generator
from targen_core.tasks.parts import Case, Cue


@dataclass(frozen=True, slots=True)
class Sample:
    """Labelled decisions of one dataset, in random order, those of a row together.

    Attributes:
        fields: the names of the texts.
        texts: of each decision the texts that can be read.
        labels: of each, what is decided.
        cues: name -> of each decision numbers of one shape, or a word.
        units: of each, a number that it shares with what belongs to the same row (or rows, if a
            task's come in pairs).
        questions: of each, a number that it shares with the other options of its question.
        rows: of each, the place of its row in the dataset.
        groups: of each, a number that it shares with those of the same seed or premise.
        notes: what could not be read.
    """

    fields: tuple[str, ...]
    texts: Sequence[tuple[str, ...]]
    labels: Sequence[str]
    cues: Mapping[str, Sequence[Cue]]
    units: Sequence[int]
    questions: Sequence[int]
    rows: Sequence[int]
    groups: Sequence[int]
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def telling(self) -> tuple[int, ...]:
        """Return the texts that may differ between the decisions of one question.

        A text that all options share cannot reveal which of them is right.
        """
        if len(set(self.questions)) == len(self):
            return tuple(range(len(self.fields)))
        first: dict[int, tuple[str, ...]] = {}
        for question, row in zip(self.questions, self.texts, strict=True):
            first.setdefault(question, row)
        pairs = [(first[q], row) for q, row in zip(self.questions, self.texts, strict=True)]
        return tuple(
            at for at in range(len(self.fields)) if any(one[at] != two[at] for one, two in pairs)
        )

    def shortened(self, size: int) -> Sample:
        """The first whole units that hold no more than `size` decisions."""
        if len(self) <= size:
            return self
        while size and self.units[size - 1] == self.units[size]:
            size -= 1
        return replace(
            self,
            texts=self.texts[:size],
            labels=self.labels[:size],
            cues={name: values[:size] for name, values in self.cues.items()},
            units=self.units[:size],
            questions=self.questions[:size],
            rows=self.rows[:size],
            groups=self.groups[:size],
        )


def draw(study: Study, corpus: Corpus, limit: int) -> Sample:
    """Draw the decisions of random rows as the dataset's task reads them, `limit` or a few more.

    If the task does not say more, or no row is in its official form, a row is one decision about
    its texts.
    """
    cases = corpus.task.rows.cases if corpus.task is not None else None
    if cases is None:
        return _drawn(study, corpus, limit, lambda at: [_plain(corpus, at)])
    read = cases
    sample = _drawn(study, corpus, limit, lambda at: read(corpus.rows[at]))
    if len(sample) or not sample.notes:
        return sample
    plain = _drawn(study, corpus, limit, lambda at: [_plain(corpus, at)])
    return replace(plain, notes=sample.notes)


def _plain(corpus: Corpus, at: int) -> Case:
    return Case(texts=dict(zip(corpus.fields, corpus.texts[at], strict=True)))


def _drawn(
    study: Study, corpus: Corpus, limit: int, read: Callable[[int], Sequence[Case]]
) -> Sample:
    together = corpus.task.rows_per_instance if corpus.task is not None else 1
    units = -(-len(corpus) // together)
    decisions: list[tuple[Case, str, int, int, int]] = []
    questions: dict[tuple[int, int], int] = {}
    tried = unread = 0
    for unit in generator(study.rng(f"artefacts/{corpus.name}")).permutation(units).tolist():
        if len(decisions) >= limit:
            break
        for at in range(unit * together, min(len(corpus), (unit + 1) * together)):
            tried += 1
            try:
                cases = [_sound(case) for case in read(at)]
            except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError):
                unread += 1
                continue
            for case in cases:
                question = questions.setdefault((at, case.question), len(questions))
                if label := case.label or corpus.labels[at]:
                    decisions.append((case, label, unit, question, at))
    groups = groups_of(corpus).tolist()
    notes = []
    if unread and corpus.task is not None:
        notes.append(
            f"{unread:,} of the {tried:,} rows sampled from {corpus.name} do not have the format "
            f"of {corpus.task.name} and were left out."
        )
    fields = tuple(dict.fromkeys(name for case, *_ in decisions[:1] for name in case.texts))
    return Sample(
        fields,
        [tuple(case.texts.get(name, "") for name in fields) for case, *_ in decisions],
        [label for _, label, *_ in decisions],
        _cues([case for case, *_ in decisions]),
        [unit for *_, unit, _, _ in decisions],
        [question for *_, question, _ in decisions],
        [at for *_, at in decisions],
        [groups[at] for *_, at in decisions],
        tuple(notes),
    )


def _sound(case: Case) -> Case:
    """Check that a case's texts are texts, and its numbers numbers; rows are as in their file."""
    if not all(isinstance(text, str) for text in case.texts.values()):
        raise TypeError("a value in `texts` is not a string")
    for cue in case.cues.values():
        if not isinstance(cue, str) and not all(map(math.isfinite, cue)):
            raise ValueError("a number is not finite")
    return case


def _cues(cases: Sequence[Case]) -> dict[str, list[Cue]]:
    """The cues that all cases have, in one form each."""
    cues = {}
    for name in cases[0].cues if cases else ():
        values = [case.cues[name] for case in cases if name in case.cues]
        forms = {None if isinstance(value, str) else len(value) for value in values}
        if len(values) == len(cases) and len(forms) == 1:
            cues[name] = values
    return cues
