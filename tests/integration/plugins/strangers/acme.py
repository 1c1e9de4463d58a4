"""A stranger's package: a part of every kind, each right, and most with options."""

import csv
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from targen_core import Correction, Prompt, Rejected, hookimpl
from targen_core.dataset.records import Form
from targen_core.dataset.source import DatasetReader, Source
from targen_core.engine.filters import Filter, Refusal
from targen_core.errors import UsageError
from targen_core.plugins.configurable import Configurable
from targen_core.runs.reporters import Concern, Reporter
from targen_core.tasks.steps import ListStep


class Options(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


# A filter that learns from the rows, and one without options: the class itself.


class OpeningsOptions(Options):
    letters: int = Field(default=14, ge=1, le=20, description="how long an opening is")
    most: int = Field(default=1, ge=1, description="how many rows may share one")


class Openings(Filter):
    def __init__(self, options):
        self.options = options
        self.seen = {}
        self.restored = 0

    def _opening(self, candidate):
        return candidate.written[: self.options.letters]

    def find(self, candidate):
        opening = self._opening(candidate)
        if self.seen.get(opening, 0) < self.options.most:
            return None
        return Refusal("same-opening", f"rows begin with {opening}", facts={"opening": opening})

    def add(self, accepted):
        self._count(opening := self._opening(accepted))
        return opening.encode()

    def _count(self, opening):
        self.seen[opening] = self.seen.get(opening, 0) + 1

    def restore(self, entries):
        for entry in entries:
            self._count(entry.decode())
        self.restored += len(entries)

    def report(self, reasons):
        refused = reasons.get("same-opening", 0)
        return {"openings": len(self.seen), "refused": refused, "restored": self.restored}


class Plain(Filter):
    """Refuses the word my."""

    def find(self, candidate):
        return Refusal("my", "it says my") if " my " in candidate.written else None


# Checks: one with an option, one without.


class LengthOptions(Options):
    most: int | None = Field(default=40, ge=1, description="most words of a row's text")


def short(options):
    def check(instance, seed):
        if options.most and len(instance.text.split()) > options.most:
            raise Rejected("too-long", f"more than {options.most} words")

    return check


def no_she(instance, seed):
    """Refuses the word she."""
    if " she " in instance.text:
        raise Rejected("she", "it says she")


# A corrector with a prompt and an option.

ASK = Prompt("acme-doubt", "--- user\nOf $times readers, how many doubt this?\n$text")


class Doubt(BaseModel):
    readers: int = Field(ge=0, le=99)


class MajorityOptions(Options):
    times: int = Field(default=3, ge=1, le=99, description="how many readers there are")


class Majority:
    prompts = (ASK,)

    def __init__(self, times):
        self.times = times

    async def __call__(self, llm, instance, /):
        text = llm.task.render(instance)
        doubt = await llm.ask(ASK, reply=Doubt, times=self.times, text=text)
        if doubt.readers * 2 > self.times:
            raise Rejected("doubted", f"{doubt.readers} of {self.times}")
        return Correction(llm.task.label_of(instance), "few doubt it")

    @staticmethod
    def dry_run(call):
        return {"readers": call.rng.randrange(3)}

    def check_task(self, task):
        if "premise" in task.instance.model_fields:
            raise UsageError("it judges single texts", hint="--corrector meta")


MAJORITY = Configurable(MajorityOptions, lambda options: Majority(options.times))


# Contexts that are read from a file.


class FileOptions(Options):
    path: Path = Field(description="a CSV file")
    column: str = Field(default="context", description="where the contexts are")
    skip: tuple[str, ...] = Field(default=(), description="contexts to leave out")


def from_file(options):
    with open(options.path, newline="") as file:
        items = [row[options.column] for row in csv.DictReader(file)]
        items = [item for item in items if item not in options.skip]
    return ListStep.of(items)


CONTEXTS = Configurable(FileOptions, from_file)


# A generator for every label of a task of one text.

WRITE = Prompt("acme-write", "--- user\nWrite a $label about: $seed")
OPENINGS = "late lost kind slow new blue torn good wet odd far heavy".split()
ENDS = ("is here", "is my fault", "was what she meant", "came")


class Written(BaseModel):
    text: str


class Writer:
    prompts = (WRITE,)

    async def __call__(self, llm, seed, /):
        reply = await llm.ask(WRITE, reply=Written, label=llm.branch, seed=seed)
        return llm.task.instance(text=reply.text, label=llm.branch)

    @staticmethod
    def dry_run(call):
        opening, end = call.rng.choice(OPENINGS), call.rng.choice(ENDS)
        words = " ".join(call.rng.sample(OPENINGS, 3))
        return {"text": f"{opening}: a {words} parcel number {call.rng.random()} {end} today."}


# A reader of datasets, and a reporter, which may not write the files of the run itself.


class Ledger(DatasetReader):
    def file(self, path, encoding):
        if path.suffix != ".ledger":
            return None
        pairs = [line.split(" | ") for line in path.read_text(encoding).splitlines()]
        if len(pairs[0]) != 2:
            raise UsageError(f"{path} is no ledger", hint="start it with LABEL | TEXT")
        rows = [{"text": text, "label": label} for label, text in pairs]
        return Source(str(path), path.stem, Form(lambda: enumerate(rows, 1), "entry"))


class Lineage(Reporter):
    def figures(self, report, folder, task):
        return {"lineage": {"rows": sum(report["rows"].values())}, "status": "mine"}

    def notes(self, run):
        return [f"{run.task.name} has a lineage of {run.report['lineage']['rows']}"]

    def concerns(self, report, folder):
        return [Concern("pedigree", "its pedigree is short", "breed more")]

    def files(self, run):
        return {"lineage.txt": run.sample["label"], "dataset.jsonl": "", "../out": ""}


LEDGER, LINEAGE = Ledger(), Lineage()


@hookimpl
def register_dataset_readers(register):
    register("ledger", "acme:LEDGER")


@hookimpl
def register_reporters(register):
    register("lineage", "acme:LINEAGE")


@hookimpl
def register_filters(register):
    openings = Configurable(OpeningsOptions, Openings)
    register("openings", openings, summary="Varied openings")
    register("plain", "acme:Plain", summary="Never my")


@hookimpl
def register_checks(register):
    register("short", Configurable(LengthOptions, short), summary="No long texts")
    register("no-she", no_she, summary="Never she")


@hookimpl
def register_correctors(register):
    register("majority", "acme:MAJORITY", summary="Asks how many doubt")


@hookimpl
def register_contexts(register):
    register("table", "acme:CONTEXTS", summary="A column of a CSV file")


@hookimpl
def register_inverse_generators(register):
    register("letters", Writer(), summary="A letter for any label")
