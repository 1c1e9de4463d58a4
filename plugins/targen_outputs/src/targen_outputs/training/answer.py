"""The trainer of answers: a linear model that scores each run of words of the passage.

It is like the baseline of SQuAD (Rajpurkar et al., 2016, section 5,
https://aclanthology.org/D16-1264), which scores constituents of a parse. Features are of the first
word, of the last and of each, also combined with the question's first words. An averaged perceptron
learns their weights.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from targen_core.errors import UsageError
from targen_core.tasks.words import words as plain_words
from targen_core.text import plural
from targen_outputs.answer import overlap_of
from targen_outputs.training import stored
from targen_outputs.training.figures import mean_of
from targen_outputs.training.perceptron import (
    Numbers,
    PerceptronOptions,
    Places,
    known_in,
    learn,
    numbered,
    places_of,
    shape_of,
    words_in,
    write,
)
from targen_training.features import fields_of
from targen_training.scores import Measured
from targen_training.trainers import Decision, Predictor, TrainedOutput, Trainer, TrainingSet

_MOST = 30  # words of an answer
_FAR = (0, 1, 2, 4, 8)  # words from the nearest word of the question, in steps
_SHORT = 3  # letters of a word of the question that says little
_ENDS = ".!?…。！？"

Run = tuple[int, int]
"""The first word of an answer, and the one behind its last."""


@dataclass(frozen=True, slots=True)
class _Weights:
    """A model.

    Attributes:
        features: (features + 1, 3): for a first word, a last one, and each; the first line is 0.
        lengths: for an answer of so many words; the first is unused.
    """

    features: Numbers
    lengths: Numbers

    @property
    def arrays(self) -> Mapping[str, Numbers]:
        """See `Weights.arrays`."""
        return {"features": self.features, "lengths": self.lengths}

    def scores(self, places: Places) -> Numbers:
        """Return a score for each length and first word; `places` are (words, features)."""
        first, last, each = self.features[places].sum(axis=1).T
        until = np.concatenate([[0.0], each.cumsum()])
        count = len(places)
        scores = np.full((len(self.lengths), count), -np.inf)
        for length in range(1, min(len(self.lengths), count + 1)):
            begins = count - length + 1
            inside = until[length:] - until[:begins]
            scores[length, :begins] = first[:begins] + last[length - 1 :] + inside
            scores[length, :begins] += self.lengths[length]
        return scores

    def best(self, places: Places) -> Run:
        """Return the likeliest answer."""
        length, start = np.unravel_index(
            self.scores(places).argmax(), (len(self.lengths), len(places))
        )
        return int(start), int(start + length)

    def mistake(self, places: Places, right: Sequence[Run]) -> tuple[Run, Run] | None:
        """See `Weights.mistake`: of several right answers, the likeliest."""
        said = self.best(places)
        if said in right:
            return None
        scores = self.scores(places)
        return max(right, key=lambda run: scores[run[1] - run[0], run[0]]), said

    def add(self, places: Places, answer: Run, change: float) -> None:
        """See `Weights.add`."""
        start, end = answer
        np.add.at(self.features[:, 0], places[start], change)
        np.add.at(self.features[:, 1], places[end - 1], change)
        np.add.at(self.features[:, 2], places[start:end].ravel(), change)
        self.lengths[end - start] += change


def _features(text: str, words: Sequence[tuple[int, int]], question: str) -> list[list[str]]:
    """Return features of each word of a passage, by itself and with the question's first words."""
    said = [text[start:end] for start, end in words]
    low = ["<", *(word.casefold() for word in said), ">"]
    shapes = ["<", *map(shape_of, said), ">"]
    asked = [question[start:end].casefold() for start, end in words_in(question)]
    sought = {word for word in asked if len(word) > _SHORT or word.isdigit()}
    at_hits = [at for at, word in enumerate(low[1:-1]) if word in sought]
    sentences = _sentences(said)
    shared: dict[int, set[str]] = {}
    for at, number in enumerate(sentences):
        shared.setdefault(number, set()).update({low[at + 1]} & sought)
    most = max(map(len, shared.values()), default=0)
    found = []
    for at in range(len(said)):
        here = at + 1
        far = min((abs(at - hit) for hit in at_hits), default=99)
        near = f"d{sum(far > step for step in _FAR)}"
        rank = f"o{int(len(shared[sentences[at]]) == most)}"
        own = [
            "1",
            f"w {low[here]}",
            f"s {shapes[here]}",
            f"e {low[here][-3:]}",
            f"w-1 {low[here - 1]}",
            f"w+1 {low[here + 1]}",
            f"s-1 {shapes[here - 1]}",
            f"s+1 {shapes[here + 1]}",
            f"{near} {rank}",
            f"{near} {rank} {shapes[here]}",
            f"q{int(low[here] in sought)}",
        ]
        found.append([*own, *(f"{' '.join(asked[:n])}|{each}" for n in (1, 2) for each in own)])
    return found


def _sentences(words: Sequence[str]) -> list[int]:
    """The sentence of each word, by its number."""
    numbers, number = [], 0
    for word in words:
        numbers.append(number)
        number += word in _ENDS
    return numbers


def _runs(text: str, words: Sequence[tuple[int, int]], answers: Sequence[str]) -> list[Run]:
    """Return where the answers are in a passage, in whole words."""
    begins = {start: at for at, (start, _) in enumerate(words)}
    ends = {end: at + 1 for at, (_, end) in enumerate(words)}
    found = []
    for answer in answers:
        start = text.find(answer)
        while answer and start >= 0:
            run = begins.get(start), ends.get(start + len(answer))
            if run[0] is not None and run[1] is not None and run[1] - run[0] <= _MOST:
                found.append((run[0], run[1]))
            start = text.find(answer, start + 1)
    return found


def _split(texts: Mapping[str, str], passage: str) -> tuple[str, str]:
    """The passage, and all else, which asks."""
    rest = [text for name, text in texts.items() if name != passage]
    return texts.get(passage, ""), " ".join(rest)


def _passage_of(decisions: Sequence[Decision]) -> str:
    """Return the name of the text that has the most answers."""

    def found(name: str) -> int:
        return sum(any(a in each.texts.get(name, "") for a in each.value) for each in decisions)

    return max(fields_of(decisions), key=found)


def train(data: TrainingSet, options: PerceptronOptions, folder: Path) -> None:
    """Learn and write `model.json` and `numbers.npz`.

    Raises:
        UsageError: no answer is in a text of its row.
    """
    data = data.counting()
    passage = _passage_of(data.decisions)
    known: dict[str, int] = {}
    rows: list[tuple[Places, list[Run], float]] = []
    for each in data.decisions:
        text, question = _split(each.texts, passage)
        words = words_in(text)
        if runs := _runs(text, words, each.value):
            rows.append((numbered(_features(text, words, question), known), runs, each.weight))
    if not rows:
        raise UsageError(
            "none of these rows have an answer that occurs in their texts as whole words, but this "
            "trainer marks answers in a text",
            hint="to predict the kind of question, not the answer, use --trainer tfidf; for a "
            "model that writes answers, export the rows as instructions",
        )
    if lost := len(data.decisions) - len(rows):
        data.watch.note(f"did not use {plural(lost, 'row')} without an answer in the {passage}")
    longest = max(end - start for _, runs, _ in rows for start, end in runs)
    now, late = (_Weights(np.zeros((len(known) + 1, 3)), np.zeros(longest + 1)) for _ in range(2))
    learn(rows, now, late, options.epochs, data)
    write(folder, {"passage": passage}, known, now)


def load(folder: Path) -> Predictor:
    """Return the predictor that `train` wrote.

    Raises:
        ValueError: the folder holds something else.
    """
    with stored.read(folder, "answers") as (facts, numbers):
        passage, known = str(facts["passage"]), known_in(facts)
        weights = _Weights(numbers["features"], numbers["lengths"])
        whole = (
            weights.features.shape == (len(known) + 1, 3)
            and weights.lengths.ndim == 1
            and len(weights.lengths) > 1
        )
        if not whole:
            raise ValueError("its weights have the wrong shape")

    def answer(texts: Mapping[str, str]) -> list[str]:
        text, question = _split(texts, passage)
        words = words_in(text)
        if not words:
            return []
        start, end = weights.best(places_of(_features(text, words, question), known))
        return [text[words[start][0] : words[end - 1][1]]]

    return lambda decisions: [answer(each.texts) for each in decisions]


def _measured(right: Sequence[Any], said: Sequence[Any]) -> Measured:
    """Measure each row's first answer against the right one that it shares most words with."""
    overlap = [
        max(
            (overlap_of(one, other) for one in found[:1] for other in there),
            default=float(there == found),
        )
        for there, found in zip(right, said, strict=True)
    ]
    exact = np.array([
        there == found  # also if both have none
        or any(plain_words(one) == plain_words(other) for one in found[:1] for other in there)
        for there, found in zip(right, said, strict=True)
    ])  # fmt: skip
    figures = {"f1": mean_of(overlap), "exact_match": mean_of(exact)}
    return Measured(figures, "f1", len(right))


_PEOPLE, _PLACES = ("Ann", "Bob", "Mary Lee", "Tom"), ("Rome", "Oslo", "Hill Town", "Bonn")


def _examples(rows: int, seed: int) -> list[Decision]:
    chance = random.Random(seed)
    made = []
    for row in range(rows):
        person, place = chance.choice(_PEOPLE), chance.choice(_PLACES)
        passage = f"On that day {person} went by train, and arrived in {place} at noon."
        kind = chance.choice(("who", "where"))
        question = {"who": "Who went by train?", "where": "Where did the train arrive?"}[kind]
        value = [person if kind == "who" else place]
        made.append(Decision({"passage": passage, "question": question}, kind, row, value=value))
    return made


ANSWERS = TrainedOutput(
    name="targen-outputs:answer",
    value=lambda row: list(row["answers"]),
    measured=_measured,
    examples=_examples,
    unit="kind",
)

ANSWER = Trainer(
    summary="a perceptron that finds the answer in a passage, trained in seconds without a "
    "download",
    version="1",
    train=train,
    load=load,
    options=PerceptronOptions,
    weighs=True,
    output=ANSWERS,
)
