"""Rubrics: the paper's, and those in files."""

from __future__ import annotations

import pytest

from targen_core.errors import UsageError
from targen_review.rubric import PAPER, read_rubric


def test_the_papers_grades_and_what_is_good_enough():
    assert PAPER.letters == ("A", "B", "C", "D")
    assert PAPER.acceptable == {"A", "B"}


def test_a_rubric_in_a_file(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(
        "name: mine\ngrades:\n"
        "- {letter: y, title: good, acceptable: true}\n"
        "- {letter: n, title: no, acceptable: false}\n"
    )
    rubric = read_rubric(path)
    assert (rubric.letters, rubric.acceptable) == (("Y", "N"), {"Y"})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("grades: [", "is not YAML"),
        ("- a", "is not a rubric"),
        ("name: x\ngrades: []", "grades"),
        (
            """{name: x, grades: [{letter: A, title: x, acceptable: true},
            {letter: a, title: y, acceptable: false}]}""",
            "a letter of its own",
        ),
    ],
)
def test_what_is_no_rubric_is_refused_in_words(tmp_path, text, words):
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(UsageError, match=words):
        read_rubric(path)
