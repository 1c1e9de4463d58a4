"""The `Sheet` that every form writes, the `Answer`s that it reads, and its error messages.

Files come back from programs and people that we do not know. So everything in them is checked here
against the sheet that went out.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from targen_core.errors import UnreadableFile, UsageError
from targen_core.hints import did_you_mean
from targen_core.plain import read_plain
from targen_core.reading.values import Malformed, json_of
from targen_core.text import printable, refused
from targen_review.grades import NAME, Grade, as_name

REJECT, FLAG = "reject", "flag"
"""The decisions on a row, in addition to its grade."""

NO_REASON = "none of these"
"""The alternative to a reason that would be the only one to choose."""

DIGEST = "targen_digest"
"""Under this name the other tool keeps which contents of a row its people saw."""

_Part = TypeVar("_Part", dict[str, Any], list[Any], str)

_FORMAT = 1
_MARK = re.compile(r"v(\d{1,9}):([0-9a-f]{16})")
_DEEPEST = 64  # levels of nesting; exports have a dozen
_LARGEST = 512 << 20  # bytes of a file that comes back
_NAMED = 3  # bad records that an error names
_TAKEN = frozenset(
    "label grade grade_before reasons decision comment row id annotator created_at updated_at "
    "lead_time annotation_id agreement intended".split()
)


@dataclass(frozen=True, slots=True)
class Item:
    """A row as exported.

    Attributes:
        row: its id.
        digest: 16 hexadecimal digits of its contents.
        texts: its texts by field, in the task's order.
        label: its label, or None.
        before: the label that it was written for, where that is known.
    """

    row: str
    digest: str
    texts: Mapping[str, str]
    label: str | None = None
    before: str | None = None


@dataclass(frozen=True)
class Sheet:
    """The sheet that people see in another tool.

    Attributes:
        name: of the dataset.
        instruction: a description of a row and of the question to people.
        labels: the task's labels with their meanings; empty where any text can be one.
        grades: the letters of the rubric with their meanings.
        items: the rows.
        editable: the fields whose texts people may edit; None for all.
        blind: whether people find a label of their own before they see any.
        reasons: what may be added to a grade, with the meanings.
        secret: makes the keys of a blind sheet, so that they cannot be guessed.
    """

    name: str
    instruction: str
    labels: Mapping[str, str]
    grades: Mapping[str, str]
    items: Sequence[Item]
    editable: frozenset[str] | None = None
    blind: bool = False
    reasons: Mapping[str, str] = field(default_factory=dict)
    secret: str = ""

    @cached_property
    def columns(self) -> Mapping[str, str]:
        """Return, by field, a unique name for it that every tool accepts."""
        names: dict[str, str] = {}
        for path in dict.fromkeys(path for item in self.items for path in item.texts):
            name = re.sub(r"[^a-z0-9]+", "_", path.lower()).strip("_") or "text"
            name = (
                f"text_{name}" if name in _TAKEN or name.startswith(("targen", "edit_")) else name
            )
            while name in names.values():
                name += "_"
            names[path] = name
        return names

    @cached_property
    def boxes(self) -> Mapping[str, str]:
        """By field that can be edited, the name of the box for its new text."""
        names = self.columns.items()
        return {p: f"edit_{n}" for p, n in names if self.editable is None or p in self.editable}

    def key_of(self, item: Item) -> str:
        """By what the other tool tells a row from the others.

        A row's id has the label in it that the row was written for, so a blind sheet has another.
        """
        return self._sealed(item.row) if self.blind else item.row

    def mark_of(self, item: Item) -> str:
        """Return what the other tool is given to keep: the format, and a digest of what it shows.

        The digest is of the row's labels also, so a blind sheet seals it.
        """
        return f"v{_FORMAT}:{self._sealed(item.digest) if self.blind else item.digest}"

    def digest_in(self, mark: str, item: Item) -> str:
        """The digest of the contents that were shown; of a sealed one that is another, itself."""
        if self.blind and hmac.compare_digest(mark, self._sealed(item.digest)):
            return item.digest
        return mark

    def _sealed(self, text: str) -> str:
        """16 hex digits that can be computed only with the review's plan."""
        data = text.encode("utf-8", "backslashreplace")
        return hmac.new(self.secret.encode(), data, hashlib.sha256).hexdigest()[:16]

    @property
    def asks_twice(self) -> bool:
        """Return whether step 4 changed a label, so that the one before has a grade of its own."""
        return not self.blind and any(item.before not in (None, item.label) for item in self.items)


@dataclass(frozen=True, slots=True)
class Answer:
    """One person's answer for one row.

    Attributes:
        rater: who, by our names.
        grade: what they said, with the grades of the sheet in place of letters.
    """

    rater: str
    grade: Grade


def rater_name(known: Mapping[str, str], theirs: object, prefix: str) -> str:
    """Our name of the person that a file calls `theirs`.

    Args:
        known: their names for people -> ours, as the user says.
        theirs: a number, an address or a UUID.
        prefix: what a number is put behind.

    Raises:
        UsageError: it has no character that a name may have.
    """
    said = str(theirs)
    if said in known:
        return known[said]
    # An address is shortened to the person; a UUID, which is not readable, to eight of its digits.
    name = said.partition("@")[0]
    if re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", name):
        name = name[:8]
    if re.fullmatch(r"[0-9a-f]+", name):
        name = f"{prefix}-{name}"
    name = as_name(name)[:40].strip(".-")
    if not NAME.fullmatch(name):
        raise UsageError(
            f"{printable(said, max_length=60)!r} cannot be made into a rater's name",
            hint=f"--rater '{printable(said, max_length=60)}=ann' assigns one",
        )
    return name


def read_records(path: Path) -> list[Any]:
    """The list that a JSON file of another tool holds.

    Raises:
        UsageError: it cannot be read, or holds something else.
    """
    try:
        value = json_of(read_plain(path, _LARGEST), deepest=_DEEPEST)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error
    except Malformed as error:
        raise UnreadableFile(path, error.reason, error.line) from None
    if not isinstance(value, list):
        raise UsageError(f"{path} contains {_kind(value)}, not a list of records")
    return value


def refused_file(path: Path, number: int, why: str, *, hint: str = "") -> UsageError:
    """The error for a record, by its place from 1."""
    return UsageError(f"{path}, record {number}: {why}", hint=hint)


class Reader:
    """Checks the records of one file against the sheet that went out.

    Args:
        sheet: what went out.
        path: the file, for messages.
        raters: their names for people -> ours.
        prefix: put before a number in place of a name.
    """

    def __init__(self, sheet: Sheet, path: Path, raters: Mapping[str, str], prefix: str) -> None:
        self._sheet = sheet
        self.path = path
        self._raters = raters
        self._prefix = prefix
        self._items = {sheet.key_of(item): item for item in sheet.items}
        self._names: dict[str, str] = {}  # ours -> theirs

    def item(self, number: int, row: object, mark: object) -> tuple[Item, str]:
        """The row that a record is of, and the digest of the contents that it was shown with.

        Raises:
            UsageError: the sheet has no such row, or a later targen wrote it.
        """
        item = self._items.get(row) if isinstance(row, str) else None
        if item is None:
            shown = printable(str(row), max_length=60)
            raise self._wrong(
                number,
                f"this review does not contain the row {shown!r}",
                hint="import a file that was exported from this review, with its columns unchanged",
            )
        match = _MARK.fullmatch(mark) if isinstance(mark, str) else None
        if match is None:
            raise self._wrong(
                number,
                f"{DIGEST} of row {item.row} is missing or damaged",
                hint="it records which version of the row people saw; keep it in the other tool",
            )
        if int(match[1]) > _FORMAT:
            raise self._wrong(
                number,
                f"exported in format {match[1]}, but this version reads only format {_FORMAT}",
                hint="use the version of targen-review that exported it",
            )
        return item, self._sheet.digest_in(match[2], item)

    def answer(self, number: int, item: Item, digest: str, theirs: object, **said: Any) -> Answer:
        """A person's answer of a row, checked.

        Raises:
            UsageError: a label, a grade or a text that cannot be, or is too long.
        """
        choice = said.get("label")
        for name, options, key in (
            ("label", self._sheet.labels, "label"),
            ("grade", self._sheet.grades, "after"),
            ("grade", self._sheet.grades, "before"),
        ):
            value = said.get(key)
            if value is None or (isinstance(value, str) and not options):
                continue
            self._require_option(number, name, value, options, of=f"row {item.row}: ")
        if said.get("before") is None and item.before in (None, item.label):
            said["before"] = said.get("after") if item.before is not None else None
        if choice == item.label and not self._sheet.blind:
            said["label"] = None  # as it was suggested
        edit = {k: v for k, v in said.pop("edit", {}).items() if v != item.texts.get(k)}
        rater = self._rater(number, theirs)
        try:
            return Answer(rater, Grade(row=item.row, digest=digest, edit=edit or None, **said))
        except ValidationError as error:
            raise self._wrong(number, f"row {item.row}, {rater}: {refused(error)}") from error

    def text(self, number: int, name: str, value: object) -> str:
        """Return a text that somebody wrote, or "".

        Raises:
            UsageError: it is not text.
        """
        text = self.part(number, name, value, str)
        try:
            text.encode()
        except UnicodeEncodeError:
            raise self._wrong(number, f"{name} contains half of a surrogate pair") from None
        if "\0" in text:
            raise self._wrong(number, f"{name} contains a NUL (U+0000), which is not text")
        return text.replace("\r\n", "\n")

    def reasons(self, number: int, value: object) -> tuple[str, ...]:
        """The reasons that somebody chose, in the rubric's order.

        Raises:
            UsageError: one that the rubric does not have.
        """
        chosen = [each for each in several(value) if each != NO_REASON]
        for each in chosen:
            self._require_option(number, "reason", each, self._sheet.reasons)
        return tuple(name for name in self._sheet.reasons if name in chosen)

    def decisions(self, number: int, value: object) -> dict[str, bool]:
        """Return the decisions on a row, in addition to its grade.

        Raises:
            UsageError: something that we never asked.
        """
        chosen = several(value)
        for each in chosen:
            self._require_option(number, "decision", each, (REJECT, FLAG))
        return {"reject": REJECT in chosen, "flag": FLAG in chosen}

    def part(self, number: int, name: str, value: object, kind: type[_Part]) -> _Part:
        """Return a part of a record that is an object, a list or a text; empty if it is absent.

        Raises:
            UsageError: it is something else.
        """
        if value is None:
            return kind()
        if not isinstance(value, kind):
            raise self._wrong(number, f"{name} is {_kind(value)}, not {_kind(kind())}")
        return value

    def _require_option(
        self, number: int, name: str, value: object, options: Collection[str], *, of: str = ""
    ) -> None:
        if not isinstance(value, str) or value not in options:
            said = str(value)
            raise self._wrong(
                number,
                f"{of}{printable(said, max_length=60)!r} is not a {name}",
                hint=did_you_mean(said[:60], options, f"the {name}s are"),
            )

    def _rater(self, number: int, theirs: object) -> str:
        if not isinstance(theirs, str | int) or isinstance(theirs, bool):
            raise self._wrong(number, f"the annotator is {_kind(theirs)}, not a name or a number")
        name = rater_name(self._raters, theirs, self._prefix)
        if self._names.setdefault(name, str(theirs)) != str(theirs):
            raise self._wrong(
                number,
                f"{self._names[name]} and {theirs} would both have the name {name}",
                hint=f"--rater '{theirs}=NAME' gives one of them a different name",
            )
        return name

    def _wrong(self, number: int, why: str, *, hint: str = "") -> UsageError:
        return refused_file(self.path, number, why, hint=hint)


def latest(answers: Sequence[Answer]) -> list[Answer]:
    """Return the last of each rater's answers for a row, by time."""
    last: dict[tuple[str, str], Answer] = {}
    for answer in answers:
        key = (answer.rater, answer.grade.row)
        if key not in last or last[key].grade.at <= answer.grade.at:
            last[key] = answer
    return list(last.values())


def several(value: Any) -> list[Any]:
    """Return the values of a field that may have one value, a list of them, or none."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _kind(value: object) -> str:
    """Return what a JSON value is, in words."""
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false"}
    if value is None:
        return "null"
    return names.get(type(value), "a number")
