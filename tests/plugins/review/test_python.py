"""`review` and `apply_review` as programs call them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import targen_core
from targen_core import errors
from targen_core.errors import UsageError
from targen_review.api import apply_review, review
from targen_standard.validating.api import validate
from tests.files import lines


def test_what_is_said_of_rows_makes_a_version(works: Any, run: Path) -> None:
    rows = [*targen_core.load(run)]
    other = {"positive": "negative", "negative": "positive"}[rows[0]["label"]]
    said = {0: other, 3: rows[3]["label"]}  # the second is right, as it has that label
    folder = review(run, relabel=said, bad=[2], right=[1], rater="sam")
    assert folder == run.with_name(f"{run.name}.review")
    made = apply_review(run, out="mine")
    works("review", "apply", run, "--out", "typed")
    for name in ("dataset.jsonl", "changes.jsonl"):
        assert Path("mine", name).read_bytes() == Path("typed", name).read_bytes()
    assert [*made] == [{**rows[0], "label": other}, rows[1], *rows[3:]]
    outcomes = {name: count for name, count in made.report.outcomes.items() if count}
    assert outcomes == {"relabelled": 1, "rejected": 1, "confirmed": 2, "unseen": 2}
    assert sum(made.report.after.values()) == len(rows) - 1
    assert "before" in made._repr_html_() and "1 rejected" in repr(made.report)
    assert validate(made).valid


@pytest.mark.whole
def test_a_version_is_read_as_a_dataset_and_called_by_its_folder(run: Path) -> None:
    from targen_analysis.api import analyze

    review(run, right=[0], rater="sam")
    made = apply_review(run, out="mine")
    with pytest.raises(errors.RunDirectoryError, match="mine is not a run directory"):
        targen_core.load("mine")
    assert targen_core.read_dataset("mine").digest == made.dataset.digest
    (corpus,) = analyze(made, metrics=["labels"]).study.corpora
    assert corpus.name == "mine"


def test_what_is_said_later_counts(run: Path) -> None:
    review(targen_core.load(run), bad=[0], rater="sam")
    folder = review(run, right=[0], rater="sam")
    assert [line["after"] for line in lines(folder / "grades-sam.jsonl")[1:]] == ["B", "R"]
    made = apply_review(folder, out="mine")
    assert len(made) == len(targen_core.load(run))
    Path("mine/notes.txt").write_text("of a person")
    review(run, bad=[0], rater="sam")
    assert len(apply_review(folder, out="mine")) == len(made) - 1
    assert Path("mine/notes.txt").exists()
    correction = Path("mine/correction.json")
    correction.write_text(correction.read_text().replace('"data": "', '"data": "0'))
    with pytest.raises(errors.RunConflict, match="a different correction"):
        apply_review(folder, out="mine")


def test_a_row_or_a_label_that_is_not_there_writes_nothing(run: Path) -> None:
    for wrong, said in (({"bad": [99]}, "no row 99"), ({"relabel": {0: "posit"}}, "'posit'")):
        with pytest.raises(UsageError, match=said):
            review(run, **wrong)
    assert not [*run.with_name(f"{run.name}.review").glob("grades-*")]
    with pytest.raises(UsageError, match="there are no grades by people"):
        apply_review(run)
