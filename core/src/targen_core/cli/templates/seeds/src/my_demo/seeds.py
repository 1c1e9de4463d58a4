"""(1) What a seed is, and how a model proposes some; its prompt is prompts/matters.md."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from targen_core import Prompt, Rejected
from targen_core.tasks.parts import DryRunCall
from targen_core.tasks.replies import line, list_of
from targen_core.tasks.steps import ListStep, Llm
from targen_core.tasks.words import words

_MATTERS = Prompt("matters", package="my_demo")
_NOTICED = ["opening hours", "way they answer", "price list", "waiting room", "new website"]


async def _propose(llm: Llm, business: str, existing: Sequence[str]) -> Sequence[str]:
    """The next seeds below a context, which is a text; `existing` are those that there are."""
    have = "; ".join(existing) or "none"
    model = list_of("matters", line(4, 34), llm.batch)
    reply = await llm.ask(_MATTERS, reply=model, business=business, count=llm.batch, have=have)
    return [item.strip() for item in reply.items]


def _check(item: str) -> None:
    """Raise `Rejected` for a seed that is no phrase."""
    if not 1 <= len(words(item)) <= 6:
        raise Rejected("odd-length", f"{item!r} is no phrase of one to six words")


def _dry_run(call: DryRunCall) -> Any:
    """A reply without a model; vary it, or the items are duplicates."""
    rng = call.rng
    count = range(int(call.values["count"]))
    return {"matters": [f"the {rng.choice(_NOTICED)} of {rng.randint(1000, 2030)}" for _ in count]}


SEEDS = ListStep(
    item=str,
    propose=_propose,
    batch=4,
    check=_check,
    summary="what the customers of a business notice",
    prompts=(_MATTERS,),
    dry_run=_dry_run,
)
