"""A folder that `datasets.load_dataset` loads and a hub accepts: Parquet and a card."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from targen_core.dataset.model import Dataset
from targen_core.outputs import write_file
from targen_standard.datasets.kinds import column_kinds
from targen_standard.exporting.hub_card import hub_card
from targen_standard.exporting.model import Exporter
from targen_standard.exporting.parquet import write_parquet

__all__ = ["HF"]


def _write(dataset: Dataset, out: Path) -> None:
    _write_parts(dataset, {"train": dataset}, out)


def _write_parts(dataset: Dataset, parts: Mapping[str, Dataset], out: Path) -> None:
    kinds = column_kinds(dataset)  # of all rows: each part has the same columns
    data = out / "data"
    data.mkdir(parents=True)
    paths = {name: data / f"{name}-00000-of-00001.parquet" for name in parts}
    sizes = {name: write_parquet(part, kinds, paths[name]) for name, part in parts.items()}
    on_disk = sum(path.stat().st_size for path in paths.values())
    card = hub_card(dataset, kinds, parts, in_memory=sizes, on_disk=on_disk)
    write_file(out / "README.md", card)


HF = Exporter(
    write=_write,
    suffix="",
    summary="a folder for datasets.load_dataset and the hub",
    write_parts=_write_parts,
    columns=True,
)
