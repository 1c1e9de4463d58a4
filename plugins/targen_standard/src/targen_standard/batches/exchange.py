"""`targen batch`: a run's pending calls into a file, and answers from a file into the run."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path
from typing import Any

from targen_core import Task
from targen_core.calls.model import ChatReply, ChatRequest
from targen_core.errors import (
    AnswersAwaited,
    BadReply,
    QuotaNotMet,
    Rejected,
    UsageError,
    WriteFailed,
)
from targen_core.hints import quoted
from targen_core.runs.jobs.job import Job
from targen_standard.batches.delivery import ByFiles
from targen_standard.batches.files import FileTransport, Imported, write_requests
from targen_standard.batches.ledger import BatchLedgerFile

_FORM = BadReply("").reason  # of a reply in a wrong form


def export_batch(job: Job, out: Path) -> Counter[str]:
    """Write the calls that a run waits for to `out`, a line each; return the number per step.

    An answer that was refused and not corrected since is a reply: the call for another one, which
    says why, is among them.

    For a run that has ended the file is empty: a later reader would otherwise find the calls of an
    earlier export, or no file.

    Raises:
        JobFailed: the run cannot continue for another reason.
        WriteFailed: `out` cannot be written.
    """
    refused = BatchLedgerFile(job.path).refused  # and not corrected: they count from now on
    transport = FileTransport(run=job.path, out=out, refused=refused)
    job.delivery = ByFiles(transport)
    job.leave_to(job.delivery)  # a model that writes no files is refused before anything changes
    try:
        job.run()
    except AnswersAwaited:
        count = write_requests(transport.pending, out, job.task.canary)
        BatchLedgerFile(job.path).export(out, [call.request.key for call in transport.pending])
        return count
    except QuotaNotMet:  # it waits for no answer either: a script would answer the last calls again
        write_requests([], out)
        raise
    return write_requests([], out)


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
    transport = FileTransport(
        file, run=job.path, fault=partial(_fault, job.task), encoding=encoding
    )
    job.delivery = ByFiles(transport)
    job.leave_to(job.delivery)
    transport.begin(job.journal, job.path)
    ended: QuotaNotMet | None = None
    try:
        with contextlib.suppress(AnswersAwaited):
            job.run()
    except QuotaNotMet as error:
        ended = error
    finally:
        transport.end(job.journal)
    got = transport.imported
    if ended is not None:
        before_error(got)
        raise ended
    used = (got.good, got.failed, got.again, got.cached, got.bad, got.unneeded)
    if got.unknown and not any(used):
        other = _asked_by(transport.foreign, job.path)
        raise UsageError(
            f"{file} does not contain any answers to the calls of {job.path}"
            + (f": its answers belong to {other}" if other else ", so no answers were imported"),
            hint=f"targen batch import {quoted(other)} {quoted(file)}"
            if other
            else (
                "it belongs to a different run, or to a different model, seed or task version; "
                "to export this run's calls: targen batch export "
                f"{quoted(job.path)}"
            ),
        )
    return got


def _asked_by(keys: Collection[str], run: Path) -> Path | None:
    """Return the run next to this one that has exported one of these calls."""
    for other in sorted(run.parent.iterdir()):
        with contextlib.suppress(WriteFailed):
            if other.is_dir() and not BatchLedgerFile(other).exported.keys().isdisjoint(keys):
                return other
    return None


def _fault(task: Task[Any, Any], reply: ChatReply, request: ChatRequest) -> str:
    """Return why the run would reject the reply, or "", so that its author can correct it at once.

    Where a task makes more of a reply than an instance of its fields, the run finds out what its
    checks say of that.
    """
    try:
        if request.read is not None:
            request.read(reply.text)
    except BadReply as error:
        return str(error) if error.reason == _FORM else f"{error.reason}: {error}"
    except Exception:  # a reply that refuses, or code of the task
        return ""
    origin = request.origin
    if origin is None or origin.step != "generate" or request.schema is None:
        return ""
    try:
        given = {**json.loads(reply.text), "label": origin.label}
        fields = {name: given[name] for name in task.instance.model_fields if name in given}
        instance = task.instance.model_validate(fields)
        for check in task.checks:
            check(instance, origin.values.get("seed"))
    except Rejected as error:
        return f"{error.reason}: {error}"
    except Exception:  # code of the task, which the run calls as it should be
        return ""
    return ""
