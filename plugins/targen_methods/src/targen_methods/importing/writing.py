"""Write an import: a folder that every command takes for a dataset.

```text
rte-supergen/
  import.json        the task, the file by its digest, the maps, and what was left out
  dataset.jsonl      the rows
  provenance.jsonl   for each row its place in the file, its label there, score, attributes
  README.md          a dataset card: source and licence
  weighing.json      where rows count more or less: the rows by digest, and what weighed them
```
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from targen_core import read_dataset
from targen_core.cli.markup import markdown, markdown_code
from targen_core.cli.outputs import put_folder
from targen_core.outputs import remove, write_file
from targen_core.plain import write_failed
from targen_core.reading.lines import read_jsonl
from targen_core.text import plural
from targen_methods.importing.rows import Imported, Importing
from targen_standard.datasets.weighing import FILE as WEIGHING
from targen_standard.datasets.weighing import Weighing, checked_weights
from targen_standard.reporting.card import NO_LICENCE, front_matter, heading

FILE = "import.json"
FORMAT = 1
OWN = frozenset({FILE, "dataset.jsonl", "provenance.jsonl", "README.md", WEIGHING})
"""All that a folder of imported rows holds."""


def write_rows(part: Path, rows: Iterable[Imported]) -> None:
    """Write rows and provenance into a folder that is not there yet, one by one.

    Raises:
        WriteFailed: the operating system refuses.
    """
    remove(part)
    try:
        part.mkdir(parents=True)
        with ExitStack() as stack:
            files = [
                stack.enter_context(open(part / name, "x", encoding="utf-8", newline="\n"))
                for name in ("dataset.jsonl", "provenance.jsonl")
            ]
            for each in rows:
                for file, value in zip(files, (each.row, each.origin), strict=True):
                    file.write(json.dumps(value, ensure_ascii=False) + "\n")
            for file in files:
                file.flush()
                os.fsync(file.fileno())
    except OSError as error:
        raise write_failed(part, error) from error


def write_weighing(part: Path, done: Importing, task: str) -> None:
    """Say that rows which were written have weights in their provenance.

    Args:
        part: the folder, with rows and provenance.
        done: the import, which is over.
        task: the id of the task; "" of one in a file.

    Raises:
        UsageError: all weights are 0.
        WriteFailed: the operating system refuses.
    """
    if done.weights is None:
        return
    rows = read_dataset(part / "dataset.jsonl", done.task)
    written = read_jsonl(part / "provenance.jsonl")
    weights = checked_weights((each["weight"] for each in written), done.opened.name)
    report = {
        "rows": len(weights),
        "zero": sum(not weight for weight in weights),
        "mean": sum(weights) / len(weights),
    }
    said = Weighing(task=task, rows=rows.digest, made=done.weights.made, report=report)
    write_file(part / WEIGHING, f"{said.model_dump_json(indent=2)}\n")


def finish(part: Path, out: Path, facts: Mapping[str, Any], card: str) -> None:
    """Put a folder with its facts and card where it belongs.

    Raises:
        WriteFailed: the operating system refuses.
    """
    write_file(part / "README.md", card)
    write_file(part / FILE, json.dumps(facts, ensure_ascii=False, indent=2) + "\n")
    put_folder(part, out)


def card_of(done: Importing, name: str, license: str, license_from: str) -> str:
    """The dataset card of imported rows.

    Args:
        done: an import that is over.
        name: of the dataset.
        license: its name on hubs, or "".
        license_from: the source of this, or why it is unknown.
    """
    of, task = done.opened.of, done.task
    front: dict[str, Any] = {
        "pretty_name": name,
        **({"license": license} if license else {}),
        "tags": ["synthetic", of.name],
        "configs": [
            {
                "config_name": "default",
                "data_files": [{"split": "train", "path": "dataset.jsonl"}],
            }
        ],
    }
    stated = (
        f"{markdown(license)}, according to {license_from}."
        if license
        else f"{NO_LICENCE} {_whole(license_from)}"
    )
    labels = "\n".join(
        f"| {markdown(said or 'any')} | {markdown(label)} | {count:,} |"
        for (said, label), count in sorted(done.found.items())
    )
    left = "".join(
        f"| {reason} | {count:,} | {done.first[reason][0]:,} |\n"
        for reason, count in sorted(done.left_out.items())
    )
    rows = f"{plural(done.count, 'row')} of {markdown(task.name)}"
    more = f"; {done.repeated:,} repeat an earlier row" if done.repeated else ""
    return f"""---
{front_matter(front)}---

{heading(task)}

These rows were not made by targen. They were imported from {markdown_code(done.opened.name)},
a file of the form `{of.name}`: {of.summary} ({of.source}).

## Rows

{rows}{more}. Columns: {", ".join(map(markdown_code, task.schema.model_fields))}.

| label in the file | label | rows |
|---|---|--:|
{labels}
{_left(left)}
## Licence

{stated}
"""


def _whole(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}." if words else ""


def _left(lines: str) -> str:
    if not lines:
        return ""
    return f"\nSkipped:\n\n| reason | rows | first |\n|---|--:|--:|\n{lines}"
