"""Events of a running job: the public callback interface."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field

from targen_core.engine.quotas import Quotas
from targen_core.options import MAX_COUNT

Verdict = Literal["accepted", "rejected", "duplicate", "surplus"]


@dataclass(frozen=True, slots=True)
class Committed:
    """A candidate got its verdict.

    `stage` is where it was rejected: "generate", "check", "filter" or "correct". `corrected` is the
    label after step 4, or None. For a candidate that an earlier process judged, `detail` is empty
    and `instance` None.
    """

    id: str
    verdict: Verdict
    intended: str
    corrected: str | None
    stage: str
    reason: str
    detail: str
    instance: Any
    rows: int


@dataclass(frozen=True, slots=True)
class LabelGivenUp:
    """A label got no row for `after` candidates; the run continues without it."""

    label: str
    after: int
    have: int
    requested: int


Event = Committed | LabelGivenUp
Listener = Callable[[Event], None]
"""Called with each event, in the run's thread; it must not block."""


@dataclass(frozen=True, slots=True)
class Target:
    """The goal of a run or of one extension.

    Attributes:
        quotas: the rows.
        balance: "final" counts rows by the label they end with, "intended"
            by the label they were generated for.
        give_up_after: a label is given up when so many candidates intended
            for it were judged since it last gained a row.
    """

    quotas: Quotas
    balance: Literal["final", "intended"] = "final"
    give_up_after: Annotated[int, Field(ge=1, le=MAX_COUNT)] = 50


class Commit(NamedTuple):
    """One verdict, with all that the engine keeps about it.

    The label flow counts `corrected` under `ending`, and the label `quota` gains `rows`. `calls` is
    how many calls count as used with it, and `entry` what the filters keep of an accepted instance.
    """

    id: str
    verdict: Verdict
    quota: str
    corrected: str | None
    ending: str | None
    stage: str
    reason: str
    rows: int
    calls: int
    entry: bytes = b""


@dataclass(frozen=True, slots=True)
class Grown:
    """The result of one batch of a list.

    `items` are JSON values, in the order of the reply; None if they would not read back as they
    were. `refused` gives, by an item's place, the reason why the list's check refused it, in a word
    and in words. `failed` says why the batch has no items. `keys` are those of the calls.
    """

    items: Sequence[Any] | None
    keys: tuple[str, ...]
    refused: Mapping[int, tuple[str, str]]
    failed: tuple[str, str] | None = None
