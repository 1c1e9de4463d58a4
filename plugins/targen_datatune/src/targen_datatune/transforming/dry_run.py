"""Offline replies of about the size of real ones, for estimates, dry runs and tests."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from targen_core import DryRunCall
    from targen_datatune.transforming.spec import Transform

__all__ = ["dry_run_of"]

_WORDS = (
    "amber barrel candle dwelling engine ferry garden harbour island journal kettle lantern "
    "meadow notebook orchard pocket quarry river saddle thicket umbrella valley window yard"
).split()
_REST = 160  # words of a description, in addition to the instruction's


def dry_run_of(spec: Transform) -> Callable[[DryRunCall], Any]:
    """The reply to each call of a transformation."""

    def answer(call: DryRunCall) -> Any:
        values, rng = call.values, call.rng
        if call.prompt == "expand":
            return {"description": _words(rng, _REST)}
        if call.prompt == "rerank":
            ids = re.findall(r"^id: (.+)$", values["datasets"], re.MULTILINE)
            return {
                "reasoning": _words(rng, 40),
                "datasets": sorted(ids)[: int(values["max_datasets"])],
            }
        if call.prompt == "columns":
            names = list(json.loads(values["rows"].splitlines()[0]))
            reply = {"reasoning": _words(rng, 30), "input": names}
            return reply | {kind: [] for kind in ("output", "irrelevant", "ambiguous")}
        if call.prompt == "plan":
            actions = ("skip", "combine", "create", "input", "output")
            return {"steps": [{"action": a, "instruction": _words(rng, 22)} for a in actions]}
        if call.prompt in ("topics", "ideas"):
            length = 5 if call.prompt == "topics" else 18
            return {call.prompt: [_words(rng, length) for _ in range(int(values["count"]))]}
        if call.prompt == "write":
            made = _row(spec, rng)
            if call.label is not None and spec.labels:
                made["output"] = call.label.removeprefix("synthetic: ")
            return {"working": _words(rng, 25), "input": made["input"], "output": made["output"]}
        if call.prompt == "execute":
            return _row(spec, rng)
        explanation = "The input says so in its own words, and nothing speaks against it."
        if "output" in values:
            return {"explanation": explanation, "actual": values["output"], "verdict": "correct"}
        solved = rng.choice(spec.labels) if spec.labels else _words(rng, 3)
        return {"explanation": explanation, "answer": solved}

    return answer


def _row(spec: Transform, rng: random.Random) -> dict[str, Any]:
    """A row of about the size of an example; made-up words, which meet no declared format."""
    example = rng.choice(spec.examples) if spec.examples else None
    text = _words(rng, len(example.input.split()) if example else 30)
    output = rng.choice(spec.labels) if spec.labels else ""
    if not output:
        output = _words(rng, len(example.output.split()) if example else 5)
    if spec.checks.output_in_input:
        text = f"{text} {output}"
    return {"working": _words(rng, 60), "input": text, "output": output, "reason": ""}


def _words(rng: random.Random, count: int) -> str:
    return " ".join(rng.choice(_WORDS) + rng.choice(_WORDS) for _ in range(max(1, count)))
