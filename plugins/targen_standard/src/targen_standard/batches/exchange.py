"""A run's pending calls into a file, and answers from a file into the run."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from targen_core import Task
from targen_core.calls.model import ChatReply, ChatRequest
from targen_core.errors import JobFailed, QuotaNotMet, Rejected, UsageError
from targen_core.hints import quoted
from targen_core.runs.job import Job
from targen_standard.batches.delivery import ByFiles
from targen_standard.batches.files import FileTransport, Imported, read_lines, write_requests


def export_batch(job: Job, out: Path) -> Counter[str]:
    """Write the calls that a run waits for to `out`, a line each; return the number per step.

    For a run that has ended the file is empty: a later reader would otherwise find the calls of an
    earlier export, or no file.

    Raises:
        JobFailed: the run cannot continue for another reason.
        RunDirectoryError: `out` cannot be written.
    """
    transport = FileTransport(job.path)
    try:
        work_on(job, transport)
    except QuotaNotMet:  # it waits for no answer either: a script would answer the last calls again
        write_requests([], out)
        raise
    except JobFailed as error:
        if error.cause != "answers":
            raise
        return write_requests(transport.pending, out, job.task.about.canary)
    return write_requests([], out)


def work_on(job: Job, transport: FileTransport) -> None:
    """Continue a run with the answers of a transport, until it ends or waits for others.

    Raises:
        JobFailed: it waits, with the cause `answers`, or cannot continue.
    """
    job.delivery = ByFiles(transport)
    job.leave_to(job.delivery)  # a model that writes no files is refused before anything changes
    job.run()


def import_batch(
    job: Job,
    file: Path,
    encoding: str = "utf-8",
    before_error: Callable[[Imported], object] = lambda got: None,
) -> Imported:
    """Take the answers in `file` into a run's journal, and commit what rows they make.

    `before_error` gets the outcomes of the answers with which a run ends that lacks rows.

    Raises:
        UsageError: the file cannot be read, has no answers, or only answers to another run.
        JobFailed: the run cannot continue for another reason.
    """
    answers = read_lines(file, encoding)
    transport = FileTransport(job.path, file, answers, fault=fault_of(job.task))
    transport.begin(job.journal)
    outcomes = transport.imported
    try:
        work_on(job, transport)
    except QuotaNotMet:
        transport.end(job.journal)
        before_error(outcomes)
        raise
    except JobFailed as error:
        if error.cause != "answers":
            raise
    transport.end(job.journal)
    if outcomes.unknown and not any((outcomes.good, outcomes.failed, outcomes.again, outcomes.bad)):
        raise UsageError(
            f"{file} does not contain any answers to the calls of {job.path}",
            hint="it belongs to a different run, or to a different model, seed or task version; "
            f"to export this run's calls: targen batch export {quoted(job.path)}",
        )
    return outcomes


def fault_of(task: Task[Any, Any]) -> Callable[[ChatReply, ChatRequest], str]:
    """Return what says why a task's checks would reject a reply."""
    return partial(_fault, task)


def _fault(task: Task[Any, Any], reply: ChatReply, request: ChatRequest) -> str:
    """Return why a task's checks would reject a person's reply, or "", so that it is corrected.

    Where a task makes more of a reply than an instance of its fields, the run finds out what its
    checks say of that.
    """
    origin = request.origin
    if origin is None or origin.step != "generate" or request.schema is None:
        return ""
    try:
        values = {**json.loads(reply.text), "label": origin.label}
        fields = {name: values[name] for name in task.instance.model_fields if name in values}
        instance = task.instance.model_validate(fields)
        for check in task.checks:
            check(instance, origin.values.get("seed"))
    except Rejected as error:
        return f"{error.reason}: {error}"
    except Exception:  # code of the task, which the run calls as it should be
        return ""
    return ""
