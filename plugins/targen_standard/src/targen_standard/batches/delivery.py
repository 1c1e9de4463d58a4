"""Batches as deliveries: `--batch` by the APIs of services, `targen answer` by given answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from targen_core import Backend, BackendOptions, Price
from targen_core.calls.delivery import DeliveredRun, Delivery, ModelSource
from targen_core.calls.model import ChatModel
from targen_core.errors import UsageError
from targen_standard.batches.ledger import BatchLedgerFile

if TYPE_CHECKING:  # imported where a run uses them: every run knows all deliveries
    from targen_standard.batches.waiting import BatchTransport


class _Batches(Delivery):
    """Calls that wait for one another and go off together."""

    asked = "--batch"
    dropped = "--no-batch"
    answered = "the service answers a batch when it has capacity"
    basis = ", in batches"

    def price(self, price: Price | None) -> Price | None:
        """Return the batch price; the price itself if it is unknown."""
        from targen_standard.batches.waiting import batch_price

        return batch_price(price)

    def wrap(self, sources: Sequence[ModelSource], run: DeliveredRun) -> Sequence[ChatModel]:
        """Put a `BatchedModel` around each; all share one queue."""
        from targen_standard.batches.waiting import BatchedModel, BatchQueue

        queue = BatchQueue(self._transport(run))
        return [BatchedModel(source, queue) for source in sources]

    def _transport(self, run: DeliveredRun) -> BatchTransport:
        raise NotImplementedError


class _ByServices(_Batches):
    """Batches of services, which are written down in `batches.jsonl`."""

    summary = "the service's batch API, which is cheaper but takes up to a day"

    def require(self, step: str, called: str, backend: Backend, options: BackendOptions) -> None:
        """Check that the service has a batch API.

        Raises:
            UsageError: the backend does not have this.
        """
        if backend.batch is not None:
            return
        raise UsageError(
            f"--batch: the {called} backend, which step {step} uses, has no batch API",
            hint="use --backend chatgpt or claude; or leave --batch out",
        )

    def report(self, folder: Path) -> Mapping[str, Any]:
        """Return whether answers were given with `targen answer`."""
        return {"given_answers": BatchLedgerFile(folder).imported}

    def _transport(self, run: DeliveredRun) -> BatchTransport:
        from targen_standard.batches.services import ServiceTransport

        return ServiceTransport(
            BatchLedgerFile(run.folder),
            rounds=run.rounds,
            per_round=run.per_round,
            max_outage=run.max_outage,
            secrets=run.secrets,
        )


class ByFiles(_Batches):
    """Answers that an agent or a person gives, but not before a transport is set."""

    summary = "prompts that targen next prints and targen answer answers"
    asked = "--backend agent"
    basis = ", by an agent or a person"
    leaves = True
    takes_all = True

    def __init__(self, transport: BatchTransport | None = None) -> None:
        self._answers = transport

    def require(self, step: str, called: str, backend: Backend, options: BackendOptions) -> None:
        """Check that an agent or a person answers the calls of a backend.

        Raises:
            UsageError: a model answers them.
        """
        if not backend.delivery:
            raise UsageError(
                f"the {called} backend, which step {step} uses, answers its calls itself",
                hint="use --backend agent for calls that targen answer answers",
            )

    def _transport(self, run: DeliveredRun) -> BatchTransport:
        from targen_standard.answering.transport import AnswerTransport

        return AnswerTransport(run.folder) if self._answers is None else self._answers


BATCH = _ByServices()
FILES = ByFiles()
