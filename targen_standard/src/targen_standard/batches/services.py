"""Batches of a service: hand over, record, poll, and bring the answers.

The records let a later process find a batch that was handed over, ask for its answers, and pay only
once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from targen_core.calls.batch import BatchProvider, BatchState
from targen_core.calls.model import ChatReply
from targen_core.calls.secrets import Secrets
from targen_core.errors import (
    AuthenticationFailed,
    BatchFailed,
    CreditExhausted,
    JobFailed,
    MalformedAnswer,
    ServiceError,
    ServiceGaveUp,
)
from targen_core.text import plural
from targen_core.wording import Option
from targen_standard.batches.ledger import BatchLedgerFile
from targen_standard.batches.waiting import WaitingCall

__all__ = ["ServiceTransport", "split"]

_log = logging.getLogger("targen.run")

_FIRST_POLL, _LAST_POLL = 0.1, 60.0  # seconds between two looks at a batch, growing


@dataclass(slots=True)
class _Open:
    """A batch that was handed over, and the calls that wait for it."""

    provider: BatchProvider
    batch: str
    calls: dict[str, WaitingCall]


class ServiceTransport:
    """A `BatchTransport` to services that take batches.

    Args:
        ledger: where batches are written down.
        rounds: refills after the first round.
        per_round: submissions that a round may take, one for each step or list.
        max_outage: seconds for which a service may fail to report a batch's progress.
        secrets: removed from what is written down of a service's words.
    """

    def __init__(
        self,
        ledger: BatchLedgerFile,
        *,
        rounds: int,
        per_round: int,
        max_outage: float,
        secrets: Secrets | None = None,
    ) -> None:
        self._secrets = Secrets() if secrets is None else secrets
        self.submissions = 0
        self._ledger = ledger
        self._max_waves = per_round * (rounds + 1)
        self._rounds = rounds
        self._waves = 0
        self._max_outage = max_outage
        self._open: list[_Open] = []
        self._problem = ""

    async def send(self, calls: Sequence[WaitingCall]) -> bool:
        """Submit what no earlier batch holds; see `BatchTransport.send`.

        Raises:
            JobFailed: all rounds are used up.
            ServiceError: the service refuses the batch for good.
        """
        self._open = []
        fresh: list[WaitingCall] = []
        for call in calls:
            batch = self._ledger.find(call.codec.identity, call.request.key)
            if batch is None:
                fresh.append(call)
            else:
                self._attach(call, batch)
        for open_batch in self._open:
            held = len(open_batch.calls)
            _log.info(
                "waiting for batch %s, which contains %d of the calls", open_batch.batch, held
            )
        if not fresh:
            return True
        if self._waves == self._max_waves:
            last = f"; last error: {self._problem}" if self._problem else ""
            raise JobFailed(
                f"{plural(len(fresh), 'call')} still unanswered after "
                f"{plural(self._rounds, 'refill')}{last}",
                hint="resume the run, or raise " + Option("rounds", ...),
            )
        self._waves += 1
        for provider in dict.fromkeys(map(_provider, fresh)):
            for part in split(provider, [call for call in fresh if call.codec is provider]):
                await self._submit(provider, part)
        return True

    def _attach(self, call: WaitingCall, batch: str) -> None:
        for open_batch in self._open:
            if open_batch.batch == batch and open_batch.provider is call.codec:
                open_batch.calls[call.request.key] = call
                return
        self._open.append(_Open(_provider(call), batch, {call.request.key: call}))

    async def _submit(
        self, provider: BatchProvider, part: Sequence[tuple[bytes, WaitingCall]]
    ) -> None:
        calls = [call for _, call in part]
        try:
            batch = await provider.submit([line for line, _ in part])
        except ServiceError as error:
            if not error.retryable:
                raise
            self._problem = str(error)
            for call in calls:
                call.give(
                    BatchFailed(
                        f"the service did not accept a batch: {error}",
                        hint=error.hint,
                        billed=error.billed,
                    )
                )
            return
        if self._secrets.within(batch):
            raise MalformedAnswer(
                "the batch id that the service returned contains an API key", billed=True
            )
        self.submissions += 1
        keys = [call.request.key for call in calls]
        self._ledger.add(provider.identity, batch, keys)
        _log.info("batch %s: %s submitted", batch, plural(len(calls), "call"))
        self._open.append(_Open(provider, batch, dict(zip(keys, calls, strict=True))))

    async def collect(self, calls: Sequence[WaitingCall]) -> None:
        """Look at each open batch now and then until all have ended.

        Raises:
            ServiceGaveUp: a service did not report a batch's progress for too long.
            AuthenticationFailed: the key does not do any more.
        """
        await asyncio.gather(*map(self._wait_for, self._open))

    async def _wait_for(self, waited: _Open) -> None:
        loop = asyncio.get_running_loop()
        requests = {key: call.request for key, call in waited.calls.items()}
        pause = _FIRST_POLL
        heard = loop.time()
        while True:
            try:
                state = await waited.provider.poll(waited.batch, requests)
                heard = loop.time()
            except (AuthenticationFailed, CreditExhausted):
                raise
            except ServiceError as error:
                if not error.retryable:  # the service does not know it any more
                    state = BatchState(True, problem=str(error))
                elif loop.time() - heard > self._max_outage:
                    raise ServiceGaveUp(
                        f"batch {waited.batch}: no response from the service for more than "
                        f"{self._max_outage:g} s: {error}",
                        hint="resume when the service is back; the batch continues in the meantime",
                    ) from error
                else:
                    state = BatchState(False)
                    pause = max(pause, error.retry_after or 0.0)
            self._bring(waited, state)
            if state.ended:
                return
            await asyncio.sleep(pause)
            pause = min(_LAST_POLL, pause * 1.5)

    def _bring(self, waited: _Open, state: BatchState) -> None:
        """Deliver the available answers; for an ended batch, failures to the rest."""
        failed: list[str] = []
        good = 0
        for key in waited.calls:
            answer = state.answers.get(key)
            if answer is None and not state.ended:
                continue
            if isinstance(answer, ChatReply):
                good += 1
            else:
                failed.append(key)
                if answer is not None:
                    self._problem = str(answer)
        if failed:
            self._problem = self._secrets.words(state.problem or self._problem)
            self._ledger.failed(waited.batch, failed, self._problem)
        if state.ended:
            _log.info("batch %s: %s, %d failed", waited.batch, plural(good, "answer"), len(failed))
        for key, call in waited.calls.items():
            answer = state.answers.get(key)
            if isinstance(answer, ServiceError) and answer.retryable:
                call.give(BatchFailed(str(answer), billed=answer.billed))
            elif answer is not None:
                call.give(answer)
            elif state.ended:
                problem = state.problem or f"batch {waited.batch} returned no answer for this call"
                call.give(BatchFailed(problem))


def _provider(call: WaitingCall) -> BatchProvider:
    """Return whose batches a call waits for: a service that takes some, as the plan saw to."""
    assert isinstance(call.codec, BatchProvider)
    return call.codec


def split(
    provider: BatchProvider, calls: Iterable[WaitingCall]
) -> list[list[tuple[bytes, WaitingCall]]]:
    """The calls with their lines, in parts that each fit one batch."""
    parts: list[list[tuple[bytes, WaitingCall]]] = []
    size = 0
    for call in calls:
        line = provider.encode(call.request)
        full = not parts or len(parts[-1]) >= provider.max_requests
        if full or size + len(line) + 1 > provider.max_bytes:
            parts.append([])
            size = 0
        parts[-1].append((line, call))
        size += len(line) + 1
    return parts
