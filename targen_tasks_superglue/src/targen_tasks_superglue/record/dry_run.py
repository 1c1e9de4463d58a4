"""Offline replies for ReCoRD: statements put together by rule about the given names."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from targen_core.tasks.parts import DryRunCall
from targen_tasks_superglue.record.checks import eligible
from targen_tasks_superglue.record.entities import find_entities
from targen_tasks_superglue.shared.dry_run_articles import dry_run_articles

_FRAMES = (
    "Years later an old friend of {other} asked {name} {time} who had {lost} {thing}.",
    "A reporter who spoke of {thing} found {time} that {name} meant little to {other}.",
    "Had it not been for {name}, the people of {other} would {time} have {lost} {thing}.",
    "The papers on {thing} were {lost} {time} by somebody whom {name} and {other} knew.",
    "It was said {time} that {name} had {lost} {thing}, which {other} did not mention.",
    "Whoever asked for {thing} was sent to {name} by the neighbours of {other} {time}.",
    "Notes show how {other} counted on {name} whenever, {time}, people had {lost} {thing}.",
    "What {name} thought of {thing} was of small interest to {other}, at least {time}.",
)
_THINGS = (
    "the keys to the cellar, the missing account books, a box of photographs, the old boat house, "
    "the price of timber, a bad harvest, the new timetable, the broken clock, an unpaid bill, "
    "the letters of thanks, the spring concert, a lost wager, the stone staircase, the visit of "
    "the inspectors, the borrowed horses, a crate of lenses, the water pipes, a painted ceiling, "
    "the second volume, the ferry tickets, a quarrel over wages, the winter coats, the map of the "
    "coast, a secret recipe, the school trip, a rusty anchor, the guest book, the cherry trees, "
    "a telegram, the night shift"
).split(", ")
_LOST = "lost, hidden, sold, forgotten, found, copied, repaired, given away, asked about".split(
    ", "
)
_TIMES = (
    "in the first winter, after the holidays, before the doors were closed, on market days, in "
    "later years, over a long dinner, during the summer months, when the guests had left, at the "
    "turn of the century, in private, once the snow had melted, shortly before the end"
).split(", ")


def dry_run(call: DryRunCall) -> Any:
    """The reply to one call of ReCoRD."""
    articles = dry_run_articles(call)
    if articles is not None:
        return articles
    rng = call.rng
    if call.prompt in ("meta", "solve"):
        return _judge(call)
    if call.prompt == "query-paper":
        # As models do, it masks what the passage names most often.
        passage = str(call.values["passage"])
        entities = eligible(find_entities(passage), passage)
        chosen = max(entities, key=lambda entity: len(entity.mentions))
        others = [entity.name for entity in entities if entity is not chosen]
        return {"query": _statement("[X]", chosen.name, others, rng), "answer": chosen.name}
    offered = str(call.values["names"]).split("; ")
    name = rng.choice(offered)
    others = [
        *str(call.values["others"]).split("; "),
        *(other for other in offered if other != name),
    ]
    return {"name": name, "statement": _statement(name, name, others, rng)}


def _judge(call: DryRunCall) -> dict[str, Any]:
    """Return what step 4 says: the claimed answer is right, or one drawn by lot."""
    # The worked samples show whether one answer or a list is requested.
    several = any('": ["' in message.content for message in call.values["samples"])
    if call.prompt == "meta":
        answer = str(call.values["output"])
        return {
            "explanation": "The passage gives the gap's role to one of its names alone.",
            "actual": [answer] if several else answer,
            "verdict": "correct",
        }
    _, _, listed = str(call.values["input"]).rpartition("\nEntities: ")
    drawn = call.rng.choice(listed.split("; "))
    return {
        "explanation": "Drawn by lot: there is no model here that could tell.",
        "answer": [drawn] if several else drawn,
    }


def _statement(shown: str, name: str, others: Sequence[str], rng: random.Random) -> str:
    """Return a statement in which `shown` replaces a name, perhaps with one of the others."""
    # A name that contains the answer, or is part of it, would reveal it.
    apart = [other for other in others if not set(other.split()) & set(name.split())]
    return rng.choice(_FRAMES).format(
        name=shown,
        other=rng.choice(apart or ["the town"]),
        thing=rng.choice(_THINGS),
        lost=rng.choice(_LOST),
        time=rng.choice(_TIMES),
    )
