"""Forms in which people have labelled texts: recognized by a file's name and its first records.

Each becomes records with the columns `text` and `label`, or `text` and `spans`, or those of
questions. The rules need no task; `dataset.naming` then finds the task's columns.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any

from targen_core.dataset.layout import Layout
from targen_core.dataset.lines import suffix_of, whole
from targen_core.dataset.records import Form, Record
from targen_core.dataset.texts import Row, as_spans, of_pair, of_scores, typed_cells
from targen_core.errors import UsageError
from targen_core.extras import needs
from targen_core.hints import quoted
from targen_core.plain import content_of
from targen_core.reading.archives import PACKED
from targen_core.reading.texts import json_items
from targen_core.reading.typed import yaml_of
from targen_core.reading.values import json_of

_SPLITS = frozenset("train training test testing validation valid val dev eval unlabeled".split())
_WORKBOOKS = frozenset([".xlsx", ".xlsm", ".xls", ".xlsb", ".ods"])
_TAGGED = frozenset([".conll", ".bio", ".iob", ".iob2", ".bioes"])
_ANSWERS = ("accept", "reject", "ignore")  # of Prodigy
_CHATS = ("messages", "conversations", "conversation")  # keys of the turns
_HEAD = 1 << 16  # bytes
_LOOKED_AT = 20  # records by which a form is recognized
_FASTTEXT = re.compile(r"((?:__label__\S+[ \t]+)+)(.*)", re.DOTALL)
_TAG = re.compile(r"([BIESLU])-(.+)|O")
_INTENT = re.compile(r"(?m)^[ \t]*-[ \t]?")
_MARKED = re.compile(r"\[([^\[\]]{1,99})\](?:\([^()]{0,99}\)|\{[^{}]{0,99}\})")  # an entity of Rasa


def recognized(path: Path, encoding: str, layout: Layout | None = None) -> Form | None:
    """Return the rows of a file or folder in one of these forms; None for any other.

    Raises:
        UsageError: it cannot be read as what it is.
        MissingDependency: a library that reads it is not installed.
    """
    if path.is_dir():
        return folder(path)
    if not path.is_file():
        return None
    layout = layout or Layout()
    if (form := workbook(path, header=layout.header)) is not None or layout.is_table:
        return form
    return json_value(path, encoding, layout.split) or text_lines(path, encoding)


def workbook(path: Path, *, header: bool = True) -> Form | None:
    """Return the rows of the first sheet of a spreadsheet; None for another file.

    Raises:
        MissingDependency: python-calamine is not installed.
        UsageError: it cannot be read.
    """
    if path.suffix.lower() not in _WORKBOOKS:
        return None
    with needs(f"reading {path}", extra="excel"):
        import python_calamine as calamine
    try:
        book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(content_of(path)))
        cells = book.get_sheet_by_index(0).to_python(skip_empty_area=True)
    except calamine.CalamineError as error:
        raise UsageError(f"cannot read {path}: {error}") from error
    rows = [[_cell(value) for value in row] for row in cells] or [[]]
    names = rows[0] if header else [str(number) for number, _ in enumerate(rows[0], 1)]
    made = [dict(zip(names, row, strict=False)) for row in rows[int(header) :] if any(row)]
    return Form(lambda: enumerate(made, 1 + header), typed=typed_cells)


def _cell(value: Any) -> str:
    """Return a cell as text; whole numbers, which a workbook keeps as floats, without a point."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value)


def json_value(path: Path, encoding: str, split: str = "") -> Form | None:
    """Return the rows of a file that is one JSON value; None if it is something else.

    These are columns, as pandas writes them, splits, texts by label, SQuAD's questions, or a list
    of Label Studio's choices.

    Raises:
        UsageError: there are several splits.
    """
    if suffix_of(path) != ".json":
        return None
    text = whole(path, encoding)
    try:
        if text.lstrip().startswith("["):  # of which a whole list is not held
            first = islice(json_items(text), _LOOKED_AT)
            rows = [row for row in first if isinstance(row, dict)]
            is_tools = any(map(_is_studio, rows)) or (bool(rows) and all(map(_is_argilla, rows)))
            return annotated(_form(json_items(text))) if is_tools else None
        value = json_of(text)
    except ValueError:  # JSON lines after all
        return None
    if not isinstance(value, dict) or not value:
        return None
    if isinstance(value.get("data"), list) and "paragraphs" in next(iter(value["data"]), {}):
        return _form(_questions(value["data"]))
    parts = list(value.values())
    if {*map(str.casefold, value)} <= _SPLITS or all(_is_split(name) for name in value):
        full = {name: rows for name, rows in value.items() if rows and name == (split or name)}
        if len(full) != 1:
            raise UsageError(
                f"{path} has several splits: {', '.join(value)}",
                hint=f"--from-split {quoted(next(iter(value)))}",
            )
        (rows,) = full.values()
        return _form(_of_list(rows))
    if all(isinstance(part, dict) for part in parts):
        keys = list(parts[0])
        if all(list(part) == keys for part in parts):
            return _form([{n: part[key] for n, part in value.items()} for key in keys])
    if all(isinstance(part, list) for part in parts):
        if "text" not in value and all(isinstance(t, str) for part in parts for t in part):
            return _form([{"text": t, "label": n} for n, part in value.items() for t in part])
        if len({*map(len, parts)}) == 1:
            names = list(value)
            return _form([dict(zip(names, row, strict=True)) for row in zip(*parts, strict=True)])
    return None


def _is_split(name: str) -> bool:
    return name.casefold().removeprefix("oos_") in _SPLITS


def _questions(articles: Iterable[Any]) -> list[Row]:
    """Return the questions of SQuAD, each with its passage and its distinct answers."""
    return [
        {
            "passage": part["context"],
            "question": each["question"],
            "answers": [*dict.fromkeys(answer["text"] for answer in each.get("answers", ()))],
        }
        for article in articles
        for part in article["paragraphs"]
        for each in part["qas"]
    ]


def _of_list(rows: Sequence[Any]) -> list[Any]:
    """Return rows of a JSON list: objects as they are, pairs of a text and its label or spans."""
    return [row if isinstance(row, dict) else of_pair(row) for row in rows]


def annotated(form: Form) -> Form:
    """Return the records of annotation tools as rows; other records stay as they are.

    Prodigy's rejected and ignored rows, and skipped ones of Label Studio, are left out.
    """
    first = [row for row in map(_row, islice(_records(form), _LOOKED_AT)) if row is not None]
    change: Callable[[Any], Any] | None = None
    if any(_is_studio(row) for row in first):
        change = _of_studio
    elif first and all("text" in row and row.get("answer") in _ANSWERS for row in first):
        has_spans = any("spans" in row for row in first)
        change = partial(_of_prodigy, has_spans=has_spans)
    elif first and all(map(_turns, first)):
        change = _of_chat
    elif first and all(map(_is_argilla, first)):
        change = _of_argilla
    elif any(isinstance(row.get("cats"), dict) for row in first):
        change = lambda row: of_scores(row) if isinstance(row.get("cats"), dict) else row  # noqa: E731
    elif any(_has_spans(row) for row in first):
        change = _of_doccano
    elif first and all(isinstance(row.get("label"), list) for row in first):
        change = _of_single
    if change is None:
        return form
    convert = change

    def records() -> Iterator[tuple[int, Record]]:
        for number, record in form.records():
            row = _row(record)
            if row is None:
                yield number, record
            elif (made := convert(dict(row))) is not None:
                yield number, made

    return replace(form, records=records)


def _records(form: Form) -> Iterator[Record]:
    return (record for _, record in form.records())


def _row(record: Any) -> Row | None:
    if isinstance(record, bytes):
        try:
            record = json_of(record, strict=False)
        except ValueError:
            return None
    return dict(record) if isinstance(record, Mapping) else None


def _is_studio(row: Row) -> bool:
    """Return whether a record is a task of Label Studio with choices, and not of our own export."""
    data, done = row.get("data"), row.get("annotations")
    if not isinstance(data, dict) or "id" in data or not isinstance(done, list):
        return False
    results = [one for each in done for one in each.get("result") or ()]
    return any(one.get("type") == "choices" for one in results)


def _of_studio(row: Row) -> Row | None:
    """Return a task of Label Studio with the choice of its last annotation."""
    chosen = [
        choice
        for done in row.get("annotations") or ()
        if not done.get("was_cancelled")
        for one in done.get("result") or ()
        if one.get("type") == "choices"
        for choice in one["value"].get("choices", ())
    ]
    return {**row["data"], "label": chosen[-1]} if chosen else None


def _turns(row: Row) -> list[tuple[str, str]]:
    """Return the turns of a chat with their speakers, as OpenAI or ShareGPT has them; or []."""
    turns: list[Any] = next((row[name] for name in _CHATS if isinstance(row.get(name), list)), [])
    if not all(isinstance(turn, dict) for turn in turns):
        return []
    said = [
        (str(turn.get("role", turn.get("from"))), turn.get("content", turn.get("value")))
        for turn in turns
    ]
    return [(who, _plain_text(text)) for who, text in said if _plain_text(text)]


def _plain_text(content: Any) -> str:
    """Return the text of a turn, which may have several parts."""
    if isinstance(content, list):
        return "\n".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def _of_chat(row: Row) -> Row | None:
    """Return a chat as a row: the last question as its text, the answer as its label."""
    turns = _turns(row)
    asked = [text for who, text in turns if who in ("user", "human")]
    answered = [text for who, text in turns if who in ("assistant", "gpt", "model")]
    if not asked:
        return None
    others = {name: value for name, value in row.items() if name not in _CHATS}
    label = {"label": answered[-1].strip()} if answered else {}
    return {**others, "text": asked[-1], **label}


def _is_argilla(row: Row) -> bool:
    """Return whether a record is one of Argilla with one label, and not of our own export."""
    answers = _argilla_answers(row)
    return bool(answers) and all(isinstance(value, str) for value in answers)


def _argilla_answers(row: Row) -> list[Any]:
    """Return the answers in a record of Argilla; [] if it is none."""
    fields, responses = row.get("fields"), row.get("responses")
    if not isinstance(fields, dict) or any(map(str, row.get("metadata") or ())):
        return []
    if isinstance(responses, dict):  # of version 2, by question
        groups = [each for each in responses.values() if isinstance(each, list)]
        return [one.get("value") for one in groups[0]] if len(groups) == 1 else []
    values = [each.get("values") or {} for each in responses or () if isinstance(each, dict)]
    return [one["value"] for each in values if len(each) == 1 for one in each.values()]


def _of_argilla(row: Row) -> Row | None:
    answers = _argilla_answers(row)
    return {**row["fields"], "label": answers[-1]} if answers else None


def _of_prodigy(row: Row, *, has_spans: bool) -> Row | None:
    answer = row.pop("answer", "accept")
    if answer != "accept":
        return None
    if has_spans:  # a text without one has no such field
        row.setdefault("spans", [])
    if isinstance(row.get("accept"), list) and len(row["accept"]) == 1:  # of several options
        (row["label"],) = row.pop("accept")
    return {name: value for name, value in row.items() if not name.startswith("_")}


def _has_spans(row: Row) -> bool:
    label = row.get("label", row.get("labels"))
    return (
        isinstance(label, list)
        and bool(label)
        and all(isinstance(each, list) and len(each) == 3 for each in label)
    )


def _of_doccano(row: Row) -> Row:
    spans = row.pop("label", None) or row.pop("labels", None) or []
    return {**row, "spans": as_spans(spans)}


def _of_single(row: Row) -> Row:
    label = row["label"]
    return {**row, "label": label[0]} if len(label) == 1 else row


def text_lines(path: Path, encoding: str) -> Form | None:
    """Return the rows of a text in a form of labelled texts; None if it is in none of these.

    These are fastText's lines, tokens with tags, and the intents of Rasa.
    """
    suffix = suffix_of(path)
    if suffix in (".yml", ".yaml"):
        text = whole(path, encoding)
        return _form(_intents(text)) if re.search(r"(?m)^nlu:", text) else None
    if suffix in (".json", ".jsonl", ".parquet", ".csv", ".tsv", ".py", ".toml", ".arrow"):
        return None
    first = _first_lines(path, encoding)
    if suffix in _TAGGED or _is_tagged(first):
        return _form(_tagged(whole(path, encoding)))
    if first and all(map(_FASTTEXT.fullmatch, first)):
        lines = whole(path, encoding).splitlines()
        return _form(_of_fasttext(line) for line in lines if line.strip())
    return None


def _first_lines(path: Path, encoding: str) -> list[str]:
    """Return some lines of a text, without reading all of a large one."""
    if path.suffix.lower() in PACKED:
        text = whole(path, encoding)
    else:
        with open(path, "rb") as file:
            text = file.read(_HEAD).decode(encoding, "replace")
    lines = text.splitlines()
    if len(text) >= _HEAD and len(lines) > 1:
        del lines[-1]  # which is cut
    return [line for line in lines if line.strip()][:_LOOKED_AT]


def _of_fasttext(line: str) -> Row | None:
    """Return a line as a row; None if it has no label, as the first lines have."""
    found = _FASTTEXT.fullmatch(line)
    if found is None:
        return None
    labels = found[1].replace("__label__", "").split()
    return {"text": found[2].strip(), "label": labels[0] if len(labels) == 1 else labels}


def _is_tagged(lines: Sequence[str]) -> bool:
    cells = [line.split() for line in lines]
    return len(cells) > 1 and all(len(each) > 1 and _TAG.fullmatch(each[-1]) for each in cells)


def _tagged(text: str) -> list[Row]:
    """Return the sentences of tokens with tags, their tokens joined by spaces."""
    rows: list[Row] = []
    for part in re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n").strip()):
        words: list[str] = []
        spans: list[Row] = []
        at, open_ = 0, False
        for line in part.splitlines():
            cells = line.split()
            if not cells or cells[0] == "-DOCSTART-" or line.startswith("#"):
                continue
            word, tag = cells[0], _TAG.fullmatch(cells[-1]) if len(cells) > 1 else None
            name = tag[2] if tag else None
            if name is None:
                open_ = False
            elif open_ and tag and tag[1] in "IEL" and spans[-1]["label"] == name:
                spans[-1]["end"] = at + len(word)
            else:
                spans.append({"start": at, "end": at + len(word), "label": name})
                open_ = True
            words.append(word)
            at += len(word) + 1
        if words:
            rows.append({"text": " ".join(words), "spans": spans})
    return rows


def _intents(text: str) -> Iterator[Row]:
    """Yield the examples of Rasa's intents, without the marks of entities."""
    for part in yaml_of(text).get("nlu") or ():
        if isinstance(part, dict) and "intent" in part:
            for example in _INTENT.split(str(part.get("examples", ""))):
                if example.strip():
                    yield {"text": _MARKED.sub(r"\1", example.strip()), "label": part["intent"]}


def folder(path: Path) -> Form | None:
    """Return the rows of a folder of texts: one folder per label, or brat's annotations."""
    texts = sorted(each for each in path.glob("*.txt") if each.with_suffix(".ann").is_file())
    if texts:
        return _form(map(_of_brat, texts))
    classes = sorted(each for each in path.iterdir() if each.is_dir() and any(each.glob("*.txt")))
    if len(classes) < 2:
        return None
    files = chain.from_iterable(sorted(each.glob("*.txt")) for each in classes)
    return _form({"text": whole(each).strip(), "label": each.parent.name} for each in files)


def _of_brat(path: Path) -> Row:
    spans = []
    for line in whole(path.with_suffix(".ann")).splitlines():
        if found := re.match(r"T\d+\t(\S+) (\d+) (?:[\d;]+ )*(\d+)\t", line):
            spans.append({"start": int(found[2]), "end": int(found[3]), "label": found[1]})
    return {"text": whole(path), "spans": spans}


def _form(rows: Iterable[Any]) -> Form:
    kept = list(rows)

    def records() -> Iterator[tuple[int, Record]]:
        for number, row in enumerate(kept, 1):
            is_row = isinstance(row, Mapping)
            yield (
                number,
                json.dumps(row).encode() if is_row else ValueError("Input should be an object"),
            )

    return Form(records, place="row")
