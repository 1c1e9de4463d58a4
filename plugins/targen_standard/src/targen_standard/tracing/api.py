"""`trace`: all that a row of a run came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from targen_core.api.kinds import exported
from targen_core.api.request import PathText, as_path
from targen_core.api.run import Folder
from targen_core.calls.calls import REFUSING
from targen_core.calls.model import Message
from targen_core.cli import tracing
from targen_core.cli.tables import printed
from targen_core.cli.tracing import Traced
from targen_core.pages import table
from targen_core.text import plural


@dataclass(frozen=True, slots=True, kw_only=True)
class TracedCall:
    """One call behind a row.

    Attributes:
        key: its key, 32 hex digits.
        step: its step.
        place: where in the run it belongs.
        prompt: the name of its prompt.
        model: the identity of the model.
        parameters: the sampling parameters that were sent.
        messages: what was asked.
        attempt: 1, or 2 if the first reply could not be used.
        reply: the reply, word for word.
        finish: why the reply ended.
        input_tokens: tokens of the question.
        output_tokens: tokens of the reply.
        dollars: its cost; None if no price is known.
        cached: whether the reply came from another run, and was not paid for.
    """

    key: str
    step: str
    place: str
    prompt: str
    model: str
    parameters: Mapping[str, Any]
    messages: Sequence[Message]
    attempt: int
    reply: str
    finish: str
    input_tokens: int
    output_tokens: int
    dollars: float | None
    cached: bool

    def __repr__(self) -> str:
        tokens = plural(self.input_tokens + self.output_tokens, "token")
        return f"<TracedCall {self.place}: prompt {self.prompt}, {tokens}, ended by {self.finish}>"

    @property
    def raw(self) -> dict[str, Any]:
        """The same as JSON."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        asked = [{"role": message.role, "content": message.content} for message in self.messages]
        return {**values, "parameters": dict(self.parameters), "messages": asked}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """All that a row came from, or a candidate that made none; as text, what `targen trace` prints.

    Attributes:
        run: the run directory.
        id: the candidate's id.
        verdict: its outcome.
        label: the label that it ended with, or None.
        rows: its rows; empty if it was rejected.
        record: its line in `provenance.jsonl` or `rejects.jsonl`.
        made_by: task, versions, packages, models and seed of the run.
        calls: the calls behind it, in order: lists, generation, correction.
        problem: why some calls are missing, or "".
    """

    run: Path
    id: str
    verdict: str
    label: str | None
    rows: Sequence[Mapping[str, Any]]
    record: Mapping[str, Any]
    made_by: Mapping[str, Any]
    calls: Sequence[TracedCall]
    problem: str
    traced: Traced = field(repr=False)

    def __repr__(self) -> str:
        label = "" if self.label is None else f", label {self.label}"
        calls = plural(len(self.calls), "call")
        return f"<Trace of {self.id} in {self.run}: {self.verdict}{label}, {calls}>"

    def __str__(self) -> str:
        from targen_standard.tracing.command import print_trace

        return f"{printed(lambda: print_trace(self))}\n{self.problem}".rstrip("\n")

    def _repr_html_(self) -> str:
        cells = [(each.step, each.prompt, each.reply) for each in self.calls]
        rows = [(name, "", value) for row in self.rows for name, value in row.items()]
        return table(repr(self)[1:-1], ("step", "prompt", "reply"), [*cells, *rows])

    @property
    def raw(self) -> dict[str, Any]:
        """The same as JSON."""
        return {
            "run": str(self.run),
            "id": self.id,
            "verdict": self.verdict,
            "label": self.label,
            "rows": [dict(row) for row in self.rows],
            "record": dict(self.record),
            "made_by": dict(self.made_by),
            "calls": [call.raw for call in self.calls],
            "problem": self.problem,
        }


@exported
def trace(run: PathText | Folder[Any], row: int | str) -> Trace:
    """Trace a row of a run to all that it came from.

    Args:
        run: a run or what `correct` returned, or its directory.
        row: a row's number from 0, or the id of any candidate.

    Raises:
        UsageError: the directory or the row does not exist.
        RunDirectoryError: it is not a run directory, or cannot be read.
    """
    path = run.path if isinstance(run, Folder) else as_path(run)
    traced = tracing.find(path, str(row))
    made = tracing.made_by(path, traced.record)
    records = traced.calls()
    problem = ""
    if lost := len(traced.keys) - len(records):
        problem = f"the journal lacks {lost} of the calls"
    elif traced.correction is not None and traced.correction.step is None:
        problem = "people judged this row; no model was called"
    return Trace(
        run=path,
        id=traced.id,
        verdict=traced.verdict,
        label=traced.label,
        rows=traced.rows,
        record=traced.record,
        made_by=made,
        calls=[traced_call(record, made) for record in records],
        problem=problem,
        traced=traced,
    )


def traced_call(record: Mapping[str, Any], made: Mapping[str, Any]) -> TracedCall:
    """A call from its record in the journal."""
    step = made["models"].get(record.get("step"), {"model": "", "parameters": {}})
    messages = [Message(role, content) for role, content in record.get("messages", ())]
    repeats = bool(messages) and messages[-1].content.startswith(REFUSING)
    return TracedCall(
        key=str(record["key"]),
        step=str(record.get("step")),
        place=str(record.get("place")),
        prompt=str(record.get("prompt")),
        model=step["model"],
        parameters=step["parameters"],
        messages=messages,
        attempt=2 if repeats else 1,
        reply=str(record.get("text", "")),
        finish=str(record.get("finish", "")),
        input_tokens=record.get("in", 0),
        output_tokens=record.get("out", 0),
        dollars=record.get("cost"),
        cached=bool(record.get("cached")),
    )
