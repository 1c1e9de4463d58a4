"""Pointwise V-information of rows, from analyses that have it.

`targen analyze` measures it by training a model, minutes for a thousand rows. This only reads what
an analysis left of single rows, `rows/difficulty-NAME.jsonl`.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from targen_core.errors import RunDirectoryError, TargenError, UsageError
from targen_core.hints import install
from targen_core.plain import read_plain
from targen_core.reading.lines import json_line
from targen_core.reading.values import json_of
from targen_review.rows import ReviewData
from targen_review.view.catalogue import Catalogue, Part

_MAX_BYTES = 256 << 20


def take_difficulty(
    catalogue: Catalogue, data: Sequence[ReviewData], analyses: Sequence[Path]
) -> list[str]:
    """Give rows the PVI that analyses found: a run's own, and those that are named.

    Returns:
        Problems with the runs' own analyses, in words.

    Raises:
        UsageError: an analysis that is named has no PVI of these datasets, or is of other rows.
        RunDirectoryError: it cannot be read.
    """
    problems: list[str] = []
    for each, part in zip(data, catalogue.parts, strict=True):
        own = each.path / "analysis"
        if each.source.run is None or not (own / "analysis.json").is_file():
            continue
        try:
            catalogue.enter("pvi", _values(own, each, part, catalogue.labels(part)).items())
        except TargenError as error:
            problems.append(f"{error}; this analysis was left out")
    for folder in analyses:
        found = {
            each.name: _values(folder, each, part, catalogue.labels(part))
            for each, part in zip(data, catalogue.parts, strict=True)
        }
        if not any(found.values()):
            raise UsageError(
                f"--analysis {folder} does not contain the difficulty of rows of "
                f"{' or '.join(found)}",
                hint=how_to_measure(data[0]),
            )
        for values in found.values():
            catalogue.enter("pvi", values.items())
    return problems


def how_to_measure(data: ReviewData) -> str:
    """Return what to type to have the difficulty of a dataset measured."""
    out = f"analyses/{re.sub(r'[^a-zA-Z0-9.]+', '-', data.name)}-difficulty"
    whose = f" --task {data.task_id}" if data.task_id and data.source.run is None else ""
    return (
        f"{install('targen-analysis[difficulty]')}, then targen analyze {data.path}{whose} "
        f"--metric difficulty -o difficulty.model=MODEL --out {out}, then "
        f"targen view {data.path}{whose} --analysis {out}"
    )


def _values(folder: Path, data: ReviewData, part: Part, labels: Sequence[str]) -> dict[int, float]:
    """Place -> PVI, in bits; of several decisions about one row the hardest. Empty without one.

    Raises:
        UsageError: the analysis is of other rows.
        RunDirectoryError: it cannot be read.
    """
    about = _about(folder, data)
    if about is None:
        return {}
    file = folder / "rows" / f"difficulty-{re.sub(r'[^a-zA-Z0-9.]+', '-', about['name'])}.jsonl"
    unit = data.task.rows_per_instance if data.task is not None else 1
    other = UsageError(
        f"{folder} does not match {data.name}, whose rows have changed",
        hint="repeat the analysis",
    )
    if about.get("rows") != unit * len(part.rows):
        raise other
    values: dict[int, float] = {}
    for number, line in enumerate(_lines(file), 1):
        try:
            record = json_line(line)
            row, pvi = int(record["row"]), float(record["PVI"])
        except (ValueError, LookupError, TypeError, RecursionError) as error:
            raise RunDirectoryError(f"{file}, line {number} is not a row with a PVI") from error
        if not 0 <= row < unit * len(part.rows) or not math.isfinite(pvi):
            raise other
        # Labels of rows are compared; decisions about parts of a row have labels of their own.
        if unit == 1 and about.get("labels") and record.get("label") != labels[row]:
            raise other
        at = part.rows[row // unit]
        values[at] = min(pvi, values.get(at, math.inf))
    return values


def _lines(path: Path) -> io.BytesIO:
    """The lines of a file; empty without a file, as for a metric that was not measured."""
    try:
        return io.BytesIO(read_plain(path, _MAX_BYTES))  # a list of short ones is far larger
    except FileNotFoundError:
        return io.BytesIO()
    except OSError as error:
        raise RunDirectoryError(f"cannot read {path}: {error.strerror}") from error


def _about(folder: Path, data: ReviewData) -> Mapping[str, Any] | None:
    """Return what an analysis says about a dataset; None if it is of another.

    Raises:
        UsageError: the folder holds no analysis.
        RunDirectoryError: it cannot be read.
    """
    path = folder / "analysis.json"
    try:
        said = json_of(read_plain(path, _MAX_BYTES))
        parts = [*said["datasets"], said["reference"]]
        named = {part["name"]: part for part in parts if part is not None}
    except FileNotFoundError:
        raise UsageError(
            f"{folder} does not contain an analysis",
            hint="targen analyze DATA --out FOLDER writes one",
        ) from None
    except OSError as error:
        raise RunDirectoryError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise RunDirectoryError(f"{path} cannot be read: it is not an analysis") from error
    # The name of a dataset in an analysis: see `read_corpus` and `named_apart` of targen-analysis.
    above = Path(data.source.place).resolve().parent.name
    names = (str(data.path), f"{above}/{data.source.name}", data.source.name)
    return next((named[name] for name in names if name in named), None)
