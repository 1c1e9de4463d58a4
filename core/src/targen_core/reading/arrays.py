"""Arrays of numpy: only numbers, whose declared shape matches the file's contents."""

from __future__ import annotations

import io
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from targen_core.errors import UnreadableFile
from targen_core.plain import open_plain, place_of
from targen_core.reading.archives import members_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LARGEST = 4 << 30  # bytes of a file that is read whole
_KINDS = "biuf"  # truth values, integers and floats
_HEADER = 1 << 16  # bytes that a header of one array has at most


def read_array(
    path: Path, max_bytes: int = _LARGEST, *, inside: Path | None = None, mapped: bool = False
) -> NDArray[Any]:
    """Return the array of a `.npy` file, of numbers or truth values.

    Args:
        path: the file; it may be a link unless `inside` is given.
        max_bytes: the most bytes that it may have.
        inside: the folder that holds it, if that may come from a stranger: links out of the folder
            are refused.
        mapped: whether to map the file, read-only, instead of reading it.

    Raises:
        UnreadableFile: it cannot be read, holds something else, or is not as large as its shape.
    """
    import numpy as np

    place = place_of(path, inside)
    try:
        with os.fdopen(open_plain(place, os.O_RDONLY), "rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > max_bytes and not mapped:
                raise UnreadableFile(path, f"it is larger than {max_bytes:,} bytes")
            dtype, shape, fortran, at = _header(path, file.read(_HEADER), size)
            if not mapped:
                file.seek(0)
                return _array(path, file.read(size))
        if not size - at:
            return np.zeros(shape, dtype)
        return np.memmap(place, dtype, "r", at, shape, "F" if fortran else "C")
    except OSError as error:
        raise UnreadableFile(path, str(error.strerror)) from error


def read_arrays(path: Path, *, inside: Path | None = None) -> dict[str, NDArray[Any]]:
    """Return the arrays of a `.npz` file by name.

    Together they may have 64 MiB and 16 times their packed size.

    Args:
        path: the file; it may be a link unless `inside` is given.
        inside: the folder that holds it, if that may come from a stranger: links out of the folder
            are refused.

    Raises:
        UnreadableFile: it cannot be read, holds something else, or would unpack to more.
    """
    return {
        name.removesuffix(".npy"): _array(path, member) for name, member in members_of(path, inside)
    }


def _array(path: Path, data: bytes) -> NDArray[Any]:
    import numpy as np

    dtype, shape, fortran, at = _header(path, data[:_HEADER], len(data))
    array: NDArray[Any] = (
        np.frombuffer(data, dtype, math.prod(shape), at) if len(data) > at else (np.zeros(0, dtype))
    )
    return array.reshape(shape, order="F" if fortran else "C")


def _header(path: Path, start: bytes, size: int) -> tuple[Any, tuple[int, ...], bool, int]:
    """Return what the header declares, and where the numbers begin, if they fill the file."""
    from numpy.lib import format as npy

    file = io.BytesIO(start)
    try:
        version = npy.read_magic(file)
        read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}[version]
        shape, fortran, dtype = read(file)
    except Exception as error:  # whatever a parser of Python literals makes of a damaged header
        said = str(error).split("\n")[0] or type(error).__name__
        raise UnreadableFile(path, f"it does not contain an array: {said}") from error
    if dtype.kind not in _KINDS:
        raise UnreadableFile(path, f"it contains an array of {str(dtype)[:60]}, not of numbers")
    if any(not isinstance(each, int) or each < 0 for each in shape) or len(shape) > 8:
        raise UnreadableFile(path, "its array does not have a valid shape")
    at = file.tell()
    if max((0, *shape)) > size or math.prod(shape) * dtype.itemsize != size - at:
        raise UnreadableFile(path, f"its array does not have the declared shape {str(shape)[:60]}")
    return dtype, shape, bool(fortran), at
