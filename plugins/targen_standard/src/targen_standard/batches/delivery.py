"""Batches as deliveries: `--batch` by the APIs of services, `targen batch` by files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from targen_core import Backend, BackendOptions, Price
from targen_core.calls.backend import BatchCodec
from targen_core.calls.delivery import DeliveredRun, Delivery, ModelSource
from targen_core.calls.model import ChatModel
from targen_core.errors import UsageError
from targen_standard.batches.ledger import BatchLedgerFile

if TYPE_CHECKING:  # imported where a run uses them: every run knows all deliveries
    from targen_standard.batches.files import FileTransport
    from targen_standard.batches.waiting import BatchTransport


class _Batches(Delivery):
    """Calls that wait for one another and go off together."""

    asked = "--batch"
    dropped = "--no-batch"
    answered = "the service answers a batch when it has capacity"
    basis = ", in batches"
    _by_service = True  # the model's own service answers

    def price(self, price: Price | None) -> Price | None:
        """Return the batch price; the price itself if it is unknown."""
        from targen_standard.batches.waiting import batch_price

        return batch_price(price)

    def wrap(self, sources: Sequence[ModelSource], run: DeliveredRun) -> Sequence[ChatModel]:
        """Put a `BatchedModel` around each; all share one queue."""
        from targen_standard.batches.waiting import BatchedModel, BatchQueue

        queue = BatchQueue(self._transport(run))
        return [
            BatchedModel(
                source.model,
                _codec(source.backend, source.options),
                queue,
                shares_replies=self._by_service,
            )
            for source in sources
        ]

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
        without: str = "leave --batch out"
        if backend.batch_codec:
            without = "--batch-offline, which uses files"
        raise UsageError(
            f"--batch: the {called} backend, which step {step} uses, has no batch API",
            hint=f"use --backend chatgpt or claude; or {without}",
        )

    def report(self, folder: Path) -> Mapping[str, Any]:
        """Return whether answers were brought by `targen batch import`."""
        return {"answers_by_files": BatchLedgerFile(folder).imported}

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
    """Batches in files, which any queue answers, but not before a transport is set."""

    summary = "files that targen batch export writes and targen batch import reads"
    asked = "--batch-offline"
    basis = ", through files"
    leaves = True
    takes_all = True
    _by_service = False  # the sender of a file may have written its answers

    def __init__(self, transport: FileTransport | None = None) -> None:
        self._files = transport

    def require(self, step: str, called: str, backend: Backend, options: BackendOptions) -> None:
        """Check that the calls of a backend can go into files.

        Raises:
            UsageError: they cannot.
        """
        if backend.batch is None and backend.batch_codec is None:
            raise UsageError(
                f"the {called} backend, which step {step} uses, cannot write calls to files",
                hint="use --backend agent, chatgpt, claude or llama",
            )
        _codec(backend, options)

    def _transport(self, run: DeliveredRun) -> BatchTransport:
        from targen_standard.batches.files import FileTransport

        return FileTransport(run.folder) if self._files is None else self._files


def _codec(backend: Backend, options: BackendOptions) -> BatchCodec:
    """Return a model's calls as lines: for its service's batches, or only for files.

    Raises:
        UsageError: with these options they have no form.
    """
    make: Callable[[Any], BatchCodec] | None = backend.batch or backend.batch_codec
    assert make is not None  # as `require` saw to
    return make(options)


BATCH = _ByServices()
FILES = ByFiles()
