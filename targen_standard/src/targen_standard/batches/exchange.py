"""`targen batch`: a run's pending calls into a file, and answers from a file into the run."""

from __future__ import annotations

import contextlib
from collections import Counter
from pathlib import Path

from targen_core import Job
from targen_core.errors import AnswersAwaited
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
    transport = FileTransport(file)
    job.delivery = ByFiles(transport)
    job.leave_to(job.delivery)
    transport.begin(job.journal, job.path)
    try:
        with contextlib.suppress(AnswersAwaited):
            job.run()
    finally:
        transport.end(job.journal)
    return transport.imported
