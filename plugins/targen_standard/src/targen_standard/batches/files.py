"""Batches by hand: pending calls as a file, and the answers from a file.

No call is made: a run works on its journal, and writes down the calls whose answers are missing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from targen_core.calls.backend import BatchAnswer
from targen_core.calls.journal import Journal
from targen_core.calls.model import ChatReply, ChatRequest
from targen_core.calls.secrets import scrub
from targen_core.dataset.lines import lines
from targen_core.errors import JobFailed, UsageError
from targen_core.hints import quoted
from targen_core.reading.values import Malformed, json_of
from targen_core.runs.files import write_atomically
from targen_core.text import plural, printable
from targen_standard.answering.backend import Agent
from targen_standard.answering.prompts import Answer
from targen_standard.answering.replies import reply_of
from targen_standard.batches.ledger import BatchLedgerFile
from targen_standard.batches.waiting import Sent, WaitingCall

_MOST_NAMED = 1_000  # places that are not answers
_MOST_REFUSED = 10_000  # lines: a file with more of them is not one of answers
_MOST_WORDS = 600  # characters of the reason why a place is not an answer
_SERVICES = {"response", "result", "error"}
_FORM = 'expected {"custom_id": "…", "content": "…"}, or a line in the service\'s format'


@dataclass(slots=True)
class Imported:
    """The outcomes of a file of answers.

    `again` are answers that the run already has. `unknown` are those to calls that the run does not
    make at present. `empty` places have none. `bad` places are invalid, and `garbage`
    names the first thousand: file, line, and reason. `problem` says why the first of the failed
    ones failed. At least `pending` calls wait for the next file.
    """

    good: int = 0
    failed: int = 0
    again: int = 0
    unknown: int = 0
    empty: int = 0
    bad: int = 0
    garbage: list[str] = field(default_factory=list)
    problem: str = ""
    pending: int = 0

    def refuse(self, file: Path | None, line: int, why: str) -> None:
        """Count a place that is not an answer, and name it if it is among the first."""
        self.bad += 1
        if len(self.garbage) < _MOST_NAMED:
            words = printable(why, lines=False, max_length=_MOST_WORDS)
            self.garbage.append(f"{file}, line {line}: {words}")


class FileTransport:
    """A `BatchTransport` with the answers of a file, which leaves other calls pending.

    Args:
        run: the run directory, in which it notes that a file was read.
        file: the name of the answers, for messages, or None.
        answers: the answers.
        fault: what is wrong with a reply that a person wrote, or "".

    Attributes:
        pending: the calls that wait for the next file.
        imported: what became of the answers.

    Raises:
        UsageError: the file cannot be read.
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
        self.imported.pending = len(self.pending)

    async def send(self, calls: Sequence[WaitingCall], sent: Sent) -> bool:
        """Return the answers in the file; stop at calls without one."""
        if sum(self._answer(call) for call in calls):
            return False
        self.pending = list(calls)
        hint: str
        if all(isinstance(call.codec, Agent) for call in calls):
            hint = f"targen next {quoted(self._run)}"
        else:
            again = f"targen resume {quoted(self._run)} --no-batch"
            hint = (
                f"targen batch export {quoted(self._run)}; to send the calls to the service "
                f"instead: {again}"
            )
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
            answer = self._parse(filled.content, call)
        except ValueError as error:
            self.imported.refuse(self._file, filled.line, f"{filled.key}: {error}")
            return False
        if not isinstance(answer, ChatReply) and answer.cause != "content-filter":
            self.imported.failed += 1
            self.imported.problem = self.imported.problem or scrub(str(answer))
            return False
        if not self.imported.good:
            # Before one is used: that a file was read is to be known of the rows.
            BatchLedgerFile(self._run).bring(len(self._answers) + 1)
        self.imported.good += 1
        call.give(answer)
        return True

    def _parse(self, content: Any, call: WaitingCall) -> BatchAnswer:
        """The answer to a call: a value, or a line in the format of a service.

        Raises:
            ValueError: it holds none.
        """
        if not isinstance(content, bytes):
            return self._by_person(content, call.request)
        record = json_of(content)
        if "content" in record and not _SERVICES & record.keys():
            return self._by_person(record["content"], call.request)
        try:
            return call.codec.decode(content, {call.request.key: call.request})[1]
        except ValueError as error:
            raise Malformed(f"{error}; {_FORM}") from None

    def _by_person(self, content: Any, request: ChatRequest) -> ChatReply:
        reply = reply_of(content, request)
        if fault := self._fault(reply, request):
            raise Malformed(fault)
        return reply


def write_requests(calls: Sequence[WaitingCall], out: Path, canary: str = "") -> Counter[str]:
    """Write calls to `out`, a line each; returns how many of each step.

    Raises:
        RunDirectoryError: `out` cannot be written.
    """
    encoded = [call.codec.encode(call.request) for call in calls]
    write_atomically(out, b"".join(line + b"\n" for line in encoded).decode())
    if calls and canary:  # a line of its own would be a request that no service knows
        write_atomically(out.with_name(f"{out.name}.canary.txt"), f"{canary}\n")
    origins = (call.request.origin for call in calls)
    return Counter(origin.step for origin in origins if origin is not None)


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
        elif answer.content in ("", None):
            imported.empty += 1
        else:
            earlier = known.get(answer.key)
            if earlier is not None and earlier.content != answer.content:
                why = f"line {answer.line} has a different answer to this call, which is used"
                imported.refuse(file, earlier.line, why)
            known[answer.key] = answer
    return known


def read_lines(file: Path, encoding: str = "utf-8") -> Iterator[Answer]:
    """Yield the answers in a file of lines with a `custom_id`, as services and queues write them.

    Raises:
        UsageError: the file cannot be read.
    """
    refused = 0
    for number, line in lines(file, encoding).records():
        if not isinstance(line, bytes):
            yield Answer(number, problem=str(line))
            continue
        try:
            yield Answer(number, str(json_of(line)["custom_id"]), line)
        except (ValueError, KeyError, TypeError):
            yield Answer(number, problem=f"not a JSON object with a custom_id; {_FORM}")
            refused += 1
        if refused == _MOST_REFUSED:
            why = f"{_MOST_REFUSED:,} lines were rejected; later lines are not read"
            yield Answer(number + 1, problem=why)
            return
