"""What people changed flows back into a new version of the dataset."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from targen_review.grades import Grade, GradeBook, Rater
from targen_review.rows import open_data
from targen_standard.datasets.reading import read_dataset
from tests.files import changed, lines

TEXT = "The waiter was kind, and the soup was warm."


@pytest.fixture
def grades(in_process):
    """Plan a review of `data`, and have `rater` say of rows, by number, what is given."""

    def give(
        data: Path, rater: str, said: Mapping[int, Mapping[str, Any]], *options: object
    ) -> Path:
        folder = data.with_name(f"{data.name}.review")
        task = options[1] if options[:1] == ("--task",) else None
        if not folder.exists():
            done = in_process("review", data, *options, "--rubric", "paper", "--plan")
            assert done.code == 0, done.err
        rows = list(open_data(data, str(task) if task else None).rows())
        kind = {"kind": "model", "model": "m"} if rater.startswith("llm") else {}
        with GradeBook(folder, Rater(rater=rater, **kind)) as book:
            for at, one in said.items():
                row = rows[at]
                when = f"2026-11-20T10:00:{at:02}.000Z"
                book.append(
                    Grade.model_validate({"row": row.id, "digest": row.digest, "at": when, **one})
                )
        return folder

    return give


def _outcomes(folder: Path) -> dict[str, int]:
    report = json.loads((folder / "report.json").read_text())
    return {name: count for name, count in report["outcomes"].items() if count}


def _bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


ANN = {
    0: {"after": "A"},
    1: {"after": "D", "label": "negative"},
    2: {"reject": True},
    3: {"after": "C", "edit": {"text": TEXT}},
    4: {"after": "C"},
}


def test_new_version_has_what_people_changed_and_says_who_when_and_what_was_before(
    run, grades, in_process, works
):
    old = lines(run / "dataset.jsonl")
    before = _bytes(run)
    grades(run, "ann", ANN)

    works("review", "apply", run)

    new = run.with_name("reviews-0-reviewed")
    rows = lines(new / "dataset.jsonl")
    assert rows[0] == old[0]
    assert rows[1] == {**old[1], "label": "negative"}
    assert rows[2] == {**old[3], "text": TEXT}
    assert [row["idx"] for row in rows] == [0, 1, 3, 4, 5]
    changes = lines(new / "changes.jsonl")
    verdicts = "confirmed relabelled rejected edited doubted unseen".split()
    assert [each["verdict"] for each in changes] == verdicts
    assert changes[3]["review"]["before"] == {"fields": {"text": old[3]["text"]}}
    assert changes[1]["review"]["before"] == {"fields": {}, "label": "positive"}
    assert changes[1]["review"]["by"] == ["ann"]
    assert changes[1]["review"]["at"] == "2026-11-20T10:00:01.000Z"
    assert _bytes(run) == before, "the data itself is not touched"
    assert read_dataset(new).labels == {"positive": 2, "negative": 3}
    shown = in_process("show", new, "1").out
    assert "relabelled by ann, 2026-11-20: negative" in shown
    assert "label before review" in shown


def test_a_version_of_rows_without_numbers_has_none(run, tmp_path, grades, works):
    rows = [{k: v for k, v in row.items() if k != "idx"} for row in lines(run / "dataset.jsonl")]
    own, new = tmp_path / "own.jsonl", tmp_path / "new"
    own.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    grades(own, "ann", {1: {"after": "D", "label": "negative"}}, "--task", run / "task.json")
    works("review", "apply", own, "--out", new)
    assert lines(new / "dataset.jsonl") == [rows[0], {**rows[1], "label": "negative"}, *rows[2:]]
    assert len(read_dataset(new)) == len(rows)


def test_a_version_knows_the_task_of_its_file(run, grades, in_process, works):
    """It keeps a copy, as the run does; one that an earlier targen wrote gets it later."""
    grades(run, "ann", ANN)
    new = run.with_name("reviews-0-reviewed")
    works("review", "apply", run)
    assert (new / "task.json").read_text() == (run / "task.json").read_text()
    whole = _bytes(new)
    (new / "task.json").unlink()
    plan = json.loads((new / "correction.json").read_text())
    del plan["task_file"]
    (new / "correction.json").write_text(json.dumps(plan))
    asked = in_process("export", new, "--as", "csv", "--out", "rows")
    assert asked.code == 2 and "--task" in asked.err
    works("review", "apply", run)
    assert _bytes(new) == whole
    works("export", new, "--as", "csv", "--out", "rows")


def test_same_grades_give_the_same_bytes_and_others_another_folder(run, grades, in_process, works):
    grades(run, "bob", {0: {"after": "B"}, 2: {"reject": True}})
    grades(run, "ann", ANN)
    new = run.with_name("reviews-0-reviewed")
    works("review", "apply", run)
    first = _bytes(new)

    works("review", "apply", run)
    assert _bytes(new) == first
    grades(run, "ann", {5: {"after": "A"}})
    done = in_process("review", "apply", run, "-q")

    assert done.out == f"{new}-2/dataset.jsonl\n"
    assert _bytes(new) == first
    done = in_process("review", "apply", run, "--out", new)
    assert (done.code, "contains another correction" in done.err) == (2, True)


def test_where_raters_differ_rows_stay_and_are_listed(run, grades, in_process, works):
    grades(run, "ann", {0: {"reject": True}, 1: {"after": "A"}})
    grades(run, "bob", {0: {"after": "A"}, 1: {"after": "A", "label": "negative"}})
    grades(run, "cat", {0: {"reject": True}})
    new = run.with_name("reviews-0-reviewed")

    done = in_process("review", "apply", run)

    assert _outcomes(new) == {"disagreed": 2, "unseen": 4}
    assert "ann: reject; bob: as it is; cat: reject" in done.out
    assert "ann: as it is; bob: negative" in done.out
    works("review", "apply", run, "--resolve", "majority")
    assert _outcomes(Path(f"{new}-2")) == {"rejected": 1, "disagreed": 1, "unseen": 4}
    works("review", "apply", run, "--resolve", "bob")
    assert _outcomes(Path(f"{new}-3")) == {"confirmed": 1, "relabelled": 1, "unseen": 4}
    done = in_process("review", "apply", run, "--resolve", "bbo")
    assert (done.code, "neither a rule nor a rater" in done.err) == (2, True)


def test_what_the_tasks_own_checks_refuse_is_not_changed(run, grades, in_process):
    said = {0: {"after": "C", "edit": {"text": "No."}}, 1: {"after": "C", "label": "neutral"}}
    grades(run, "ann", said)

    done = in_process("review", "apply", run)

    new = run.with_name("reviews-0-reviewed")
    assert _outcomes(new) == {"refused": 2, "unseen": 4}
    assert lines(new / "dataset.jsonl") == lines(run / "dataset.jsonl")
    assert "'neutral' is not a label" in done.out


def test_refill_grows_the_run_by_what_is_missing_and_no_more(run_made, grades, in_process, works):
    run = run_made
    grades(run, "ann", {0: {"reject": True}, 1: {"after": "D", "label": "positive"}})
    done = in_process("review", "apply", run)
    assert "--label positive=3 --label negative=4" in done.out, done.out
    place = run.with_name(f"{run.name}-reviewed")
    taken = in_process("review", "apply", run, "--refill", "--out", place)
    assert (taken.code, len(lines(run / "dataset.jsonl"))) == (2, 6)  # refused before any call
    assert f"{place} contains a version already, and --refill adds rows" in taken.err

    done = works("review", "apply", run, "--refill", "--json", "--out", run / "../full")

    assert done.json[0]["rows"] == {"positive": 3, "negative": 3}
    assert len(lines(run / "dataset.jsonl")) == 7
    first = _bytes(run / "../full")
    works("review", "apply", run, "--refill", "-q", "--out", run / "../full")
    assert len(lines(run / "dataset.jsonl")) == 7
    assert _bytes(run / "../full") == first


def test_refill_that_was_stopped_goes_on_to_the_same_bytes(
    run_made, grades, in_process, works, tmp_path
):
    run = run_made
    folder = grades(run, "ann", {0: {"reject": True}, 3: {"reject": True}})
    whole = tmp_path / "whole"
    line = ("review", "apply", run, "--refill", "-q", "--out")
    for each in (run, folder):
        shutil.copytree(each, tmp_path / "kept" / each.name)
    works(*line, whole)

    for each in (run, folder):
        shutil.rmtree(each)
        shutil.copytree(tmp_path / "kept" / each.name, each)
    done = in_process(*line, tmp_path / "new", "--max-tokens", "1")
    assert (done.code, "run the same command again with a larger --max-tokens" in done.err) == (
        1,
        True,
    )
    assert not (tmp_path / "new").exists()
    works(*line, tmp_path / "new", "--max-tokens", "1000000")

    assert _bytes(tmp_path / "new") == _bytes(whole)


def test_runs_that_are_refilled_share_one_cap(task_file, grades, in_process, works, tmp_path):
    runs = [tmp_path / name for name in ("one", "two")]
    for seed, run in enumerate(runs):
        made = ("generate", task_file, "-n", "6", "-b", "scripted", "--seed", seed, "--no-cache")
        works(*made, "-o", "max_tokens=200", "--out", run)
    plan = ("--raters", "ann", "--rubric", "paper", "--plan")
    works("review", *runs, *plan, "--out", tmp_path / "both")
    with GradeBook(tmp_path / "both", Rater(rater="ann")) as book:
        for run in runs:
            row = next(iter(open_data(run, None).rows()))
            said = {"row": f"{run.name}:{row.id}", "digest": row.digest, "reject": True}
            book.append(Grade.model_validate({**said, "at": "2026-11-20T10:00:00.000Z"}))
    before = sum(_tokens(run) for run in runs)
    line = ("review", "apply", tmp_path / "both", "--refill", "-q", "--out", tmp_path / "new")

    short = in_process(*line, "--max-tokens", before + 2_500)

    assert short.code == 1
    assert "by all parts of the command" in short.err
    assert before < sum(_tokens(run) for run in runs) <= before + 2_500
    done = works(*line, "--max-tokens", 1_000_000)
    assert f"{sum(_tokens(run) for run in runs):,} tokens" in done.err


def _tokens(run: Path) -> int:
    records = [json.loads(line[9:]) for line in (run / "journal").read_bytes().splitlines()]
    return sum(record["in"] + record["out"] for record in records)


def test_a_run_that_was_stopped_is_said_to_be_and_refilled_to_its_own_target(
    task_file, grades, in_process, works, tmp_path
):
    run = tmp_path / "stopped"
    made = ("generate", task_file, "-n", "8", "-b", "scripted", "--out", run)
    assert in_process(*made, "--max-tokens", "6000").code == 1
    there = len(lines(run / "dataset.jsonl"))
    assert 0 < there < 8
    done = in_process("review", run, "--rubric", "paper", "--plan")
    assert "is stopped: rows that targen resume adds later are not" in done.err
    grades(run, "ann", {0: {"reject": True}})
    done = in_process("review", "apply", run)
    assert "--label positive=4" in done.out and "--label negative=4" in done.out
    works("review", "apply", run, "--refill", "-q", "--max-tokens", "90000")
    assert len(lines(run / "dataset.jsonl")) == 8


def test_exact_leaves_out_what_a_label_gained_unreviewed_rows_first(run, grades, works):
    grades(run, "ann", {1: {"after": "A"}, 3: {"after": "D", "label": "positive"}})
    works("review", "apply", run, "--exact")

    new = run.with_name("reviews-0-reviewed")
    rows = lines(new / "dataset.jsonl")
    assert [row["idx"] for row in rows] == [0, 1, 2, 3, 5], "row 4 is the last unreviewed positive"
    assert _outcomes(new)["surplus"] == 1


def test_models_do_not_count_unless_named(run, grades, in_process, works):
    grades(run, "llm-x", {0: {"reject": True}})
    done = in_process("review", "apply", run)
    assert done.code == 2
    assert "no person has graded anything" in done.err and "--resolve llm-x" in done.err

    works("review", "apply", run, "--resolve", "llm-x")
    assert _outcomes(run.with_name("reviews-0-reviewed")) == {"rejected": 1, "unseen": 5}


def test_reject_that_people_find_good_stays_out_and_is_told(run, works):
    works("review", run, "--rejects", "--rubric", "paper", "--plan")
    (row,) = open_data(run).rejects(stage="correct")
    with GradeBook(run.with_name("reviews-0.review"), Rater(rater="ann")) as book:
        book.append(Grade(row=row.id, digest=row.digest, after="A"))
        first = next(iter(open_data(run).rows()))
        book.append(Grade(row=first.id, digest=first.digest, after="A"))

    done = works("review", "apply", run)

    assert "1 reject of step 4 found acceptable" in done.err
    rows = lines(run.with_name("reviews-0-reviewed") / "dataset.jsonl")
    assert rows == lines(run / "dataset.jsonl")


def test_rows_that_were_changed_since_do_not_count(run, grades, works):
    grades(run, "ann", {0: {"reject": True}, 1: {"reject": True}})
    with changed(run / "dataset.jsonl") as rows:
        rows[0]["text"] = "Something else was served here."

    done = works("review", "apply", run)

    assert "1 grade of ann not counted" in done.err
    assert _outcomes(run.with_name("reviews-0-reviewed")) == {"rejected": 1, "unseen": 5}


def test_all_grades_of_other_contents_or_rows_are_refused(run, rows_file, grades, in_process):
    folder = grades(run, "ann", {0: {"reject": True}})
    with changed(run / "dataset.jsonl") as rows:
        rows[0]["text"] = "Something else was served here."
    done = in_process("review", "apply", run)
    assert (done.code, "is not what was reviewed" in done.err) == (2, True)

    with GradeBook(folder, Rater(rater="eve")) as book:
        book.append(Grade(row="9.9/x/0", digest="0" * 16, after="A"))
    done = in_process("review", "apply", run)
    assert done.code == 2
    assert "1 grade of eve" in done.err and "9.9/x/0" in done.err


@pytest.mark.whole
def test_export_takes_what_people_found_acceptable_as_they_changed_it(
    run, grades, in_process, works, tmp_path
):
    grades(run, "ann", ANN)
    grades(run, "bob", {0: {"after": "B"}, 5: {"after": "C"}})
    out = tmp_path / "out"

    done = works("export", run, "--reviewed", "--as", "hf", "--out", out)

    said = "6 of 6 rows were read by 2 people, and 3 of them found acceptable, 2 after people"
    assert said in done.err
    card = (out / "README.md").read_text()
    assert f"## Review by people\n\n{said}" in card
    assert "ann" not in card.partition("## Review by people")[2], "raters are not named"
    rows = list(read_dataset(out, str(run / "task.json")))
    assert [row["idx"] for row in rows] == [0, 1, 3]
    assert rows[2]["text"] == TEXT
    # The same of the version, and in splits.
    works("review", "apply", run)
    new = run.with_name("reviews-0-reviewed")
    options = ("--task", run / "task.json", "--reviewed")
    works("export", new, *options, "--out", tmp_path / "a.jsonl")
    assert lines(tmp_path / "a.jsonl") == rows
    done = in_process("export", new, *options, "--split", "0.7/0.3", "--out", tmp_path / "s")
    assert (done.code, "train 2, test 1" in done.out) == (0, True), done.err


@pytest.mark.whole
def test_the_card_of_an_export_has_what_people_found(run, grades, in_process, works, tmp_path):
    grades(run, "ann", {0: {"before": "A", "after": "A"}, 1: {"before": "D", "after": "B"}})
    grades(run, "bob", {0: {"before": "A", "after": "A"}, 1: {"before": "D", "after": "C"}})
    grades(run, "llm-1", {4: {"after": "D"}})

    done = works("export", run, "--as", "hf", "--out", tmp_path / "out")

    section = (tmp_path / "out" / "README.md").read_text().partition("## Review by people")[2]
    for words in (
        "2 people graded 2 of 6 rows (all of them given to them, labels in sight)",
        "A (right) 1, B (weak) 0.5, C (a minor part is missing) 0.5",
        "Acceptable (A, B): 75% (",
        "before correction 50% (",
        "on 2 rows: the same letter 50% (",
        "Cohen's κ",
    ):
        assert words in section, section
    assert "ann" not in section and "llm" not in section
    assert len(list(read_dataset(tmp_path / "out", str(run / "task.json")))) == 6
    (run.with_name("reviews-0.review") / "review.json").write_text("{")
    done = in_process("export", run, "--as", "hf", "--out", tmp_path / "second")
    assert (done.code, "the card is without figures of the review" in done.err) == (0, True)
    assert "## Review" not in (tmp_path / "second" / "README.md").read_text()


def test_version_that_somebody_else_wrote_is_data_and_nothing_more(run, grades, in_process, works):
    grades(run, "ann", ANN)
    works("review", "apply", run)
    new = run.with_name("reviews-0-reviewed")
    odd = ([], "x", {"said": 7}, {"said": [7], "by": 7})
    with changed(new / "changes.jsonl") as changes:
        for each, review in zip(changes, odd, strict=False):
            each["review"] = review

    works("show", new, "0")
    done = in_process("export", new, "--task", run / "task.json", "--reviewed")
    assert (done.code, "none was found acceptable" in done.err) == (2, True), done.err


# --- to other tools and back ---


def test_review_goes_to_label_studio_and_comes_back(run, grades, works, tmp_path):
    folder = grades(run, "ann", {0: {"after": "B"}})
    out = tmp_path / "ls"
    works("review", "export", run, "--to", "label-studio", "--out", out)
    tasks = json.loads((out / "tasks.json").read_text())
    assert len(tasks) == 6
    when = {"updated_at": "2026-11-21T10:00:00Z", "lead_time": 3.5}
    back = []
    for number, task in enumerate(tasks[:3]):
        values = {"label": "negative", "grade": "C", "grade_before": "A"}
        result = [
            {"from_name": n, "to_name": "text", "type": "choices", "value": {"choices": [v]}}
            for n, v in values.items()
        ]
        who = {"completed_by": {"email": "bob@example.org"}, "result": result, **when}
        back.append({"id": number, "data": task["data"], "annotations": [who]})
    file = tmp_path / "export.json"
    file.write_text(json.dumps(back))

    works("review", "import", run, file)
    kept = (folder / "grades-bob.jsonl").read_bytes()
    works("review", "import", run, file)

    assert (folder / "grades-bob.jsonl").read_bytes() == kept, "a second time adds nothing"
    states = [Grade.model_validate(each) for each in lines(folder / "grades-bob.jsonl")[1:]]
    assert [each.label for each in states] == ["negative", "negative", "negative"]
    assert (states[0].after, states[0].at, states[0].seconds) == (
        "C",
        "2026-11-21T10:00:00.000Z",
        3.5,
    )
    works("review", "import", run, file, "--rater", "bob@example.org=ann")
    assert len(lines(folder / "grades-ann.jsonl")) == 5, "later than what ann said on the page"
    with open(folder / "grades-ann.jsonl", "rb") as there:
        assert there.read().count(b'"after":"C"') == 3


def test_nothing_of_a_file_with_one_wrong_record_is_taken(run, grades, in_process, works, tmp_path):
    works("review", run, "--raters", "ann,bob", "--rubric", "paper", "--plan")
    folder = grades(run, "ann", {0: {"after": "B"}})
    export = ("review", "export", run, "--to", "argilla", "--out", out := tmp_path / "arg")
    works(*export, "--as", "ann")
    done = in_process(*export, "--as", "ann")
    assert (done.code, "is not an empty folder" in done.err) == (2, True)
    records = json.loads((out / "records.json").read_text())
    for record in records:
        record["responses"] = {"grade": [{"value": "A", "user_id": "eve"}]}
    records[5]["responses"]["grade"][0]["value"] = "Z"
    (out / "records.json").write_text(json.dumps(records))

    done = in_process("review", "import", run, out)

    assert (done.code, "'Z' is not a grade" in done.err) == (2, True)
    assert not (folder / "grades-eve.jsonl").exists()
    records[5]["responses"]["grade"][0]["value"] = "B"
    (out / "records.json").write_text(json.dumps(records))
    done = in_process("review", "import", run, out)
    assert (done.code, "eve is not a rater of this review: ann, bob" in done.err) == (2, True)
    works("review", "import", run, out, "--rater", "eve=bob")
    assert len(lines(folder / "grades-bob.jsonl")) == 7


def test_file_is_reviewed_and_says_how_its_missing_rows_are_made(
    rows_file, task_file, grades, in_process, works
):
    data = rows_file()
    grades(data, "ann", {0: {"reject": True}}, "--task", task_file)

    done = works("review", "apply", data)

    assert len(lines(data.with_name("rows-reviewed") / "dataset.jsonl")) == 5
    assert f"--label positive=1 --exclude {data}" in done.out
    done = in_process("review", "apply", data, "--refill")
    assert (done.code, "is not a run that can generate more rows by itself" in done.err) == (
        2,
        True,
    )


def test_who_only_looked_or_is_no_rater_does_not_count(run, grades, in_process, works):
    works("review", run, "--raters", "ann,bob", "--rubric", "paper", "--plan")
    grades(run, "bob", {})
    grades(run, "eve", {0: {"reject": True}})
    done = in_process("review", "apply", run)
    assert (done.code, "no person has graded anything" in done.err) == (2, True)
    grades(run, "ann", {0: {"after": "A"}})

    done = in_process("review", "apply", run)

    assert "note: eve is not a rater of this review" in done.err
    assert "1 of 6 rows reviewed by ann;" in done.out
    assert _outcomes(run.with_name("reviews-0-reviewed")) == {"confirmed": 1, "unseen": 5}


def test_export_of_what_nobody_reviewed_says_so(run, grades, in_process):
    done = in_process("export", run, "--reviewed")
    assert (done.code, f"no row has been reviewed in {run}" in done.err) == (2, True)
    assert f"targen review {run}" in done.err
    grades(run, "ann", {0: {"after": "D"}})
    done = in_process("export", run, "--reviewed")
    assert done.code == 2
    assert "of 1 row" in done.err and "none was found acceptable" in done.err
