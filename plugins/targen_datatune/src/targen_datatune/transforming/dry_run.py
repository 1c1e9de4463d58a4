"""Offline replies of about the size of real ones, for estimates, dry runs and tests."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from targen_standard.made_up import words

if TYPE_CHECKING:
    from targen_core.tasks.parts import DryRunCall
    from targen_datatune.transforming.spec import Transform

_REST = 160  # words of a description, in addition to the instruction's


def dry_run_of(spec: Transform) -> Callable[[DryRunCall], Any]:
    """The reply to each call of a transformation."""

    def answer(call: DryRunCall) -> Any:
        values, rng = call.values, call.rng
        if call.prompt == "expand":
            return {"description": words(rng, _REST)}
        if call.prompt == "rerank":
            ids = re.findall(r"^id: (.+)$", values["datasets"], re.MULTILINE)
            return {
                "reasoning": words(rng, 40),
                "datasets": sorted(ids)[: int(values["max_datasets"])],
            }
        if call.prompt == "columns":
            names = list(json.loads(values["rows"].splitlines()[0]))
            reply = {"reasoning": words(rng, 30), "input": names}
            return reply | {kind: [] for kind in ("output", "irrelevant", "ambiguous")}
        if call.prompt == "plan":
            actions = ("skip", "combine", "create", "input", "output")
            return {"steps": [{"action": a, "instruction": words(rng, 22)} for a in actions]}
        if call.prompt in ("topics", "ideas"):
            length = 5 if call.prompt == "topics" else 18
            return {call.prompt: [words(rng, length) for _ in range(int(values["count"]))]}
        if call.prompt == "write":
            made = _row(spec, rng)
            if call.label is not None and spec.labels:
                made["output"] = call.label.removeprefix("synthetic: ")
            return {"working": words(rng, 25), "input": made["input"], "output": made["output"]}
        if call.prompt == "execute":
            return _row(spec, rng)
        explanation = "The input says so in its own words, and nothing speaks against it."
        if "output" in values:
            return {"explanation": explanation, "actual": values["output"], "verdict": "correct"}
        solved = rng.choice(spec.labels) if spec.labels else words(rng, 3)
        return {"explanation": explanation, "answer": solved}

    return answer


def _row(spec: Transform, rng: random.Random) -> dict[str, Any]:
    """A row of about the size of an example; made-up words, which meet no declared format."""
    example = rng.choice(spec.examples) if spec.examples else None
    text = words(rng, len(example.input.split()) if example else 30)
    output = rng.choice(spec.labels) if spec.labels else ""
    if not output:
        output = words(rng, len(example.output.split()) if example else 5)
    if spec.checks.output_in_input:
        text = f"{text} {output}"
    return {"working": words(rng, 50), "input": text, "output": output, "reason": ""}
