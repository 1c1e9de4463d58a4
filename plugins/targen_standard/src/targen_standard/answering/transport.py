"""A run that works on its journal and on given answers, until others are missing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from targen_core.calls.journal import Journal
from targen_core.calls.model import ChatReply, ChatRequest
from targen_core.cli.tracing import plan_of
from targen_core.errors import JobFailed, Rejected, UsageError
from targen_core.hints import quoted
from targen_core.reading.values import Malformed
from targen_core.text import plural, printable
from targen_standard.answering.prompts import Answer
from targen_standard.answering.replies import reply_of
from targen_standard.batches.delivery import ByFiles
from targen_standard.batches.ledger import BatchLedgerFile
from targen_standard.batches.waiting import Sent, WaitingCall

if TYPE_CHECKING:
    from targen_core import Task
    from targen_core.runs.job import Job

_MOST_NAMED = 1_000  # places that are not answers
_MOST_WORDS = 600  # characters of the reason why a place is not an answer


@dataclass(slots=True)
class Imported:
    """The outcomes of a text of answers.

    `again` are answers that the run already has. `unknown` are those to calls that the run does not
    make at present. `bad` places are invalid, and `garbage` names the first thousand: file, line,
    and reason.
    """

    good: int = 0
    again: int = 0
    unknown: int = 0
    bad: int = 0
    garbage: list[str] = field(default_factory=list)

    def refuse(self, file: Path | None, line: int, why: str) -> None:
        """Count a place that is not an answer, and name it if it is among the first."""
        self.bad += 1
        if len(self.garbage) < _MOST_NAMED:
            words = printable(why, lines=False, max_length=_MOST_WORDS)
            self.garbage.append(f"{file}, line {line}: {words}")


class AnswerTransport:
    """A `BatchTransport` with given answers, which leaves other calls pending.

    Args:
        run: the run directory, in which it notes that there were answers.
        file: the name of the answers, for messages, or None.
        answers: the answers.
        fault: what is wrong with a reply, or "".

    Attributes:
        pending: the calls that wait for an answer.
        imported: what became of the answers.

    Raises:
        UsageError: `answers` has none.
    """

    def __init__(
        self,
        run: Path,
        file: Path | None = None,
        answers: Iterable[Answer] = (),
        *,
        fault: Callable[[ChatReply, ChatRequest], str] = lambda reply, request: "",
    ) -> None:
        self.pending: list[WaitingCall] = []
        self.imported = Imported()
        self._run = run
        self._file = file
        self._fault = fault
        self._answers = _by_key(file, answers, self.imported)
        self._lengths = {*map(len, self._answers)}
        if file is not None and not self._answers and not self.imported.bad:
            raise UsageError(
                f"{file} does not contain any answers",
                hint='write each as a line: {"id": "…", "reply": …}',
            )

    def begin(self, journal: Journal) -> None:
        """Leave out what the journal has."""
        for key in [key for key in self._answers if _journaled(journal, key)]:
            del self._answers[key]
            self.imported.again += 1

    def end(self, journal: Journal) -> None:
        """Count the answers that were of no use."""
        known = sum(_journaled(journal, key) for key in self._answers)  # from the cache
        self.imported.again += known
        self.imported.unknown = len(self._answers) - known

    async def send(self, calls: Sequence[WaitingCall], sent: Sent) -> bool:
        """Return the answers in the file; stop at calls without one."""
        if sum(self._answer(call) for call in calls):
            return False
        self.pending = list(calls)
        hint = f"targen next {quoted(self._run)}"
        raise JobFailed(
            f"{plural(len(calls), 'call')} waiting for answers", hint=hint, cause="answers"
        )

    async def collect(self, calls: Sequence[WaitingCall]) -> None:
        """Do nothing, since answers do not arrive later."""

    def _answer(self, call: WaitingCall) -> bool:
        names = (call.request.key[:length] for length in self._lengths)
        name = next((name for name in names if name in self._answers), None)
        if name is None:
            return False
        filled = self._answers.pop(name)
        try:
            reply = reply_of(filled.content, call.request)
            if fault := self._fault(reply, call.request):
                raise Malformed(fault)
        except ValueError as error:
            self.imported.refuse(self._file, filled.line, f"{filled.key}: {error}")
            return False
        if not self.imported.good:
            # Before one is used: that somebody answered is to be known of the rows.
            BatchLedgerFile(self._run).bring(len(self._answers) + 1)
        self.imported.good += 1
        call.give(reply)
        return True


def _journaled(journal: Journal, key: str) -> bool:
    try:
        return journal.get(bytes.fromhex(key)) is not None
    except ValueError:
        return False


def _by_key(file: Path | None, answers: Iterable[Answer], imported: Imported) -> dict[str, Answer]:
    """The answers by id; of several the last."""
    known: dict[str, Answer] = {}
    for answer in answers:
        if answer.problem:
            imported.refuse(file, answer.line, answer.problem)
        elif answer.content not in ("", None):
            earlier = known.get(answer.key)
            if earlier is not None and earlier.content != answer.content:
                why = f"line {answer.line} has a different answer to this call, which is used"
                imported.refuse(file, earlier.line, why)
            known[answer.key] = answer
    return known


def opened(run: Path) -> Job:
    """Open a run whose calls are to be answered.

    Raises:
        UsageError: it is a correction, or cannot be opened.
    """
    from targen_core.api.request import reopened

    if (plan := plan_of(run)) is not None and plan.review is None:
        raise UsageError(
            f"{run} contains a correction, which does not wait for answers",
            hint="run the command that created it again",
        )
    return reopened(run)[0]


def work_on(job: Job, transport: AnswerTransport) -> None:
    """Continue a run with the answers of a transport, until it ends or waits for others.

    Raises:
        JobFailed: it cannot continue.
    """
    job.delivery = ByFiles(transport)
    job.leave_to(job.delivery)  # a model that answers itself is refused before anything changes
    try:
        job.run()
    except JobFailed as error:
        if error.cause != "answers":
            raise


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
