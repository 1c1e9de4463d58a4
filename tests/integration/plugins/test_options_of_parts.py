"""Parts of a stranger's package: each with options, chosen by name, on record, none in the core."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys

import pytest

ENTRY = "[targen.v1]\nacme = acme\n"
PARTS = """
import csv
import json
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field
from targen_core import (
    Configurable, Correction, Exporter, ListStep, Prompt, Rejected, UsageError, hookimpl
)


class Options(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


# A corrector with a prompt and an option.

ASK = Prompt("acme-doubt", "--- user\\nOf $times readers, how many doubt this?\\n$text")

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

def from_file(options):
    with open(options.path, newline="") as file:
        items = [row[options.column] for row in csv.DictReader(file)]

    async def propose(llm, parent, existing):
        return items

    return ListStep(item=str, propose=propose, batch=len(items), once=True, asks=False)

CONTEXTS = Configurable(FileOptions, from_file)


# Seeds with a field more than another package's task needs.

class Couple(BaseModel):
    one: str
    two: str
    place: str

async def few(llm, parent, existing):
    return ["a night market", "a harbour"]

async def couples(llm, parent, existing):
    return [Couple(one=f"Ann {n}", two=f"Bo {n}", place=parent) for n in range(llm.batch)]

COUPLES = ListStep(item=Couple, propose=couples, batch=3, asks=False)


# A generator for every label of a task of one text.

WRITE = Prompt("acme-write", "--- user\\nWrite a $label about: $seed")

class Written(BaseModel):
    text: str

class Writer:
    prompts = (WRITE,)

    async def __call__(self, llm, seed, /):
        reply = await llm.ask(WRITE, reply=Written, label=llm.branch, seed=seed)
        return llm.task.instance(text=reply.text, label=llm.branch)

    @staticmethod
    def dry_run(call):
        words = " ".join(call.rng.sample(["late", "lost", "kind", "slow", "new", "blue"], 4))
        return {"text": f"I write about a {words} parcel number {call.rng.randrange(10**6)}."}


# An exporter.

class LinesOptions(Options):
    upper: bool = Field(default=False, description="whether texts are in capitals")

def lines(options):
    def write(dataset, out):
        texts = [row["text"] for row in dataset.rows]
        out.write_text("".join(f"{t.upper() if options.upper else t}\\n" for t in texts))

    return Exporter(write=write, suffix=".txt")


@hookimpl
def register_correctors(register):
    register.register("majority", "acme:MAJORITY", summary="Asks how many doubt")

@hookimpl
def register_contexts(register):
    register.register("table", "acme:CONTEXTS", summary="A column of a CSV file")
    short = ListStep(item=str, propose=few, batch=2, once=True, asks=False)
    register.register("few", short, summary="Two places")

@hookimpl
def register_seeds(register):
    register.register("couples", COUPLES, summary="Two names and a place")

@hookimpl
def register_inverse_generators(register):
    register.register("letters", Writer(), summary="A letter for any label")

@hookimpl
def register_exporters(register):
    register.register("lines", Configurable(LinesOptions, lines), summary="A text a line")
"""

TASK = """
description: A short message to a parcel service.
labels:
  complaint: the writer is angry
  praise: the writer is pleased
fields:
  text: the message
seeds: none
"""


@pytest.fixture
def acme(install, tmp_path):
    (tmp_path / "mail.yaml").write_text(TASK)
    (tmp_path / "places.csv").write_text(
        "id,place\n" + "".join(f"{n},town {n}\n" for n in range(9))
    )
    return [install("acme", ENTRY, {"acme": PARTS})]


ALL = (
    *("generate", "mail.yaml", "-n", "6", "-b", "scripted", "--out", "run"),
    *("--contexts-from", "table", "-o", "table.path=places.csv", "-o", "table.column=place"),
    *("--generators-from", "letters"),
    *("--corrector", "majority", "-o", "majority.times=5"),
)


def test_a_run_uses_them_records_them_and_goes_on_with_them(acme, targen, tmp_path):
    made = targen(*ALL, path=acme)
    assert made.returncode == 0, made.stderr
    lock = json.loads((tmp_path / "run/manifest.json").read_text())["lock"]
    assert lock["parts"]["corrector"]["id"] == "acme:majority"
    assert lock["parts"]["corrector"]["options"] == {"times": 5}
    assert [*lock["parts"]["corrector"]["prompts"]] == ["acme-doubt"]
    assert lock["parts"]["contexts"]["options"]["column"] == "place"
    assert [*lock["parts"]["generator of praise"]["prompts"]] == ["acme-write"]
    assert lock["distributions"]["acme"] == "1.0"
    rows = [json.loads(line) for line in (tmp_path / "run/dataset.jsonl").read_text().splitlines()]
    assert {row["label"] for row in rows} == {"complaint", "praise"}
    assert all("parcel number" in row["text"] for row in rows)

    again = targen(*ALL, path=acme)
    assert "another run" not in again.stderr
    grown = targen("resume", "run", "-n", "8", path=acme)
    assert grown.returncode == 0, grown.stderr
    assert targen("resume", "run", "--verify", path=acme).returncode == 0
    other = targen("resume", "run", "-o", "majority.times=7", path=acme)
    assert other.returncode == 2
    assert "corrector of this run, acme:majority, had times=5, not 7" in other.stderr
    shown = targen("trace", "run", "1", path=acme)
    assert "Of 5 readers" in shown.stdout, shown.stderr


def test_a_refused_verification_does_no_harm(acme, targen, tmp_path):
    assert targen(*ALL, path=acme).returncode == 0
    code = acme[0] / "acme.py"
    before = code.read_text()
    code.write_text(before.replace("return items", "return [f'near {item}' for item in items]"))
    refused = targen("resume", "run", "--verify", path=acme)
    assert refused.returncode == 2
    assert "left as it is" in refused.stderr
    code.write_text(before)
    grown = targen("resume", "run", "-n", "8", path=acme)
    assert grown.returncode == 0, grown.stderr
    assert targen("resume", "run", "--verify", path=acme).returncode == 0


def test_a_run_keeps_the_files_that_options_name(acme, targen, tmp_path):
    assert targen(*ALL, path=acme).returncode == 0
    manifest = json.loads((tmp_path / "run/manifest.json").read_text())
    part = manifest["lock"]["parts"]["contexts"]
    copy = tmp_path / "run" / part["options"]["path"]
    assert copy.read_text() == (tmp_path / "places.csv").read_text()
    assert len(part["files"]["path"]) == 64
    assert str(tmp_path) not in json.dumps(manifest)
    # The file is edited and the folder moved: the run has its own.
    places = tmp_path / "places.csv"
    before = places.read_text()
    places.write_text(before.replace("town", "village"))
    other = targen(*ALL, path=acme)
    assert other.returncode == 2
    assert "contexts acme:table, which read another file" in other.stderr
    places.write_text(before)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "run").rename(tmp_path / "elsewhere/moved")
    places.unlink()
    moved = ("resume", "elsewhere/moved", "-n", "8")
    assert targen(*moved, path=acme).returncode == 0
    assert targen("resume", "elsewhere/moved", "--verify", path=acme).returncode == 0
    assert "town" in targen("trace", "elsewhere/moved", "1", path=acme).stdout
    replayed = targen("replay", "elsewhere/moved", "--out", "again", path=acme)
    assert replayed.returncode == 0, replayed.stderr
    assert (tmp_path / "again" / copy.name).exists()
    moved_copy = tmp_path / "elsewhere/moved" / copy.name
    moved_copy.write_text(before.replace("town", "village"))
    changed = targen("resume", "elsewhere/moved", "-n", "9", path=acme)
    assert changed.returncode == 2
    assert "that of its option path has changed" in changed.stderr


def test_a_run_from_a_stranger_reads_no_file_of_mine(acme, targen, tmp_path):
    assert targen(*ALL, path=acme).returncode == 0
    file = tmp_path / "run/manifest.json"
    (tmp_path / "mine.csv").write_text("id,place\n1,home\n")
    stranger = {"TARGEN_CACHE_DIR": str(tmp_path / "other")}
    before = file.read_text()
    manifest = json.loads(before)
    manifest["lock"]["parts"]["contexts"]["options"]["path"] = str(tmp_path / "mine.csv")
    file.write_text(json.dumps(manifest))
    refused = targen("resume", "run", "-n", "8", path=acme, **stranger)
    assert refused.returncode == 2
    assert "mine.csv" in refused.stderr
    assert "--trust" in refused.stderr
    manifest = json.loads(before)
    manifest["lock"]["parts"] = {}
    manifest["spec"]["options"]["table.path"] = str(tmp_path / "mine.csv")
    file.write_text(json.dumps(manifest))
    refused = targen("resume", "run", "-n", "8", path=acme, **stranger)
    assert refused.returncode == 2
    assert "--trust" in refused.stderr
    file.write_text(before)
    (copy,) = (tmp_path / "run").glob("given-*")
    copy.unlink()
    copy.symlink_to(tmp_path / "mine.csv")
    refused = targen("resume", "run", "-n", "8", path=acme, **stranger)
    assert refused.returncode != 0
    assert "a link" in refused.stderr


def test_an_estimate_and_a_preview_take_them_too(acme, targen):
    asked = [*ALL[1:4], *ALL[4:6], *ALL[8:]]
    estimate = targen("estimate", *asked, path=acme)
    assert estimate.returncode == 0, estimate.stderr
    preview = targen("preview", *asked, path=acme)
    assert preview.returncode == 0, preview.stderr


USING = """
description: A short message to a parcel service.
labels:
  complaint: the writer is angry
  praise: the writer is pleased
fields:
  text: the message
contexts:
  use: acme:table
seeds: none
generators:
  praise: acme:letters
corrector: majority
options:
  table.path: places.csv
  table.column: place
  majority.times: 5
"""


def test_a_file_uses_them(acme, targen, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/using.yaml").write_text(USING)
    (tmp_path / "places.csv").rename(tmp_path / "mine/places.csv")
    made = targen(
        *("generate", "mine/using.yaml", "-n", "4", "-b", "scripted", "--out", "run"), path=acme
    )
    assert made.returncode == 0, made.stderr
    parts = json.loads((tmp_path / "run/manifest.json").read_text())["lock"]["parts"]
    assert parts["corrector"]["options"] == {"times": 5}
    assert parts["generator of praise"]["id"] == "acme:letters"
    assert "generator of complaint" not in parts
    rows = [json.loads(line) for line in (tmp_path / "run/dataset.jsonl").read_text().splitlines()]
    written = {row["label"]: "parcel number" in row["text"] for row in rows}
    assert written == {"praise": True, "complaint": False}
    assert targen("resume", "run", "-n", "6", path=acme).returncode == 0
    assert targen("resume", "run", "--verify", path=acme).returncode == 0
    # What is typed takes precedence.
    typed = ("generate", "mine/using.yaml", "-n", "2", "-b", "scripted", "--out", "typed")
    assert targen(*typed, "-o", "majority.times=9", path=acme).returncode == 0
    parts = json.loads((tmp_path / "typed/manifest.json").read_text())["lock"]["parts"]
    assert parts["corrector"]["options"] == {"times": 9}
    # A run has its own copy of the file, and its task's version tells of no folder.
    manifest = json.loads((tmp_path / "run/manifest.json").read_text())
    assert (
        manifest["lock"]["task"]["version"]
        in json.loads((tmp_path / "typed/manifest.json").read_text())["lock"]["task"]["version"]
    )
    assert str(tmp_path) not in json.dumps(manifest) + (tmp_path / "run/task.json").read_text()
    (tmp_path / "mine").rename(tmp_path / "theirs")
    assert targen("resume", "run", "-n", "8", path=acme).returncode == 0


LISTS = """
description: A short message to a parcel service.
labels:
  complaint: the writer is angry
  praise: the writer is pleased
contexts:
  use: acme:table
seeds: none
"""


def test_options_reach_the_lists_that_a_file_uses(acme, targen, tmp_path):
    (tmp_path / "lists.yaml").write_text(LISTS)
    made = ("generate", "lists.yaml", "-n", "4", "-b", "scripted", "--out", "run")
    lacking = targen(*made, path=acme)
    assert lacking.returncode == 2
    assert "contexts acme:table needs the option 'path'" in lacking.stderr
    typed = (*made, "-o", "table.path=places.csv", "-o", "acme:table.column=place")
    done = targen(*typed, path=acme)
    assert done.returncode == 0, done.stderr
    lock = json.loads((tmp_path / "run/manifest.json").read_text())["lock"]
    assert lock["parts"]["contexts"]["id"] == "acme:table"
    assert lock["parts"]["contexts"]["options"]["column"] == "place"
    assert lock["batches"] == [9]
    records = (tmp_path / "run/provenance.jsonl").read_text().splitlines()
    assert all(json.loads(record)["seed"].startswith("town") for record in records)
    assert targen("resume", "run", "-n", "6", path=acme).returncode == 0
    assert targen("resume", "run", "--verify", path=acme).returncode == 0
    # Rows are there without the plugin.
    assert targen("export", "run", "--out", "rows.jsonl").returncode == 0
    assert targen("show", "run").returncode == 0
    assert targen("validate", "run").returncode == 0
    lost = targen("resume", "run", "-n", "8")
    assert lost.returncode == 2
    assert "no contexts named 'acme:table'" in lost.stderr


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (("majority.times=5", "acme:majority.times=5"), ""),
        (("majority.times=5", "acme:majority.times=7"), "are one option with two values"),
    ],
)
def test_one_option_has_two_spellings(acme, targen, typed, words):
    options = [word for each in typed for word in ("-o", each)]
    made = targen(*ALL[:-2], *options, path=acme)
    assert made.returncode == (2 if words else 0), made.stderr
    assert words in made.stderr


def test_a_typed_spelling_takes_precedence_of_a_file_s(acme, targen, tmp_path):
    using = USING.replace("majority.times: 5", "acme:majority.times: 5")
    (tmp_path / "using.yaml").write_text(using)
    typed = ("generate", "using.yaml", "-n", "2", "-b", "scripted", "--out", "run")
    assert targen(*typed, "-o", "majority.times=9", path=acme).returncode == 0
    parts = json.loads((tmp_path / "run/manifest.json").read_text())["lock"]["parts"]
    assert parts["corrector"]["options"] == {"times": 9}


@pytest.mark.parametrize("place", ["../places.csv", "{folder}/places.csv"])
def test_a_file_names_no_path_elsewhere_unless_it_is_trusted(acme, targen, tmp_path, place):
    (tmp_path / "theirs").mkdir()
    place = place.format(folder=tmp_path)
    (tmp_path / "theirs/using.yaml").write_text(USING.replace("places.csv", place))
    typed = ("generate", "theirs/using.yaml", "-n", "2", "-b", "scripted", "--out", "run")
    made = targen(*typed, path=acme)
    assert made.returncode == 2
    assert f"options.table.path = {place}" in made.stderr
    assert "--trust" in made.stderr
    assert not (tmp_path / "run").exists()
    assert targen("--trust", *typed, path=acme).returncode == 0
    assert targen("resume", "run", "-n", "4", path=acme).returncode == 0
    # Someone else, who gets the run, is asked.
    other = targen("resume", "run", "-n", "6", path=acme, TARGEN_CACHE_DIR=str(tmp_path / "other"))
    assert other.returncode == 2
    assert "--trust" in other.stderr


@pytest.mark.parametrize(
    "text", ["/etc/passwd", "../there.csv", "a/../../b", "~/x", "C:\\x", "http://host/x"]
)
def test_nor_is_a_text_that_leads_elsewhere(acme, targen, tmp_path, text):
    using = USING.replace("table.column: place", f"table.column: {json.dumps(text)}")
    (tmp_path / "using.yaml").write_text(using)
    made = targen("generate", "using.yaml", "-n", "2", "-b", "scripted", path=acme)
    assert made.returncode == 2
    assert "options.table.column = " in made.stderr
    assert "--trust" in made.stderr


@pytest.mark.parametrize("text", ["and/or", "/", "...", "a: b", "3/4"])
def test_a_text_that_is_none_needs_no_trust(acme, targen, tmp_path, text):
    using = USING.replace("table.column: place", f"table.column: {json.dumps(text)}")
    (tmp_path / "using.yaml").write_text(using)
    made = targen("generate", "using.yaml", "-n", "2", "-b", "scripted", path=acme)
    assert "--trust" not in made.stderr


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("majority.times: 5", "majority.times: 0", "line 17: options.majority.times: option major"),
        ("majority.times: 5", "majority.tims: 5", "line 17: options.majority.tims: corrector acme"),
        ("majority.times: 5", "majorty.times: 1", "the task uses no part 'majorty'"),
        ("majority.times: 5", "times: 1", "an option is NAME.KEY"),
        ("praise: acme", "prise: acme", "no such label"),
        ("corrector: majority", "corrector: majorty", "line 13: corrector: no corrector named"),
        ("use: acme:table", "use: tabel", "no contexts named 'tabel'"),
        ("places.csv", "palces.csv", "line 15: options.table.path: option table.path of contexts"),
    ],
)
def test_what_a_file_cannot_say_of_them(acme, targen, tmp_path, key, value, words):
    (tmp_path / "using.yaml").write_text(USING.replace(key, value))
    made = targen("generate", "using.yaml", "-n", "2", "-b", "scripted", path=acme)
    assert made.returncode == 2
    assert words in made.stderr
    assert "report it" not in made.stderr


def test_a_part_refuses_a_task_that_it_does_not_fit(acme, targen, tmp_path):
    made = targen(
        "generate", "rte", "-n", "2", "-b", "scripted", "--corrector", "majority", path=acme
    )
    assert made.returncode == 2
    assert "corrector acme:majority, for task rte: it judges single texts" in made.stderr
    assert not (tmp_path / "runs").exists()


def test_a_replay_takes_them(acme, targen, tmp_path):
    assert targen(*ALL, path=acme).returncode == 0
    same = targen("replay", "run", "--out", "same", "-o", "majority.times=5", path=acme)
    assert "changed: nothing" in same.stdout, same.stderr
    other = targen("replay", "run", "--out", "other", "-o", "majority.times=7", path=acme)
    assert "changed: parts.corrector.options.times: 5 -> 7" in other.stdout
    assert "the corrector had times=5, not 7" in other.stdout
    plan = json.loads((tmp_path / "other/manifest.json").read_text())["lock"]["parts"]["corrector"]
    assert plan["options"] == {"times": 7}
    assert targen("resume", "other", path=acme).returncode == 0
    meta = targen("replay", "run", "--out", "meta", "--corrector", "meta", path=acme)
    assert meta.returncode == 0, meta.stderr
    model = targen("replay", "run", "--out", "model", "-o", "temperature=1", path=acme)
    assert model.returncode == 2
    assert "takes options of parts alone" in model.stderr


PROGRAM = """
import targen_core

made = targen_core.generate(
    "mail.yaml", n=4, model="scripted", out="made", contexts_from="table",
    generators_from={"praise": "letters"}, corrector="majority",
    options={"table": {"path": "places.csv", "column": "place"}, "majority.times": 5},
    progress=False,
)
print(len(made), made.path)
try:
    targen_core.generate("mail.yaml", n=4, model="scripted", options={"vote.votes": 3})
except targen_core.UsageError as error:
    print(error)
"""


def test_python_takes_them(acme, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(acme[0]), "TARGEN_CACHE_DIR": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.startswith("4 made\n"), done.stderr
    assert "the corrector targen-core:vote is not used here" in done.stdout


def test_one_label_may_have_a_generator_of_its_own(acme, targen, tmp_path):
    some = ("generate", "mail.yaml", "-n", "4", "-b", "scripted", "--out", "run")
    made = targen(*some, "--generators-from", "praise=acme:letters", path=acme)
    assert made.returncode == 0, made.stderr
    rows = [json.loads(line) for line in (tmp_path / "run/dataset.jsonl").read_text().splitlines()]
    by_label = {
        label: [r["text"] for r in rows if r["label"] == label] for label in ("praise", "complaint")
    }
    assert all("parcel number" in text for text in by_label["praise"])
    assert not any("parcel number" in text for text in by_label["complaint"])
    wrong = targen(*some, "--generators-from", "prise=letters", path=acme)
    assert wrong.returncode == 2
    assert "has no label prise" in wrong.stderr
    assert "did you mean praise" in wrong.stderr


PAIRS = """
from pydantic import BaseModel
from targen_core import ListStep
from targen_testing.sample import SAMPLE, Review

class Pair(BaseModel):
    one: str
    two: str

async def propose(llm, parent, existing):
    return []

def write(label):
    async def written(llm, pair, /):
        return Review(text=f"{pair.one} and {pair.two}: {label}, {llm.rng('n').random()}",
                      label=label)
    return written

TASK = SAMPLE.replace(
    name="pairs",
    seeds=(ListStep(item=Pair, propose=propose, batch=3),),
    generators={"good": write("good"), "bad": write("bad")},
)
"""


def test_seeds_may_have_more_fields_than_a_task_needs(acme, targen, tmp_path):
    (tmp_path / "pairs.py").write_text(PAIRS)
    made = targen(
        *("generate", "pairs.py", "-n", "6", "-b", "scripted", "--no-correct", "--out", "run"),
        *("--seeds-from", "couples", "--near-duplicates", "0"),
        path=acme,
    )
    assert made.returncode == 0, made.stderr
    lines = (tmp_path / "run/provenance.jsonl").read_text().splitlines()
    seeds = [json.loads(line)["seed"] for line in lines]
    assert all(seed.keys() == {"one", "two", "place"} for seed in seeds)
    assert targen("resume", "run", "-n", "10", path=acme).returncode == 0
    assert targen("resume", "run", "--verify", path=acme).returncode == 0


def test_a_correction_takes_them(acme, targen, tmp_path):
    rows = [{"text": f"The parcel {n} is late.", "label": "complaint"} for n in range(4)]
    (tmp_path / "rows.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    done = targen(
        *("correct", "rows.jsonl", "--task", "mail.yaml", "-b", "scripted", "--out", "judged"),
        *("--corrector", "majority", "-o", "majority.times=1"),
        path=acme,
    )
    assert done.returncode == 0, done.stderr
    plan = json.loads((tmp_path / "judged/correction.json").read_text())
    assert plan["part"]["options"] == {"times": 1}


def test_an_export_takes_them(acme, targen, tmp_path):
    rows = [{"text": "The parcel is late.", "label": "complaint"}]
    (tmp_path / "rows.jsonl").write_text(f"{json.dumps(rows[0])}\n")
    export = ("export", "rows.jsonl", "--task", "mail.yaml", "--as", "lines", "--out", "out.txt")
    assert targen(*export, "-o", "lines.upper=true", path=acme).returncode == 0
    assert (tmp_path / "out.txt").read_text() == "THE PARCEL IS LATE.\n"


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (("vote.votes=3",), "the corrector targen-core:vote is not used here"),
        (("majority.times=0",), "option majority.times of corrector acme:majority"),
        (("majority.time=3",), "has no option 'time'"),
        (("majority.times=x",), "option majority.times of corrector acme:majority"),
        (("jury.times=3",), "no step 'jury', and no such part"),
    ],
)
def test_an_option_that_cannot_be_is_said(acme, targen, tmp_path, typed, words):
    options = [word for each in typed for word in ("-o", each)]
    made = targen(*ALL, *options, path=acme)
    assert made.returncode == 2
    assert words in made.stderr
    assert not (tmp_path / "run").exists()


def test_a_required_option_is_asked_for(acme, targen):
    made = targen(*ALL[:8], "--contexts-from", "table", path=acme)
    assert made.returncode == 2
    assert "contexts acme:table needs the option 'path'" in made.stderr
    assert "-o table.path=" in made.stderr


def test_describe_shows_the_parts_of_a_file(acme, targen, tmp_path):
    (tmp_path / "using.yaml").write_text(USING)
    parts = json.loads(targen("describe", "using.yaml", "--json", path=acme).stdout)["parts"]
    assert parts["contexts"]["options"] == {
        "path": str(tmp_path / "places.csv"),
        "column": "place",
    }
    assert parts["corrector"]["id"] == "acme:majority"
    assert "acme:letters" in targen("describe", "using.yaml", path=acme).stdout
    without = targen("describe", "using.yaml")
    assert without.returncode == 0
    assert "no contexts named 'acme:table'" in without.stdout


def test_describe_shows_them(acme, targen):
    shown = targen("describe", "table", "--json", path=acme)
    options = {each["name"]: each for each in json.loads(shown.stdout)["options"]}
    assert options["path"]["required"]
    assert options["column"]["default"] == "context"
    few = targen("describe", "few", path=acme).stdout
    assert "use it: --contexts-from few; in a task file contexts: {use: acme:few}" in few
    assert "targen train DATASET --trainer tfidf" in targen("describe", "tfidf").stdout
    assert "at least 1, at most 99" in targen("describe", "majority", path=acme).stdout
    generator = targen("describe", "letters", "--kind", "generator", "--prompts", path=acme).stdout
    assert "prompt: acme-write, version" in generator
    assert "Write a $label about: $seed" in generator


def test_a_check_lists_what_it_did_not_check(acme, targen, tmp_path):
    folder = tmp_path / "acme-folder"
    folder.mkdir()
    (folder / "acme.py").write_text(PARTS)
    (folder / "pyproject.toml").write_text(
        '[project]\nname = "acme"\nversion = "1.0"\n'
        '[project.entry-points."targen.v1"]\nacme = "acme"\n'
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
    )
    checks = json.loads(targen("plugins", "check", str(folder), "--json", path=acme).stdout)
    skipped = {one["check"]: one for one in checks["checks"] if one["outcome"] == "skipped"}
    assert skipped["needs-an-option"]["about"] == "contexts table"
    failed = {one["check"] for one in checks["checks"] if one["outcome"] == "failed"}
    assert failed == {"core-version-pin", "no-readme", "no-requires-python"}
    assert "generator letters" in {one["about"] for one in checks["checks"]}
    judged = [one for one in checks["checks"] if one["about"] == "corrector majority"]
    assert len(judged) > 5  # a stranger's corrector with its own prompts passes the whole suite
    shown = json.loads(targen("plugins", "--json", path=acme).stdout)
    assert next(p for p in shown if p["distribution"] == "acme")["state"] == "ok"


def test_the_core_s_defaults_mean_the_core_s_parts(install, targen, tmp_path):
    taken = """
        from targen_core import hookimpl

        @hookimpl
        def register_correctors(register):
            register.register("meta", "nowhere:THING")

        @hookimpl
        def register_exporters(register):
            register.register("jsonl", "nowhere:THING")
    """
    site = [install("taker", "[targen.v1]\ntaker = taker\n", {"taker": taken})]
    (tmp_path / "mail.yaml").write_text(TASK)
    for task in ("rte", "mail.yaml"):
        made = targen("generate", task, "-n", "2", "-b", "scripted", "--out", "run", path=site)
        assert made.returncode == 0, made.stderr
        assert targen("resume", "run", "-n", "4", path=site).returncode == 0
        assert targen("export", "run", path=site).returncode == 0
        lock = json.loads((tmp_path / "run/manifest.json").read_text())["lock"]
        assert lock["corrector"] == "targen-core:meta"
        targen("runs", "--json", path=site)
        (tmp_path / "run").rename(tmp_path / f"done-{task}")
    typed = targen("generate", "rte", "-n", "2", "-b", "scripted", "--corrector", "meta", path=site)
    assert typed.returncode == 0
    assert "corrector meta is targen-core:meta; taker:meta has that name too" in typed.stderr


def test_a_table_for_a_spreadsheet(targen, tmp_path):
    row = {"premise": "=1+1", "hypothesis": "-5", "label": "entailment"}
    (tmp_path / "rows.jsonl").write_text(json.dumps(row) + "\n")
    export = ("export", "rows.jsonl", "--task", "rte", "--as", "csv", "--out", "rows.csv")
    kept = targen(*export)
    assert "-o csv.formulas=quote" in kept.stderr
    quoted = targen(*export, "--force", "-o", "csv.formulas=quote", "-o", "csv.delimiter=tab")
    assert "formulas" not in quoted.stderr
    with open(tmp_path / "rows.csv", newline="") as file:
        (read,) = csv.DictReader(file, delimiter="\t")
    assert (read["premise"], read["hypothesis"]) == ("'=1+1", "-5")
