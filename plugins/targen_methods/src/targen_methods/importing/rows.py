"""Convert published rows to rows of a task: each with its origin, or counted by its problem."""

from __future__ import annotations

import html
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from targen_core import Task
from targen_core.dataset.problems import row_problem
from targen_core.errors import Rejected, UsageError
from targen_core.text import plural, printable
from targen_methods.importing.mapping import Columns, Labels
from targen_methods.importing.reading import Bad, Opened
from targen_methods.importing.weights import Weights

_LONGEST = 200_000  # characters of a text
_EXAMPLES = 2  # rows of a label that are shown


@dataclass(frozen=True, slots=True)
class Imported:
    """A row, and where it is from.

    Attributes:
        row: of the task, with its `idx`.
        origin: its record in the provenance.
    """

    row: Mapping[str, Any]
    origin: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Shown:
    """A row that is shown for its label.

    Attributes:
        published: the label in the file.
        label: that of the task.
        place: of its record.
        row: as it became.
    """

    published: str
    label: str
    place: int
    row: Mapping[str, Any]


@dataclass
class Importing:
    """Published rows on their way to a task; iterated once, it gives rows and counts the others.

    Attributes:
        opened: the file.
        task: whose rows they become.
        columns: which column goes where.
        labels: the map of labels; None for a task of open labels.
        unescape: whether to decode HTML entities.
        where: columns of the file with the text that they must hold.
        skip: rows at the beginning that are left out.
        limit: most rows to import.
        values: attribute -> the list that its numbers count in, or label -> such a list.
        weights: how much each row counts, where that is known.
        left_out: reason -> how many rows.
        first: reason -> the place of the first of them, and what is wrong with it, or "".
        found: (published label, label) -> how many rows.
        unmapped: labels of the file that the map does not name -> how many rows.
        shown: rows to show, some of each label.
        count: rows imported.
    """

    opened: Opened
    task: Task[Any, Any]
    columns: Columns
    labels: Labels | None
    unescape: bool = False
    where: Mapping[str, str] = field(default_factory=dict)
    skip: int = 0
    limit: int | None = None
    values: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    weights: Weights | None = None
    left_out: Counter[str] = field(default_factory=Counter)
    first: dict[str, tuple[int, str]] = field(default_factory=dict)
    found: Counter[tuple[str, str]] = field(default_factory=Counter)
    unmapped: Counter[str] = field(default_factory=Counter)
    shown: list[Shown] = field(default_factory=list)
    count: int = 0
    entities: int = 0
    repeated: int = 0

    def __iter__(self) -> Iterator[Imported]:
        """The rows.

        Raises:
            UsageError: the file has labels that the map does not name, or there are weights of
            other rows; at its end.
        """
        seen: set[int] = set()
        at, is_whole = -1, True
        for at, (place, row) in enumerate(self.opened.rows()):
            if at < self.skip:
                self._leave(Bad("skipped"), place)
                continue
            if self.limit is not None and self.count >= self.limit:
                is_whole = False
                break
            try:
                if isinstance(row, Bad):
                    raise row
                made = self._made(place, row)
                if self.weights is not None:
                    origin = {**made.origin, "weight": self.weights.of(at, row)}
                    made = Imported(made.row, origin)
            except Bad as bad:
                self._leave(bad, place)
                continue
            content = hash(tuple(v for k, v in made.row.items() if k != "idx" and _hashable(v)))
            self.repeated += content in seen
            seen.add(content)
            self.count += 1
            yield made
        if self.unmapped:
            raise self._unnamed()
        if self.weights is not None and is_whole:
            self.weights.check(at + 1)

    def _leave(self, bad: Bad, place: int) -> None:
        self.left_out[bad.reason] += 1
        self.first.setdefault(bad.reason, (place, bad.detail))

    def _made(self, place: int, row: Mapping[str, Any]) -> Imported:
        """A row of the task.

        Raises:
            Bad: it is not a row.
        """
        if any(_said(row.get(name)) != text for name, text in self.where.items()):
            raise Bad("not-asked-for")
        published, label = self._label(row)
        made: dict[str, Any] = {}
        for name, of in self.columns.sources.items():
            made[name] = self._value(row, name, of)
        if label is not None:
            made["label"] = self.task.label(label).official
        made["idx"] = self.count
        if "idx" not in self.task.schema.model_fields:
            del made["idx"]
        try:
            line = json.dumps(made, ensure_ascii=False, allow_nan=False).encode()
            self.task.schema.model_validate_json(line, strict=True)
            instances = self.task.from_rows([made])
        except UnicodeEncodeError:
            raise Bad("half-a-character") from None
        except (ValueError, LookupError, TypeError, Rejected) as error:
            detail = printable(row_problem(error), lines=False, max_length=200)
            raise Bad("not-a-row-of-the-task", detail) from None
        if self.task.labels and not instances:
            raise Bad("not-a-row-of-the-task")
        name = label or "any"
        self.found[published, name] += 1
        if self.found[published, name] <= _EXAMPLES:
            self.shown.append(Shown(published, name, place, made))
        return Imported(made, self._origin(place, row, published, label))

    def _label(self, row: Mapping[str, Any]) -> tuple[str, str | None]:
        """Return the label as the file has it, and that of the task; None for open labels.

        Raises:
            Bad: it has no label, or one whose rows are left out.
        """
        if self.labels is None:
            return "", None
        key = next((name for name in self.opened.of.label if name in row), None)
        label = row.get(key) if key is not None else None
        if isinstance(label, list):
            raise Bad("several-labels")
        if label is None or label == self.opened.of.unlabeled:
            raise Bad("no-label")
        said = self.labels.read(label)
        if said is None:
            raise Bad("odd-label")
        if said not in self.labels.names:
            self.unmapped[said[:80]] += 1
            if len(self.unmapped) > 1000:
                raise self._unnamed()
            raise Bad("unnamed-label")
        name = self.labels.names[said]
        if name is None:
            raise Bad("label-left-out")
        return said, name

    def _unnamed(self) -> UsageError:
        """The error for labels that the map does not name."""
        most = self.unmapped.most_common(5)
        named = ", ".join(f"{said!r} ({plural(count, 'row')})" for said, count in most)
        more = len(self.unmapped) - len(most)
        some = most[0][0]
        return UsageError(
            f"{self.opened.path} has labels that --labels does not list: {named}"
            + (f" and {plural(more, 'other')}" if more > 0 else ""),
            hint=f"add {some}=LABEL, or {some}=- to skip its rows",
        )

    def _value(self, row: Mapping[str, Any], name: str, of: Sequence[str]) -> Any:
        """Return the value for a column.

        Raises:
            Bad: it is not there, or cannot be what the column holds.
        """
        values = [row.get(each) for each in of]
        if len(values) == 1 and not isinstance(values[0], str | None):
            if self.task.schema.model_fields[name].annotation is str:
                raise Bad("no-text")
            return values[0]
        texts = [value for value in values if isinstance(value, str)]
        if len(texts) < len(values):
            raise Bad("no-text")
        parts = [self._text(text) for text in texts]
        text = "\n".join(filter(None, parts))
        if not text and not set(of) <= set(self.opened.of.empty):
            raise Bad("empty-text")
        return text

    def _text(self, text: str) -> str:
        if self.unescape and "&" in text:
            read = html.unescape(text)
            self.entities += read != text
            text = read
        if "\x00" in text:
            raise Bad("nul-in-text")
        if len(text) > _LONGEST:
            raise Bad("too-long")
        return text.strip()

    def _origin(
        self, place: int, row: Mapping[str, Any], published: str, label: str | None
    ) -> dict[str, Any]:
        """The provenance of a row.

        Raises:
            Bad: a number in the row is not finite.
        """
        origin: dict[str, Any] = {"id": str(self.count), "idx": self.count, "rows": 1}
        origin[self.opened.source.form.place] = place
        if label is not None:
            origin |= {"label": label, "published_label": published}
        rest = {name: each for name, each in row.items() if name not in self.columns.used}
        kept = self.opened.of.origin(rest)
        attributes = kept.get("attributes")
        if attributes and self.values:
            kept["attributes"] = {
                name: self._drawn(name, number, label) for name, number in attributes.items()
            }
        origin |= kept
        try:
            json.dumps(origin, allow_nan=False, ensure_ascii=False).encode()
        except ValueError:
            raise Bad("odd-origin") from None
        return origin

    def _drawn(self, name: str, number: int, label: str | None) -> Any:
        """The value of an attribute where its list is known, else its number there."""
        lists = self.values.get(name, {})
        known = lists.get("", lists.get(label or "", ()))
        return known[number] if 0 <= number < len(known) else number


def _said(value: Any) -> str:
    """Return a value of the file as typed."""
    return value if isinstance(value, str) else json.dumps(value)


def _hashable(value: Any) -> bool:
    return isinstance(value, str | int | float | None)
