"""Rubrics in files."""

from __future__ import annotations

import pytest

from targen_core.errors import UsageError
from targen_review.rubric import PAPER, read_rubric

from ...tables import table


def test_a_rubric_has_letters_and_keys_of_its_own_or_the_papers(tmp_path):
    path = tmp_path / "mine.yaml"
    reasons = "reasons: [{key: n, name: near copy}, {key: k, name: needs outside knowledge}]"
    path.write_text(f"name: mine\n{reasons}")
    assert read_rubric(path).letters == PAPER.letters == ("A", "B", "C", "D")
    assert read_rubric(path).keys == set("ABCDNK")
    grades = "[{letter: y, title: good, acceptable: true}, {letter: n, title: no, acceptable: no}]"
    path.write_text(f"name: mine\ngrades: {grades}")
    assert (read_rubric(path).letters, read_rubric(path).acceptable) == (("Y", "N"), {"Y"})


_GRADES = "grades: [{letter: A, title: x, acceptable: true}, {letter: B, title: y, acceptable: no}]"
WRONG = r"""
    grades: [ | line 1: expected the node
    - a | is not a rubric
    name: x\ngrades: [] | grades
    name: x\n{twice} | its own letter
    name: x\n{grades}\nreasons: [{key: b, name: z}] | its own key
    name: x\n{grades}\nreasons: [{key: 1, name: z}] | reasons.0.key
    name: x\n{grades}\nreasons: [{key: c, name: 'x; y'}] | reasons.0.name
    name: x\n{grades}\nreasons: [{key: c, name: z}, {key: d, name: z}] | its own name
"""


@pytest.mark.parametrize(("text", "words"), table(WRONG, 2))
def test_what_is_no_rubric_is_refused_in_words(tmp_path, text, words):
    path = tmp_path / "mine.yaml"
    twice = _GRADES.replace("letter: B", "letter: a")
    path.write_text(text.replace("{grades}", _GRADES).replace("{twice}", twice))
    with pytest.raises(UsageError, match=words):
        read_rubric(path)
