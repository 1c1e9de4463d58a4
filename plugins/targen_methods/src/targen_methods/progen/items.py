"""Items of ProGen's lists: rounds, and conditions with their examples."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from targen_methods.conditional.items import Condition


class Round(BaseModel):
    """A round.

    Attributes:
        number: which it is, from 0.
        rows: rows that there were when it began.
        conditions: how many texts are written after in it.
        start: conditions of the rounds before it.
        order: seeds the order of the given conditions, the same in all rounds.
        pool: for each label the rows, by their number from 0, that examples are drawn from; empty
            where they are drawn from all.
        chosen: how these were chosen, in words.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int
    rows: int
    conditions: int
    start: int
    order: int
    pool: dict[str, tuple[int, ...]] = {}
    chosen: str = ""


class Shown(Condition):
    """A condition, and what is shown before the text that is written after it.

    Attributes:
        examples: for each sample of the condition, by label, rows of that label.
    """

    examples: tuple[dict[str, tuple[str, ...]], ...] = ()
