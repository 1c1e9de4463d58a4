"""Batches by hand: pending calls as a file, and the answers from a file.

No call is made: a run or a correction works on its journal, and writes down the calls whose answers
are missing.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from targen_core.calls.batch import BatchAnswer
from targen_core.calls.journal import Journal
from targen_core.calls.model import ChatReply, ChatRequest
from targen_core.calls.replies import is_unicode
from targen_core.calls.secrets import scrub
from targen_core.cli.outputs import write_new
from targen_core.cli.sheets import next_sheet
from targen_core.dataset.lines import lines
from targen_core.errors import AnswersAwaited, ContentFiltered, UsageError
from targen_core.hints import quoted, suggestions_for
from targen_core.reading.values import Malformed, json_of
from targen_core.runs.records.writing import write_atomically
from targen_core.text import plural, printable
from targen_standard.batches.ledger import BatchLedgerFile
from targen_standard.batches.people import People
from targen_standard.batches.replies import reply_of, uncorrected
from targen_standard.batches.sheets import Filled, is_sheet, read_sheet, sheet_of
from targen_standard.batches.waiting import Sent, WaitingCall

_NAMED = 1_000  # places that are not answers
_NAMED_KEYS = 20  # unknown ids, each compared with those of all calls that wait
_WORDS = 600  # characters of the reason why a place is not an answer


@dataclass(slots=True)
class Imported:
    """The outcomes of a file of answers.

    `again` are answers that the run already has, and `edited` those of them that the sheet changed
    since. `cached` are those to calls that the cache of other runs has just answered. `unknown` are
    those to calls that the run does not make, and `strange` names the first. `unneeded` are those
    to calls that it exported, and does not make at present. `empty` places of a
    sheet have none. `bad` places are invalid, and `garbage` names the first thousand: file, line,
    and reason. `problem` says why the first of the failed ones failed. At least `pending` calls
    wait for the next file: with the answers, a run may continue side by side and make further
    calls.
    """

    good: int = 0
    failed: int = 0
    again: int = 0
    edited: int = 0
    cached: int = 0
    unknown: int = 0
    unneeded: int = 0
    strange: list[str] = field(default_factory=list)
    empty: int = 0
    bad: int = 0
    garbage: list[str] = field(default_factory=list)
    problem: str = ""
    pending: int = 0

    def refuse(self, file: Path | None, line: int, why: str) -> None:
        """Count a place that is not an answer, and name it if it is among the first."""
        self.bad += 1
        if len(self.garbage) < _NAMED:  # words of a short line take a hundred times its bytes
            self.garbage.append(_at(file, line, why))


def _at(file: Path | None, line: int, what: str) -> str:
    """A place in a file, with a message."""
    place = "row" if file is not None and _is_table(file) else "line"
    return f"{file}, {place} {line}: {printable(what, lines=False, max_length=_WORDS)}"


def _is_table(file: Path) -> bool:
    """Return whether places of a file are rows, as spreadsheets number them."""
    return file.suffix.lower() == ".csv"


def _fill_in(file: Path) -> str:
    """Return what to do with a file without answers."""
    where = {
        ".md": "each answer in the block below its prompt",
        ".csv": "each answer in the answer column",
    }
    if is_sheet(file):
        return f"write {where[file.suffix.lower()]}, save the file, and import it again"
    return 'write each answer as a line: {"custom_id": "…", "content": "…"}'


class FileTransport:
    """A `BatchTransport` with the answers of a file, which writes down other calls.

    Args:
        file: the answers, one per line or as a sheet, or None.
        run: the run directory, if it is known, for what to do next.
        out: where the calls will be written that wait for answers, where that is known.
        fault: what is wrong with a reply that a person wrote, or "".
        refused: by key, answers that were refused and not corrected, to be taken as they are.
        encoding: of the answers, without a byte order mark.

    Attributes:
        foreign: keys of answers to calls that the run does not ask.
        pending: the calls that wait for the next file.
        imported: what became of the answers.
        written: the file into which they were written, if any.

    Raises:
        UsageError: the file cannot be read.
    """

    def __init__(
        self,
        file: Path | None = None,
        *,
        run: Path | None = None,
        out: Path | None = None,
        fault: Callable[[ChatReply, ChatRequest], str] = lambda reply, request: "",
        refused: Mapping[str, Any] = MappingProxyType({}),
        encoding: str = "utf-8",
    ) -> None:
        self._uncorrected = dict(refused)
        self._refused: dict[str, Any] = {}  # by key: answers of the file
        self._fault = fault
        self.foreign: list[str] = []
        self.pending: list[WaitingCall] = []
        self.written: Path | None = None
        self.imported = Imported()
        self._file = file
        self._out = out
        self._run = run
        self._folder: Path | None = None  # where it is noted that a file was read
        self._answers: dict[str, Filled] = {}
        if file is not None:
            self._answers = _read(file, self.imported, encoding)
            if not self._answers and not self.imported.bad:
                raise UsageError(f"{file} does not contain any answers", hint=_fill_in(file))

    def begin(self, journal: Journal, folder: Path) -> None:
        """Leave out what the journal has, and note in `folder` that a file was read."""
        ledger = BatchLedgerFile(folder)
        taken = ledger.answers
        for key in [key for key in self._answers if _journaled(journal, key)]:
            given = self._answers.pop(key)
            self.imported.again += 1
            edited = given.digest not in ("", taken.get(key, given.digest))
            if key in ledger.taken:
                edited = _content(given) != ledger.refused.get(key)
            self.imported.edited += edited
        self._folder = folder

    def end(self, journal: Journal) -> None:
        """Count the answers that were of no use, and note those that were refused."""
        if self._run is not None:
            BatchLedgerFile(self._run).refuse(self._refused)
        unused = [key for key in self._answers if not _journaled(journal, key)]
        own = {} if self._run is None else BatchLedgerFile(self._run).exported
        self.foreign = [key for key in unused if key not in own]
        self.imported.unneeded = len(unused) - len(self.foreign)
        self.imported.pending = len(self.pending)
        self.imported.cached = sum(_journaled(journal, key) for key in self._answers)
        self.imported.unknown = len(self.foreign)
        waiting = [call.request.key for call in self.pending]
        for key in self.foreign[:_NAMED_KEYS]:
            near = "".join(f"; did you mean {each}?" for each in suggestions_for(key, waiting)[:1])
            self.imported.strange.append(_at(self._file, self._answers[key].line, f"{key}{near}"))

    async def send(self, calls: Sequence[WaitingCall], sent: Sent) -> bool:
        """Return the answers in the file; stop at calls without one."""
        if sum(self._answer(call) for call in calls):
            return False
        taken = [call.request.key for call in calls if self._take_uncorrected(call)]
        if taken and self._run is not None:
            BatchLedgerFile(self._run).take(taken)  # before one is used
            return False
        self.pending = list(calls)
        run = "RUN" if self._run is None else self._run
        exported = {} if self._run is None else BatchLedgerFile(self._run).exported
        files = Counter(exported[key] for call in calls if (key := call.request.key) in exported)
        all_in_one = files.total() == len(calls) and len(files) == 1
        file = self._out or (Path(next(iter(files))) if all_in_one else None)
        hint: str
        if self._out is None and file is not None and is_sheet(file) and file.is_file():
            hint = f"fill in {file}, then targen batch import {quoted(run)} {quoted(file)}"
        elif all(isinstance(call.codec, People) for call in calls):
            hint = f"targen batch export {quoted(run)} --out {quoted(next_sheet())}"
        else:
            again = f"targen resume {quoted(run)} --no-batch"
            hint = (
                f"targen batch export {quoted(run)}; to send the calls to the service "
                f"instead: {again}"
            )
        places = (f"{count:,} of them in {name}" for name, count in files.items())
        where = [f"in {file}"] if file is not None else places
        words = ", ".join([f"{plural(len(calls), 'call')} waiting for answers", *where])
        raise AnswersAwaited(words, hint=hint)

    async def collect(self, calls: Sequence[WaitingCall]) -> None:
        """Do nothing, since answers do not arrive later."""

    def _answer(self, call: WaitingCall) -> bool:
        given = self._answers.pop(call.request.key, None)
        if given is None:
            return False
        try:
            answer = self._answer_in(given.content, call)
        except ValueError as error:
            in_block = isinstance(given.content, str) and self._file and not _is_table(self._file)
            below = max(getattr(error, "line", 1) - 1, 0) if in_block else 0
            self.imported.refuse(self._file, given.line + below, str(error))
            return False
        if not isinstance(answer, ChatReply | ContentFiltered):
            self.imported.failed += 1
            self.imported.problem = self.imported.problem or scrub(str(answer))
            return False
        if self._folder is not None:
            # Before one is used: that a file was read is to be known of the rows.
            given_too = {**self._answers, call.request.key: given}
            BatchLedgerFile(self._folder).bring(
                len(given_too),
                {key: each.digest for key, each in given_too.items() if each.digest},
            )
            self._folder = None
        self.imported.good += 1
        call.give(answer)
        return True

    def _take_uncorrected(self, call: WaitingCall) -> bool:
        content = self._uncorrected.pop(call.request.key, None)
        reply = None if content is None else uncorrected(content, call.request)
        if reply is not None:
            call.give(reply)
        return reply is not None

    def _answer_in(self, content: bytes | str, call: WaitingCall) -> BatchAnswer:
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
            raise Malformed(f"{error}; {_RIGHT}") from None

    def _by_person(self, content: Any, request: ChatRequest) -> ChatReply:
        try:
            reply = reply_of(content, request)
            if fault := self._fault(reply, request):
                raise Malformed(fault)
        except Malformed:
            if _is_said(content):
                self._refused[request.key] = content
            raise
        return reply


def write_requests(calls: Sequence[WaitingCall], out: Path, canary: str = "") -> Counter[str]:
    """Write calls to `out`, a line each or as a sheet; returns how many of each step.

    A sheet does not replace a file, since people may have filled it in, and is not written without
    calls.

    Raises:
        UsageError: the sheet exists already.
        WriteFailed: `out` cannot be written.
    """
    requests = [call.request for call in calls]
    if not is_sheet(out):
        encoded = [call.codec.encode(call.request) for call in calls]
        write_atomically(out, b"".join(line + b"\n" for line in encoded).decode())
    elif calls:
        write_new(out, sheet_of(requests, out))
    if calls and canary:  # a line of its own would be a request that no service knows
        write_atomically(out.with_name(f"{out.name}.canary.txt"), f"{canary}\n")
    origins = (request.origin for request in requests)
    return Counter(origin.step for origin in origins if origin is not None)


def _content(given: Filled) -> Any:
    """Return the answer at a place in a file that is not in a service's format."""
    return (
        given.content if isinstance(given.content, str) else json_of(given.content).get("content")
    )


def _is_said(content: Any) -> bool:
    """Return whether there is an answer, right or wrong, which is whole."""
    blank = content is None or (isinstance(content, str) and not content.strip())
    return not blank and is_unicode(json.dumps(content, ensure_ascii=False))


def _journaled(journal: Journal, key: str) -> bool:
    try:
        return journal.get(bytes.fromhex(key)) is not None
    except ValueError:
        return False


_MOST_REFUSED = 10_000  # lines: a file with more of them is not one of answers


_SERVICES = {"response", "result", "error"}
_RIGHT = 'expected {"custom_id": "…", "content": "…"}, or a line in the service\'s format'


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
                place = "row" if _is_table(file) else "line"
                why = f"{place} {filled.line} has a different answer to this call, which is used"
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
            why = f"not a JSON object with a custom_id; {_RIGHT}"
            yield Filled(number, problem=why)
            refused += 1
        if refused == _MOST_REFUSED:
            why = f"{_MOST_REFUSED:,} lines were rejected; later lines are not read"
            yield Filled(number + 1, problem=why)
            return
