"""A task of pairs, whose rows are exported and read."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel

from targen_core import Label, Task
from targen_core.tasks.groups import Judging, Rows, Texts
from targen_core.tasks.steps import ListStep


class Pair(BaseModel):
    """The instance of most tests."""

    first: str
    second: str
    label: Literal["same", "other"]


class Labeled(Pair):
    """The same, of whatever label set a test gives the task."""

    label: Any


async def _never(llm: Any, seed: Any) -> Any:
    raise AssertionError("exports ask no model")


def make_task(**changes: Any) -> Task[Any, Any]:
    parts: dict[str, Any] = {
        "name": "pairs",
        "version": "1",
        "summary": "Pairs of words",
        "description": "Whether two words mean the same.",
        "instance": Labeled if "labels" in changes else Pair,
        "labels": (Label("same"), Label("other")),
        "contexts": ListStep(item=str, propose=_never, batch=1),
        "judging": Judging(instructions="Do the words mean the same?"),
        "texts": Texts(render=lambda pair: f"{pair.first} / {pair.second}"),
    }
    labels = changes.get("labels", parts["labels"])
    names = [label.name for label in labels] or ["any"]
    parts["generators"] = dict.fromkeys(names, _never)
    if not labels:
        parts["rows"] = Rows(label_of=lambda instance: "any")
    return Task(**{**parts, "labels": labels}).replace(**changes)


ROWS = [
    {"first": "start", "second": "begin", "label": "same", "idx": 0},
    {"first": "naïve, “so”", "second": 'say "no"\nor yes', "label": "other", "idx": 1},
]
