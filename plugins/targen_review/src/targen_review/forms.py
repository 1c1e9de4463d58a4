"""A review in Label Studio or Argilla: its rows go out, and people's answers come back as grades.

Label Studio gets tasks with the labelling interface; its JSON export comes back. For
Argilla it is the folder of `rg.Dataset.from_disk` (client from version 2.0 on), and what `to_disk`
or `records.to_json` left. Everything that comes back is checked against the sheet that went out.
"""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError

from targen_core.cli.markup import markdown
from targen_core.errors import UnreadableFile, UsageError
from targen_core.hints import did_you_mean
from targen_core.outputs import write_file
from targen_core.plain import read_plain
from targen_core.reading.values import Malformed, json_of
from targen_core.text import printable, refused
from targen_review.grades import NAME, Grade, GradeBook, Rater, as_name
from targen_review.plan import Plan
from targen_review.planning import open_reviewed
from targen_review.rows import blind_fields, digest_of

_ROW, _DIGEST = "targen_row", "targen_digest"
_DECISIONS = {"reject": "remove the row", "flag": "discuss the row"}
_TAKEN = frozenset(
    "label grade grade_before decision comment row id annotator created_at updated_at lead_time "
    "annotation_id agreement intended".split()
)
_KEYS = "123456789qwertyuiop"  # of labels; grades have their own letters
_LARGEST = 512 << 20  # bytes of a file that comes back
_ARGILLA_LIMITS = {"guidelines": 10_000, "title": 500, "description": 1_000}  # characters


@dataclass(frozen=True, slots=True)
class Item:
    """A row as exported.

    Attributes:
        key: by what the other tool knows it: its id or, since that contains a label, its place in a
            blind review.
        mark: 16 hex digits of what the other tool shows.
        row: its id.
        digest: of its contents, as grades have it.
        texts: its texts by field, in the task's order.
        label: its label, or None.
        before: the label before correction, if it is asked for.
    """

    key: str
    mark: str
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
        grades: the words of the rubric's grades with their meanings.
        letters: those words -> letters.
        items: the rows.
        editable: the fields whose texts people may edit.
        blind: whether people choose a label of their own before they see any.
    """

    name: str
    instruction: str
    labels: Mapping[str, str]
    grades: Mapping[str, str]
    letters: Mapping[str, str]
    items: Sequence[Item]
    editable: Collection[str] = ()
    blind: bool = False

    @cached_property
    def columns(self) -> Mapping[str, str]:
        """Return, by field, a unique name for it that every tool accepts."""
        names: dict[str, str] = {}
        for path in dict.fromkeys(path for item in self.items for path in item.texts):
            name = re.sub(r"[^a-z0-9]+", "_", path.lower()).strip("_") or "text"
            is_taken = name in _TAKEN or name.startswith(("targen", "edit_"))
            name = f"text_{name}" if is_taken else name
            while name in names.values():
                name += "_"
            names[path] = name
        return names

    @cached_property
    def boxes(self) -> Mapping[str, str]:
        """Return, by field that can be edited, the name of the box for its new text."""
        return {p: f"edit_{name}" for p, name in self.columns.items() if p in self.editable}

    @property
    def asks_twice(self) -> bool:
        """Return whether step 4 changed a label, so that the one before has a grade of its own."""
        return not self.blind and any(item.before not in (None, item.label) for item in self.items)

    def suggestions(self, item: Item) -> dict[str, str]:
        """Return what the questions about a row already contain: its label, and texts to edit."""
        label = {} if item.label is None or self.blind else {"label": item.label}
        boxes = self.boxes.items()
        return label | {box: item.texts[path] for path, box in boxes if item.texts.get(path)}


def sheet_of(plan: Plan, folder: Path, rater: str | None = None) -> Sheet:
    """Return the rows of a review, or those of one rater, as another tool shows them.

    Raises:
        UsageError: unknown rater, or the rows have an output.
    """
    ids = plan.ids if rater is None else plan.rows_of(rater)
    place = {row: at for at, row in enumerate(ids)}
    data, known = open_reviewed(plan, folder), plan.data
    if data.output is not None:
        raise UsageError(
            f"rows of {known.name} have an output, but these formats support only a label",
            hint="use the page of targen review, or targen export --as label-studio or "
            "--as argilla, which write the rows with their outputs as suggestions",
        )
    rubric, task = plan.rubric, data.task
    items, editable = [], set()
    for row in data.rows():
        if row.id not in place:
            continue
        texts = blind_fields(task, row) if plan.blind else row.fields
        editable |= {*row.editable} & texts.keys()
        key = str(place[row.id] + 1) if plan.blind else row.id
        mark = digest_of(dict(texts)) if plan.blind else row.digest
        before = None if rubric.is_of_labels else row.before
        items.append(Item(key, mark, row.id, row.digest, texts, row.label, before))
    if not items:
        raise UsageError(f"none of the rows of {known.path} are in this review")
    described = [] if task is None else [task.description or task.summary]
    return Sheet(
        name=known.name,
        instruction="\n\n".join(filter(None, [*described, rubric.question])),
        labels={} if task is None else {each.name: each.summary for each in task.labels},
        grades={
            rubric.word(each.letter): each.meaning
            if rubric.is_of_labels
            else ": ".join(filter(None, (each.title, each.meaning)))
            for each in rubric.grades
        },
        letters={rubric.word(letter): letter for letter in rubric.letters},
        items=sorted(items, key=lambda item: place[item.row]),
        editable=editable,
        blind=plan.blind,
    )


class _Question(NamedTuple):
    """A question of a sheet; without options, a text is asked for."""

    name: str
    title: str
    options: Mapping[str, str] | None = None
    is_required: bool = False
    are_several: bool = False
    path: str = ""  # the field that it is about


def _questions(sheet: Sheet) -> Iterator[_Question]:
    label = "Which label should the row have?" if sheet.labels else "What is the right answer?"
    yield _Question("label", label, sheet.labels or None, is_required=True)
    if sheet.asks_twice:
        title = "How good is the row with the label requested for it?"
        yield _Question("grade_before", title, sheet.grades)
    title = "How good is the row" + ("?" if sheet.blind else " with its current label?")
    yield _Question("grade", title, sheet.grades, is_required=True)
    yield _Question("decision", "Anything else?", _DECISIONS, are_several=True)
    for path, box in sheet.boxes.items():
        yield _Question(box, f"Corrected {path}", path=path)
    yield _Question("comment", "A remark")


# --- Label Studio ---


def write_label_studio(sheet: Sheet, folder: Path) -> list[Path]:
    """Write the sheet: `tasks.json` to import, `labeling.xml` for the interface."""
    kinds = {q.name: q for q in _questions(sheet)}
    first = next(iter(sheet.columns.values()))
    tasks = []
    for item in sheet.items:
        data: dict[str, Any] = {_ROW: item.key, _DIGEST: item.mark}
        data |= {} if sheet.blind or item.before is None else {"intended": item.before}
        data |= {column: item.texts.get(path, "") for path, column in sheet.columns.items()}
        result = [
            {
                "id": name,
                "from_name": name,
                "to_name": sheet.columns.get(kinds[name].path, first),
                "type": "choices" if kinds[name].options else "textarea",
                "value": {"choices" if kinds[name].options else "text": [value]},
            }
            for name, value in sheet.suggestions(item).items()
        ]
        predictions = [{"model_version": "targen", "result": result}] if result else []
        tasks.append({"data": data, "predictions": predictions})
    texts = {
        "labeling.xml": _interface(sheet),
        "tasks.json": json.dumps(tasks, ensure_ascii=False, indent=1) + "\n",
    }
    return [write_file(folder / name, text) for name, text in texts.items()]


def _interface(sheet: Sheet) -> str:
    view = ET.Element("View")

    def header(text: str, size: str = "5") -> None:
        # Label Studio takes every $word for a variable.
        text = re.sub(r"\$(?=\w)", "$\N{WORD JOINER}", text)
        ET.SubElement(view, "Header", value=text, size=size)

    header(sheet.instruction, "4")
    for path, column in sheet.columns.items():
        header(path)
        ET.SubElement(view, "Text", name=column, value=f"${column}")
    if not sheet.blind and any(item.before is not None for item in sheet.items):
        ET.SubElement(view, "Header", value="Requested label: $intended", size="5")
    first = next(iter(sheet.columns.values()))
    for question in _questions(sheet):
        header(question.title)
        about = {"name": question.name, "toName": sheet.columns.get(question.path, first)}
        about |= {"required": "true"} if question.is_required else {}
        if question.options is None:
            ET.SubElement(view, "TextArea", {**about, "editable": "true", "maxSubmissions": "1"})
            continue
        about["choice"] = "multiple" if question.are_several else "single"
        about |= {"layout": "select"} if len(question.options) > 9 else {"showInLine": "true"}
        parent = ET.SubElement(view, "Choices", about)
        keys: Mapping[str, str] = {}
        if question.name == "label":
            keys = dict(zip(question.options, _KEYS, strict=False))
        elif question.name == "grade":
            keys = {each: each.lower() for each in question.options if each.lower() not in _KEYS}
        for option, meaning in question.options.items():
            more = {"hint": meaning} if meaning else {}
            more |= {"hotkey": keys[option]} if option in keys else {}
            ET.SubElement(parent, "Choice", {"value": option, **more})
    ET.indent(view)
    return ET.tostring(view, encoding="unicode") + "\n"


# --- Argilla ---


def write_argilla(sheet: Sheet, folder: Path, *, per_row: int = 1) -> list[Path]:
    """Write the sheet; `per_row` people are to answer a row before it counts as done."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", sheet.name).strip("-_") or "targen"
    common = {
        "guidelines": _guidelines(sheet),
        "allow_extra_metadata": True,
        "distribution": {"strategy": "overlap", "min_submitted": per_row},
    }
    fields = [
        {
            "name": column,
            "title": path[: _ARGILLA_LIMITS["title"]],
            "required": True,  # its server wants one that is; an empty text will do
            "settings": {"type": "text", "use_markdown": False},
        }
        for path, column in sheet.columns.items()
    ]
    settings = {
        **common,
        "questions": [_argilla_question(each) for each in _questions(sheet)],
        "fields": fields,
        "vectors": [],
        "metadata": [],
        "mapping": None,
    }
    files: dict[str, Any] = {
        ".argilla/dataset.json": {"name": name[:200], "status": "draft", **common},
        ".argilla/settings.json": settings,
        "records.json": [_record(sheet, item) for item in sheet.items],
    }
    return [write_file(folder / path, json.dumps(value) + "\n") for path, value in files.items()]


def _guidelines(sheet: Sheet) -> str:
    parts = [markdown(sheet.instruction)]
    for title, options in (("Labels", sheet.labels), ("Grades", sheet.grades)):
        if options:
            parts.append(f"## {title}")
            parts += [f"- **{markdown(k)}**: {markdown(v)}" for k, v in options.items()]
    return ("\n".join(parts) + "\n")[: _ARGILLA_LIMITS["guidelines"]]


def _argilla_question(question: _Question) -> dict[str, Any]:
    settings: dict[str, Any] = {"type": "text", "use_markdown": False}
    if question.options is not None:
        longest = _ARGILLA_LIMITS["description"]
        options = [
            {"value": name, "text": name, "description": meaning[:longest] or None}
            for name, meaning in question.options.items()
        ]
        kind = "multi_label_selection" if question.are_several else "label_selection"
        settings = {"type": kind, "options": options}
        settings["visible_options"] = len(options) if len(options) >= 3 else None
        settings |= {"options_order": "natural"} if question.are_several else {}
    return {
        "name": question.name,
        "title": question.title[: _ARGILLA_LIMITS["title"]],
        "required": question.is_required,
        "settings": settings,
    }


def _record(sheet: Sheet, item: Item) -> dict[str, Any]:
    before = {} if sheet.blind or item.before is None else {"intended": item.before}
    return {
        "id": item.key,
        "fields": {column: item.texts.get(path, "") for path, column in sheet.columns.items()},
        "metadata": {_DIGEST: item.mark, **before},
        "suggestions": {
            name: {"value": value, "score": None, "agent": "targen"}
            for name, value in sheet.suggestions(item).items()
        },
        "responses": {},
        "vectors": {},
        "status": "pending",
        "_server_id": None,
    }


# --- what comes back ---


class _Result(BaseModel):
    from_name: str = ""
    value: dict[str, Any] = {}


class _Annotation(BaseModel):
    completed_by: int | str | dict[str, Any]
    result: list[_Result] = []
    was_cancelled: bool = False
    created_at: str = ""
    updated_at: str = ""


class _StudioTask(BaseModel):
    data: dict[str, Any]
    annotations: list[_Annotation] = []


class _Response(BaseModel):
    user_id: str
    value: Any = None
    status: str = "submitted"


class _ArgillaRecord(BaseModel):
    id: Any
    metadata: dict[str, Any] = {}
    responses: dict[str, list[_Response]] = {}


class _Answer(NamedTuple):
    """One person's answers for one row, in the same form for both tools."""

    row: object
    mark: object
    who: object
    at: str
    values: Mapping[str, list[Any]]  # question -> what they chose or wrote


def _studio_answers(record: Mapping[str, Any]) -> Iterator[_Answer]:
    task = _StudioTask.model_validate(record)
    for each in task.annotations:
        if each.was_cancelled:
            continue
        values: defaultdict[str, list[Any]] = defaultdict(list)
        for result in each.result:
            for kind in ("choices", "text"):
                values[result.from_name] += _several(result.value.get(kind))
        who = each.completed_by
        if isinstance(who, dict):
            who = who.get("email") or who.get("id") or ""
        at = _time(each.updated_at or each.created_at)
        yield _Answer(task.data.get(_ROW), task.data.get(_DIGEST), who, at, values)


def _argilla_answers(record: Mapping[str, Any]) -> Iterator[_Answer]:
    whole = _ArgillaRecord.model_validate(record)
    by_user: defaultdict[str, dict[str, list[Any]]] = defaultdict(dict)
    for question, responses in whole.responses.items():
        for each in responses:
            if each.status == "submitted":  # which its JSON does not always say
                by_user[each.user_id][question] = _several(each.value)
    for user, values in by_user.items():
        yield _Answer(whole.id, whole.metadata.get(_DIGEST), user, "", values)


def read_answers(path: Path, sheet: Sheet, raters: Mapping[str, str]) -> dict[str, list[Grade]]:
    """Return by rater the grades that people gave in another tool.

    Args:
        path: a JSON export of Label Studio; a folder of Argilla's `Dataset.to_disk`, or a file of
            `dataset.records.to_json`.
        sheet: what went out.
        raters: their names for people -> ours.

    Raises:
        UsageError: it cannot be read, or is not of this sheet.
    """
    file = path / "records.json" if path.is_dir() else path
    try:
        records = json_of(read_plain(file, _LARGEST), deepest=64)
    except OSError as error:
        raise UsageError(f"cannot read {file}: {error.strerror}") from error
    except Malformed as error:
        raise UnreadableFile(file, error.reason, error.line) from None
    if not isinstance(records, list):
        raise UsageError(f"{file} does not contain a list of records")
    reader = _Reader(sheet, raters)
    last: dict[tuple[str, str], Grade] = {}
    for number, record in enumerate(records, 1):
        try:
            for rater, grade in reader.grades(record):
                there = last.get((rater, grade.row))
                if there is None or there.at <= grade.at:
                    last[rater, grade.row] = grade
        except ValidationError as error:
            raise UsageError(f"{file}, record {number}: {refused(error)}") from error
        except UsageError as error:
            raise UsageError(f"{file}, record {number}: {error}", hint=error.hint) from error
    found: defaultdict[str, list[Grade]] = defaultdict(list)
    for (rater, _), grade in last.items():
        found[rater].append(grade)
    return dict(sorted(found.items()))


class _Reader:
    """Checks records against the sheet that went out; its errors do not name the record."""

    def __init__(self, sheet: Sheet, raters: Mapping[str, str]) -> None:
        self._sheet = sheet
        self._raters = raters
        self._items = {item.key: item for item in sheet.items}
        self._names: dict[str, str] = {}  # ours -> theirs

    def grades(self, record: object) -> Iterator[tuple[str, Grade]]:
        """Yield the raters of a record with their grades.

        Raises:
            UsageError: it is not of this sheet.
            ValidationError: it has another form.
        """
        answers: Iterable[_Answer] = ()
        tool = "labelstudio"
        if isinstance(record, dict) and "responses" in record:
            answers, tool = _argilla_answers(record), "argilla"
        elif isinstance(record, dict) and "data" in record:
            answers = _studio_answers(record)
        else:
            raise UsageError(
                "neither an Argilla record nor a Label Studio task that targen created",
                hint="from Label Studio, export the project as JSON; from Argilla, use "
                "dataset.to_disk(FOLDER) or dataset.records.to_json(FILE)",
            )
        for answer in answers:
            yield self._rater(answer.who, tool), self._grade(answer)

    def _grade(self, answer: _Answer) -> Grade:
        sheet, values = self._sheet, answer.values
        item = self._items.get(answer.row) if isinstance(answer.row, str) else None
        if item is None:
            shown = printable(str(answer.row), max_length=60)
            raise UsageError(
                f"this review does not contain the row {shown!r}",
                hint="import a file that was exported from this review, with its columns unchanged",
            )
        if not isinstance(answer.mark, str) or not re.fullmatch("[0-9a-f]{16}", answer.mark):
            raise UsageError(
                f"{_DIGEST} of row {item.row} is missing or damaged",
                hint="it records which version of the row people saw; keep it in the other tool",
            )
        decisions = _options("decision", values.get("decision", ()), _DECISIONS)
        label = _text("label", values)
        if sheet.labels and label:
            _options("label", [label], sheet.labels)
        if label == item.label and not sheet.blind:
            label = ""  # as it was suggested
        after, before = (
            next(
                (sheet.letters[w] for w in _options("grade", values.get(q, ()), sheet.grades)), None
            )
            for q in ("grade", "grade_before")
        )
        if item.before is None or item.before == item.label:
            before = after if item.before is not None else None
        edit = {p: _text(box, values) for p, box in sheet.boxes.items() if values.get(box)}
        edit = {path: text for path, text in edit.items() if text != item.texts.get(path)}
        return Grade(
            row=item.row,
            digest=item.digest if answer.mark == item.mark else answer.mark,
            at=answer.at,
            before=before,
            after=after,
            label=label or None,
            edit=edit or None,
            reject="reject" in decisions,
            flag="flag" in decisions,
            comment=_text("comment", values),
        )

    def _rater(self, theirs: object, tool: str) -> str:
        """Return our name of the person that a file calls `theirs`: a number, address or UUID."""
        said = str(theirs) if isinstance(theirs, str | int) else ""
        shown = printable(said, max_length=60)
        name = self._raters.get(said, "")
        if not name:
            name = said.partition("@")[0]
            if re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", name):
                name = name[:8]
            name = as_name(f"{tool}-{name}" if re.fullmatch("[0-9a-f]+", name) else name)
        if not NAME.fullmatch(name):
            hint = f"--rater '{shown}=ann' assigns one"
            raise UsageError(f"{shown!r} cannot be made into a rater's name", hint=hint)
        if self._names.setdefault(name, said) != said:
            raise UsageError(
                f"{self._names[name]} and {shown} would both have the name {name}",
                hint=f"--rater '{shown}=NAME' gives one of them a different name",
            )
        return name


def _options(name: str, values: Iterable[Any], options: Collection[str]) -> list[str]:
    values = list(values)
    for value in values:
        if not isinstance(value, str) or value not in options:
            said = printable(str(value), max_length=60)
            hint = did_you_mean(said, options, f"the {name}s are")
            raise UsageError(f"{said!r} is not a {name}", hint=hint)
    return values


def _text(name: str, values: Mapping[str, list[Any]]) -> str:
    parts = values.get(name, [])
    for part in parts:
        if not isinstance(part, str) or (not part.isascii() and _has_surrogate(part)):
            raise UsageError(f"{name} is {printable(str(part), max_length=60)!r}, not a text")
    return "\n".join(parts).replace("\r\n", "\n")


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= sign <= "\udfff" for sign in text)


def _several(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _time(value: object) -> str:
    """Return a time of Label Studio's in our format; "" if it is invalid."""
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError:
        return ""
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def take(folder: Path, grades: Mapping[str, Sequence[Grade]]) -> list[tuple[str, Counter[str]]]:
    """Write grades into the files of their raters.

    Returns:
        By rater, how many were "new", already "known", or "older" than the rater's own grades.

    Raises:
        RunDirectoryError: a rater's name is that of a model.
    """
    found = []
    for name, given in grades.items():
        counts: Counter[str] = Counter()
        with GradeBook(folder, Rater(rater=name)) as book:
            for grade in given:
                there = book.grades.get(grade.row, Grade(row=grade.row, digest=grade.digest))
                if there.content == grade.content and there.digest == grade.digest:
                    counts["known"] += 1
                elif grade.at and grade.at < there.at:
                    counts["older"] += 1
                else:
                    book.append(grade)
                    counts["new"] += 1
        found.append((name, counts))
    return found
