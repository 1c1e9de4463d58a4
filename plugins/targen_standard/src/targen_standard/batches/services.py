"""Batches of a service: hand over, record, poll, and bring the answers.

The records let a later process find a batch that was handed over, ask for its answers, and pay only
once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence

from targen_core.calls.backend import BatchProvider, BatchState
from targen_core.calls.model import ChatReply
from targen_core.calls.secrets import Secrets
from targen_core.errors import JobFailed, ServiceError
from targen_core.text import plural
from targen_standard.batches.ledger import BatchLedgerFile
from targen_standard.batches.waiting import Sent, WaitingCall

_log = logging.getLogger("targen.run")

_FIRST_POLL, _LAST_POLL = 0.1, 60.0  # seconds between two looks at a batch, growing


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
        secrets: Secrets,
    ) -> None:
        self._secrets = secrets
        self._ledger = ledger
        self._max_waves = per_round * (rounds + 1)
        self._rounds = rounds
        self._waves = 0
        self._max_outage = max_outage
        # By service and id of a batch that was handed over: the calls that wait for it.
        self._open: dict[tuple[BatchProvider, str], dict[str, WaitingCall]] = {}
        self._problem = ""

    async def send(self, calls: Sequence[WaitingCall], sent: Sent) -> bool:
        """Submit what no earlier batch holds; see `BatchTransport.send`.

        Raises:
            JobFailed: all rounds are used up.
            ServiceError: the service refuses the batch for good.
        """
        self._open = {}
        fresh: list[WaitingCall] = []
        for call in calls:
            batch = self._ledger.find(_provider(call).identity, call.request.key)
            if batch is None:
                fresh.append(call)
            else:
                self._open.setdefault((_provider(call), batch), {})[call.request.key] = call
        for (_, batch), held in self._open.items():
            _log.info("waiting for batch %s, which contains %d of the calls", batch, len(held))
        if not fresh:
            return True
        if self._waves == self._max_waves:
            last = f"; last error: {self._problem}" if self._problem else ""
            raise JobFailed(
                f"{plural(len(fresh), 'call')} still unanswered after "
                f"{plural(self._rounds, 'refill')}{last}",
                hint="resume the run, or raise --rounds",
            )
        self._waves += 1
        for provider in dict.fromkeys(map(_provider, fresh)):
            for content in split(provider, [call for call in fresh if call.provider is provider]):
                await self._submit(provider, content, sent)
        return True

    async def _submit(
        self, provider: BatchProvider, content: Sequence[tuple[bytes, WaitingCall]], sent: Sent
    ) -> None:
        calls = [call for _, call in content]
        sent([call.request.key for call in calls])
        try:
            batch = await provider.submit([line for line, _ in content])
        except ServiceError as error:
            if not error.retryable:
                raise
            self._problem = str(error)
            for call in calls:
                call.give(
                    ServiceError(
                        f"the service did not accept a batch: {error}",
                        hint=error.hint,
                        billed=error.billed,
                    )
                )
            return
        if self._secrets.within(batch):
            raise ServiceError(
                "the batch id that the service returned contains an API key", billed=True
            )
        by_key = {call.request.key: call for call in calls}
        self._ledger.add(provider.identity, batch, [*by_key])
        _log.info("batch %s: %s submitted", batch, plural(len(calls), "call"))
        self._open.setdefault((provider, batch), {}).update(by_key)

    async def collect(self, calls: Sequence[WaitingCall]) -> None:
        """Look at each open batch now and then until all have ended.

        Raises:
            JobFailed: a service did not report a batch's progress for too long, or refuses to.
        """
        waited = (self._wait_for(*of, waiting) for of, waiting in self._open.items())
        await asyncio.gather(*waited)

    async def _wait_for(
        self, provider: BatchProvider, batch: str, calls: Mapping[str, WaitingCall]
    ) -> None:
        loop = asyncio.get_running_loop()
        requests = {key: call.request for key, call in calls.items()}
        pause = _FIRST_POLL
        heard = loop.time()
        while True:
            try:
                state = await provider.poll(batch, requests)
                heard = loop.time()
            except ServiceError as error:
                if error.cause in ("key", "credit"):
                    raise JobFailed(  # the calls stay with the service, which bills them
                        f"batch {batch}: {error}",
                        hint=(f"{error.hint}; " if error.hint else "")
                        + "then resume; the batch continues in the meantime",
                        cause="service",
                    ) from error
                if not error.retryable:  # the service does not know it any more
                    state = BatchState(True, problem=str(error))
                elif loop.time() - heard > self._max_outage:
                    raise JobFailed(
                        f"batch {batch}: no response from the service for more than "
                        f"{self._max_outage:g} s: {error}",
                        hint="resume when the service is back; the batch continues in the meantime",
                        cause="service",
                    ) from error
                else:
                    state = BatchState(False)
                    pause = max(pause, error.retry_after or 0.0)
            self._bring(batch, calls, state)
            if state.ended:
                return
            await asyncio.sleep(pause)
            pause = min(_LAST_POLL, pause * 1.5)

    def _bring(self, batch: str, calls: Mapping[str, WaitingCall], state: BatchState) -> None:
        """Deliver the available answers; for an ended batch, failures to the rest."""
        failed: list[str] = []
        good = 0
        for key in calls:
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
            self._ledger.failed(batch, failed, self._problem)
        if state.ended:
            _log.info("batch %s: %s, %d failed", batch, plural(good, "answer"), len(failed))
        for key, call in calls.items():
            answer = state.answers.get(key)
            if isinstance(answer, ServiceError) and answer.retryable:
                call.give(ServiceError(str(answer), billed=answer.billed))
            elif answer is not None:
                call.give(answer)
            elif state.ended:
                problem = state.problem or f"batch {batch} returned no answer for this call"
                call.give(ServiceError(problem, billed=not state.problem))


def _provider(call: WaitingCall) -> BatchProvider:
    """Return whose batches a call waits for: a service that takes some, as the plan saw to."""
    assert call.provider is not None
    return call.provider


def split(
    provider: BatchProvider, calls: Iterable[WaitingCall]
) -> list[list[tuple[bytes, WaitingCall]]]:
    """The calls with their lines, divided into batches."""
    batches: list[list[tuple[bytes, WaitingCall]]] = []
    size = 0
    for call in calls:
        line = provider.encode(call.request)
        full = not batches or len(batches[-1]) >= provider.max_requests
        if full or size + len(line) + 1 > provider.max_bytes:
            batches.append([])
            size = 0
        batches[-1].append((line, call))
        size += len(line) + 1
    return batches
