"""Exact counts per label after correction, checks and duplicates."""

from collections import Counter
from random import Random
from typing import Any

from .driver import LABELS, OUTPUTS, Shell, World, resume, run_with_kills


def labels_are_true(rows: list[dict[str, str]]) -> None:
    """Each row has the label that its texts are about."""
    for row in rows:
        about = {label for label in LABELS for name in row if f"z{label}" in str(row[name])}
        assert about == {row["label"]}, row


def test_counts_are_exact_after_correction_duplicates_and_a_kill(made: World) -> None:
    model = made.model
    model.slips, model.repeats, model.broken, model.invented = 0.15, 0.4, 0.12, 0.12
    wanted = {"alpha": 17, "beta": 5, "gamma": 11}
    assert not run_with_kills(made, made.mail(label=wanted), 1, Random(1), range(9, 40)).code
    run, answered = made.shell.run("run"), made.service.answered
    report = run.report()
    assert run.counts() == wanted and len({row["text"] for row in run.rows}) == 33
    labels_are_true(run.rows)
    assert report.status == "complete" and report.rows == report.requested == wanted
    assert report.reasons["duplicate"] and report.reasons["no-valid-instance"], report.reasons
    # A judge that names a label that does not exist makes no row, and no label.
    assert any('"delta"' in request.reply for request in answered)
    assert report.reasons.total() == sum(r["verdict"] != "surplus" for r in run.rejects)


def test_a_label_that_nothing_fits_is_short_and_the_others_are_exact(made: World) -> None:
    made.model.unwritable = ["beta"]
    wanted, run = {"alpha": 5, "beta": 6, "gamma": 4}, made.shell.run("run")
    args = made.mail(label=wanted, give_up_after=9, cache=False, json=True)
    failed = made.shell(*args, ok=1)
    assert run.counts() == {"alpha": 5, "gamma": 4}
    assert "beta has 0 of 6 rows" in failed.text and "relabelled" in failed.text, failed.text
    report = run.report(failed)
    assert report.status == "short" and report.raw["given_up"] == ["beta"], report
    assert report.rows == {**wanted, "beta": 0} and report.requested == wanted, report
    labels_are_true(run.rows)
    before = run.bytes["dataset.jsonl"]
    made.model.unwritable = []
    assert made.run(resume(give_up_after=30)).status == "complete"
    assert run.counts() == wanted and run.bytes["dataset.jsonl"].startswith(before)
    assert not made.service.repeated()


def test_an_extended_run_keeps_its_rows_and_pays_only_for_new_ones(made: World) -> None:
    shell, service, model = made.shell, made.service, made.model
    model.slips, model.repeats = 0.15, 0.05
    shell(*made.mail(n=10, cache=False))
    run = shell.run("run")
    assert run.counts() == {"alpha": 4, "beta": 3, "gamma": 3}
    for options, wanted in (
        (resume(n=21), {"alpha": 7, "beta": 7, "gamma": 7}),
        (resume(label="beta=16,gamma=9"), {"alpha": 7, "beta": 16, "gamma": 9}),
    ):
        before = run.bytes["dataset.jsonl"]
        shell(*options)
        assert run.counts() == wanted and run.bytes["dataset.jsonl"].startswith(before)
    labels_are_true(run.rows)
    assert not service.repeated() and abs(service.charged - run.report().dollars) < 1e-9
    # Fewer rows than there are is an error that changes nothing, and sends nothing.
    files, sent = run.bytes, len(service.requests)
    assert "32" in shell(*resume(n=8), ok=2).text
    assert run.bytes == files and len(service.requests) == sent


def category(row: dict[str, Any]) -> str:
    """The label by which a row of another kind of output is counted."""
    if "score" in row:
        low = min(int(row["score"]), 4)
        return f"{low} to {low + 1}"
    names = row.get("labels") or [span["type"] for span in row.get("spans", [])]
    return "+".join(sorted({*names})) or row.get("kind") or row.get("criterion") or "none"


def test_counts_of_other_outputs_are_exact(canned: Shell) -> None:
    for name in OUTPUTS:
        run = canned.run(name)
        requested = run.report().requested
        found = Counter(map(category, run.rows))
        assert found == {"+".join(sorted(each.split("+"))): n for each, n in requested.items() if n}
        assert found.total() == 6 and max(found.values()) - min(requested.values()) <= 1, name
