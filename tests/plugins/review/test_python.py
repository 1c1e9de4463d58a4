"""`review` and `apply_review` as programs call them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
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


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ({"relabel": {2: "positive"}, "bad": [2]}, "row 2 is in both relabel and bad"),
        ({"right": [2], "bad": [1, 2]}, "row 2 is in both bad and right"),
        ({"bad": 3}, "bad is 3"),
        ({"relabel": [3]}, "relabel is"),
        ({"relabel": {3.5: "positive"}}, "relabel is"),
        ({"relabel": {3: float("nan")}}, "relabel is"),
        ({"bad": [False, True]}, "bad is"),
        ({"right": np.array([False, True])}, "right is"),
    ],
)
def test_what_cannot_be_said_of_rows_writes_nothing(
    run: Path, said: dict[str, Any], wrong: str
) -> None:
    with pytest.raises(UsageError, match=wrong):
        review(run, **said)
    assert not run.with_name(f"{run.name}.review").exists()


@pytest.mark.whole  # pandas
def test_rows_are_named_as_pandas_has_them(run: Path) -> None:
    frame = targen_core.load(run).dataset.to_pandas()
    mask = frame["idx"] < 2
    with pytest.raises(UsageError, match="bad is") as caught:
        review(run, bad=mask)
    assert "df.index[mask]" in caught.value.hint
    kept = frame["label"][~mask]
    review(run, bad=frame.index[mask], relabel=kept, rater="sam")
    made = apply_review(run, out="mine")
    assert len(made) == len(kept)


def test_a_review_remembers_the_encoding_of_its_data(
    works: Any, refuses: Any, task_file: Path
) -> None:
    Path("rows.csv").write_bytes("text;label\nDas Café war gut;positive\n".encode("cp1252"))
    of = {"task": str(task_file), "encoding": "cp1252"}
    folder = review("rows.csv", bad=[], right=[0], **of)
    works("review", "rows.csv", "--task", task_file, "--encoding", "cp1252", "--out", "r", "--plan")
    works("review", "r", "--plan")
    works("review", "export", "r", "--to", "label-studio", "--out", "sheet")
    assert "100%" in works("review", "report", folder).out
    assert apply_review(folder)[0]["text"] == "Das Café war gut"
    refuses(("review", folder, "--encoding", "cp850"), "with a different encoding")
