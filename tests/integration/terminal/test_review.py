"""`targen review` on a terminal: its link, its end, and the new version."""

from __future__ import annotations

import json

import pytest

from ...mail import MAIL


@pytest.mark.whole
def test_a_review_begins_ends_and_is_applied_on_a_terminal(terminal, tmp_path, works):
    from targen_review.grades import Grade, GradeBook, Rater
    from targen_review.rows import open_data

    (tmp_path / "mail.yaml").write_text(f"{MAIL}contexts: [lunch, dinner]\n")
    works("generate mail.yaml -n 6 -b scripted --out run -q")
    run = tmp_path / "run"
    shown = terminal("review", "run", "--as", "ann", "--no-open", columns=120)
    shown.wait_for("--blind hides it")
    shown.wait_for("Press Ctrl-C to stop")
    shown.type(b"\x03")
    assert shown.exit_code() == 0, shown.text
    assert "ann: 0 of 6 done" in shown.text
    row = next(open_data(run).rows())
    with GradeBook(run.with_name("run.review"), Rater(rater="ann")) as book:
        book.append(Grade(row=row.id, digest=row.digest, reject=True))
    shown = terminal("review", "apply", "run", columns=120)
    assert shown.exit_code() == 0, shown.text
    rows = (run.with_name("run-reviewed") / "dataset.jsonl").read_text().splitlines()
    assert len(rows) == 5
    assert row.fields["text"] not in [json.loads(each)["text"] for each in rows]
