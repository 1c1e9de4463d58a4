"""The journal: whole records or none, and damage that is found and named."""

from __future__ import annotations

import errno
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from targen_core.calls.journal import Journal
from targen_core.errors import RunDirectoryError

KEY = "00112233445566778899aabbccddee{:02x}"


def record(number, text="some text"):
    return {"key": KEY.format(number), "text": text, "number": number}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal"


def write(path, count=5, **options):
    journal = Journal(path, on_record=lambda records: None)
    for number in range(count):
        journal.append(record(number, **options))
    journal.close()


def read(path, **options):
    records = []
    journal = Journal(path, on_record=records.append, **options)
    journal.close()
    return records, journal


TEXTS = st.builds(
    lambda text, size: text + "\u2028é" * size,
    st.text(max_size=300) | st.just("\ud83d alone"),  # half of a character
    st.sampled_from([0, 0, 0, 2047, 2048, 25_000]),  # longer than what is read at once
)


@given(texts=st.lists(TEXTS, max_size=12))
def test_whatever_is_appended_reads_back(folder, texts):
    with folder() as folder_path:
        path = folder_path / "journal"
        journal = Journal(path, on_record=lambda records: None)
        for number, text in enumerate(texts):
            journal.append(record(number, text))
        journal.append({"lost": True})  # without a key it is told and never found
        journal.close()
        records = []
        journal = Journal(path, on_record=records.append)
        expected = [record(number, text) for number, text in enumerate(texts)]
        assert records == [*expected, {"lost": True}]
        assert len(journal) == len(texts)
        for number, text in enumerate(texts):
            assert journal.get(bytes.fromhex(KEY.format(number))) == record(number, text)
        assert journal.get(b"\0" * 16) is None
        journal.close()


def test_a_torn_last_record_is_cut_at_any_byte(path):
    write(path, 3)
    whole = path.read_bytes()
    ends = [at + 1 for at, byte in enumerate(whole) if byte == 10]
    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        kept = max((end for end in ends if end <= cut), default=0)
        records, journal = read(path, read_only=True)
        assert len(records) == ends.index(kept) + 1 if kept else not records
        assert path.read_bytes() == whole[:cut]  # only read
        records, journal = read(path)
        assert path.read_bytes() == whole[:kept]
        assert journal.torn_bytes == cut - kept
        journal = Journal(path, on_record=lambda records: None)
        journal.append(record(9))
        journal.close()
        assert [entry["number"] for entry in read(path)[0]] == [*range(len(records)), 9]


@pytest.mark.parametrize("number", [1, 3, 5])
@pytest.mark.parametrize(
    "line", [b"00000001 {}\n", b"00000000 \n", b"00000000\n", b"zzzzzzzz {}\n", b"garbage\n", b"\n"]
)
def test_a_damaged_record_is_named_by_its_number(path, number, line):
    write(path, 5)
    lines = path.read_bytes().splitlines(keepends=True)
    lines[number - 1] = line
    damaged = b"".join(lines)
    path.write_bytes(damaged)
    for how in ({}, {"read_only": True}):
        with pytest.raises(RunDirectoryError, match=f"record {number} ") as caught:
            read(path, **how)
        assert str(path) in str(caught.value)
        assert caught.value.hint
    assert path.read_bytes() == damaged  # nobody repairs it behind the user's back


@given(at=st.integers(0, 10**6), bit=st.integers(0, 7))
def test_a_flipped_bit_never_changes_a_record_unseen(folder, at, bit):
    with folder() as folder_path:
        path = folder_path / "journal"
        write(path, 4)
        text = bytearray(path.read_bytes())
        at %= len(text) - 1  # the very last byte, a line break, makes a torn record
        text[at] ^= 1 << bit
        path.write_bytes(bytes(text))
        try:
            records, _ = read(path)
        except RunDirectoryError:
            return
        assert records == [record(number) for number in range(4)]


# --- a disk that is full ---


@pytest.mark.parametrize("how", ["refused", "partial"])
def test_a_full_disk_is_an_error_and_leaves_whole_records(path, monkeypatch, how):
    journal = Journal(path, on_record=lambda records: None)
    journal.append(record(0))
    real = os.write

    def full(fd, data):
        if how == "refused":
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(fd, data[: len(data) // 2])

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(RunDirectoryError, match="No space left") as caught:
            journal.append(record(1))
    assert "free some space" in caught.value.hint
    assert [entry["number"] for entry in read(path, read_only=True)[0]] == [0]
    journal.append(record(2))  # there is space again
    journal.close()
    assert [entry["number"] for entry in read(path)[0]] == [0, 2]


class TestInARun:
    pytestmark = pytest.mark.usefixtures("virtual_time")
