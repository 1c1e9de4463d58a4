"""Exact counts per label after correction, checks and duplicates."""

from .driver import Model, Shell, generate, task_file
from .service import Service


def test_counts_are_exact_after_correction_and_duplicates(
    shell: Shell, service: Service, model: Model
) -> None:
    model.slips, model.repeats, model.broken = 0.15, 0.1, 0.05
    wanted = {"alpha": 17, "beta": 5, "gamma": 11}
    shell(*generate(task_file(shell.folder), labels=wanted, service=service))
    run = shell.run("run")
    assert run.counts() == wanted
    for row in run.rows:
        assert f"z{row['label']}" in row["text"]
    report = run.report()
    assert report.status == "complete" and report.rows == wanted
    assert len(service.answered) == report.answered, report
    assert abs(service.charged - report.dollars) < 1e-9
    calls = list(run.calls_of(0))
    books = {(r.reply, str(r.messages)) for r in service.requests}
    assert all((c.reply, str(c.messages)) in books for c in calls), calls
