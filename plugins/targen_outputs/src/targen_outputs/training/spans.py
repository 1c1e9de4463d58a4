"""The trainer of spans: an averaged perceptron on features of words, with BIO tags.

Each word is tagged as the beginning or the inside of a span of a type, or as outside. The likeliest
legal sequence of tags is found by Viterbi's algorithm; weights of features and of neighbouring tags
are learned together (Collins, 2002, https://aclanthology.org/W02-1001). Weights are averaged.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from targen_core.text import plural
from targen_outputs.training import stored
from targen_outputs.training.figures import found_sets
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

_NEVER = -1e9

Span = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Weights:
    """A model: of each feature and of each pair of neighbouring tags how much it speaks for a tag.

    Attributes:
        tags: the tags: outside first, then for each type its beginning and its inside.
        features: (features + 1, tags); the first line is that of unknown features, 0.
        pairs: (tags + 1, tags); the last line is that of the first word.
        legal: see `_legal`; of the shape of `pairs`.
    """

    tags: tuple[str, ...]
    features: Numbers
    pairs: Numbers
    legal: Numbers

    @property
    def arrays(self) -> Mapping[str, Numbers]:
        """See `Weights.arrays`."""
        return {"features": self.features, "pairs": self.pairs}

    def mistake(self, places: Places, right: list[int]) -> tuple[list[int], list[int]] | None:
        """See `Weights.mistake`."""
        said = self.decode(places)
        return None if said == right else (right, said)

    def add(self, places: Places, answer: list[int], change: float) -> None:
        """See `Weights.add`."""
        before = [len(self.tags), *answer[:-1]]
        np.add.at(self.features, (places, np.array(answer)[:, None]), change)
        np.add.at(self.pairs, (before, answer), change)

    def decode(self, places: Places) -> list[int]:
        """Return the best legal tags of words; `places` of features are (words, features)."""
        emitted = self.features[places].sum(axis=1)
        moves = self.pairs + self.legal
        score = emitted[0] + moves[-1]
        back = []
        for each in emitted[1:]:
            through = score[:, None] + moves[:-1]
            back.append(through.argmax(axis=0))
            score = through.max(axis=0) + each
        at = int(score.argmax())
        tags = [at]
        for came in reversed(back):
            at = int(came[at])
            tags.append(at)
        return tags[::-1]


def _tags_of(kinds: Sequence[str]) -> tuple[str, ...]:
    """Return the tags of these types, in the order of a model's columns."""
    return ("O", *(f"{place}-{kind}" for kind in kinds for place in "BI"))


def _legal(tags: Sequence[str]) -> Numbers:
    """0 if a tag may follow another, or come first; else what no weight outdoes."""
    legal = np.zeros((len(tags) + 1, len(tags)))
    for after, tag in enumerate(tags):
        if tag.startswith("I-"):
            legal[:, after] = _NEVER
            for before, other in enumerate(tags):
                if other[2:] == tag[2:]:
                    legal[before, after] = 0
    return legal


def _features(text: str, words: Sequence[tuple[int, int]]) -> list[list[str]]:
    """Return what is known of each word: itself, its ends and shape, and its neighbours."""
    said = [text[start:end] for start, end in words]
    low = ["<<", "<", *(word.casefold() for word in said), ">", ">>"]
    shapes = ["<<", "<", *map(shape_of, said), ">", ">>"]
    joined = [
        "+" if at and words[at - 1][1] == start else "-" for at, (start, _) in enumerate(words)
    ]
    found = []
    for at, word in enumerate(said):
        here = at + 2
        lower, shape = low[here], shapes[here]
        found.append(
            [
                "1",
                f"w {lower}",
                f"s {shape}",
                f"j {joined[at]}{joined[at + 1] if at + 1 < len(said) else '-'} {shape}",
                *(f"p {lower[:size]}" for size in (1, 2, 3, 4)),
                *(f"e {lower[-size:]}" for size in (1, 2, 3, 4)),
                *(f"w{step:+} {low[here + step]}" for step in (-2, -1, 1, 2)),
                *(f"s{step:+} {shapes[here + step]}" for step in (-2, -1, 1, 2)),
                f"w-1w {low[here - 1]} {lower}",
                f"ww+1 {lower} {low[here + 1]}",
                f"s-1s {shapes[here - 1]} {shape}",
                f"ss+1 {shape} {shapes[here + 1]}",
                f"w-1s {low[here - 1]} {shape}",
                f"sw+1 {shape} {low[here + 1]}",
                f"n {min(len(word), 6)} {shape}",
            ]
        )
    return found


def _tagged(words: Sequence[tuple[int, int]], spans: Sequence[Span]) -> list[str]:
    """The tag of each word; of spans that overlap, the longest counts."""
    tags = ["O"] * len(words)
    for span in sorted(spans, key=lambda each: each["start"] - each["end"]):
        inside = [
            at
            for at, (start, end) in enumerate(words)
            if start < span["end"] and end > span["start"]
        ]
        if inside and all(tags[at] == "O" for at in inside):
            for at in inside:
                tags[at] = f"I-{span['type']}"
            tags[inside[0]] = f"B-{span['type']}"
    return tags


def _spans(text: str, words: Sequence[tuple[int, int]], tags: Sequence[str]) -> list[Span]:
    """The spans that legal tags mark in a text."""
    found: list[tuple[int, int, str]] = []
    for (start, end), tag in zip(words, tags, strict=True):
        if tag.startswith("B-"):
            found.append((start, end, tag[2:]))
        elif tag.startswith("I-"):
            found[-1] = (found[-1][0], end, tag[2:])
    return [
        {"start": start, "end": end, "type": kind, "text": text[start:end]}
        for start, end, kind in found
    ]


def train(data: TrainingSet, options: PerceptronOptions, folder: Path) -> None:
    """Learn and write `model.json` and `numbers.npz`."""
    data = data.counting()
    field = field_of(data.decisions)
    texts = [each.texts.get(field, "") for each in data.decisions]
    words = [words_in(text) for text in texts]
    tagged = [_tagged(at, each.value) for at, each in zip(words, data.decisions, strict=True)]
    lost = sum(
        len(_found(each.value) - _found(_spans(text, at, tags)))
        for text, at, tags, each in zip(texts, words, tagged, data.decisions, strict=True)
    )
    note_lost(data, lost)
    kinds = sorted({tag[2:] for tags in tagged for tag in tags} - {""})
    tags = _tags_of(kinds)
    number = {tag: at for at, tag in enumerate(tags)}
    known: dict[str, int] = {}
    rows = []
    for text, at, own, each in zip(texts, words, tagged, data.decisions, strict=True):
        if at:
            right = [number[tag] for tag in own]
            rows.append((numbered(_features(text, at), known), right, each.weight))
    now, late = (
        _Weights(
            tags,
            np.zeros((len(known) + 1, len(tags))),
            np.zeros((len(tags) + 1, len(tags))),
            _legal(tags),
        )
        for _ in range(2)
    )
    learn(rows, now, late, options.epochs, data)
    write(folder, {"field": field, "types": kinds}, known, now)


def note_lost(data: TrainingSet, lost: int) -> None:
    """Tell how many spans are learned only partly, if there are any."""
    if lost:
        data.watch.note(
            f"learned only partly: {plural(lost, 'span')} overlapping others, or beginning or "
            "ending within a word"
        )


def field_of(decisions: Sequence[Decision]) -> str:
    """Return the name of the text that all spans are in."""
    fields = fields_of(decisions)
    for field in fields:
        if all(
            each.texts.get(field, "")[span["start"] : span["end"]] == span["text"]
            for each in decisions
            for span in each.value
        ):
            return field
    return fields[0]


def load(folder: Path) -> Predictor:
    """Return the predictor that `train` wrote.

    Raises:
        ValueError: the folder holds something else.
    """
    with stored.read(folder, "spans") as (facts, numbers):
        field, known, tags = str(facts["field"]), known_in(facts), _tags_of(facts["types"])
        weights = _Weights(tags, numbers["features"], numbers["pairs"], _legal(tags))
        whole = (
            weights.features.shape == (len(known) + 1, len(tags))
            and weights.pairs.shape == weights.legal.shape
        )
        if not whole:
            raise ValueError("its weights have the wrong shape")

    def found(text: str) -> list[Span]:
        words = words_in(text)
        if not words:
            return []
        places = places_of(_features(text, words), known)
        return _spans(text, words, [weights.tags[at] for at in weights.decode(places)])

    return lambda decisions: [found(each.texts.get(field, "")) for each in decisions]


def _value(row: Mapping[str, Any]) -> list[Span]:
    return [dict(span) for span in row["spans"]]


def _found(spans: Sequence[Span]) -> frozenset[tuple[int, int, str]]:
    return frozenset((span["start"], span["end"], span["type"]) for span in spans)


def _measured(right: Sequence[Any], said: Sequence[Any]) -> Measured:
    return found_sets([*map(_found, right)], [*map(_found, said)], lambda span: str(span[2]))


_NAMES = {"person": ("Ann", "Bob", "Mary Lee", "Tom"), "place": ("Rome", "Oslo", "Hill Town")}


def _examples(rows: int, seed: int) -> list[Decision]:
    chance = random.Random(seed)
    made = []
    for row in range(rows):
        text, spans = "", []
        for kind, before in (("person", "I met "), ("place", " on the way to ")):
            text += before
            if chance.random() < 0.7:
                name = chance.choice(_NAMES[kind])
                span = {
                    "start": len(text),
                    "end": len(text) + len(name),
                    "type": kind,
                    "text": name,
                }
                spans.append(span)
                text += name
            else:
                text += "the other one"
        label = "+".join(str(span["type"]) for span in spans) or "none"
        made.append(Decision({"text": text + "."}, label, row, value=spans))
    return made


TYPED_SPANS = TrainedOutput(
    name="targen-outputs:spans", value=_value, measured=_measured, examples=_examples, unit="set"
)

SPANS = Trainer(
    summary="a perceptron that tags words by their letters and neighbours, trained in seconds "
    "without a download",
    version="1",
    train=train,
    load=load,
    options=PerceptronOptions,
    weighs=True,
    output=TYPED_SPANS,
)
