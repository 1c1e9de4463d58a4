"""Exact counts per label after correction, checks and duplicates."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from .driver import LABELS, Model, Shell, generate, resume, task_file
from .outputs import FOLDER, OutputModel, category
from .service import Service, serve


def labels_are_true(rows: list[dict[str, str]]) -> None:
    """Each row has the label that its texts are about."""
    for row in rows:
        about = {label for label in LABELS for name in row if f"z{label}" in str(row[name])}
        assert about == {row["label"]}, row


def test_counts_are_exact_after_correction_and_duplicates(
    shell: Shell, service: Service, model: Model
) -> None:
    model.slips, model.repeats, model.broken, model.invented = 0.15, 0.25, 0.12, 0.12
    wanted = {"alpha": 17, "beta": 5, "gamma": 11}
    done = shell(*generate(task_file(shell.folder), labels=wanted, service=service, json=True))
    run = shell.run("run")
    assert run.counts() == wanted
    labels_are_true(run.rows)
    assert len({row["text"] for row in run.rows}) == 33
    report = run.report(done)
    assert report.status == "complete" and report.rows == report.requested == wanted
    assert report.reasons["duplicate"] and report.reasons["no-valid-instance"], report.reasons
    # A judge that names a label that does not exist makes no row, and no label.
    assert any('"delta"' in request.reply for request in service.answered)
    assert report.reasons.total() == sum(r["verdict"] != "surplus" for r in run.rejects)
    assert len(service.answered) == report.answered, report
    assert abs(service.charged - report.dollars) < 1e-9
    calls = list(run.calls_of(0))
    books = {(r.reply, str(r.messages)) for r in service.requests}
    assert all((c.reply, str(c.messages)) in books for c in calls), calls


def test_rows_have_the_shares_of_a_file(shell: Shell, service: Service, model: Model) -> None:
    model.slips = 0.1
    lines = [
        f"a{i},{label}" for label, k in zip(LABELS, (24, 12, 4), strict=True) for i in range(k)
    ]
    (shell.folder / "own.csv").write_text("\n".join(["text,label", *lines]) + "\n")
    args = generate(task_file(shell.folder), n=20, service=service, shares_of="own.csv")
    shell(*args)
    assert shell.run("run").counts() == {"alpha": 12, "beta": 6, "gamma": 2}


def test_a_label_that_nothing_fits_is_short_and_the_others_are_exact(
    shell: Shell, service: Service, model: Model
) -> None:
    model.unwritable = ["beta"]
    wanted = {"alpha": 5, "beta": 6, "gamma": 4}
    args = generate(
        task_file(shell.folder),
        labels=wanted,
        service=service,
        give_up_after=9,
        cache=False,
        json=True,
    )
    failed = shell(*args, ok=1)
    run = shell.run("run")
    assert run.counts() == {"alpha": 5, "gamma": 4}
    assert "beta has 0 of 6 rows" in failed.text and "relabelled" in failed.text, failed.text
    report = run.report(failed)
    assert report.status == "short" and report.raw["given_up"] == ["beta"], report
    assert report.rows == {**wanted, "beta": 0} and report.requested == wanted, report
    labels_are_true(run.rows)
    before = (run.path / "dataset.jsonl").read_bytes()
    model.unwritable = []
    done = shell(*resume(give_up_after=30, json=True))
    assert run.counts() == wanted and run.report(done).status == "complete"
    assert (run.path / "dataset.jsonl").read_bytes().startswith(before)
    assert not service.repeated()


def test_rows_are_counted_by_intended_labels_on_request(
    shell: Shell, service: Service, model: Model
) -> None:
    model.slips, model.broken = 0.3, 0.1
    args = generate(task_file(shell.folder), n=20, service=service, balance="intended", json=True)
    done = shell(*args)
    run = shell.run("run")
    intended = Counter(record["intended"] for record in run.lines("provenance"))
    assert intended == {"alpha": 7, "beta": 7, "gamma": 6} != run.counts()
    assert run.report(done).rows == intended
    labels_are_true(run.rows)


def test_an_extended_run_keeps_its_rows_and_pays_only_for_new_ones(
    shell: Shell, service: Service, model: Model
) -> None:
    model.slips, model.repeats = 0.15, 0.05
    fields = {"letter": "what the customer asks", "reply": "what the shop answers"}
    task = task_file(shell.folder, fields=fields)
    shell(*generate(task, n=10, service=service, cache=False))
    run = shell.run("run")
    assert run.counts() == {"alpha": 4, "beta": 3, "gamma": 3}
    extensions: list[tuple[dict[str, Any], dict[str, int]]] = [
        ({"n": 21}, {"alpha": 7, "beta": 7, "gamma": 7}),
        ({"label": "beta=16,gamma=9"}, {"alpha": 7, "beta": 16, "gamma": 9}),
    ]
    for options, wanted in extensions:
        before = (run.path / "dataset.jsonl").read_bytes()
        done = shell(*resume(**options, json=True))
        assert run.counts() == wanted
        assert (run.path / "dataset.jsonl").read_bytes().startswith(before)
    labels_are_true(run.rows)
    assert all(row["letter"] != row["reply"] for row in run.rows)
    assert not service.repeated()
    assert abs(service.charged - run.report(done).dollars) < 1e-9
    # Fewer rows than there are is an error that changes nothing, and sends nothing.
    files, sent = run.bytes, len(service.requests)
    assert "32" in shell(*resume(n=8), ok=2).text
    assert run.bytes == files and len(service.requests) == sent


@pytest.mark.parametrize("name", ["answers", "entities", "mails", "preferences", "relatedness"])
def test_counts_of_other_outputs_are_exact(shell: Shell, name: str) -> None:
    path: Path = FOLDER / f"{name}.yaml"
    model = OutputModel.of(path, slips=0.2, broken=0.05)
    with serve(model) as service:
        done = shell(*generate(str(path), n=26, service=service, json=True))
    run, report = shell.run("run"), shell.run("run").report(done)
    found = Counter(category(model.output, row) for row in run.rows)
    assert found == {"+".join(sorted(name.split("+"))): n for name, n in report.requested.items()}
    assert report.rows == report.requested and sum(report.rows.values()) == 26
    assert max(report.rows.values()) - min(report.rows.values()) <= 1
    assert report.status == "complete" and model.calls["generate"] > 26
