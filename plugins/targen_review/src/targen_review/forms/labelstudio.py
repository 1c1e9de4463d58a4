"""Label Studio: tasks with pre-annotations and the labelling interface; its exports come back.

Reads the exports JSON (tasks with their annotations) and JSON-MIN (one object for each
annotation). Skipped annotations do not count.
"""

from __future__ import annotations

import json
import math
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from targen_core.outputs import write_file
from targen_review.forms.sheet import (
    DIGEST,
    FLAG,
    REJECT,
    Answer,
    Item,
    Reader,
    Sheet,
    latest,
    refused_file,
    several,
)

_ROW = "targen_row"
_VARIABLE = re.compile(r"\$(?=\w)")
_KEYS = "123456789qwertyuiop"  # of labels; grades have their own letters
_DAY = 86_400.0


def write(sheet: Sheet, folder: Path) -> list[Path]:
    """Write the sheet into `folder`: `tasks.json` to import, `labeling.xml` for the interface."""
    tasks = [_task(sheet, item) for item in sheet.items]
    texts = {
        "labeling.xml": _interface(sheet),
        "tasks.json": json.dumps(tasks, ensure_ascii=False, indent=1) + "\n",
    }
    return [write_file(folder / name, text) for name, text in texts.items()]


def read(
    file: Path, records: Sequence[Any], sheet: Sheet, raters: Mapping[str, str]
) -> list[Answer]:
    """Return what people annotated in Label Studio.

    Args:
        file: where the records are from, for messages.
        records: of an export as JSON or JSON-MIN.
        sheet: what went out.
        raters: Label Studio's user numbers or addresses -> our names.

    Raises:
        UsageError: they do not belong to this sheet, so they are not imported.
    """
    reader = Reader(sheet, file, raters, "labelstudio")
    answers: list[Answer] = []
    for number, record in enumerate(records, 1):
        if isinstance(record, dict) and isinstance(record.get("data"), dict):
            answers += _of_task(reader, sheet, number, record)
        elif isinstance(record, dict) and _ROW in record and "annotator" in record:
            answers.append(_of_annotation(reader, sheet, number, record))
        else:
            raise refused_file(
                file,
                number,
                "neither an Argilla record nor a Label Studio task that targen created",
                hint="from Label Studio, export the project as JSON or JSON-MIN; from Argilla, use "
                "dataset.to_disk(FOLDER) or dataset.records.to_json(FILE)",
            )
    return latest(answers)


# --- in ---


def _of_task(
    reader: Reader, sheet: Sheet, number: int, task: Mapping[str, Any]
) -> Iterator[Answer]:
    data = task["data"]
    annotations = reader.part(number, "annotations", task.get("annotations"), list)
    for given in annotations:
        annotation = reader.part(number, "annotations", given, dict)
        if annotation.get("was_cancelled") or annotation.get("skipped"):
            continue
        values: dict[str, list[Any]] = {}
        for part in reader.part(number, "result", annotation.get("result"), list):
            result = reader.part(number, "result", part, dict)
            value = reader.part(number, "value", result.get("value"), dict)
            name = result.get("from_name")
            for kind in ("choices", "text"):
                if isinstance(name, str) and kind in value:
                    values.setdefault(name, []).extend(several(value[kind]))
        who = annotation.get("completed_by")
        if isinstance(who, dict):
            who = who.get("email") or who.get("id")
        yield _answer(reader, sheet, number, data, values, annotation, who)


def _of_annotation(reader: Reader, sheet: Sheet, number: int, record: Mapping[str, Any]) -> Answer:
    """Return the values of JSON-MIN: one by itself, several as a list or a list of lists."""
    values: dict[str, list[Any]] = {}
    names = ["label", "grade", "grade_before", "reasons", "decision", "comment"]
    for name in (*names, *sheet.boxes.values()):
        for one in several(record.get(name)):
            inner = one.get("choices", one.get("text", one)) if isinstance(one, dict) else one
            values.setdefault(name, []).extend(several(inner))
    return _answer(reader, sheet, number, record, values, record, record.get("annotator"))


def _answer(
    reader: Reader,
    sheet: Sheet,
    number: int,
    data: Mapping[str, Any],
    values: Mapping[str, list[Any]],
    annotation: Mapping[str, Any],
    who: object,
) -> Answer:
    item, digest = reader.item(number, data.get(_ROW), data.get(DIGEST))

    def one(name: str) -> Any:
        chosen = values.get(name) or [None]
        return chosen[0]

    def text(name: str) -> str:
        return "\n".join(reader.text(number, name, part) for part in values.get(name, ()))

    return reader.answer(
        number,
        item,
        digest,
        who,
        at=_time(annotation.get("updated_at") or annotation.get("created_at")),
        seconds=_seconds(annotation.get("lead_time")),
        before=one("grade_before"),
        after=one("grade"),
        reasons=reader.reasons(number, values.get("reasons")),
        label=one("label") if sheet.labels else (text("label") or None),
        edit={path: text(box) for path, box in sheet.boxes.items() if values.get(box)},
        comment=text("comment"),
        **reader.decisions(number, values.get("decision")),
    )


def _time(value: object) -> str:
    """Return a time of Label Studio's in our format; "" if it is invalid."""
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError:
        return ""
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _seconds(value: object) -> float:
    """Return how long it took; 0 if the export does not say, or counted a day and more."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0.0
    return float(value) if math.isfinite(value) and 0 <= value < _DAY else 0.0


# --- out ---


def _task(sheet: Sheet, item: Item) -> dict[str, Any]:
    shown = {} if sheet.blind or item.before is None else {"intended": item.before}
    data = {
        _ROW: sheet.key_of(item),
        DIGEST: sheet.mark_of(item),
        **shown,
        **{column: item.texts.get(path, "") for path, column in sheet.columns.items()},
    }
    first = next(iter(sheet.columns.values()))
    result = []
    if item.label is not None and not sheet.blind:
        kind = "choices" if sheet.labels else "textarea"
        result.append(_result("label", first, kind, [item.label]))
    for path, box in sheet.boxes.items():
        if item.texts.get(path):  # a text that can be edited is already in its box
            result.append(_result(box, sheet.columns[path], "textarea", [item.texts[path]]))
    predictions = [{"model_version": "targen", "result": result}] if result else []
    return {"data": data, "predictions": predictions}


def _result(name: str, column: str, kind: str, values: list[str]) -> dict[str, Any]:
    inner = "choices" if kind == "choices" else "text"
    value = {inner: values}
    return {"id": name, "from_name": name, "to_name": column, "type": kind, "value": value}


def _interface(sheet: Sheet) -> str:
    view = ET.Element("View")
    ET.SubElement(view, "Header", value=_literal(sheet.instruction), size="4")
    for path, column in sheet.columns.items():
        ET.SubElement(view, "Header", value=_literal(path), size="5")
        ET.SubElement(view, "Text", name=column, value=f"${column}")
    first = next(iter(sheet.columns.values()))
    if not sheet.blind and any(item.before is not None for item in sheet.items):
        ET.SubElement(view, "Header", value="Requested label: $intended", size="5")
    ET.SubElement(view, "Header", value="Which label should the row have?", size="5")
    if sheet.labels:
        keys = dict(zip(sheet.labels, _KEYS, strict=False))
        _choices(view, "label", first, sheet.labels, keys=keys, required=True)
    else:
        _box(view, "label", first, required=True)
    if sheet.asks_twice:
        title = "How good is the row with the label requested for it?"
        ET.SubElement(view, "Header", value=title, size="5")
        _choices(view, "grade_before", first, sheet.grades)
    title = "How good is the row" + ("?" if sheet.blind else " with its current label?")
    ET.SubElement(view, "Header", value=title, size="5")
    keys = {letter: letter.lower() for letter in sheet.grades if letter.lower() not in _KEYS}
    _choices(view, "grade", first, sheet.grades, keys=keys, required=True)
    if sheet.reasons:
        ET.SubElement(view, "Header", value="Why?", size="5")
        _choices(view, "reasons", first, sheet.reasons, choice="multiple")
    options = {REJECT: "remove the row", FLAG: "discuss the row"}
    _choices(view, "decision", first, options, choice="multiple")
    for path, box in sheet.boxes.items():
        ET.SubElement(view, "Header", value=_literal(f"Corrected {path}"), size="5")
        _box(view, box, sheet.columns[path])
    ET.SubElement(view, "Header", value="A remark", size="5")
    _box(view, "comment", first)
    ET.indent(view)
    return ET.tostring(view, encoding="unicode") + "\n"


def _choices(
    view: ET.Element,
    name: str,
    column: str,
    options: Mapping[str, str],
    *,
    keys: Mapping[str, str] | None = None,
    required: bool = False,
    choice: str = "single",
) -> None:
    needed = {"required": "true"} if required else {}
    line = {"showInLine": "true"} if len(options) <= 9 else {"layout": "select"}
    parent = ET.SubElement(
        view, "Choices", {"name": name, "toName": column, "choice": choice, **needed, **line}
    )
    for option, meaning in options.items():
        hotkey = {"hotkey": (keys or {})[option]} if option in (keys or {}) else {}
        hint = {"hint": meaning} if meaning else {}
        ET.SubElement(parent, "Choice", {"value": option, **hint, **hotkey})


def _box(view: ET.Element, name: str, column: str, *, required: bool = False) -> None:
    needed = {"required": "true"} if required else {}
    ET.SubElement(
        view,
        "TextArea",
        {"name": name, "toName": column, "editable": "true", "maxSubmissions": "1", **needed},
    )


def _literal(text: str) -> str:
    """A text in which Label Studio sees no variables: it takes every `$word` for one."""
    return _VARIABLE.sub("$\N{WORD JOINER}", text)
