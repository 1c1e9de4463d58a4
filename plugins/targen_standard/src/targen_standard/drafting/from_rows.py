"""A task file from a person's labelled rows: its fields, labels, lengths and shares."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from targen_core.dataset.layout import LABELS, current, listed
from targen_core.dataset.source import open_source
from targen_core.errors import UsageError
from targen_core.hints import quoted
from targen_core.origin import Typed

_MOST_LABELS = 200
_EXAMPLES = 2  # rows of each label that the file quotes
_QUOTED = 100  # characters of each
_LINE = re.compile(r"__label__(?P<first>\S+)\s+(?P<text>.+)|(?P<tabbed>[^\t]{1,40})\t(?P<rest>.+)")


def task_from(file: Path, encoding: str = "utf-8", description: str = "") -> str:
    """Return the YAML of a task whose rows are like those of a file.

    Raises:
        UsageError: the file cannot be read, or its texts or labels are not certain.
    """
    source = open_source(Typed(str(file)), encoding=encoding)
    rows = [_of_a_line(row) for _, row in source.each() if isinstance(row, Mapping)]
    if not rows:
        source.none()
    label, fields = _columns(rows, source.place)
    sets = [_labels(row.get(label)) for row in rows]
    several = any(len(each) != 1 for each in sets if each) and any(
        isinstance(row.get(label), list) or "|" in str(row.get(label)) for row in rows
    )
    counts = Counter(name for each in sets for name in each)
    if not 2 <= len(counts) <= min(_MOST_LABELS, max(5, len(rows) * 2 // 3)):
        raise UsageError(
            f"{source.place}: the column {label} has {len(counts):,} different values in "
            f"{len(rows):,} rows, so it holds no labels",
            hint="--map text=COLUMN,label=COLUMN",
        )
    kept = sum(1 for each in sets if each)
    names = {column: _name(column, len(fields)) for column in fields}
    value: dict[str, Any] = {"draft": True}
    value["description"] = description or "FILL IN: what a row is, and who writes such texts."
    definitions = {name: f"FILL IN: when a row is {name}" for name, _ in counts.most_common()}
    if several:
        value["output"] = {"several": True, "labels": definitions}
    else:
        value["labels"] = definitions
    value["fields"] = {
        names[column]: {
            "description": "FILL IN: what this text is" if len(fields) > 1 else "the text",
            "words": _words(rows, column),
        }
        for column in fields
    }
    columns = {names[c]: c for c in fields if names[c] != c}
    columns |= {} if label in ("label", "labels") else {"labels" if several else "label": label}
    columns = {name: current().columns.get(name, column) for name, column in columns.items()}
    if data := {**dict(current().columns), **columns}:
        value["data"] = {"map": data}
    if current().labels:
        value.setdefault("data", {})["label_map"] = dict(current().labels)
    if not several:
        whole = max(len(counts), min(100, kept))
        value["presets"] = {
            "as-in-file": {n: max(1, round(whole * c / kept)) for n, c in counts.items()}
        }
    quotes = {name: _quotes(rows, sets, name, fields) for name in counts}
    return _written(value, counts, quotes, f"{source.place}: {len(rows):,} rows")


def _of_a_line(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a row of a file of lines, `__label__x text` or `label<TAB>text`, as text and label."""
    if row.keys() == {"text"} and (found := _LINE.fullmatch(str(row["text"]).strip())):
        label, text = found["first"] or found["tabbed"], found["text"] or found["rest"]
        return {"text": text, "label": label.removeprefix("__label__")}
    return row


def _columns(rows: Sequence[Mapping[str, Any]], place: str) -> tuple[str, list[str]]:
    """Return the column of the label, and those of the texts.

    Raises:
        UsageError: they are not certain.
    """
    names = [*dict.fromkeys(name for row in rows for name in row)]
    said = {n: [str(row[n]) for row in rows if row.get(n) not in (None, "", [])] for n in names}
    said = {name: values for name, values in said.items() if values}
    distinct = {name: len({*values}) for name, values in said.items()}
    words = {n: sum(len(v.split()) for v in values) / len(values) for n, values in said.items()}
    texts = [n for n in said if words[n] >= 3 and distinct[n] > len(said[n]) / 3]
    usual = [n for each in LABELS for n in said if n.casefold() == each and n not in texts]
    few = [n for n in said if 1 < distinct[n] <= max(2, len(rows) / 3) and n not in texts]
    likely = [n for n in ("label", "labels") if n in said] or usual[:1] or few
    mapped = [name for name in current().columns if name in said and name not in likely]
    if any(name in said[name] for name in said):
        pairs = [f"{name}={names.index(n) + 1}" for name, n in _guess(texts, likely).items()]
        raise UsageError(
            f"{place}: the first line looks like a row, not like names of columns",
            hint=f"--no-header --map {quoted(','.join(pairs))}",
        )
    texts = [n for n in mapped or texts or said if n not in likely[:1] and words[n] >= 1]
    if len(likely) != 1 or not texts:
        what = f"{listed(likely)} may each be the label" if likely else "no column holds labels"
        raise UsageError(
            f"{place}: {what}; the columns are {listed(names)}",
            hint="--map " + quoted(",".join(f"{n}={c}" for n, c in _guess(texts, likely).items())),
        )
    if "text" in texts:  # beside a title or the name of a source
        texts = ["text"] if not mapped else texts
    return likely[0], texts[:4]


def _guess(texts: Sequence[str], likely: Sequence[str]) -> dict[str, str]:
    return {"text": next(iter(texts), "COLUMN"), "label": next(iter(likely), "COLUMN")}


def _labels(value: Any) -> list[str]:
    """Return the labels of a row, which may be several in a list or with signs between them."""
    if value in (None, "") or value != value:
        return []
    several = value if isinstance(value, list) else str(value).split("|")
    if isinstance(value, float) and value.is_integer():
        several = [str(int(value))]
    return [name for each in several if (name := str(each).strip())]


def _name(column: str, count: int) -> str:
    """Return the name of a field for a column."""
    name = re.sub(r"\W+", "_", column.strip().lower()).strip("_")
    return "text" if count == 1 or not name or name[0].isdigit() else name


def _words(rows: Sequence[Mapping[str, Any]], column: str) -> list[int]:
    """Return the number of words that nearly all texts lie between."""
    lengths = sorted(len(str(row[column]).split()) for row in rows if row.get(column))
    at = len(lengths) // 20
    return [max(1, lengths[at]), max(2, lengths[-1 - at])]


def _quotes(
    rows: Sequence[Mapping[str, Any]], sets: Sequence[list[str]], label: str, fields: Sequence[str]
) -> list[str]:
    """Return the first texts of a label, each in a line."""
    of = (row for row, labels in zip(rows, sets, strict=True) if label in labels)
    found: list[str] = []
    for row in of:
        text = " | ".join(" ".join(str(row.get(field, "")).split()) for field in fields)
        text = "".join(sign if sign.isprintable() else " " for sign in text)
        found.append(text if len(text) <= _QUOTED else f"{text[: _QUOTED - 1]}…")
        if len(found) == _EXAMPLES:
            break
    return found


def _written(
    value: Mapping[str, Any],
    counts: Mapping[str, int],
    quotes: Mapping[str, Sequence[str]],
    title: str,
) -> str:
    """Return the file, with rows of each label above its definition."""
    heads = {
        "draft": "Fill in the lines below, check the rest, and then remove this line.",
        "presets": "The shares of the labels in that file, for --preset as-in-file.",
        "data": "The columns of your own files of such rows.",
        "fields": "The texts of a row, with the number of words in 9 of 10 rows.",
    }
    title = "".join(sign if sign.isprintable() else " " for sign in title)
    parts = [f"# A task for rows like those of {title}."]
    for key, each in value.items():
        part = yaml.safe_dump({key: each}, allow_unicode=True, sort_keys=False, width=10_000)
        part = re.sub(r"words:\n +- (\d+)\n +- (\d+)", r"words: [\1, \2]", part).rstrip()
        if key in ("labels", "output"):
            indent = "  " if key == "labels" else "    "
            lines = part.splitlines()
            top, lines = lines[: len(lines) - len(counts)], lines[len(lines) - len(counts) :]
            for line, (name, count) in zip(
                lines, sorted(counts.items(), key=lambda c: -c[1]), strict=True
            ):
                top += [f"{indent}# {count:,} rows:", *(f"{indent}#   {q}" for q in quotes[name])]
                top.append(line)
            part = "\n".join(top)
        parts.append(f"# {heads[key]}\n{part}" if key in heads else part)
    parts.append("# Without it, rows are English.\n# language: German")
    return "\n\n".join(parts) + "\n"
