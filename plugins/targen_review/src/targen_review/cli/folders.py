"""Where a review is that a command was given."""

from __future__ import annotations

from pathlib import Path

from targen_core.errors import NoSuchFile, UsageError

__all__ = ["review_folder"]


def review_folder(path: Path) -> Path:
    """Return the folder of a review, given that folder or the data next to it.

    Raises:
        UsageError: there is no review.
    """
    from targen_review.plan import folder_for, is_there

    for folder in (path, folder_for([path], None)):
        if is_there(folder):
            return folder
    hint = "targen review DATA starts one; --out FOLDER starts it in FOLDER"
    if not path.exists():
        raise NoSuchFile(path, "data or review", hint=hint)
    raise UsageError(f"there is no review in {path} or next to it", hint=hint)
