"""What people changed flows back into a new version of the dataset."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from targen_core.dataset.reading import read_dataset
from targen_review.grades import Grade, GradeBook, Rater
from tests.files import changed, lines
from tests.runs import report

TEXT = "The waiter was kind, and the soup was warm."
NEW = Path("reviews-0-reviewed")
REJECT = {"reject": True}
PLAN = ("--rubric", "paper", "--plan")


@pytest.fixture
def grades(works, graded):
    """Plan a review of `data` if there is none, and have `rater` say what is given of rows."""

    def give(
        data: Path, rater: str, said: Mapping[int, Mapping[str, Any]], *options: object
    ) -> Path:
        folder = data.with_name(f"{data.name}.review")
        if not folder.exists():
            works("review", data, *options, *PLAN)
        kind = {"kind": "model", "model": "m"} if rater.startswith("llm") else {}
        graded(folder, rater, said, **kind)
        return folder

    return give


def _outcomes(folder: Path) -> dict[str, int]:
    return {name: count for name, count in report(folder)["outcomes"].items() if count}


def _bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


ANN = {
    0: {"after": "A"},
    1: {"after": "D", "label": "negative"},
    2: REJECT,
    3: {"after": "C", "edit": {"text": TEXT}},
    4: {"after": "C"},
}


def test_new_version_has_what_people_changed_and_what_was_before(run, grades, works):
    old, before = lines(run / "dataset.jsonl"), _bytes(run)
    grades(run, "ann", ANN)
    works("review", "apply", run)
    rows = lines(NEW / "dataset.jsonl")
    assert rows[:3] == [old[0], {**old[1], "label": "negative"}, {**old[3], "text": TEXT}]
    assert [row["idx"] for row in rows] == [0, 1, 3, 4, 5]
    changes = lines(NEW / "changes.jsonl")
    verdicts = "confirmed relabelled rejected edited doubted unseen".split()
    assert [each["verdict"] for each in changes] == verdicts
    assert changes[3]["review"]["before"] == {"fields": {"text": old[3]["text"]}}
    assert changes[1]["review"]["before"] == {"fields": {}, "label": "positive"}
    assert changes[1]["review"]["by"] == ["ann"]
    assert changes[1]["review"]["at"] == "2026-11-20T10:00:01.000Z"
    assert _bytes(run) == before, "the data itself is not touched"
    assert read_dataset(NEW).labels == {"positive": 2, "negative": 3}
    shown = works("show", NEW, "1").out
    assert "relabelled by ann, 2026-11-20: negative" in shown
    assert "label before review" in shown


def test_same_grades_give_the_same_bytes_and_others_another_folder(run, grades, refuses, works):
    grades(run, "bob", {0: {"after": "B"}, 2: REJECT})
    grades(run, "ann", ANN)
    works("review", "apply", run)
    first = _bytes(NEW)
    works("review", "apply", run)
    assert _bytes(NEW) == first
    grades(run, "ann", {5: {"after": "A"}})
    assert works("review", "apply", run, "-q").out.endswith(f"{NEW}-2/dataset.jsonl\n")
    assert _bytes(NEW) == first
    refuses(("review", "apply", run, "--out", NEW), "contains a different correction")


def test_where_raters_differ_rows_stay_and_are_listed(run, grades, works):
    grades(run, "ann", {0: REJECT, 1: {"after": "A"}, 2: REJECT})
    grades(run, "bob", {0: {"after": "A"}, 1: {"after": "A", "label": "negative"}, 2: REJECT})
    listed = works("review", "apply", run).out
    assert "ann: remove it; bob: keep it" in listed
    assert "ann: keep it; bob: changes its label to negative" in listed
    assert _outcomes(NEW) == {"rejected": 1, "disagreed": 2, "unseen": 3}


def test_missing_rows_come_from_the_run_and_are_not_asked_for_again(run_made, grades, works):
    grades(run_made, "ann", {0: REJECT, 1: {"after": "D", "label": "positive"}})
    line = "--label negative=4, then repeat this command"
    assert f"targen resume {run_made} {line}" in works("review", "apply", run_made).out
    works("resume", run_made, "--label", "negative=4", "-q")
    assert "To get the same number" not in works("review", "apply", run_made, "--out", "new").out
    assert len(lines("new/dataset.jsonl")) == 6


def test_what_the_tasks_own_checks_refuse_is_not_changed(run, grades, works):
    said = {0: {"after": "C", "edit": {"text": "No."}}, 1: {"after": "C", "label": "neutral"}}
    grades(run, "ann", said)
    assert "'neutral' is not a label" in works("review", "apply", run).out
    assert _outcomes(NEW) == {"refused": 2, "unseen": 4}
    assert lines(NEW / "dataset.jsonl") == lines(run / "dataset.jsonl")


def test_grades_of_models_and_of_strangers_do_not_count(run, grades, refuses, works):
    works("review", run, "--raters", "ann,bob", *PLAN)
    grades(run, "eve", {0: REJECT})
    grades(run, "llm-x", {0: REJECT})
    refuses(("review", "apply", run), "there are no grades by people")
    grades(run, "ann", {1: {"after": "A"}})
    done = works("review", "apply", run)
    assert "note: eve is not a rater in this review" in done.err
    assert "1 of 6 rows reviewed by ann\n" in done.out
    assert _outcomes(NEW) == {"confirmed": 1, "unseen": 5}


def test_rows_that_were_changed_since_do_not_count(run, grades, refuses, works):
    folder = grades(run, "ann", {0: REJECT, 1: REJECT})
    with changed(run / "dataset.jsonl") as rows:
        rows[0]["text"] = "Something else was served here."
    assert "left out 1 grade by ann" in works("review", "apply", run).err
    assert _outcomes(NEW) == {"rejected": 1, "unseen": 5}
    with changed(run / "dataset.jsonl") as rows:
        rows[1]["text"] = "Something else was served there."
    refuses(("review", "apply", run), "has changed since the review")
    with GradeBook(folder, Rater(rater="eve")) as book:
        book.append(Grade(row="9.9/x/0", digest="0" * 16, after="A"))
    assert "9.9/x/0" in refuses(("review", "apply", run), "grades by eve").err


@pytest.mark.whole
def test_export_takes_what_people_found_acceptable(run, grades, refuses, works, tmp_path):
    export = ("export", run, "--reviewed")
    refuses(export, f"none of the rows in {run} have been reviewed", f"targen review {run}")
    grades(run, "bob", {0: {"after": "D"}})
    assert "read 1 row" in refuses(export, "no row was accepted").err
    grades(run, "ann", ANN)
    grades(run, "bob", {0: {"after": "B"}, 5: {"after": "C"}})
    out = tmp_path / "out"
    said = "2 people read 6 of 6 rows and accepted 3 of them, 2 after changing"
    assert said in works(*export, "--as", "hf", "--out", out).err
    card = (out / "README.md").read_text()
    assert f"## Review by people\n\n{said}" in card
    assert "ann" not in card.partition("## Review by people")[2], "raters are not named"
    rows = list(read_dataset(out, str(run / "task.json")))
    assert [row["idx"] for row in rows] == [0, 1, 3]
    assert rows[2]["text"] == TEXT
    # The same of the version, and in splits.
    works("review", "apply", run)
    again = ("export", NEW, "--task", run / "task.json", "--reviewed", "--out")
    works(*again, "a.jsonl")
    assert lines("a.jsonl") == rows
    assert "train 1, test 2" in works(*again, "s", "--split", "0.5/0.5").out
    works("export", NEW, "--as", "hf", "--out", "version")
    card = Path("version/README.md").read_text()
    assert 'tags: ["synthetic", "targen"]' in card
    assert "| scripted |" in card
    assert "2 people read 6 of 6 rows, which became: " in card
    assert "whether anybody has read them" not in card


def test_version_that_somebody_else_wrote_is_data_and_nothing_more(run, grades, refuses, works):
    grades(run, "ann", ANN)
    works("review", "apply", run)
    odd = ([], "x", {"said": 7}, {"said": [7], "by": 7})
    with changed(NEW / "changes.jsonl") as changes:
        for each, review in zip(changes, odd, strict=False):
            each["review"] = review
    works("show", NEW, "0")
    export = ("export", NEW, "--task", run / "task.json", "--reviewed")
    refuses(export, "no row was accepted")


# --- to other tools and back ---


def test_review_goes_to_label_studio_and_comes_back(run, grades, works, tmp_path):
    folder = grades(run, "ann", {0: {"after": "B"}})
    works("review", "export", run, "--to", "label-studio", "--out", "ls")
    tasks = json.loads(Path("ls/tasks.json").read_text())
    assert len(tasks) == 6
    chosen = {"label": "negative", "grade": "C", "grade_before": "A"}
    annotation = {
        "completed_by": {"email": "bob@example.org"},
        "updated_at": "2026-11-21T10:00:00Z",
        "result": [
            {"from_name": name, "value": {"choices": [value]}} for name, value in chosen.items()
        ],
    }
    file = tmp_path / "export.json"
    exported = [{"data": task["data"], "annotations": [annotation]} for task in tasks[:3]]
    file.write_text(json.dumps(exported))
    works("review", "import", run, file)
    kept = (folder / "grades-bob.jsonl").read_bytes()
    works("review", "import", run, file)
    assert (folder / "grades-bob.jsonl").read_bytes() == kept, "a second time adds nothing"
    states = lines(folder / "grades-bob.jsonl")[1:]
    assert [(each["label"], each["after"]) for each in states] == [("negative", "C")] * 3
    assert states[0]["at"] == "2026-11-21T10:00:00.000Z"
    works("review", "import", run, file, "--rater", "bob@example.org=ann")
    of_ann = lines(folder / "grades-ann.jsonl")[1:]
    assert [each["after"] for each in of_ann] == [*"BCCC"], "later than what ann said on the page"


def test_nothing_of_a_file_with_one_wrong_record_is_taken(run, refuses, works):
    works("review", run, "--raters", "ann,bob", *PLAN)
    export = ("review", "export", run, "--to", "argilla", "--out", "arg", "--as", "ann")
    works(*export)
    refuses(export, "is not an empty folder")

    def answer(letters: str) -> None:
        records = json.loads(Path("arg/records.json").read_text())
        for record, letter in zip(records, letters, strict=True):
            record["responses"] = {"grade": [{"value": letter, "user_id": "eve"}]}
        Path("arg/records.json").write_text(json.dumps(records))

    answer("AAAAAZ")
    refuses(("review", "import", run, "arg"), "'Z' is not a grade")
    answer("AAAAAB")
    said = "eve is not a rater in this review (raters: ann, bob)"
    refuses(("review", "import", run, "arg"), said)
    works("review", "import", run, "arg", "--rater", "eve=bob")
    assert len(lines("reviews-0.review/grades-bob.jsonl")) == 7
