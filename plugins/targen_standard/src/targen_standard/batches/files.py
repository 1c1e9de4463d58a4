"""Batches by hand: pending calls as a file, and the answers from a file.

No call is made: a run works on its journal, and writes down the calls whose answers are missing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from targen_core.calls.batch import BatchAnswer
from targen_core.calls.journal import Journal
from targen_core.calls.model import ChatReply, ChatRequest
from targen_core.calls.secrets import scrub
from targen_core.cli.outputs import write_new
from targen_core.cli.sheets import next_sheet
from targen_core.dataset.lines import lines
from targen_core.errors import JobFailed, UsageError
from targen_core.hints import quoted
from targen_core.reading.values import Malformed, json_of
from targen_core.runs.records.writing import write_atomically
from targen_core.text import plural, printable
from targen_standard.batches.ledger import BatchLedgerFile
from targen_standard.batches.people import People
from targen_standard.batches.replies import reply_of
from targen_standard.batches.sheets import Filled, is_sheet, read_sheet, sheet_of
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
    make at present. `empty` places of a sheet have none. `bad` places are invalid, and `garbage`
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
        file: the answers, one per line or as a sheet, or None.
        encoding: of the answers, without a byte order mark.
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
        *,
        encoding: str = "utf-8",
        fault: Callable[[ChatReply, ChatRequest], str] = lambda reply, request: "",
    ) -> None:
        self.pending: list[WaitingCall] = []
        self.imported = Imported()
        self._run = run
        self._file = file
        self._fault = fault
        self._answers = {} if file is None else _read(file, self.imported, encoding)
        if file is not None and not self._answers and not self.imported.bad:
            where = 'as a line: {"custom_id": "…", "content": "…"}'
            if is_sheet(file):
                where = "in the block below its prompt, save the file, and import it again"
            raise UsageError(
                f"{file} does not contain any answers", hint=f"write each answer {where}"
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
        if all(isinstance(call.codec, People) for call in calls):
            hint = f"targen batch export {quoted(self._run)} --out {quoted(next_sheet())}"
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
        filled = self._answers.pop(call.request.key, None)
        if filled is None:
            return False
        try:
            answer = self._parse(filled.content, call)
        except ValueError as error:
            below = max(getattr(error, "line", 1) - 1, 0) if isinstance(filled.content, str) else 0
            self.imported.refuse(self._file, filled.line + below, str(error))
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

    def _parse(self, content: bytes | str, call: WaitingCall) -> BatchAnswer:
        """The answer to a call that a line or a place in a sheet holds.

        Raises:
            ValueError: it holds none.
        """
        if isinstance(content, str):
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
    """Write calls to `out`, a line each or as a sheet; returns how many of each step.

    A sheet does not replace a file, since people may have filled it in, and is not written without
    calls.

    Raises:
        UsageError: the sheet exists already.
        RunDirectoryError: `out` cannot be written.
    """
    if not is_sheet(out):
        encoded = [call.codec.encode(call.request) for call in calls]
        write_atomically(out, b"".join(line + b"\n" for line in encoded).decode())
    elif calls:
        write_new(out, sheet_of([call.request for call in calls]))
    if calls and canary:  # a line of its own would be a request that no service knows
        write_atomically(out.with_name(f"{out.name}.canary.txt"), f"{canary}\n")
    origins = (call.request.origin for call in calls)
    return Counter(origin.step for origin in origins if origin is not None)


def _journaled(journal: Journal, key: str) -> bool:
    try:
        return journal.get(bytes.fromhex(key)) is not None
    except ValueError:
        return False


def _read(file: Path, imported: Imported, encoding: str) -> dict[str, Filled]:
    """The answers in a file by `custom_id`; of several the last."""
    answers: dict[str, Filled] = {}
    read = read_sheet if is_sheet(file) else _read_lines
    for filled in read(file, encoding):
        if filled.problem:
            imported.refuse(file, filled.line, filled.problem)
        elif not filled.content:
            imported.empty += 1
        else:
            earlier = answers.get(filled.key)
            if earlier is not None and earlier.content.strip() != filled.content.strip():
                why = f"line {filled.line} has a different answer to this call, which is used"
                imported.refuse(file, earlier.line, why)
            answers[filled.key] = filled
    return answers


def _read_lines(file: Path, encoding: str) -> Iterator[Filled]:
    refused = 0
    for number, line in lines(file, encoding).records():
        if not isinstance(line, bytes):
            yield Filled(number, problem=str(line))
            continue
        try:
            yield Filled(number, str(json_of(line)["custom_id"]), line)
        except (ValueError, KeyError, TypeError):
            yield Filled(number, problem=f"not a JSON object with a custom_id; {_FORM}")
            refused += 1
        if refused == _MOST_REFUSED:
            why = f"{_MOST_REFUSED:,} lines were rejected; later lines are not read"
            yield Filled(number + 1, problem=why)
            return
