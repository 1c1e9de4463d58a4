"""`targen batch`: a run's pending calls into a file, and answers from a file into the run."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

from targen_core import Job, Task
from targen_core.calls.model import ChatReply, ChatRequest
from targen_core.errors import AnswersAwaited, Rejected
from targen_standard.batches.delivery import ByFiles
from targen_standard.batches.files import FileTransport, Imported, write_requests

__all__ = ["export_batch", "import_batch"]


def export_batch(job: Job, out: Path) -> Counter[str]:
    """Write the calls that a run waits for to `out`, a line each; returns how many of each step.

    Where the run is complete it waits for none, and the file is empty: whoever reads it next
    would otherwise find the calls of an earlier export, or no file.

    Raises:
        JobFailed: the run cannot go on for another reason.
        WriteFailed: `out` cannot be written.
    """
    transport = FileTransport()
    job.delivery = ByFiles(transport)
    job.leave_to(job.delivery)  # a model that writes no files is refused before anything changes
    try:
        job.run()
    except AnswersAwaited:
        return write_requests(transport.pending, out, job.task.canary)
    return write_requests([], out)


def import_batch(job: Job, file: Path) -> Imported:
    """Take the answers in `file` into a run's journal, and commit what rows they make.

    Raises:
        UsageError: the file cannot be read.
        JobFailed: the run cannot go on for another reason.
    """
    transport = FileTransport(file, fault=partial(_fault, job.task))
    job.delivery = ByFiles(transport)
    job.leave_to(job.delivery)
    transport.begin(job.journal, job.path)
    try:
        with contextlib.suppress(AnswersAwaited):
            job.run()
    finally:
        transport.end(job.journal)
    return transport.imported


def _fault(task: Task[Any, Any], reply: ChatReply, request: ChatRequest) -> str:
    """Why a check would reject the row that somebody wrote, or "": then it can be mended at once.

    Where a task makes more of a reply than an instance of its fields, the run finds out.
    """
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
