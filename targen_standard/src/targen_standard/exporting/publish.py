"""A dataset as a temporary folder that is removed once the hub has it."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from targen_core.dataset.model import Dataset
from targen_standard.exporting.hub import HF
from targen_standard.exporting.push import check_push, push
from targen_standard.exporting.save import save

__all__ = ["publish"]


def publish(
    dataset: Dataset,
    repo: str,
    *,
    parts: Mapping[str, Dataset] | None = None,
    private: bool = True,
    force: bool = False,
    token: str | None = None,
) -> str:
    """Put a dataset on the hub, and return its address: see `push`."""
    check_push(repo, token=token)
    with tempfile.TemporaryDirectory(prefix="targen-push-") as above:
        folder = Path(above) / "dataset"
        save(dataset, HF, folder, parts=parts)
        return push(folder, repo, private=private, force=force, token=token)
