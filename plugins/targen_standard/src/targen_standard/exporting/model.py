"""The interface of exporters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from targen_core.dataset.model import Dataset


@dataclass(frozen=True, slots=True, kw_only=True)
class Exporter:
    """Writes a dataset in one format.

    Attributes:
        write: `write(dataset, out)` creates the file or folder `out`, which
            does not exist yet; it is moved to its destination once it is
            complete.
        suffix: the suffix of the file that the exporter writes, such as ".csv"; "" if it writes a
            folder.
        summary: a one-line summary for people.
        write_parts: `write_parts(dataset, parts, out)` writes the parts of a dataset, by split
            name, into one folder. Only for exporters that write a folder; otherwise each part is a
            separate file.
        columns: whether the exporter writes all columns of the rows, so that weights can be one of
            these columns.
        extra: the extra of the exporter's distribution that installs what `write` imports.
        note: `note(dataset)` returns what people should know about this dataset in this format, or
            "".
    """

    write: Callable[[Dataset, Path], None]
    suffix: str
    summary: str = ""
    write_parts: Callable[[Dataset, Mapping[str, Dataset], Path], None] | None = None
    columns: bool = False
    extra: str = ""
    note: Callable[[Dataset], str] | None = None
