"""Read by mypy, never run: type checkers see the API through names that are imported when used."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, assert_type

import targen_core as tg
import targen_standard as ts
from targen_analysis import analyze
from targen_training import compare, evaluate, predict, train
from targen_training.models import Trained

run = tg.generate("rte", n=4, model="llama", base_url="http://127.0.0.1:8000/v1")
assert_type(run, tg.Run)
assert_type(run.report, tg.Report)
assert_type(run.report.yield_, float | None)
assert_type(run.report.rows, Mapping[str, int])
assert_type(run.report.labels["yes"], tg.LabelReport)
assert_type(run.dataset, tg.Dataset)
for row in run:
    assert_type(row, Mapping[str, Any])
assert_type(tg.resume("runs/x", n=8), tg.Run)
assert_type(tg.load("runs/x"), tg.Run)


class Frame(Protocol):
    """A data frame: it iterates over its columns' names."""

    def __iter__(self) -> Iterator[Hashable]: ...


def of_a_frame(frame: Frame, model: Trained) -> None:
    """Every function that takes rows takes a data frame."""
    tg.read_dataset(frame, "rte")
    tg.generate("rte", n=4, examples=frame, exclude=frame)
    ts.profile(frame)
    ts.export(frame, "rows.csv", task="rte")
    ts.validate(frame, "rte")
    ts.correct(frame, task="rte")
    analyze(frame, against=frame, task="rte")
    assert_type(train(frame, task="rte"), Trained)
    evaluate(model, frame)
    predict(model, frame)
    model.labels_of(frame)
    compare(frame, {"name": frame}, test=frame, real=[frame, run], task="rte")


tg.generate("rte", n=4, model=ts.ScriptedModel(ts.ScriptedOptions(), lambda request: "yes"))
assert_type(ts.correct(run, task="cb").report.accuracy_after, float | None)


async def main(model: tg.ChatModel, task: tg.Task[str, Any]) -> None:
    found = await tg.agenerate(task, labels={"yes": 4}, model=model, steps={"correct": model})
    assert_type(found, tg.Run)


question = tg.JudgeQuestion("input", ("answer",), ("yes", "no"))
ts.Declaration(description="a note", labels={"calm": "it soothes", "rude": {"definition": "no"}})
ts.Declaration(description="a note", output={"spans": {"person": "a named person"}})


@dataclass(frozen=True)
class Mine:
    identity: str = "mine"
    structured: bool = False
    seeded: bool = False
    max_concurrency: int | None = None
    price: tg.Price | None = None

    async def complete(self, request: tg.ChatRequest) -> tg.ChatReply:
        return tg.ChatReply("")

    def count_tokens(self, request: tg.ChatRequest) -> int:
        return 1

    async def aclose(self) -> None:
        return None


judging = tg.Judging(instructions="Is it calm?")
rows = tg.Rows(rows_per_instance=2)
texts = tg.Texts()

tg.generate("rte", n=4, model=Mine())
tg.generate("rte", n="four")  # type: ignore[arg-type]
tg.generate("rte", nn=4, balance="other")  # type: ignore[arg-type]
tg.generate()  # type: ignore[call-arg]
tg.Engine  # type: ignore[attr-defined]  # noqa: B018
tg.errors.UsageError("no")
