"""Rubrics: the paper's, and those in files."""

from __future__ import annotations

import pytest

from targen_core.errors import UsageError
from targen_review.rubric import PAPER, read_rubric

from ...tables import table


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


def test_reasons_without_grades_go_with_the_papers(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(
        "name: mine\nreasons:\n"
        "- {key: n, name: near copy, meaning: A part repeats another.}\n"
        "- {key: k, name: needs outside knowledge}\n"
    )
    rubric = read_rubric(path)
    assert rubric.letters == PAPER.letters
    assert rubric.reason_names == ("near copy", "needs outside knowledge")
    assert rubric.keys == set("ABCDNK")


_GRADES = "grades: [{letter: A, title: x, acceptable: true}, {letter: B, title: y, acceptable: no}]"
WRONG = r"""
    grades: [ | line 1: expected the node
    - a | is not a rubric
    name: x\ngrades: [] | grades
    name: x\n{twice} | a letter of its own
    name: x\n{grades}\nreasons: [{key: b, name: z}] | a key of its own
    name: x\n{grades}\nreasons: [{key: 1, name: z}] | reasons.0.key
    name: x\n{grades}\nreasons: [{key: c, name: 'x; y'}] | reasons.0.name
    name: x\n{grades}\nreasons: [{key: c, name: z}, {key: d, name: z}] | a name of its own
"""


@pytest.mark.parametrize(("text", "words"), table(WRONG, 2))
def test_what_is_no_rubric_is_refused_in_words(tmp_path, text, words):
    path = tmp_path / "mine.yaml"
    twice = _GRADES.replace("letter: B", "letter: a")
    path.write_text(text.replace("{grades}", _GRADES).replace("{twice}", twice))
    with pytest.raises(UsageError, match=words):
        read_rubric(path)
