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
from targen_core.calls.delivery import Delivery
from targen_core.calls.executors import ModelExecutor
from targen_core.dataset.source import DatasetReader
from targen_core.engine.filters import Filter, Refusal  # noqa: F401 - tests put it in
from targen_core.errors import UsageError  # noqa: F401 - likewise
from targen_core.plugins.adapters import Adapter
from targen_core.plugins.configurable import Configurable
from targen_core.runs.folder.reporters import Reporter
from targen_core.task_files import TaskReader
from targen_core.tasks.groups import Judging
from targen_core.tasks.steps import ListStep
from targen_standard.embedding import Embedder
from targen_standard.exporting.model import Exporter
from targen_standard.methods.model import Method, MethodOptions
from targen_standard.task_files.forms import TaskForm

WRONG = "no part"


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


class Posted(Model):
    def __init__(self, model):
        self.identity = model.identity

    async def complete(self, request): ...


class Pigeon(Delivery):
    asked = dropped = "--delivery pigeon"

    def wrap(self, sources, run):
        return [Posted(source.model) for source in sources]


async def place(sources, workers):
    return [source.model for source in sources]


PIGEON, FAR = Pigeon(), ModelExecutor(summary="far", place=place)


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


async def bare(llm, seed):
    reply = await llm.ask(ASK, reply=Row, text=seed)
    return llm.task.instance(text=reply.text, label=llm.branch)


class Size(BaseModel, extra="forbid", frozen=True):
    words: int = 9


class Sized(Filter):
    def __init__(self, options): ...

    def find(self, candidate): ...


SIZED = Configurable(Size, Sized)
JUDGE, TOWNS = Judge(), ListStep(item=str, propose=towns, batch=2, asks=False)


class Picky(Filter):
    def __init__(self): ...

    def find(self, candidate): ...

    def add(self, accepted):
        return b""


def strictly(instance, seed): ...


def export(dataset, out):
    out.write_text("half")


def read(name): ...


def form_task(spec, name): ...


def method_task(base, options): ...


def embed(text): ...


class Nosy(DatasetReader):
    def file(self, path, encoding): ...

    def folder(self, path): ...


class Scribe(Reporter):
    def files(self, run):
        return {}


def opened():
    return embed


def adapt(thing):
    return thing.nothing


SHEET = Exporter(write=export, suffix=".x", summary="x", extra="sheets")
READER, FORM = TaskReader(read=read), TaskForm(summary="", spec=Row, task=form_task)
METHOD = Method(summary="bad", version="1", task=method_task, options=MethodOptions)
ADAPTER = Adapter(adapt=adapt)
NOSY, SCRIBE = Nosy(), Scribe()
SHAPES = Embedder(open=lambda: opened(), extra="shapes")
