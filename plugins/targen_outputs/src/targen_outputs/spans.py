"""Typed spans in a text of a row: named entities, arguments, mentions."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import pairwise
from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field, create_model

from targen_core.cli.findings import Cell, Table
from targen_core.errors import Rejected, UsageError
from targen_core.text import plural
from targen_outputs.counting import Seen, shared_out
from targen_outputs.marks import (
    Span,
    marked,
    moved,
    own_spans,
    read_marks,
    read_strictly,
)
from targen_outputs.plans import InSets
from targen_outputs.sets import IN_ORDER, Definitions, field_in, label_for, members_of
from targen_standard.made_up import word
from targen_standard.task_files.model import Declaration
from targen_standard.task_files.outputs import Output, OutputType, Question, Row, Target

Place = tuple[int, int, str]
"""Start, end and type of a span."""


_MOST_TYPES = 3  # of the sets that a plan has by default
_WORDS_OF_SPAN = 3  # of a text, for each span
_ONE_MORE = 0.5  # probability of one more span in a row: most texts name few things
_MARKUP = re.compile(r"<|\b(?:html|xml|mark-?up)\b", re.IGNORECASE)
_MADE_UP = re.compile(r"\b[A-Z][a-z]+?(\d+)\b")


class Spans(InSets):
    """`output:` with typed spans of a text."""

    without: ClassVar[str] = "no span of any type"

    spans: Definitions = Field(description="type → the definition of its spans")
    field: str = Field(
        default="", description="the text that contains the spans [default: the only text]"
    )
    per_row: Annotated[
        tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=1, le=50)]], IN_ORDER
    ] = Field(default=(0, 3), description="minimum and maximum number of spans per row")
    overlap: bool = Field(default=False, description="whether spans may overlap")

    @property
    def names(self) -> tuple[str, ...]:
        """The types."""
        return tuple(self.spans)

    @property
    def definitions(self) -> Mapping[str, str]:
        """The definition of each type."""
        return self.spans

    @property
    def sizes(self) -> tuple[int, int]:
        """Fewest and most types of a row."""
        low, high = self.per_row
        return min(low, 1), high

    @property
    def planned_sizes(self) -> tuple[int, int]:
        """Fewest and most types of the sets that a plan has by default."""
        low, high = self.sizes
        return low, min(high, _MOST_TYPES)


class SpansOutput(Output):
    """Spans of a text, in a column `spans`: a list of start, end, type and text.

    Attributes:
        field: the text that they are in.
        overlap: whether they may overlap.
        language: of the text, by its English name.
    """

    def __init__(self, spec: Spans, field: str, language: str, *, has_markup: bool) -> None:
        self._spec, self._field, self._sets = spec, field, spec.sets
        self._strict = not has_markup
        self.field, self.overlap, self.language = field, spec.overlap, language
        names = tuple(spec.spans)
        columns: dict[str, Any] = {
            "start": (Annotated[int, Field(ge=0)], ...),
            "end": (Annotated[int, Field(ge=1)], ...),
            "type": (Literal[names], ...),
            "text": (Annotated[str, Field(min_length=1)], ...),
        }
        strict = ConfigDict(frozen=True, extra="forbid")
        span = create_model("Span", __config__=strict, **columns)
        self.columns = {"spans": list[span]}  # type: ignore[valid-type]
        self.answer = {field: str}
        low, high = spec.per_row
        # A drawn length decides how many more there may be.
        fewest = _WORDS_OF_SPAN * max(low, min(high, _MOST_TYPES, len(names)))
        self.fewest_words = {field: fewest}
        example = f"... <{names[0]}>...</{names[0]}> ..."
        self.form = self.answer_form = {field: example}
        marks = f"put <TYPE> before and </TYPE> behind each span in the {field}"
        every = f"{marks}, with its type for TYPE, each time it is named"
        self.label_says = f"The label says which types of spans a row has: {', '.join(names)}."
        defined = [f"- {name}: {text.strip()}" for name, text in spec.spans.items()]
        overlap = f"{'may' if spec.overlap else 'do not'} overlap."
        mark = f"Spans {overlap} Mark them: {every}."
        self.how = "\n".join(["Spans have these types:", *defined, mark, ""])
        asked = f"Find all spans of these types in the {field}; there may be none. They {overlap}"
        copied = f"Reply with the same {field}, character by character, and {every}"
        self.instructions = "\n".join([asked, *defined, f"{copied}."])

    def label_of(self, row: Row) -> str:
        """Return the set of the types in a row, as rows are counted."""
        return label_for({span["type"] for span in row["spans"]}, self._sets)

    def from_file(self, row: Row) -> Row:
        """Return a row whose spans have their text, in the order of the text."""
        text, spans, answer = row.get(self._field), row.get("spans"), row.get("answer")
        if answer in ("reject", "ignore") and "_task_hash" in row:  # in Prodigy
            raise ValueError(f"answer: an annotator chose {answer!r} in Prodigy; remove the row")
        if not isinstance(text, str) or not isinstance(spans, list):
            return row
        found = own_spans(spans, text, overlap=self._spec.overlap)
        return {**row, "spans": found}

    def check(self, row: Row) -> None:
        """Check that spans are where they say, in order, and apart unless they may overlap."""
        text, spans = row[self._field], row["spans"]
        for number, span in enumerate(spans):
            if text[span["start"] : span["end"]] != span["text"]:
                said = f"{span['text'][:40]!r} is not at {span['start']}:{span['end']}"
                raise ValueError(f"spans.{number}: {said} of the {self._field}")
        for number, (one, other) in enumerate(pairwise(spans), start=1):
            if other["start"] < one["start"]:
                raise ValueError(f"spans.{number}: it begins before the previous span")
            if not self._spec.overlap and other["start"] < one["end"]:
                raise ValueError(f"spans.{number}: it overlaps the previous span")
            if other == one:
                raise ValueError(f"spans.{number}: this span occurs twice")

    def target(self, label: str, rng: random.Random) -> Target:
        """Return how many spans of each type of a set a row is to have."""
        return self._target(label, rng, self._spec.per_row[1])

    def target_within(self, label: str, rng: random.Random, words: Mapping[str, int]) -> Target:
        """Return as many spans as the text has room for, or as few as the set needs."""
        high = self._spec.per_row[1]
        if (length := words.get(self._field)) is not None:
            high = min(high, length // _WORDS_OF_SPAN)
        return self._target(label, rng, high)

    def _target(self, label: str, rng: random.Random, high: int) -> Target:
        types, low = members_of(label, self._spec.names), self._spec.per_row[0]
        if not types:
            return Target("It has no span of any type, so nothing in it is marked.", {})
        count = max(low, len(types))
        while count < high and rng.random() < _ONE_MORE:
            count += 1
        counts = Counter([*types, *rng.choices(types, k=count - len(types))])
        # The writer decides how many each has: a text with two quantities has two products.
        spans, listed = plural(count, "span"), ", ".join(types)
        each = "" if count == len(types) else "at least "
        of = f"of the type {types[0]}" if len(types) == 1 else f"{each}one each of {listed}"
        return Target(f"It has {spans}, {of}, and none of another type.", counts)

    def read(self, label: str, target: Target, reply: Row) -> Row:
        """Return the text without marks, and its spans."""
        text, spans = self._read(reply[self._field])
        self._require_count(len(spans))
        return {**reply, self._field: text, "spans": spans}

    def _read(self, text: str, copied: str = "") -> tuple[str, list[Span]]:
        """Read the marks of a reply, which may have the tags of the text that it copies."""
        types = self._spec.spans
        return read_strictly(text, types, copied) if self._strict else read_marks(text, types)

    def _require_count(self, count: int) -> None:
        low, high = self._spec.per_row
        if not low <= count <= high:
            reason = "too-few-spans" if count < low else "too-many-spans"
            raise Rejected(reason, f"the {self._field} has {plural(count, 'span')}")

    def judged(self, row: Row, answers: Sequence[Row]) -> Row:
        """Return the spans that step 4 marks, at their places in the row's own text."""
        text, spans = self._read(answers[0][self._field], row[self._field])
        if text != row[self._field]:
            spans = moved(spans, row[self._field])
        return {"spans": spans}

    def require(self, row: Row) -> None:
        """Require as many spans as rows may have."""
        self._require_count(len(row["spans"]))

    def as_text(self, row: Row) -> str:
        """Return the text with its spans marked."""
        return marked(row[self._field], row["spans"])

    def questions(self, row: Row) -> Sequence[Question]:
        """Ask for the spans."""
        return [
            Question(
                name="spans",
                kind="spans",
                value=row["spans"],
                options=tuple(self._spec.spans),
                of=self._field,
                meanings=self._spec.spans,
                overlap=self._spec.overlap,
            )
        ]

    def tables(self, rows: Seen, *, judged: bool) -> Sequence[Table]:
        """Count spans by type, with what step 4 found of them, and by row."""
        pairs = []
        for row, before in rows:
            after = {(span["start"], span["end"], span["type"]) for span in row["spans"]}
            had = after
            if before is not None:
                with suppress(Rejected):  # a text that has marks of its own
                    _, spans = read_marks(before, self._spec.spans)
                    had = {(span["start"], span["end"], span["type"]) for span in spans}
            pairs.append((had, after))
        kinds = tuple(self._spec.spans)
        counts = [shared_out("Spans of a row", "spans", [len(after) for _, after in pairs])]
        return [_by_type(kinds, pairs, judged=judged), *counts]

    def made_up(self, label: str, target: Target, texts: Row, rng: random.Random) -> Row:
        """Return the texts with made-up names, whose numbers say their type."""
        order = [*self._spec.spans]
        names = [
            f"<{kind}>{word(rng).capitalize()}{order.index(kind)}</{kind}>"
            for kind, count in target.value.items()
            for _ in range(count)
        ]
        text = str(texts[self._field]).rstrip(".!?")
        return {**texts, self._field: " ".join([text, *names]) + "."}

    def solved(self, label: str, shown: str, rng: random.Random) -> Row:
        """Return the text with each of these names marked."""
        order = [*self._spec.spans]

        def mark(found: re.Match[str]) -> str:
            kind = order[int(found[1])]
            return f"<{kind}>{found[0]}</{kind}>"

        return {self._field: _MADE_UP.sub(mark, field_in(shown, self._field))}


def _by_type(
    kinds: Sequence[str], pairs: Sequence[tuple[set[Place], set[Place]]], *, judged: bool
) -> Table:
    """Spans by type. Step 4 found those that it marks at the same place as the same type."""
    rows: list[tuple[Cell, ...]] = []
    for kind in kinds:
        had, has = (
            [{place for place in pair[side] if place[2] == kind} for pair in pairs]
            for side in (0, 1)
        )
        found = sum(len(one & other) for one, other in zip(had, has, strict=True))
        spans, aimed = sum(map(len, has)), sum(map(len, had))
        agreed = (found, aimed - found, spans - found) if judged else ()
        rows.append((kind, sum(map(bool, has)), spans, *agreed))
    columns = ("type", "rows", "spans", *(("found", "missed", "added") if judged else ()))
    return Table("Spans", columns, rows)


def _output(spec: Spans, declaration: Declaration) -> SpansOutput:
    texts = [name for name, part in declaration.written.items() if part.type == "str"]
    texts = [name for name in texts if name != "spans"]  # which is the column of the output
    if spec.field and spec.field not in texts:
        raise UsageError(
            f"{spec.field!r} is not a text that step 3 writes", hint=f"field: {' or '.join(texts)}"
        )
    if not spec.field and len(texts) != 1:
        raise UsageError(
            "it does not state which text contains the spans", hint=f"field: {texts[0]}"
        )
    field = spec.field or texts[0]
    said = f"{declaration.description} {declaration.fields[field].description}"
    has_markup = _MARKUP.search(said) is not None
    return SpansOutput(spec, field, declaration.language, has_markup=has_markup)


SPANS: OutputType[Any] = OutputType(
    summary="typed spans in a text, such as named entities",
    spec=Spans,
    labels=Spans.planned,
    output=_output,
    label_named=Spans.label_named,
    other_label=Spans.definition_of,
    presets=lambda spec: spec.presets,
)
