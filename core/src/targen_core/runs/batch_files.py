"""Batches by hand: a run's pending calls as a file, and the answers from a file.

No call is made: the engine runs on the journal, and where it needs an answer
that is not there, the call is written down.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from targen_core.calls.batched_model import WaitingCall
from targen_core.calls.model import ChatReply
from targen_core.errors import AnswersAwaited, ContentFiltered, UsageError
from targen_core.plain import refuse_waiting
from targen_core.runs.batches import BatchLedgerFile
from targen_core.runs.files import write_atomically
from targen_core.runs.gate import parsed
from targen_core.runs.job import Job
from targen_core.text import plural

__all__ = ["Imported", "export_batch", "import_batch"]


@dataclass(slots=True)
class Imported:
    """What became of a file of answers.

    `again` are answers that the run has already, `cached` those to calls that
    the cache of other runs has just answered, `unknown` those to calls that it
    does not ask; `garbage` says what lines are no answers, `problem`
    why the first of the failed ones failed. At least `pending` calls wait for the
    next file: with the answers a run may go on side by side, and ask for more.
    """

    good: int = 0
    failed: int = 0
    again: int = 0
    cached: int = 0
    unknown: int = 0
    garbage: list[str] = field(default_factory=list)
    problem: str = ""
    pending: int = 0


class _FileTransport:
    """A `BatchTransport` that has the answers of a file, and writes down what else is asked."""

    def __init__(self, answers: dict[str, tuple[int, bytes]], imported: Imported) -> None:
        self.pending: list[WaitingCall] = []
        self.answers = answers
        self._imported = imported

    async def send(self, calls: Sequence[WaitingCall]) -> bool:
        """Answer what the file answers; where it answers nothing, stop."""
        if not sum(self._answer(call) for call in calls):
            self.pending = list(calls)
            raise AnswersAwaited(
                f"{plural(len(calls), 'call')} waiting for answers", hint="targen batch export RUN"
            )
        return False

    async def collect(self, calls: Sequence[WaitingCall]) -> None:
        """Nothing comes later."""

    def _answer(self, call: WaitingCall) -> bool:
        key = call.request.key
        number, line = self.answers.pop(key, (0, b""))
        if not number:
            return False
        try:
            _, answer = call.codec.decode(line, {key: call.request})
        except ValueError as error:
            self._imported.garbage.append(f"line {number}: {error}")
            return False
        if not isinstance(answer, ChatReply | ContentFiltered):
            self._imported.failed += 1
            self._imported.problem = self._imported.problem or str(answer)
            return False
        self._imported.good += 1
        call.give(answer)
        return True


def export_batch(job: Job, out: Path) -> Counter[str]:
    """Write the calls that a run waits for to `out`, a line each; returns how many of each step.

    Where the run is complete it waits for none, and the file is empty: whoever reads it next
    would otherwise find the calls of an earlier export, or no file.

    Raises:
        JobFailed: the run cannot go on for another reason.
        WriteFailed: `out` cannot be written.
    """
    transport = job.transport = _FileTransport({}, Imported())
    waiting: list[WaitingCall] = []
    try:
        job.run()
    except AnswersAwaited:
        waiting = transport.pending
    lines = [call.codec.encode(call.request) for call in waiting]
    write_atomically(out, b"".join(line + b"\n" for line in lines).decode())
    if lines and job.task.canary:  # a line of its own would be a request that no service knows
        write_atomically(out.with_name(f"{out.name}.canary.txt"), f"{job.task.canary}\n")
    origins = (call.request.origin for call in waiting)
    return Counter(origin.step for origin in origins if origin is not None)


def import_batch(job: Job, file: Path) -> Imported:
    """Take the answers in `file` into a run's journal, and commit what rows they make.

    Raises:
        UsageError: the file cannot be read.
        JobFailed: the run cannot go on for another reason.
    """
    imported = Imported()
    answers = _read(file, imported)
    for key in [key for key in answers if _journaled(job, key)]:
        del answers[key]
        imported.again += 1
    if answers:
        # Before they are used: that a file was read is to be known of the rows.
        BatchLedgerFile(job.path / "batches.jsonl").bring(len(answers))
    job.journal.index_appends = True  # to tell what the cache answers from what nobody asks
    transport = job.transport = _FileTransport(answers, imported)
    try:
        job.run()
    except AnswersAwaited:
        imported.pending = len(transport.pending)
    finally:
        imported.cached = sum(_journaled(job, key) for key in transport.answers)
        imported.unknown = len(transport.answers) - imported.cached
    return imported


def _journaled(job: Job, key: str) -> bool:
    try:
        return job.journal.get(bytes.fromhex(key)) is not None
    except ValueError:
        return False


def _read(file: Path, imported: Imported) -> dict[str, tuple[int, bytes]]:
    """The lines of a file, and their numbers, by `custom_id`; of several the last."""
    try:
        refuse_waiting(file)
        lines = file.read_bytes().splitlines()
    except OSError as error:
        raise UsageError(f"cannot read {file}: {error.strerror}") from error
    lines_by_id: dict[str, tuple[int, bytes]] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            key = parsed(line)["custom_id"]
        except (ValueError, KeyError, TypeError):
            imported.garbage.append(f"line {number}: not a JSON object with a custom_id")
            continue
        lines_by_id[str(key)] = (number, line)
    return lines_by_id
