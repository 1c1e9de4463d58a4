"""`targen import-rows`: published rows of another method become a dataset of a task.

```text
rte-supergen/
  import.json        the task, the file by its digest, the maps, and the skipped rows
  dataset.jsonl      the rows
  provenance.jsonl   the place of each row in the file, its label there, score, attributes
  README.md          a dataset card: source and licence
  weighing.json      if the rows have weights
```
"""

from __future__ import annotations

import html
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from targen_core import Task, read_dataset
from targen_core.cli.completion import completer
from targen_core.cli.markup import markdown, markdown_code
from targen_core.cli.outputs import check_free, new_folder, put_folder
from targen_core.cli.tables import print_json, print_table
from targen_core.dataset.problems import row_problem
from targen_core.dataset.source import open_source
from targen_core.errors import JobFailed, Rejected, UsageError
from targen_core.hints import did_you_mean
from targen_core.outputs import write_file
from targen_core.plain import digest_of
from targen_core.plugins.loader import load_registry
from targen_core.reading.arrays import read_array
from targen_core.reading.files import read_text
from targen_core.text import plural, printable
from targen_methods.published_formats import FORMATS, KNOWN_MAPS, PublishedFormat
from targen_standard.datasets.weighing import FILE as WEIGHING
from targen_standard.datasets.weighing import Weighing, checked_weights
from targen_standard.reporting.card import NO_LICENCE, front_matter, heading

_FILE = "import.json"
_OWN = frozenset({_FILE, "dataset.jsonl", "provenance.jsonl", "README.md", WEIGHING})
_EXAMPLES = 2  # rows per label that are shown
_LONGEST = 70  # characters of a text that is shown


class _BadRow(ValueError):
    """The reason why a record is not a row of the task."""


def import_rows(
    format_name: Annotated[
        str,
        typer.Argument(
            metavar="FORMAT",
            help="The method that wrote the file: zerogen, progen, supergen, sungen, lstm, "
            "attrprompt, self-instruct or coda.",
            show_default=False,
        ),
    ],
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The published file.", show_default=False)
    ],
    task: Annotated[
        str,
        typer.Option(
            "--task",
            metavar="NAME",
            help="The task of the imported rows: a name or a file.",
            autocompletion=completer("task"),
            show_default=False,
        ),
    ],
    labels: Annotated[
        str,
        typer.Option(
            "--labels",
            metavar="MAP",
            help="Map the file's labels to the task's: 0=LABEL,1=LABEL (0=- skips rows), a known "
            "map such as zerogen:rte, AttrPrompt's label.txt, or same.",
        ),
    ] = "",
    columns: Annotated[
        str,
        typer.Option(
            "--columns",
            metavar="MAP",
            help="Map the task's columns to the file's: premise=C,hypothesis=X; A+B joins two.",
        ),
    ] = "",
    weights: Annotated[
        Path | None,
        typer.Option(
            "--weights",
            metavar="FILE",
            help="The rows' weights, as SunGen's code writes them: .npy, or JSON Lines "
            "with idx and weight.",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="The output folder. [default: TASK-FORMAT]")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier import.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Import the published rows of another method as a dataset of a task.

    Writes a folder that every command accepts as a dataset. targen never guesses the meaning of the
    file's labels, since files for the same task number them in both ways. Pass a map or name a
    known one, and check the rows that the command shows. Rows that do not fit the task are counted
    by reason.

    Examples:
    - targen import-rows supergen RTE/train.json --task rte --labels supergen:rte
    - targen import-rows zerogen rte-dataset.jsonl --task rte --labels 0=entailment,1=not_entailment
      --columns premise=C,hypothesis=X
    - targen import-rows attrprompt attrprompt-v1.jsonl --task ./news.yaml --labels label.txt
    """
    form = FORMATS.get(format_name)
    if form is None:
        hint = did_you_mean(format_name, FORMATS, "formats")
        raise UsageError(f"unknown format {format_name!r}", hint=hint)
    registry = load_registry()
    item = registry.find("task", task)
    resolved = registry.resolve(item)
    _check_task(resolved)
    target = out or Path(f"{resolved.name}-{format_name}")
    check_free(target, "imported rows", _FILE, force=force, own=_OWN)
    found = _columns_of(file, form)
    job = _Import(
        format_name,
        form,
        file,
        resolved,
        _label_map(labels, resolved, format_name),
        _column_map(columns, resolved, form, found),
        {} if weights is None else _read_weights(weights),
    )
    job.run()
    facts = job.facts(item.id)
    with new_folder(target.with_name(f".{target.name}.part")) as part:
        write_file(part / "dataset.jsonl", _lines(job.rows))
        write_file(part / "provenance.jsonl", _lines(job.origins))
        write_file(part / "README.md", _card(job, target.name))
        write_file(part / _FILE, json.dumps(facts, ensure_ascii=False, indent=2) + "\n")
        if weights is not None:
            task_id = "" if item.id.startswith("file:") else item.id
            _write_weighing(part, job, task_id, weights)
        put_folder(part, target)
    if as_json:
        print_json({**facts, "out": str(target)})
        return
    _show(job)
    print(target)


def _lines(values: Sequence[Mapping[str, Any]]) -> str:
    return "".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values)


def _check_task(task: Task[Any, Any]) -> None:
    """Check that one published row can become a row of a task.

    Raises:
        UsageError: it cannot.
    """
    if task.rows_per_instance > 1 or (task.labels and "label" not in task.schema.model_fields):
        raise UsageError(
            f"rows of {task.name} are grouped or nested, but published rows are flat",
            hint="import them for a task with one label per row, such as rte",
        )


def _records(file: Path, form: PublishedFormat) -> Iterator[tuple[int, Mapping[str, Any] | None]]:
    """Yield the rows of a published file with their places; None for an unreadable record."""
    for place, record in open_source(file).each():
        if isinstance(record, ValueError):
            yield place, None
            continue
        for row in form.rows(record):
            yield place, row


def _columns_of(file: Path, form: PublishedFormat) -> list[str]:
    """Return the columns of the first readable row.

    Raises:
        UsageError: no row is readable.
    """
    if file.suffix.lower() in (".pth", ".pt", ".pkl", ".pickle"):
        raise UsageError(f"{file} is a pickle, which may contain code", hint=_PICKLE)
    for _, row in _records(file, form):
        if row:
            return [str(name) for name in row]
    raise UsageError(f"{file} has no rows", hint="pass the file of rows that the authors published")


def _label_map(text: str, task: Task[Any, Any], format_name: str) -> dict[str, str]:
    """Return the map from the file's labels to the task's; {} for a task of open labels.

    Raises:
        UsageError: the map is missing or wrong.
    """
    names = [label.name for label in task.labels]
    if not names:
        if text:
            raise UsageError(
                f"the task {task.name} has open labels, which are ordinary columns",
                hint="use --columns without --labels",
            )
        return {}
    example = ",".join(f"{at}={name}" for at, name in enumerate(names[:4]))
    known = [name for name in KNOWN_MAPS if name.startswith(f"{format_name}:")]
    if text == "same":
        return {name: name for name in names}
    if text in KNOWN_MAPS:
        pairs = dict(KNOWN_MAPS[text])
    elif text.endswith(".txt"):
        lines = read_text(Path(text), 1 << 20).splitlines()
        pairs = {str(at): line.strip() for at, line in enumerate(lines) if line.strip()}
    elif "=" in text:
        pairs = {key: name for key, _, name in (part.rpartition("=") for part in text.split(","))}
    else:
        problem = f"{text!r} is not a map of labels" if text else "the map of labels is missing"
        known_maps = f"; known maps: {', '.join(known)}" if known else ""
        hint = f"--labels {example}, in the order that the file uses{known_maps}"
        raise UsageError(f"--labels: {problem}", hint=hint)
    for name in pairs.values():
        if name not in names and name != "-":
            raise UsageError(
                f"--labels: {name!r} is not a label of {task.name}", hint=f"--labels {example}"
            )
    return pairs


def _column_map(
    text: str, task: Task[Any, Any], form: PublishedFormat, found: Sequence[str]
) -> dict[str, list[str]]:
    """Return the file's columns for each column of the task.

    Without a map, columns of the same name are used, or else the texts in their order.

    Raises:
        UsageError: the map is missing or wrong.
    """
    own = [name for name in task.schema.model_fields if name not in ("idx", "label")]
    required = [name for name in own if task.schema.model_fields[name].is_required()]
    texts = [name for name in form.texts if name in found and name != form.label]
    if text:
        pairs = (part.partition("=") for part in text.split(","))
        sources = {name.strip(): of.split("+") for name, _, of in pairs}
    elif set(required) <= set(found):
        sources = {name: [name] for name in own if name in found}
    elif len(required) == len(texts):
        sources = {name: [column] for name, column in zip(required, texts, strict=True)}
    else:
        example = ",".join(f"{name}=COLUMN" for name in required)
        raise UsageError(
            f"cannot map the file's columns to {', '.join(required)}: it has {_listed(found)}",
            hint=f"--columns {example}",
        )
    for name, columns in sources.items():
        if name not in own:
            hint = did_you_mean(name, own, "columns")
            raise UsageError(f"--columns: {task.name} has no column {name!r}", hint=hint)
        if unknown := [column for column in columns if column not in found]:
            hint = f"the file has {_listed(found)}"
            raise UsageError(f"--columns: the file has no column {unknown[0]!r}", hint=hint)
    if missing := [name for name in required if name not in sources]:
        raise UsageError(f"--columns lacks {missing[0]}", hint=f"the file has {_listed(found)}")
    return sources


def _listed(names: Sequence[str]) -> str:
    return ", ".join(name[:40] for name in names[:12])


_PICKLE = (
    "if you trust it, save its numbers: python -c \"import numpy, torch; numpy.save('weights.npy', "
    "torch.load('best_thetas.pth', weights_only=True).sigmoid().detach().cpu().numpy())\", then "
    "--weights weights.npy"
)


def _read_weights(file: Path) -> dict[str, float]:
    """Return the weight of each row by its `idx` or its number in the file.

    Raises:
        UsageError: the file cannot be read, or has something else.
    """
    if file.suffix.lower() in (".pth", ".pt", ".pkl", ".pickle"):
        raise UsageError(f"{file} is a pickle, which may contain code", hint=_PICKLE)
    values: dict[str, Any]
    if file.suffix == ".npy":
        array = read_array(file)
        if array.ndim != 1 or array.dtype.kind not in "fiu":
            raise UsageError(f"{file} is not a list of numbers", hint="give one number per row")
        values = {str(at): value for at, value in enumerate(array.tolist())}
    else:
        records = open_source(file).rows()
        values = {str(row.get("idx", at)): row.get("weight") for at, row in enumerate(records)}
    return dict(zip(values, checked_weights(values.values(), str(file)), strict=True))


@dataclass
class _Import:
    """Published rows on their way to a task.

    Attributes:
        labels: the file's label -> the task's, or `-`.
        columns: the task's column -> the file's columns.
        weights: the weight of each row by `idx` or number; empty without weights.
        found: (the file's label, the task's) -> number of rows.
        skipped: reason -> places of the skipped rows.
    """

    format_name: str
    form: PublishedFormat
    file: Path
    task: Task[Any, Any]
    labels: Mapping[str, str]
    columns: Mapping[str, Sequence[str]]
    weights: Mapping[str, float]
    rows: list[dict[str, Any]] = field(default_factory=list)
    origins: list[dict[str, Any]] = field(default_factory=list)
    found: Counter[tuple[str, str]] = field(default_factory=Counter)
    skipped: dict[str, list[int]] = field(default_factory=dict)
    unmapped: Counter[str] = field(default_factory=Counter)

    def run(self) -> None:
        """Convert all rows.

        Raises:
            UsageError: a label is not in the map, or the weights belong to other rows.
            JobFailed: no row fits the task.
        """
        read = 0
        for read, (place, record) in enumerate(_records(self.file, self.form), 1):
            try:
                self._convert(read - 1, place, record)
            except _BadRow as error:
                self.skipped.setdefault(str(error), []).append(place)
        if self.unmapped:
            (label, rows), *more = self.unmapped.most_common()
            raise UsageError(
                f"--labels does not map {label!r} ({plural(rows, 'row')})"
                + (f" and {plural(len(more), 'other label')}" if more else ""),
                hint=f"add {label}=LABEL, or {label}=- to skip its rows",
            )
        if not self.rows:
            reasons = ", ".join(f"{why} ({len(at)})" for why, at in self.skipped.items())
            raise JobFailed(
                f"none of the rows of {self.file} fits {self.task.name}: {reasons}",
                hint="change --columns or --labels",
            )
        if self.weights and read != len(self.weights):
            raise self._other_weights()

    def _other_weights(self) -> UsageError:
        return UsageError(
            f"the {plural(len(self.weights), 'weight')} belong to different rows",
            hint="give one weight per row of the file, by idx or in the same order",
        )

    def _convert(self, number: int, place: int, record: Mapping[str, Any] | None) -> None:
        if record is None:
            raise _BadRow("unreadable")
        published, label = self._label(record)
        row = {name: self._value(record, name, of) for name, of in self.columns.items()}
        if label:
            row["label"] = self.task.label(label).official
        if "idx" in self.task.schema.model_fields:
            row["idx"] = len(self.rows)
        used = {column for columns in self.columns.values() for column in columns}
        kept = {
            name: record[column]
            for column, name in self.form.origin.items()
            if column not in used and record.get(column) not in (None, "", {})
        }
        idx = len(self.rows)
        origin = {"id": str(idx), "idx": idx, "rows": 1, "line": place, **kept}
        if label:
            origin |= {"label": label, "published_label": published}
        if self.weights:
            key = str(record.get("idx", number))
            if key not in self.weights:
                raise self._other_weights()
            origin["weight"] = self.weights[key]
        try:
            line = json.dumps(row, ensure_ascii=False, allow_nan=False).encode()
            json.dumps(origin, ensure_ascii=False, allow_nan=False).encode()
            self.task.schema.model_validate_json(line, strict=True)
            self.task.from_rows([row])
        except (ValueError, LookupError, TypeError, Rejected) as error:
            raise _BadRow(printable(row_problem(error), lines=False, max_length=80)) from None
        self.found[published, label or "any"] += 1
        self.rows.append(row)
        self.origins.append(origin)

    def _label(self, record: Mapping[str, Any]) -> tuple[str, str]:
        """Return the label as the file has it, and the task's; "" for open labels.

        Raises:
            _BadRow: it has no label, or one whose rows are skipped.
        """
        if not self.labels:
            return "", ""
        value = record.get(self.form.label)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if value in ("", "-", None) or isinstance(value, list | dict):
            raise _BadRow("no label")
        published = str(value).strip()
        label = self.labels.get(published)
        if label is None:
            self.unmapped[published[:80]] += 1
            raise _BadRow("label not mapped")
        if label == "-":
            raise _BadRow("label skipped")
        return published, label

    def _value(self, record: Mapping[str, Any], name: str, columns: Sequence[str]) -> Any:
        values = [record.get(column) for column in columns]
        required = self.task.schema.model_fields[name].is_required()
        if len(values) == 1 and not isinstance(values[0], str | None):
            return values[0]
        texts = [value.strip() for value in values if isinstance(value, str)]
        if len(texts) < len(values):
            raise _BadRow("no text")
        text = "\n".join(filter(None, texts))
        if required and not text:
            raise _BadRow("empty text")
        return html.unescape(text) if self.form.has_entities else text

    def facts(self, task: str) -> dict[str, Any]:
        """Return the content of `import.json`."""
        return {
            "format": 1,
            "task": task,
            "form": self.format_name,
            "source": self.form.source,
            "file": {"name": printable(self.file.name), "sha256": digest_of(self.file)},
            "license": self.form.license,
            "labels": dict(self.labels),
            "columns": {name: list(of) for name, of in self.columns.items()},
            "rows": len(self.rows),
            "rows_by_label": [
                {"published": published, "label": label, "rows": rows}
                for (published, label), rows in sorted(self.found.items())
            ],
            "skipped": {
                reason: {"rows": len(places), "first": places[0]}
                for reason, places in sorted(self.skipped.items())
            },
        }


def _write_weighing(part: Path, job: _Import, task_id: str, file: Path) -> None:
    weights = checked_weights((each["weight"] for each in job.origins), str(file))
    report = {
        "rows": len(weights),
        "zero": sum(not weight for weight in weights),
        "mean": sum(weights) / len(weights),
    }
    rows = read_dataset(part / "dataset.jsonl", job.task)
    made = {"by": "file", "file": printable(file.name), "sha256": digest_of(file)}
    weighing = Weighing(task=task_id, rows=rows.digest, made=made, report=report)
    write_file(part / WEIGHING, f"{weighing.model_dump_json(indent=2)}\n")


def _card(job: _Import, name: str) -> str:
    """Return the dataset card of imported rows."""
    form = job.form
    front = {
        "pretty_name": name,
        **({"license": form.license} if form.license else {}),
        "tags": ["synthetic", job.format_name],
        "configs": [
            {
                "config_name": "default",
                "data_files": [{"split": "train", "path": "dataset.jsonl"}],
            }
        ],
    }
    license_from = form.license_from[0].upper() + form.license_from[1:]
    if form.license:
        licence = f"{markdown(form.license)}, according to {form.license_from}."
    else:
        licence = f"{NO_LICENCE} {license_from}."
    labels = "\n".join(
        f"| {markdown(published or 'any')} | {markdown(label)} | {count:,} |"
        for (published, label), count in sorted(job.found.items())
    )
    return f"""---
{front_matter(front)}---

{heading(job.task)}

These rows were not made by targen. They were imported from {markdown_code(job.file.name)},
a file in the format of {job.format_name} ({form.source}).

## Rows

{plural(len(job.rows), "row")} of {markdown(job.task.name)}.

| label in the file | label | rows |
|---|---|--:|
{labels}

## Licence

{licence}
"""


def _show(job: _Import) -> None:
    """Print what was imported, rows of each label, and what was skipped."""
    everything = len(job.rows) + sum(map(len, job.skipped.values()))
    columns = ",".join(f"{name}={'+'.join(of)}" for name, of in job.columns.items())
    print(
        f"{job.task.name} from {job.format_name}: {len(job.rows):,} of {plural(everything, 'row')}"
    )
    print(f"columns: {columns}\n")
    examples: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row, origin in zip(job.rows, job.origins, strict=True):
        key = (origin.get("published_label", ""), origin.get("label", "any"))
        if len(shown := examples.setdefault(key, [])) < _EXAMPLES:
            shown.append(row)
    print("Check that the labels are right:")
    print_table(
        ("in the file", "label", "rows", "row"),
        [
            (key[0] or "-", key[1], f"{job.found[key]:,}", _row(row))
            for key, rows in sorted(examples.items())
            for row in rows
        ],
    )
    print()
    if job.skipped:
        print_table(
            ("skipped", "rows", "first line"),
            [(reason, f"{len(at):,}", at[0]) for reason, at in sorted(job.skipped.items())],
        )
        print()
    print(f"licence: {job.form.license or 'unstated'} ({job.form.license_from})")


def _row(row: Mapping[str, Any]) -> str:
    texts = {name: value for name, value in row.items() if name not in ("idx", "label")}
    return " | ".join(f"{k}: {' '.join(str(v).split())[:_LONGEST]}" for k, v in texts.items())
