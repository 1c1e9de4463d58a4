"""Read by mypy, never run: type checkers see the API through names that are imported when used."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, assert_type

import targen_core as tg
from targen_analysis.api import analyze
from targen_core import errors
from targen_core.api.generating import agenerate
from targen_core.api.report import LabelReport, Report
from targen_core.api.run import Run
from targen_core.calls.model import ChatModel, ChatRequest
from targen_core.dataset.model import Dataset
from targen_core.tasks.groups import Judging, Rows, Texts
from targen_core.tasks.judging import JudgeQuestion
from targen_standard.correction.api import correct
from targen_standard.exporting.api import export
from targen_standard.scripted import ScriptedModel, ScriptedOptions
from targen_standard.task_files.model import Declaration
from targen_standard.validating.api import validate
from targen_training.api import compare, evaluate, predict, train
from targen_training.models import Trained

run = tg.generate("rte", n=4, model="llama", base_url="http://127.0.0.1:8000/v1")
assert_type(run, Run)
assert_type(run.report, Report)
assert_type(run.report.yield_, float | None)
assert_type(run.report.rows, Mapping[str, int])
assert_type(run.report.labels["yes"], LabelReport)
assert_type(run.dataset, Dataset)
for row in run:
    assert_type(row, Mapping[str, Any])
assert_type(tg.resume("runs/x", n=8), Run)
assert_type(tg.load("runs/x"), Run)


class Frame(Protocol):
    """A data frame: it iterates over its columns' names."""

    def __iter__(self) -> Iterator[Hashable]: ...


def of_a_frame(frame: Frame, model: Trained) -> None:
    """Every function that takes rows takes a data frame."""
    tg.read_dataset(frame, "rte")
    tg.generate("rte", n=4, examples=frame, exclude=frame)
    export(frame, "rows.csv", task="rte")
    validate(frame, "rte")
    correct(frame, task="rte")
    analyze(frame, against=frame, task="rte")
    assert_type(train(frame, task="rte"), Trained)
    evaluate(model, frame)
    predict(model, frame)
    model.labels_of(frame)
    compare(frame, {"name": frame}, test=frame, real=[frame, run], task="rte")


tg.generate("rte", n=4, model=ScriptedModel(ScriptedOptions(), lambda request: "yes"))
assert_type(correct(run, task="cb").report.accuracy_after, float | None)


async def main(model: ChatModel, task: tg.Task[str, Any]) -> None:
    found = await agenerate(task, labels={"yes": 4}, model=model, steps={"correct": model})
    assert_type(found, Run)


question = JudgeQuestion("input", ("answer",), ("yes", "no"))
Declaration(description="a note", labels={"calm": "it soothes", "rude": {"definition": "no"}})
Declaration(description="a note", output={"spans": {"person": "a named person"}})


@dataclass(frozen=True)
class Mine:
    identity: str = "mine"
    structured: bool = False
    seeded: bool = False
    max_concurrency: int | None = None
    price: tg.Price | None = None

    async def complete(self, request: ChatRequest) -> tg.ChatReply:
        return tg.ChatReply("")

    def count_tokens(self, request: ChatRequest) -> int:
        return 1

    async def aclose(self) -> None:
        return None


judging = Judging(instructions="Is it calm?")
rows = Rows(rows_per_instance=2)
texts = Texts()

tg.generate("rte", n=4, model=Mine())
tg.generate("rte", n="four")  # type: ignore[arg-type]
tg.generate("rte", nn=4, balance="other")  # type: ignore[arg-type]
tg.generate()  # type: ignore[call-arg]
tg.Engine  # type: ignore[attr-defined]  # noqa: B018
errors.UsageError("no")
