"""Models in a folder: facts in `model.json`, and numbers in `numbers.npz`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from targen_core.errors import UnreadableFile, UsageError
from targen_core.outputs import write_file
from targen_core.reading.arrays import read_arrays
from targen_core.reading.files import read_json

_FORMAT = 1


def write(folder: Path, facts: Mapping[str, Any], numbers: Mapping[str, Any]) -> None:
    """Write a model's facts and numbers."""
    np.savez(folder / "numbers.npz", **numbers)
    said = {"format": _FORMAT, **facts}
    write_file(folder / "model.json", json.dumps(said, ensure_ascii=False))


@contextmanager
def read(folder: Path, of: str) -> Iterator[tuple[dict[str, Any], dict[str, NDArray[Any]]]]:
    """Yield the facts and the numbers of a model; `of` says in errors what it predicts.

    Raises:
        ValueError: the folder contains something else, or the caller finds that it does.
    """
    try:
        facts = read_json(folder / "model.json", inside=folder)
        numbers = read_arrays(folder / "numbers.npz", inside=folder)
        if facts["format"] != _FORMAT or any(each.dtype.kind != "f" for each in numbers.values()):
            raise ValueError("it has a different format")
        yield facts, numbers
    except (
        UnreadableFile,
        LookupError,
        TypeError,
        AttributeError,
        UsageError,
        ValueError,
    ) as error:
        raise ValueError(f"{folder} does not contain a model of {of}: {error}") from error
