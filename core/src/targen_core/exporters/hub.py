"""A folder that `datasets.load_dataset` loads and a hub accepts: Parquet and a card."""

from __future__ import annotations

from pathlib import Path

from targen_core.dataset.kinds import column_kinds
from targen_core.dataset.model import Dataset
from targen_core.exporters.hub_card import hub_card
from targen_core.exporters.model import Exporter
from targen_core.exporters.parquet import write_parquet

__all__ = ["HF"]

_DATA = "data/train-00000-of-00001.parquet"


def _write(dataset: Dataset, out: Path) -> None:
    kinds = column_kinds(dataset)
    path = out / _DATA
    path.parent.mkdir(parents=True)
    size = write_parquet(dataset, kinds, path)
    card = hub_card(dataset, kinds, in_memory=size, on_disk=path.stat().st_size)
    (out / "README.md").write_text(card, encoding="utf-8")


HF = Exporter(write=_write, suffix="", summary="a folder for datasets.load_dataset and for hubs")
