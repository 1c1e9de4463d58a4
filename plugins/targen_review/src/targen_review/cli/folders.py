"""Where a review is that a command was given."""

from __future__ import annotations

from pathlib import Path

__all__ = ["review_folder"]


def review_folder(path: Path) -> Path:
    """The folder of a review; the data that it is beside are as good."""
    from targen_review.plan import FILE, folder_for

    if (path / FILE).exists():
        return path
    beside = folder_for([path], None)
    return beside if (beside / FILE).exists() else path
