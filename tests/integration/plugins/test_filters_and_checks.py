"""Filters and checks of a stranger's package, chosen by command, file and program."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

ENTRY = "[targen.v1]\nacme = acme\n"
PARTS = """
from pydantic import BaseModel, ConfigDict, Field
from targen_core import Configurable, Filter, Refusal, Rejected, hookimpl


class Options(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


# A filter with two options, which learns from the rows.

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
        return Refusal("same-opening", f"{self.options.most} rows begin with {opening}",
                       facts={"opening": opening})

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
        return {"openings": len(self.seen), "refused": reasons.get("same-opening", 0),
                "restored": self.restored}


# A filter without options: the class itself.

class Plain(Filter):
    '''Refuses the word my.'''

    def find(self, candidate):
        return Refusal("my", "it says my") if " my " in candidate.written else None


# Checks: one with an option, one without.

class LengthOptions(Options):
    most: int = Field(default=40, ge=1, description="most words of a row's text")

def short(options):
    def check(instance, seed):
        if len(instance.text.split()) > options.most:
            raise Rejected("too-long", f"more than {options.most} words")
    return check

def no_she(instance, seed):
    '''Refuses the word she.'''
    if " she " in instance.text:
        raise Rejected("she", "it says she")


# Those that are wrong.

class Raises(Filter):
    def find(self, candidate):
        return {}["no such key"]

class Says(Filter):
    def find(self, candidate):
        return "too long"

class Badly(Filter):
    def find(self, candidate):
        return Refusal("Too Long", "no word with dashes")

class Keeps(Filter):
    def find(self, candidate):
        return None

    def add(self, accepted):
        return "text"

def says_no(instance, seed):
    return False

def writes(instance, seed):
    object.__setattr__(instance, "text", "mine")


@hookimpl
def register_filters(register):
    openings = Configurable(OpeningsOptions, Openings)
    register.register("openings", openings, summary="Varied openings")
    register.register("plain", "acme:Plain", summary="Never my")
    for wrong in (Raises, Says, Badly, Keeps):
        register.register(wrong.__name__.lower(), wrong)
    register.register("made", Plain())

@hookimpl
def register_checks(register):
    register.register("short", Configurable(LengthOptions, short), summary="No long texts")
    register.register("no-she", no_she, summary="Never she")
    register.register("says-no", says_no)
    register.register("writes", writes)
"""

TASK = """
description: A short message to a parcel service.
labels:
  complaint: the writer is angry
  praise: the writer is pleased
fields:
  text: the message
"""


@pytest.fixture
def acme(install, tmp_path):
    (tmp_path / "mail.yaml").write_text(TASK)
    return [install("acme", ENTRY, {"acme": PARTS})]


SOME = ("generate", "mail.yaml", "-b", "scripted", "--no-correct", "--out", "run")
CHOSEN = (
    *("--filter", "openings", "-o", "openings.letters=1", "-o", "acme:openings.most=1"),
    *("--filter", "plain", "--check", "no-she", "--check", "acme:short", "-o", "short.most=30"),
)


def lines(folder, name):
    return [json.loads(line) for line in (folder / name).read_text().splitlines()]


def files(folder):
    return [(folder / f"{n}.jsonl").read_bytes() for n in ("dataset", "provenance", "rejects")]


def lock(folder):
    return json.loads((folder / "manifest.json").read_text())["lock"]


def most_openings(rows):
    letters = [row["text"][0] for row in rows]
    return max(map(letters.count, letters))


def test_a_run_uses_them_records_them_and_goes_on_with_them(acme, targen, tmp_path):
    made = targen(*SOME, "-n", "8", *CHOSEN, path=acme)
    assert made.returncode == 0, made.stderr
    rows = lines(tmp_path / "run", "dataset.jsonl")
    assert most_openings(rows) <= 1
    assert not any(" she " in row["text"] or " my " in row["text"] for row in rows)
    locked = lock(tmp_path / "run")
    assert locked["parts"]["filter openings"] == {
        "id": "acme:openings",
        "options": {"letters": 1, "most": 1},
        "prompts": {},
        "files": {},
        "sources": [],
        "version": 1,
    }
    assert locked["parts"]["filter plain"]["id"] == "acme:plain"
    assert locked["parts"]["check short"]["options"] == {"most": 30}
    assert locked["parts"]["check no-she"]["id"] == "acme:no-she"
    assert locked["distributions"]["acme"] == "1.0"
    rejects = lines(tmp_path / "run", "rejects.jsonl")
    by_stage = {(r.get("stage"), r["reason"]) for r in rejects}
    assert by_stage & {("filter", "same-opening")}
    assert by_stage <= {("filter", "same-opening"), ("filter", "my"), ("check", "she")}
    refused = [r for r in rejects if r["reason"] == "same-opening"]
    assert refused[0]["notes"]["opening"] == refused[0]["instance"]["text"][0]
    report = json.loads((tmp_path / "run/report.json").read_text())
    assert report["openings"]["refused"] == len(refused)

    again = targen(*SOME, "-n", "8", *CHOSEN, path=acme)
    assert again.returncode == 0, again.stderr
    grown = targen("resume", "run", "-n", "12", path=acme)
    assert grown.returncode == 0, grown.stderr
    report = json.loads((tmp_path / "run/report.json").read_text())
    assert report["openings"]["restored"] == 8  # by its ledger
    assert most_openings(lines(tmp_path / "run", "dataset.jsonl")) <= 1
    assert targen("resume", "run", "--verify", path=acme).returncode == 0
    whole = targen(*SOME[:-1], "whole", "-n", "8", *CHOSEN, path=acme)
    assert whole.returncode == 0
    assert targen("resume", "whole", "-n", "12", "--verify", path=acme).returncode == 0
    assert files(tmp_path / "whole") == files(tmp_path / "run")


def test_another_choice_is_another_run(acme, targen):
    assert targen(*SOME, "-n", "4", *CHOSEN, path=acme).returncode == 0
    fewer = targen(*SOME, "-n", "4", *CHOSEN[:6], path=acme)
    assert fewer.returncode == 2
    assert (
        "another run, started with filters acme:openings, acme:plain; you asked for acme:openings"
        in fewer.stderr
    )
    other = targen(*SOME, "-n", "4", *CHOSEN, "-o", "openings.letters=2", path=acme)
    assert other.returncode == 2
    assert "filter openings acme:openings, which had letters=1, not 2" in other.stderr
    none = targen(*SOME, "-n", "4", path=acme)
    assert none.returncode == 2
    assert "holds another run" in none.stderr
    changed = targen("resume", "run", "-o", "openings.letters=2", path=acme)
    assert changed.returncode == 2
    assert "filter openings of this run, acme:openings, had letters=1, not 2" in changed.stderr


def test_a_killed_run_goes_on_as_if_it_had_not_been(acme, targen, tmp_path):
    asked = [*SOME, "-n", "60", *CHOSEN, "-o", "acme:openings.most=40"]
    assert targen(*asked[:6], "whole", *asked[7:], path=acme).returncode == 0
    command = [sys.executable, "-m", "targen_cli", *asked, "-o", "latency_ms=50"]
    env = {**os.environ, "PYTHONPATH": str(acme[0]), "TARGEN_CACHE_DIR": str(tmp_path / "cache")}
    process = subprocess.Popen(
        command, cwd=tmp_path, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    dataset = tmp_path / "run/dataset.jsonl"
    for _ in range(600):
        if process.poll() is not None or (dataset.exists() and len(dataset.read_bytes()) > 500):
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert (tmp_path / "run/manifest.json").exists()
    done = targen("resume", "run", "-o", "latency_ms=50", path=acme)
    assert done.returncode == 0, done.stderr
    assert files(tmp_path / "run") == files(tmp_path / "whole")


USING = (
    TASK
    + """
checks: [no-she, short]
filters: [acme:openings, plain]
options:
  short.most: 30
  openings.letters: 1
  openings.most: 1
"""
)


def test_a_file_chooses_them(acme, targen, tmp_path):
    (tmp_path / "mail.yaml").write_text(USING)
    assert targen(*SOME, "-n", "8", path=acme).returncode == 0
    parts = lock(tmp_path / "run")["parts"]
    assert parts["filter openings"]["options"] == {"letters": 1, "most": 1}
    assert [*parts][-2:] == ["filter openings", "filter plain"]
    rows = lines(tmp_path / "run", "dataset.jsonl")
    assert most_openings(rows) <= 1
    assert not any(" she " in row["text"] or " my " in row["text"] for row in rows)
    assert targen("resume", "run", "-n", "10", path=acme).returncode == 0
    assert targen("resume", "run", "--verify", path=acme).returncode == 0
    typed = targen(
        *SOME[:-1], "typed", "-n", "4", "-o", "openings.most=3", "--filter", "plain", path=acme
    )
    assert typed.returncode == 0, typed.stderr
    parts = lock(tmp_path / "typed")["parts"]
    assert parts["filter openings"]["options"] == {"letters": 1, "most": 3}
    assert [name for name in parts if "plain" in name] == ["filter plain"]
    described = json.loads(targen("describe", "mail.yaml", "--json", path=acme).stdout)
    assert described["filters"] == ["acme:openings", "plain"]


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("[no-she, short]", "[no-he, short]", "no check named 'no-he' is installed"),
        (
            "[acme:openings, plain]",
            "[opening]",
            "mail.yaml, line 2: filter.use: no filter named 'opening'",
        ),
        ("openings.most: 1", "openings.most: 0", "option openings.most of filter acme:openings"),
        ("[no-she, short]", "[{max: 2}]", "checks.0"),
    ],
)
def test_what_a_file_cannot_say_of_them(acme, targen, tmp_path, key, value, words):
    (tmp_path / "mail.yaml").write_text(USING.replace(key, value))
    made = targen(*SOME, "-n", "4", path=acme)
    assert made.returncode == 2
    assert words in made.stderr


PROGRAM = """
import targen_core

made = targen_core.generate(
    "mail.yaml", n=8, model="scripted", correct=False, out="made", progress=False,
    filters=["openings", "acme:plain"], checks="no-she",
    options={"openings.letters": 1, "openings.most": 1},
)
print(len(made), made.report.raw["openings"]["refused"] > 0)
grown = targen_core.resume(made, n=10, progress=False)
print(len(grown))
again = targen_core.replay(made, "again")
print(again.path.joinpath("dataset.jsonl").read_bytes()
      == made.path.joinpath("dataset.jsonl").read_bytes())
print(targen_core.estimate("mail.yaml", n=8, model="scripted", filters="openings").rows)
for wrong in ({"filters": 3}, {"filters": ["opening"]}):
    try:
        targen_core.generate("mail.yaml", n=4, model="scripted", **wrong)
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
    assert done.stdout.splitlines() == [
        "8 True",
        "10",
        "True",
        "8",
        "filters is 3",
        "no filter named 'opening' is installed",
    ], done.stderr


def test_a_replay_makes_the_same_rows_and_another_filter_others(acme, targen, tmp_path):
    assert targen(*SOME, "-n", "8", *CHOSEN, path=acme).returncode == 0
    assert targen("replay", "run", "--out", "same", path=acme).returncode == 0
    assert files(tmp_path / "same") == files(tmp_path / "run")
    assert targen("replay", "run", "--filter", "plain", "--out", "free", path=acme).returncode == 0
    rejects = lines(tmp_path / "free", "rejects.jsonl")
    assert not any(r["reason"] == "same-opening" for r in rejects)
    assert "filter openings" not in lock(tmp_path / "free")["parts"]


def test_a_trace_asks_again_what_was_asked(acme, targen):
    assert targen(*SOME, "-n", "4", *CHOSEN, path=acme).returncode == 0
    shown = targen("trace", "run", "1", path=acme)
    assert shown.returncode == 0, shown.stderr
    assert "changed since" not in shown.stdout


def test_an_estimate_and_a_preview_take_them_too(acme, targen, tmp_path):
    estimate = targen("estimate", *SOME[1:5], "-n", "4", *CHOSEN, path=acme)
    assert estimate.returncode == 0, estimate.stderr
    preview = targen("preview", *SOME[1:5], *CHOSEN, path=acme)
    assert preview.returncode == 0, preview.stderr
    (tmp_path / "mail.yaml").write_text(USING.replace("short.most: 30", "short.most: 1"))
    estimate = targen("estimate", "mail.yaml", "-b", "scripted", "-n", "4", path=acme)
    assert estimate.returncode == 0, estimate.stderr  # no dry run is made to pass a check


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (("--filter", "raises"), "filter raises: KeyError: 'no such key' in find (line "),
        (("--filter", "says"), "filter says: find() returned str: return a Refusal or None"),
        (("--filter", "badly"), "filter badly: find() returned a Refusal whose reason is 'Too"),
        (("--filter", "keeps"), "filter keeps: add() returned str: return bytes"),
        (("--check", "says-no"), "check says-no: says_no (line "),
        (("--check", "writes"), "check writes: a check changed the instance"),
    ],
)
def test_one_that_is_wrong_is_blamed(acme, targen, typed, words):
    made = targen(*SOME, "-n", "4", *typed, path=acme)
    assert made.returncode == 1
    assert words in made.stderr
    assert "report it to the authors of acme" in made.stderr


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (("--filter", "made"), "register the class, or a function that makes one"),
        (("--filter", "openngs"), "did you mean openings"),
        (("--check", "no-sh"), "did you mean no-she"),
        (("--filter", "openings", "-o", "openings.most=0"), "option openings.most of filter"),
        (("--filter", "openings", "-o", "openings.least=1"), "has no option 'least'"),
        (("--filter", "plain", "-o", "plain.most=1"), "filter acme:plain has no options"),
        (("-o", "openings.most=1"), "--filter openings uses it"),
    ],
)
def test_what_cannot_be_chosen_is_said(acme, targen, tmp_path, typed, words):
    made = targen(*SOME, "-n", "4", *typed, path=acme)
    assert made.returncode in (1, 2)
    assert words in made.stderr
    assert not (tmp_path / "run").exists()


def test_they_are_listed_and_described(acme, targen):
    assert "openings" in targen("list-filters", path=acme).stdout
    assert "no-she" in targen("list-checks", path=acme).stdout
    shown = targen("describe", "openings", path=acme).stdout
    assert "openings.most" in shown
    assert "use it: --filter openings" in shown
    shown = targen("describe", "no-she", path=acme).stdout
    assert "Refuses the word she." in shown
    assert "use it: --check no-she" in shown
    assert "Refuses the word my." in targen("describe", "plain", path=acme).stdout


def test_shards_filter_within_each_and_a_merge_says_so(acme, targen, tmp_path):
    for number in (1, 2):
        asked = [*SOME[:-1], f"part-{number}", "-n", "12", "--shard", f"{number}/2"]
        made = targen(*asked, *CHOSEN, "-o", "acme:openings.most=9", path=acme)
        assert made.returncode == 0, made.stderr
    merged = targen("merge", "part-1", "part-2", "--out", "all", path=acme)
    assert merged.returncode == 0, merged.stderr
    words = "openings and plain applied within each run; rows of different runs"
    assert words in merged.stdout + merged.stderr


def test_the_kit_checks_them(acme, targen, tmp_path):
    folder = tmp_path / "acme-folder"
    folder.mkdir()
    forgets = """
class Forgets(Openings):
    def __init__(self):
        super().__init__(OpeningsOptions(letters=8))

    def restore(self, entries):
        pass
"""
    head, hooks, tail = PARTS.partition("@hookimpl\n")
    wrong = "(Raises, Says, Badly, Keeps)"
    (folder / "acme.py").write_text(
        head + forgets + hooks + tail.replace(wrong, f"{wrong[:-1]}, Forgets)")
    )
    (folder / "pyproject.toml").write_text(
        '[project]\nname = "acme"\nversion = "1.0"\n'
        '[project.entry-points."targen.v1"]\nacme = "acme"\n'
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
    )
    found = json.loads(targen("plugins", "check", str(folder), "--json", path=acme).stdout)
    assert {f["check"] for f in found["checks"] if f["about"] == "filter made"} == {
        "target-wrong-type"
    }
    text = (folder / "acme.py").read_text().replace('    register.register("made", Plain())\n', "")
    (folder / "acme.py").write_text(text)
    found = json.loads(targen("plugins", "check", str(folder), "--json", path=acme).stdout)
    by_part = {}
    for each in found["checks"]:
        by_part.setdefault(each["about"], {}).setdefault(each["outcome"], set()).add(each["check"])
    assert by_part["filter openings"].keys() == {"passed"}
    assert {"remembers", "same-rows-again"} <= by_part["filter openings"]["passed"]
    assert by_part["check no-she"].keys() == {"passed"}
    assert by_part["filter raises"]["failed"] >= {"makes-rows", "described"}
    assert "makes-rows" in by_part["check says-no"]["failed"]
    assert "makes-rows" in by_part["check writes"]["failed"]
    assert "remembers" in by_part["filter forgets"]["failed"]
