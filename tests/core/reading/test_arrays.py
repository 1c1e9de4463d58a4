"""Arrays from a stranger: numbers alone, and no more memory than the file's own bytes explain."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zipfile
from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from targen_core.errors import UnreadableFile
from targen_core.reading.arrays import read_array, read_arrays


def header(text: str) -> bytes:
    """The start of a .npy file with a header of one's own."""
    padded = text + " " * (-(len(text) + 11) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(padded)) + padded.encode()


def npy(array) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


@contextmanager
def taking_little():
    """Check that what is done here takes no memory to speak of."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "file"


NUMBERS = (
    hnp.boolean_dtypes()
    | hnp.integer_dtypes()
    | hnp.unsigned_integer_dtypes()
    | hnp.floating_dtypes()
)


@given(
    array=hnp.arrays(NUMBERS, hnp.array_shapes(min_dims=0, min_side=0)),
    by_columns=st.booleans(),
    mapped=st.booleans(),
)
@example(array=np.arange(6.0).reshape(2, 3), by_columns=True, mapped=True)
@example(array=np.arange(6.0).reshape(2, 3), by_columns=True, mapped=False)
def test_numbers_are_read(array, by_columns, mapped, path):
    array = np.asfortranarray(array) if by_columns else array
    path.write_bytes(npy(array))
    found = read_array(path, mapped=mapped)
    assert (found.dtype, found.shape) == (array.dtype, array.shape)
    assert found.tobytes() == array.tobytes()


def shaped(kind, shape, size=0):
    return header(f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}}}") + b"x" * size


NO_ARRAY = [
    (shaped("<f8", "(99999999999,)"), "declared"),
    (shaped("<f8", "(4,)", 31), "declared"),
    (shaped("<f8", "(4,)", 33), "declared"),
    (shaped("<f8", "(0, 99999999999)"), "declared"),
    (shaped("<f8", "(-4, -2)", 64), "valid"),
    (shaped("|O", "(1,)", 8), "not of num"),
    (shaped("<U9", "(1,)", 36), "not of"),
    (header("{" * 5000), "it does not contain an array"),
    (header("__import__('os').abort()"), "it does not contain an array"),
    (b"\x93NUMPY\x09\x00", "it does not contain an array"),
    (b"\x80\x04\x95", "it does not contain an array"),
    (b"", "it does not contain an array"),
]


@pytest.mark.parametrize("mapped", [True, False])
@pytest.mark.parametrize(("content", "why"), NO_ARRAY)
def test_what_is_no_whole_array_is_refused_before_it_takes_memory(content, why, mapped, path):
    path.write_bytes(content)
    with taking_little(), pytest.raises(UnreadableFile, match=why):
        read_array(path, mapped=mapped)


def save(path, **arrays):
    with path.open("wb") as file:
        np.savez(file, **arrays)


def test_archives_of_arrays_are_read(path):
    save(path, a=np.arange(3), b=np.eye(2))
    read = {name: each.tolist() for name, each in read_arrays(path).items()}
    assert read == {"a": [0, 1, 2], "b": [[1.0, 0.0], [0.0, 1.0]]}
    with path.open("wb") as file:
        np.savez_compressed(file, a=np.zeros(1000))
    assert read_arrays(path)["a"].shape == (1000,)


def zeros(path, size, members=1):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for at in range(members):
            archive.writestr(f"a{at}.npy", shaped("|u1", f"({size},)") + bytes(size))


def test_an_archive_unpacks_to_what_its_size_explains(path):
    zeros(path, 40 << 20, members=2)  # 80 MiB in 80 KiB
    with taking_little(), pytest.raises(UnreadableFile, match="it unpacks to more than"):
        read_arrays(path)
