"""The zoo: plugins that are broken on purpose, each in one place.

Each section of `MEMBERS` is one plugin. Its heading names the check that must catch it, where the
code below goes, and the fault. The code goes to:

- `PART`: a module that defines `PART`, which is registered as a part of the kind that is named
- `register_tasks` and so on: the body of that hook
- `module`: the whole of the package's `__init__.py`
- `pyproject`: a text of pyproject.toml, and what stands in its place

All else is right: the task is the kit's own, and the backend that of `targen new backend`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import targen_core.cli

_BACKEND = Path(targen_core.cli.__file__).parent / "templates/backend/src/my_demo"

GOOD = """
import json
from pathlib import Path
from targen_core import Backend
from targen_standard.exporting.model import Exporter
from targen_testing.sample import SAMPLE, Review
from .backend import BACKEND, Model

PACKAGE = __name__.rpartition(".")[0]
Options = BACKEND.options

class HttpModel(Model):
    def body(self, request):
        return json.loads(super().body(request))
TASK = SAMPLE.replace(name="creature")
good = TASK.generators["good"]

def writing(generator, **changes):
    return TASK.replace(generators={**TASK.generators, "good": generator}, **changes)

def write(dataset, out):
    with open(out, "w", encoding="utf-8") as file:
        file.writelines(f"{json.dumps(row)}\\n" for row in dataset.rows)

def exporter(write):
    return Exporter(write=write, suffix=".txt", summary="an exporter of the zoo")

EXPORTER = exporter(write)

def backend(model):
    def create(options):
        key = options.api_key.get_secret_value() if options.api_key else ""
        return model(options.base_url, options.model or "m", **options.arguments(key))

    return Backend(summary="a backend of the zoo", options=Options, create=create)
"""
PRELUDE = """
from targen_core.tasks.parts import Case
from targen_core import ChatReply, Correction, Prompt, Rejected
from targen_standard.exporting.model import Exporter
from .good import *
"""
HOOK = """
from targen_core.plugins.kinds import Kind
from targen_core import hookimpl
TASK, EXPORTER, PART = f"{__name__}.good:TASK", f"{__name__}.good:EXPORTER", f"{__name__}.part:PART"

@hookimpl
def register_%s(register):
    %s
"""
REGISTERED = 'register("creature", PART, summary="a member of the zoo")'
PYPROJECT = """\
[build-system]
requires = ["hatchling>=1.26"]
build-backend = "hatchling.build"

[project]
name = "{name}"
version = "1.0"
readme = "README.md"
requires-python = ">=3.11"
dependencies = ["targen-core>=0.1,<2"]

[project.entry-points."targen.v1"]
main = "{package}"

[tool.hatch.build.targets.wheel]
packages = ["src/{package}"]
"""

MEMBERS = r"""
# no-entry-point | pyproject | Nobody can find it.
[project.entry-points."targen.v1"] -> [project.entry-points.other]
# api-level | pyproject | It is written for an API of the future.
targen.v1 -> targen.v2
# core-version-pin | pyproject | Any core will do for it.
>=0.1,<2 ->
# entry-point-missing-module | pyproject | Its entry point leads nowhere.
main = "zoo -> main = "zoo_plugin

# import-error | module | It raises when it is imported.
raise RuntimeError("half a module")
# missing-package | module | It imports what nobody installed.
import no_such_package_at_all
# exit-at-import | module | It ends the process that imports it.
import sys
sys.exit(0)
# registers-nothing | module | Its hook has no mark.
def register_tasks(register):
    register("creature", f"{__name__}.good:TASK")
# async-hook | module | Its hook would never run.
from targen_core import hookimpl
@hookimpl
async def register_tasks(register):
    register("creature", f"{__name__}.good:TASK")
# unknown-hook | register_task | It misspells a hook.
register("creature", TASK)
# hook-returns | register_tasks | Its hook gives what it should register.
return {"creature": TASK}
# hook-raises | register_tasks | Its hook raises when it has registered half.
register("creature", TASK)
raise RuntimeError("half-way")
# bad-name | register_tasks | Nobody could type its name.
register("My Task!", TASK)
# bad-target | register_tasks | Its target is no module and attribute.
register("creature", "good.TASK")
# target-missing-module | register_tasks | Its target is in a module that nobody wrote.
register("creature", f"{__name__}.nowhere:TASK")
# target-missing-attribute | register_tasks | Its target's module lacks the attribute.
register("creature", f"{__name__}.good:TSAK")
# target-import-error | PART of task | Its target cannot be imported.
PART = {}["task"]
# target-wrong-type | PART of task | What it registers as a task is none.
PART = print
# duplicate-name | register_tasks | It registers two things as one.
register("creature", TASK)
register("creature", TASK)
# duplicate-kind | register_kinds | Its kind has the hook of tasks.
register(Kind("creature", hook="register_tasks"))
# bad-kind | register_kinds | The type of its kind does not exist.
register(Kind("creature", hook="register_creatures", type="json:CREATURE"))
# reserved-name | register_commands | Its command has the name of one of targen's own.
register("generate", "json:dumps", summary="a command")
# name-taken | register_exporters | An exporter has the name of one of targen's.
register("csv", EXPORTER, summary="a table")
# unknown-section | register_commands | Its command is for a section that the help lacks.
register("creature", lambda: None, panel="Dta", summary="a command")
# prints-at-import | register_exporters | It prints to the command's output.
print("hello from the zoo")
register("creature", EXPORTER, summary="an exporter")
# slow-import | module | Importing it takes long, and every command waits.
import time
from targen_core import hookimpl
time.sleep(2.1)
@hookimpl
def register_exporters(register):
    register("creature", f"{__name__}.good:EXPORTER", summary="an exporter")
# flag-taken | module | A filter's option has the name of a flag of targen's.
from typing import Annotated
from targen_core.plugins.configurable import Configurable
from targen_core.engine.filters import Filter
from targen_core import hookimpl
from targen_core.options import Flag, Options
class SizeOptions(Options):
    out: Annotated[int, Flag("How many letters a row may have.")] = 900
class Sizes(Filter):
    def __init__(self, options):
        self.most = options.out
    def find(self, candidate):
        return None
@hookimpl
def register_filters(register):
    sizes = Configurable(SizeOptions, Sizes)
    register("creature", sizes, summary="sizes of rows", flags=True)

# option-taken | PART of backend | Its option has the name of a sampling parameter.
from pydantic import Field
class Own(Options):
    top_k: int = Field(default=3, description="how many tokens are drawn from")
PART = Backend(summary="of the zoo", options=Own, create=backend(HttpModel).create)

# described | PART of task | It says not what it is.
PART = TASK.replace(description="")
# has-checks | PART of task | It takes whatever parses.
PART = TASK.replace(checks=())
# calls-give-several | PART of task | It gives one instance where it says two.
PART = TASK.replace(seeding={"instances_per_call": 2})
# texts-are-there | PART of task | It names a column that its rows lack.
PART = TASK.replace(rows={"fields": ("note.text",)})
# prompts-are-listed | PART of task | It asks a prompt that it does not list.
PART = TASK.replace(prompts=(TASK.prompts[0], TASK.prompts[2]))
# prompts-fill | PART of task | It lists a prompt whose file is not there.
PART = TASK.replace(prompts=(*TASK.prompts, Prompt("forgotten", package=PACKAGE)))
# makes-rows | PART of task | Its prompt names what no step gives.
from targen_testing.sample import _Text
ASK = Prompt("sample-review", '--- user\nWrite in $language of $topic, as {"text": "..."}.')
async def write(llm, topic):
    reply = await llm.ask(ASK, reply=_Text, tone="glad", topic=topic)
    return Review(text=reply.text, label="good")
PART = writing(write, prompts=(TASK.prompts[0], ASK, TASK.prompts[2]))
# cases-are-read | PART of task | It looks for what its rows do not hold.
def cases(row):
    return [Case(texts={"text": row["text"]}, cues={"place": (row["town"],)})]
PART = TASK.replace(rows={"cases": cases})
# makes-rows | PART of task | It makes rows of a label that it lacks.
async def write(llm, topic):
    return Review.model_construct(text=(await good(llm, topic)).text, label="fair")
PART = writing(write)
# rows-read-back | PART of task | It reads its rows as other ones.
def read(rows):
    return [Review(text=row["text"].upper(), label=row["label"]) for row in rows]
PART = TASK.replace(rows={"from_rows": read})
# reasons-are-slugs | PART of task | Its reasons are sentences, which no report can count.
def wordy(review, topic):
    if "kettle" in review.text:
        raise Rejected(f"There is a kettle in {topic}!")
    TASK.checks[0](review, topic)
PART = TASK.replace(checks=(wordy,))
# raises-only-rejections | PART of task | It falls over what a model may say.
async def write(llm, topic):
    words = (await good(llm, topic)).text.split()
    return Review(text=" ".join([words[0], *words[1:]]), label="good")
PART = writing(write)
# uses-no-chance-and-no-clock | PART of task | Its words depend on everybody's generator.
from random import random
async def write(llm, topic):
    return Review(text=f"{(await good(llm, topic)).text} {random()}", label="good")
PART = writing(write)
# uses-no-chance-and-no-clock | PART of task | Its words depend on the day.
from datetime import datetime
async def write(llm, topic):
    return Review(text=f"{(await good(llm, topic)).text} {datetime.now().year}", label="good")
PART = writing(write)
# same-rows-again | PART of task | It remembers earlier runs.
seen = []
async def write(llm, topic):
    seen.append(topic)
    return Review(text=f"{(await good(llm, topic)).text} {len(seen)}", label="good")
PART = writing(write)
# same-bytes-in-another-process | PART of task | Its rows go by the order of a set.
async def write(llm, topic):
    return Review(text=" ".join(set((await good(llm, topic)).text.split())), label="good")
PART = writing(write)

# labels-come-from-the-set | PART of corrector | It finds a label that the task lacks.
async def PART(llm, instance, /):
    return Correction("unclear", "who knows?")
# changes-no-instance | PART of corrector | It writes into what it judges.
async def PART(llm, instance, /):
    label = llm.task.label_of(instance)
    instance.text = "checked"
    return Correction(label, "as it says")
# uses-no-chance-and-no-clock | PART of corrector | It throws a coin.
import secrets
async def PART(llm, instance, /):
    return Correction(secrets.choice([label.name for label in llm.task.labels]), "a guess")
# raises-only-rejections | PART of corrector | It falls over a hostile reply.
import json
ASK = Prompt("zoo", "--- user\nIs it well? $text")
async def PART(llm, instance, /):
    reply = await llm.ask(ASK, text=llm.task.render(instance))
    if reply.startswith(("{", "[", '"')):
        json.loads(reply)["verdict"]
    return Correction(llm.task.label_of(instance), "as it says")
# reasons-are-slugs | PART of corrector | Its reason is a sentence, which no report can count.
async def PART(llm, instance, /):
    if len(instance.text) % 2:
        return Correction.reject("Its length is odd!")
    return Correction(llm.task.label_of(instance), "as it says")
# looks-at-what-it-judges | PART of corrector | Its offline reply is the same for all.
from pydantic import BaseModel
ASK = Prompt("ask", "--- user\nWhat is this? $text\n--- system\nAnswer in JSON.")
class Answer(BaseModel):
    answer: str
class Blind:
    prompts = (ASK,)
    async def __call__(self, llm, instance, /):
        reply = await llm.ask(ASK, reply=Answer, text=llm.task.render(instance))
        if reply.answer not in llm.task.quota_names:
            return Correction.reject("no-label")
        return Correction(reply.answer, "")
    @staticmethod
    def dry_run(call):
        return {"answer": "good"}
PART = Blind()

# same-bytes-again | PART of exporter | No two of its files are the same.
import time
def dated(dataset, out):
    write(dataset, out)
    with open(out, "a") as file:
        file.write(f"written at {time.time_ns()}\n")
PART = exporter(dated)
# leaves-nothing-half-done | PART of exporter | It ends in the middle and says nothing.
import contextlib
def half(dataset, out):
    with contextlib.suppress(Exception):
        write(dataset, out)
PART = exporter(half)
# keeps-pairs-together | PART of exporter | It reads each row for itself.
def split(dataset, out):
    for row in dataset.rows:
        dataset.task.from_rows([row])
    write(dataset, out)
PART = exporter(split)
# writes-nowhere-else | PART of exporter | It leaves a file where nobody asked for one.
def more(dataset, out):
    write(dataset, out)
    (out.parent / "index.html").write_text("<html></html>")
PART = exporter(more)

# hands-the-schema-on | PART of backend | It claims to hold to a schema, and sends none.
class Member(HttpModel):
    def body(self, request):
        return {**super().body(request), "response_format": None}
PART = backend(Member)
# counts-tokens | PART of backend | It says not what a call took.
from dataclasses import replace
class Member(HttpModel):
    def read(self, envelope, request):
        return replace(super().read(envelope, request), input_tokens=0, output_tokens=0)
PART = backend(Member)
# times-out | PART of backend | It waits for as long as it takes.
class Member(HttpModel):
    def __init__(self, *args, timeout, **options):
        super().__init__(*args, timeout=600.0, **options)
PART = backend(Member)
# asks-once | PART of backend | It tries again where nobody counts it.
from targen_core.errors import ServiceError
class Member(HttpModel):
    async def complete(self, request):
        try:
            return await super().complete(request)
        except ServiceError:
            return await super().complete(request)
PART = backend(Member)
# rate-limit | PART of backend | It gives an error as if it were a reply.
from targen_core.errors import ServiceError
class Member(HttpModel):
    async def complete(self, request):
        try:
            return await super().complete(request)
        except ServiceError as error:
            if "HTTP 429" not in str(error):
                raise
            return ChatReply("Too many requests.", "stop", 1, 1)
PART = backend(Member)
# broken-answers-are-no-replies | PART of backend | It takes a broken answer for a reply.
from targen_core.errors import ServiceError
class Member(HttpModel):
    def read(self, envelope, request):
        try:
            return super().read(envelope, request)
        except ServiceError:
            return ChatReply("nothing", "stop", 1, 1)
PART = backend(Member)
# survives-hostile-answers | PART of backend | It reads an answer to its end.
from targen_backends.http import model
async def whole(answer, max_bytes, cut=False):
    return await answer.read()
model.body = whole
PART = backend(HttpModel)
# can-be-cancelled | PART of backend | It goes on with a call that nobody waits for.
import asyncio
class Member(HttpModel):
    async def complete(self, request):
        call = asyncio.ensure_future(super().complete(request))
        try:
            return await asyncio.shield(call)
        except asyncio.CancelledError:
            return await call
PART = backend(Member)
# gives-connections-back | PART of backend | It answers river 7 with another call's reply.
replies = []
class Member(HttpModel):
    def read(self, envelope, request):
        replies.append(super().read(envelope, request))
        return replies[0 if "river 7" in request.messages[-1].content else -1]
PART = backend(Member)
# keeps-its-key-secret | PART of backend | Its errors hold the key.
from targen_core.errors import ServiceError
class Member(HttpModel):
    def failure(self, status, content, headers, shown=""):
        if status == 401:
            return ServiceError(f"refused: {self.key}", cause="key")
        return super().failure(status, content, headers, shown)
PART = backend(Member)
# keeps-its-key-secret | PART of backend | It writes the key into the log.
import logging
class Member(HttpModel):
    def body(self, request):
        logging.getLogger(__name__).debug("with %s", self.key)
        return super().body(request)
PART = backend(Member)
"""


@dataclass(frozen=True)
class Member:
    """One broken plugin: the check that must catch it, where its code goes, and its code."""

    number: int
    check: str
    place: str
    text: str

    @property
    def package(self) -> str:
        return f"zoo_{self.number}"

    def lay_out(self, folder: Path) -> Path:
        """Write its distribution into `folder`."""
        pyproject = PYPROJECT.format(name=f"zoo-{self.number}", package=self.package)
        kind = self.place.removeprefix("PART of ") if "PART" in self.place else "exporter"
        hooks, part = HOOK % (f"{kind}s", REGISTERED), self.text
        if self.place == "module":
            hooks, part = self.text, "PART = EXPORTER"
        elif self.place == "pyproject":
            before, _, after = self.text.strip().partition(" ->")
            assert before in pyproject, before
            pyproject = pyproject.replace(before, after.strip().replace("; ", "\n"))
            part = "PART = EXPORTER"
        elif self.place.startswith("register_"):
            body = self.text.strip().replace("\n", "\n    ")
            hooks = HOOK % (self.place.removeprefix("register_"), body)
        package = folder / "src" / self.package
        package.mkdir(parents=True)
        (package / "backend.py").write_text((_BACKEND / "backend.py").read_text())
        (package / "good.py").write_text(GOOD)
        (package / "part.py").write_text(PRELUDE + part)
        (package / "__init__.py").write_text(hooks)
        (folder / "README.md").write_text("A member of the zoo.\n")
        (folder / "pyproject.toml").write_text(pyproject)
        return folder


def members() -> list[Member]:
    """All members, in their order."""
    _, *parts = re.split(r"^# (\S+) \| (.+) \| .+\n", MEMBERS, flags=re.MULTILINE)
    sections = zip(*[iter(parts)] * 3, strict=True)
    return [Member(at, *section) for at, section in enumerate(sections)]
