"""Verbalized sampling: a model gives candidates with their probabilities, and code draws.

Models that people's preferences shaped answer with what is typical. Asked for several answers and
how likely each is, they tell more of what they could have said (Zhang et al., Verbalized Sampling,
arXiv:2510.01171). Each item of a list has its own candidates, so an item keeps what was drawn for
it. For a reply without a list, a candidate is a whole reply.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import lru_cache
from typing import Annotated, Any, TypeVar, cast, get_args

from pydantic import BaseModel, Field, WithJsonSchema, create_model

from targen_core.tasks.replies import ListReply

R = TypeVar("R", bound=BaseModel)

_Probability = Annotated[
    float,
    Field(ge=0, allow_inf_nan=False),
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": 1}),
]


@lru_cache(maxsize=256)
def widened(model: type[BaseModel], count: int) -> type[BaseModel]:
    """Return the reply model with `count` candidates for each item, or for the whole reply."""
    if not issubclass(model, ListReply):
        return _candidates(model, count, name=model.__name__)
    field = model.model_fields["items"]
    (item,) = get_args(field.annotation)
    several: Any = _candidates(item, count)
    return create_model(
        model.__name__,
        __base__=ListReply[several],
        items=(
            list[several],
            Field(alias=field.alias, json_schema_extra=cast("Any", field.json_schema_extra)),
        ),
    )


def _candidates(item: Any, count: int, *, name: str = "Candidates") -> type[BaseModel]:
    candidate: Any = create_model("Candidate", answer=(item, ...), probability=(_Probability, ...))
    size = {"minItems": count, "maxItems": count}
    return create_model(
        name,
        candidates=(list[candidate], Field(min_length=1, json_schema_extra=cast("Any", size))),
    )


def told(model: type[BaseModel], count: int) -> str:
    """Return the words of a prompt that ask for candidates."""
    what = "each item" if issubclass(model, ListReply) else "your answer"
    return (
        f"For {what}, give {count} candidates that differ from each other, each with its "
        "probability: how likely you would be to give it, from 0 to 1. Take them from all that is "
        "possible, what is unlikely too: one of them is drawn."
    )


def drawn(reply: Any, model: type[R], rng: random.Random) -> R:
    """Draw a reply from a reply of candidates: one for each item, or one for the whole."""
    if not issubclass(model, ListReply):
        return cast("R", _one_of(reply.candidates, rng))
    items = [_one_of(item.candidates, rng) for item in reply.items]
    return model.model_validate({_name_of(model): items})


def _name_of(model: type[ListReply[Any]]) -> str:
    """Return the name of the list in a reply."""
    return model.model_fields["items"].alias or "items"


def _one_of(candidates: Sequence[Any], rng: random.Random) -> Any:
    weights = [candidate.probability for candidate in candidates]
    return rng.choices(candidates, weights if any(weights) else None)[0].answer


def with_candidates(reply: Any, model: type[BaseModel], count: int) -> Any:
    """An offline reply, which knows of no candidates, as one with `count` of the same."""
    if not isinstance(reply, dict):
        return reply

    def several(answer: Any) -> dict[str, Any]:
        return {"candidates": [{"answer": answer, "probability": round(1 / count, 2)}] * count}

    if not issubclass(model, ListReply):
        return several(reply)
    name = _name_of(model)
    items = reply.get(name)
    return {**reply, name: [*map(several, items)]} if isinstance(items, list) else reply
