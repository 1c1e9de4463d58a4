"""Argilla: a dataset folder for `rg.Dataset.from_disk`, and what `to_disk` or `to_json` left.

The form is that of Argilla's client from version 2.0 on (`argilla.datasets._io._disk`,
`argilla.records._io._json`): `.argilla/dataset.json`, `.argilla/settings.json` and `records.json`.
Records have our row ids as their own. Its JSON states who answered, but neither when nor whether
the answer was submitted, drafted or discarded.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from targen_core.cli.markup import markdown
from targen_core.outputs import write_file
from targen_core.text import printable
from targen_review.forms.sheet import (
    DIGEST,
    FLAG,
    NO_REASON,
    REJECT,
    Answer,
    Item,
    Reader,
    Sheet,
    latest,
    refused_file,
)

_GUIDELINES = 10_000  # characters that its server accepts
_TITLE = 500
_MEANING = 1_000


def write(sheet: Sheet, folder: Path, *, per_row: int = 1) -> list[Path]:
    """Write the sheet into `folder`, and give the files.

    Args:
        sheet: what to write.
        folder: an empty or new folder.
        per_row: people who are to answer a row before it counts as done.
    """
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", sheet.name).strip("-_") or "targen"
    guidelines = _guidelines(sheet)[:_GUIDELINES]
    distribution = {"strategy": "overlap", "min_submitted": per_row}
    settings = {
        "guidelines": guidelines,
        "questions": [*_questions(sheet)],
        "fields": [_field(column, path) for path, column in sheet.columns.items()],
        "vectors": [],
        "metadata": [],
        "allow_extra_metadata": True,
        "distribution": distribution,
        "mapping": None,
    }
    dataset = {
        "name": name[:200],
        "status": "draft",
        "guidelines": guidelines,
        "allow_extra_metadata": True,
        "distribution": distribution,
    }
    files = {
        ".argilla/dataset.json": dataset,
        ".argilla/settings.json": settings,
        "records.json": [_record(sheet, item) for item in sheet.items],
    }
    return [write_file(folder / name, json.dumps(value) + "\n") for name, value in files.items()]


def is_record(record: object) -> bool:
    """Return whether a JSON value is a record of Argilla's client."""
    return isinstance(record, dict) and "fields" in record and "responses" in record


def read(
    file: Path, records: Sequence[Any], sheet: Sheet, raters: Mapping[str, str]
) -> list[Answer]:
    """Return what people answered in Argilla.

    Args:
        file: where the records are from, for messages.
        records: what `Dataset.to_disk` or `dataset.records.to_json` wrote.
        sheet: what went out.
        raters: Argilla's user ids -> our names.

    Raises:
        UsageError: they do not belong to this sheet, so they are not imported.
    """
    reader = Reader(sheet, file, raters, "argilla")
    answers: list[Answer] = []
    for number, record in enumerate(records, 1):
        if not is_record(record):
            raise refused_file(
                file,
                number,
                "not a record from Argilla's client",
                hint="write the records with dataset.to_disk(FOLDER) or "
                "dataset.records.to_json(FILE)",
            )
        answers += _answers(reader, sheet, number, record)
    return latest(answers)


def _answers(
    reader: Reader, sheet: Sheet, number: int, record: Mapping[str, Any]
) -> Iterator[Answer]:
    responses = reader.part(number, "responses", record.get("responses"), dict)
    by_user: dict[str, dict[str, Any]] = defaultdict(dict)
    for question, given in responses.items():
        for response in reader.part(number, f"responses.{question}", given, list):
            one = reader.part(number, f"responses.{question}", response, dict)
            user = one.get("user_id")
            # Some versions state it: an answer that was not submitted does not count.
            if one.get("status") in ("draft", "discarded"):
                continue
            if isinstance(user, str):
                by_user[user][question] = one.get("value")
            else:
                why = (
                    f"a response to {printable(question, max_length=60)!r} does not state who gave "
                    "it"
                )
                raise refused_file(reader.path, number, why)
    if not by_user:
        return
    metadata = reader.part(number, "metadata", record.get("metadata"), dict)
    item, digest = reader.item(number, record.get("id"), metadata.get(DIGEST))
    for user, values in by_user.items():
        label = values.get("label")
        yield reader.answer(
            number,
            item,
            digest,
            user,
            before=values.get("grade_before"),
            after=values.get("grade"),
            reasons=reader.reasons(number, values.get("reasons")),
            label=(reader.text(number, "label", label) or None) if label is not None else None,
            edit={
                path: reader.text(number, box, values[box])
                for path, box in sheet.boxes.items()
                if values.get(box) is not None
            },
            comment=reader.text(number, "comment", values.get("comment")),
            **reader.decisions(number, values.get("decision")),
        )


def _guidelines(sheet: Sheet) -> str:
    parts = [markdown(sheet.instruction)]
    if sheet.labels:
        parts.append("## Labels")
        parts += [f"- **{markdown(k)}**: {markdown(v)}" for k, v in sheet.labels.items()]
    parts.append("## Grades")
    parts += [f"- **{markdown(k)}**: {markdown(v)}" for k, v in sheet.grades.items()]
    if sheet.reasons:
        parts.append("## Reasons")
        parts += [f"- **{markdown(k)}**: {markdown(v)}" for k, v in sheet.reasons.items()]
    return "\n".join(parts) + "\n"


def _field(column: str, path: str) -> dict[str, Any]:
    return {
        "name": column,
        "title": path[:_TITLE],
        "required": True,  # its server wants one that is; an empty text will do
        "settings": {"type": "text", "use_markdown": False},
    }


def _questions(sheet: Sheet) -> Iterator[dict[str, Any]]:
    if sheet.labels:
        yield _choice("label", "Which label should the row have?", sheet.labels, required=True)
    else:
        yield _text("label", "What is the right answer?", required=True)
    if sheet.asks_twice:
        title = "How good is the row with the label requested for it?"
        yield _choice("grade_before", title, sheet.grades, required=False)
    title = "How good is the row" + ("?" if sheet.blind else " with its current label?")
    yield _choice("grade", title, sheet.grades, required=True)
    if sheet.reasons:
        # Its server wants two options at least.
        one = {NO_REASON: ""} if len(sheet.reasons) == 1 else {}
        yield _choice("reasons", "Why?", {**sheet.reasons, **one}, required=False, several=True)
    options = {REJECT: "remove the row", FLAG: "discuss the row"}
    yield _choice("decision", "Anything else?", options, required=False, several=True)
    for path, box in sheet.boxes.items():
        yield _text(box, f"Corrected {path}"[:_TITLE], required=False)
    yield _text("comment", "A remark", required=False)


def _choice(
    name: str, title: str, options: Mapping[str, str], *, required: bool, several: bool = False
) -> dict[str, Any]:
    kind = "multi_label_selection" if several else "label_selection"
    settings: dict[str, Any] = {
        "type": kind,
        "options": [
            {"value": name, "text": name, "description": meaning[:_MEANING] or None}
            for name, meaning in options.items()
        ],
        "visible_options": len(options) if len(options) >= 3 else None,
    }
    if several:
        settings["options_order"] = "natural"
    return {"name": name, "title": title, "required": required, "settings": settings}


def _text(name: str, title: str, *, required: bool) -> dict[str, Any]:
    settings = {"type": "text", "use_markdown": False}
    return {"name": name, "title": title, "required": required, "settings": settings}


def _record(sheet: Sheet, item: Item) -> dict[str, Any]:
    suggestions: dict[str, Any] = {}
    if item.label is not None and not sheet.blind:
        suggestions["label"] = _suggestion(item.label)
    # A text that can be edited is already in its box.
    suggestions |= {
        box: _suggestion(item.texts[path])
        for path, box in sheet.boxes.items()
        if item.texts.get(path)
    }
    before = {} if sheet.blind or item.before is None else {"intended": item.before}
    return {
        "id": sheet.key_of(item),
        "fields": {column: item.texts.get(path, "") for path, column in sheet.columns.items()},
        "metadata": {DIGEST: sheet.mark_of(item), **before},
        "suggestions": suggestions,
        "responses": {},
        "vectors": {},
        "status": "pending",
        "_server_id": None,
    }


def _suggestion(value: str) -> dict[str, Any]:
    return {"value": value, "score": None, "agent": "targen"}
