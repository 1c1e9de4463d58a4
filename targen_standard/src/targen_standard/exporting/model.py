"""The interface of exporters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from targen_core.dataset.model import Dataset

__all__ = ["Dataset", "Exporter"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exporter:
    """Writes a dataset in one format.

    Attributes:
        write: `write(dataset, out)` creates the file or folder `out`, which
            does not exist yet; it is moved to its destination once it is
            complete.
        suffix: the suffix of the file that it writes, such as ".csv"; "" if it
            writes a folder.
        summary: one line for people.
        write_parts: `write_parts(dataset, parts, out)` makes one folder of a dataset in parts, by
            the name of the split. Only an exporter that writes a folder needs it: otherwise each
            part is a file.
        columns: whether it writes all columns of the rows, so that weights can be one of them.
        extra: the extra of its distribution that brings what `write` imports.
        note: `note(dataset)` is a remark for the user on this dataset in this format; or "".
    """

    write: Callable[[Dataset, Path], None]
    suffix: str
    summary: str = ""
    write_parts: Callable[[Dataset, Mapping[str, Dataset], Path], None] | None = None
    columns: bool = False
    extra: str = ""
    note: Callable[[Dataset], str] | None = None
