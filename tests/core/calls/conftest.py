"""A call layer on a toy model, for tests of the layer alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from targen_core import Price
from targen_core.calls.budget import Budget
from targen_core.calls.call import BoundModel, Call, Scope
from targen_core.calls.calls import Calls
from targen_core.calls.journal import Journal
from targen_core.calls.model import Message
from targen_core.calls.rate import RateLimiter
from targen_core.calls.usage import Usage


@dataclass
class Desk:
    """A layer with all its parts, and what was asked through it."""

    layer: Calls
    journal: Journal
    usage: Usage
    budget: Budget
    limiter: RateLimiter
    model: Any
    records: list[dict[str, Any]] = field(default_factory=list)

    async def ask(
        self,
        text: str = "hello",
        *,
        place: str = "generate/0/yes/0",
        occurrence: int = 0,
        step: str = "generate",
        label: str | None = "yes",
        digest: str = "",
        messages: tuple[Message, ...] | None = None,
        scope: Scope | None = None,
        read: Callable[[str], Any] = str,
    ) -> Any:
        messages = messages or (Message("user", text),)
        call = Call(step, label, place, occurrence, "inline", messages, None, "", digest, None)
        value, _ = await self.layer.ask(call, scope or Scope(), read)
        return value

    async def many(self, count: int, **options: Any) -> list[Any]:
        """So many different questions at once; errors are results."""
        asked = [self.ask(f"question {n}", place=f"p/{n}", **options) for n in range(count)]
        return await asyncio.gather(*asked, return_exceptions=True)


@pytest.fixture
def desk(tmp_path: Path) -> Any:
    """Makes desks; each opens the journal `tmp_path/journal` anew."""
    opened: list[Journal] = []

    def make(
        model: Any,
        *,
        path: Path | None = None,
        concurrency: int = 8,
        rpm: float | None = None,
        tpm: float | None = None,
        max_tokens: int | None = None,
        max_cost: float | None = None,
        params: dict[str, Any] | None = None,
        price: Price | None = Price(1.0, 2.0),  # noqa: B008 - frozen
        cache: Any = None,
        seed: int = 0,
        max_outage: float = 600.0,
        hedge: bool = False,
        others: Mapping[str, BoundModel] | None = None,
    ) -> Desk:
        usage = Usage()
        records: list[dict[str, Any]] = []

        def seen(record: dict[str, Any]) -> None:
            records.append(record)
            usage.record(record)

        journal = Journal(path or tmp_path / "journal", on_record=seen)
        opened.append(journal)
        budget = Budget(usage, max_tokens=max_tokens, max_cost=max_cost)
        limiter = RateLimiter(concurrency, rpm=rpm, tpm=tpm)
        bound = BoundModel(model, limiter, params or {"max_tokens": 50}, price)
        layer = Calls(
            dict.fromkeys(("contexts", "seeds", "generate", "correct"), bound) | (others or {}),
            seed=seed,
            journal=journal,
            cache=cache,
            budget=budget,
            usage=usage,
            max_outage=max_outage,
            hedge=hedge,
        )
        return Desk(layer, journal, usage, budget, limiter, model, records)

    yield make
    for journal in opened:
        journal.close()


@pytest.fixture
def read_journal(tmp_path: Path) -> Callable[[], list[dict[str, Any]]]:
    """The records in `tmp_path/journal`, read back, without those of calls that are sent."""

    def read() -> list[dict[str, Any]]:
        records: list[dict[str, Any]] = []
        Journal(tmp_path / "journal", on_record=records.append, read_only=True).close()
        return [record for record in records if "sent" not in record]

    return read
