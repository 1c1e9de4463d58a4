"""A stranger's package with a part of every kind that runs code; a test breaks one of them."""

from pydantic import BaseModel

from targen_core import (
    Backend,
    BackendOptions,
    ChatReply,
    Correction,
    Label,
    Price,
    Prompt,
    Task,
)
from targen_core.engine.filters import Filter, Refusal  # noqa: F401 - tests put it in
from targen_core.tasks.groups import Judging
from targen_core.tasks.steps import ListStep
from targen_standard.exporting.model import Exporter


class Row(BaseModel):
    text: str
    label: str


async def propose(llm, parent, existing):
    return [f"thing {len(existing) + i}" for i in range(llm.batch)]


async def write(llm, seed):
    return Row(text="The " + seed + " is late.", label="late")


def check_row(row, seed): ...


async def correct(llm, row):
    return Correction("late")


TASK = Task(
    name="parcels",
    version="1",
    summary="Parcels",
    description="A parcel is late.",
    instance=Row,
    labels=(Label("late"),),
    contexts=ListStep(item=str, propose=propose, batch=5),
    generators={"late": write},
    checks=(check_row,),
    judging=Judging(corrector=correct),
)


class Model:
    identity = "acme"
    structured = seeded = False
    max_concurrency = None
    price = Price(0, 0)

    async def complete(self, request):
        return ChatReply("text")

    def count_tokens(self, request):
        return 1

    async def aclose(self): ...


def create(options):
    return Model()


BACKEND = Backend(summary="acme", options=BackendOptions, create=create)


async def strict(llm, row):
    return Correction(llm.task.label_of(row))


strict.parameters = {}
ASK = Prompt("odd-ask", "--- user\nIs this right?\n$text")


class Judge:
    prompts = (ASK,)

    async def __call__(self, llm, instance, /):
        await llm.ask(ASK, reply=Row, text=llm.task.render(instance))
        return Correction(llm.task.label_of(instance), "")

    @staticmethod
    def dry_run(call):
        return {"text": "yes", "label": "right"}


async def towns(llm, parent, existing):
    return ["a town"]


JUDGE, TOWNS = Judge(), ListStep(item=str, propose=towns, batch=2, asks=False)


class Picky(Filter):
    def __init__(self): ...

    def find(self, candidate): ...

    def add(self, accepted):
        return b""


def strictly(instance, seed): ...


def export(dataset, out):
    out.write_text("half")


SHEET = Exporter(write=export, suffix=".x", summary="x", extra="sheets")
