"""The file of a rater: what is in it after kills, undos, other processes and other machines."""

from __future__ import annotations

import shutil

import pytest

from targen_core.errors import UsageError
from targen_review.grades import Grade, GradeBook, Rater, read_grades

ANN = Rater(rater="ann")


def grade(row: str, after: str | None = "A", **more: object) -> Grade:
    return Grade(row=row, digest="0" * 16, after=after, **more)


def test_the_last_line_of_a_row_counts_and_undo_is_a_line(tmp_path):
    with GradeBook(tmp_path, ANN) as book:
        book.append(grade("1", "A"))
        book.append(grade("1", "B", comment="hm"))
        book.append(grade("2", "D", flag=True))
        assert book.undo().row == "2"
        assert book.grades["2"].is_empty
        assert book.undo().after == "A"
        assert book.grades["1"].after == "A"
    assert len((tmp_path / "grades-ann.jsonl").read_text().splitlines()) == 1 + 5
    assert {row: g.after for row, g in read_grades(tmp_path)["ann"].grades.items()} == {"1": "A"}


@pytest.mark.parametrize("torn", [b'{"row": "3", "dig', b"\xff", b"x" * (1 << 20)])
def test_a_torn_last_line_is_dropped(tmp_path, torn):
    with GradeBook(tmp_path, ANN) as book:
        book.append(grade("1"))
    path = tmp_path / "grades-ann.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + torn)
    assert set(read_grades(tmp_path)["ann"].grades) == {"1"}, "while it is torn"
    with GradeBook(tmp_path, ANN) as book:
        assert path.read_bytes() == whole
        book.append(grade("2"))
    assert set(read_grades(tmp_path)["ann"].grades) == {"1", "2"}


def test_one_program_at_a_time_writes_the_grades_of_a_rater(tmp_path):
    with GradeBook(tmp_path, ANN), pytest.raises(UsageError, match="another program is writing"):
        GradeBook(tmp_path, ANN)


def test_files_of_several_machines_are_merged_by_time(tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    for folder, at, letter in ((here, "2026-01-01", "A"), (there, "2026-01-02", "B")):
        with GradeBook(folder, ANN) as book:
            book.append(grade("1", letter, at=at))
            book.append(grade(folder.name, at=at))
    shutil.copy(there / "grades-ann.jsonl", here / "grades-ann-laptop.jsonl")
    grades = read_grades(here)["ann"].grades
    found = {row: given.after for row, given in grades.items()}
    assert found == {"1": "B", "here": "A", "there": "A"}, "the laptop's file is read first"
