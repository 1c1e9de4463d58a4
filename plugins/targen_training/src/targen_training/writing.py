"""What the operating system refuses to write, said alike."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from targen_core.errors import WriteFailed
from targen_core.plain import why_not

__all__ = ["write_text", "writing"]


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Say that `path` cannot be written, and why.

    Raises:
        WriteFailed: the operating system refuses.
    """
    try:
        yield
    except OSError as error:
        raise WriteFailed(f"cannot write {path}: {why_not(path, error)}") from error


def write_text(path: Path, text: str) -> Path:
    """Write a file and the folders above it, whole or not at all.

    Raises:
        WriteFailed: the operating system refuses.
    """
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}.part")
        beside.unlink(missing_ok=True)
        with beside.open("x", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
        beside.replace(path)
    return path
