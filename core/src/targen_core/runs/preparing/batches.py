"""A run's batches: what stands in `batches.jsonl`, and which steps wait for one."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from targen_core.calls.batch import BatchCodec, batch_price
from targen_core.calls.batch_service import ServiceTransport
from targen_core.calls.batched_model import BatchedModel, BatchQueue, BatchTransport
from targen_core.calls.layer import MAX_OUTAGE
from targen_core.calls.secrets import Secrets
from targen_core.errors import UsageError, WriteFailed
from targen_core.options import Limits
from targen_core.plain import open_plain, read_plain, write_failed
from targen_core.reading import json_line
from targen_core.tasks.steps import Step
from targen_core.wording import Option

if TYPE_CHECKING:
    from targen_core.runs.preparing.plan import PreparedStep

__all__ = [
    "BatchLedgerFile",
    "batched_steps",
    "in_service_batches",
    "require_codecs",
    "with_batches",
]

_LARGEST = 64 << 20  # bytes of the file: two million calls
_BATCH = re.compile(r"[.:-]*+\w[\w.:-]*+")


class BatchLedgerFile:
    """`batches.jsonl`: a line for each batch that was handed over, and for what it did not answer.

    A line is `{"batch", "model", "keys", "at"}` or `{"batch", "failed",
    "problem", "at"}`, or, of answers that a file brings, `{"imported", "at"}`
    with how many. A line that does not read, torn by a kill, is passed over.
    """

    def __init__(self, path: Path) -> None:
        """Read what is there.

        Raises:
            WriteFailed: the file cannot be read.
        """
        self._path = path
        self._batch: dict[tuple[str, str], str] = {}  # by model and key: the last batch
        self._failed: dict[str, set[str]] = {}
        self.imported = False  # whether answers were ever brought by a file
        try:
            lines = read_plain(path, _LARGEST).splitlines()
        except FileNotFoundError:
            lines = []
        except OSError as error:
            raise WriteFailed(f"cannot read {path}: {error.strerror}") from error
        for line in lines:
            try:
                self._take(json_line(line))
            except (ValueError, KeyError, TypeError):
                continue

    def find(self, identity: str, key: str) -> str | None:
        """The batch that still owes, or has, the answer to a call; None where there is none."""
        batch = self._batch.get((identity, key))
        return None if batch is None or key in self._failed.get(batch, ()) else batch

    def add(self, identity: str, batch: str, keys: Sequence[str]) -> None:
        """Write down that a batch was handed over.

        Raises:
            WriteFailed: the disk does not take it.
        """
        self._append({"batch": batch, "model": identity, "keys": list(keys)})

    def failed(self, batch: str, keys: Sequence[str], problem: str) -> None:
        """Write down which calls a batch did not answer.

        Raises:
            WriteFailed: the disk does not take it.
        """
        self._append({"batch": batch, "failed": list(keys), "problem": problem[:500]})

    def bring(self, answers: int) -> None:
        """Write down that a file of so many answers is read.

        Raises:
            WriteFailed: the disk does not take it.
        """
        self._append({"imported": answers})

    def _append(self, record: dict[str, Any]) -> None:
        self._take(record)
        record["at"] = datetime.now(UTC).isoformat(timespec="seconds")
        # A line break first: a torn last line stays alone.
        line = f"\n{json.dumps(record, ensure_ascii=False)}\n".encode("utf-8", "replace")
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
            with os.fdopen(open_plain(self._path, flags, alone=True), "ab") as file:
                file.write(line[1:] if os.fstat(file.fileno()).st_size == 0 else line)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise write_failed(self._path, error) from error

    def _take(self, record: Mapping[str, Any]) -> None:
        if "imported" in record:
            self.imported = True
            return
        batch = str(record["batch"])
        if not _BATCH.fullmatch(batch):
            raise ValueError("not a valid batch id")  # it becomes part of an address
        if "failed" in record:
            self._failed.setdefault(batch, set()).update(record["failed"])
            return
        for key in record["keys"]:
            self._batch[record["model"], key] = batch


def batched_steps(steps: Iterable[Step], lists_at_once: int) -> list[str]:
    """Those of the steps that `--batch` asks in batches.

    Lists are among them where they are asked side by side: else each call is
    told what the one before it gave.
    """
    return [step.name for step in steps if step.lists is None or lists_at_once > 1]


def require_codecs(steps: Mapping[str, PreparedStep]) -> None:
    """See that each step has a backend whose calls can go into files.

    Raises:
        UsageError: one has not.
    """
    for name, step in steps.items():
        _codec(name, step)


def _codec(name: str, step: PreparedStep) -> BatchCodec:
    """A step's calls as lines: those of its service's batches, or of files alone."""
    make: Callable[[Any], BatchCodec] | None = step.backend.batch or step.backend.batch_codec
    if make is None:
        raise UsageError(
            f"the {step.backend_id.rpartition(':')[2]} backend, which step {name} uses, cannot "
            "write calls to files",
            hint=Option("model", "chatgpt") + ", claude or llama",
        )
    return make(step.options)


def in_service_batches(
    steps: Mapping[str, PreparedStep],
    folder: Path,
    limits: Limits,
    *,
    batched: Collection[str],
    per_round: int,
) -> dict[str, PreparedStep]:
    """`steps`, of which those in `batched` are asked by the batches of their services.

    What is handed over stands in `folder`; a round of `limits.rounds` may take
    `per_round` submissions.
    """
    ledger = BatchLedgerFile(folder / "batches.jsonl")
    max_outage = MAX_OUTAGE if limits.max_outage is None else limits.max_outage
    transport = ServiceTransport(
        ledger,
        rounds=limits.rounds,
        per_round=per_round,
        max_outage=max_outage,
        secrets=Secrets(*(secret for step in steps.values() for secret in step.secrets)),
    )
    return with_batches(steps, transport, batched=batched)


def with_batches(
    steps: Mapping[str, PreparedStep], transport: BatchTransport, *, batched: Collection[str]
) -> dict[str, PreparedStep]:
    """`steps`, of which those in `batched` have a `BatchedModel` around their model.

    Raises:
        UsageError: a step's backend has no form for it.
    """
    queue = BatchQueue(transport)
    models: dict[int, BatchedModel] = {}
    mixed = dict(steps)
    for name, step in steps.items():
        if name not in batched:
            continue
        model = models.get(id(step.model))
        if model is None:
            model = models[id(step.model)] = BatchedModel(step.model, _codec(name, step), queue)
        mixed[name] = replace(step, model=model, price=batch_price(step.price))
    return mixed
