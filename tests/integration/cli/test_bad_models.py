"""Models and plugins that misbehave: the run ends with what there is, and says why."""

from __future__ import annotations

import json
from pathlib import Path
from string import Formatter

import pytest

from ...tables import table

SAME = '''
"""Premises that differ in a number, and for ever the same hypothesis."""
import json

def reply(request):
    fields = list(request.schema["properties"])
    asked = request.messages[-1].content
    number = int(request.key[:6], 16)
    if fields == ["topics"]:
        return {"topics": [f"topic {number} {i}" for i in range(10)]}
    if fields == ["texts"]:
        return {"texts": [
            f"The {number + i}th ferry from Elmstead to Oberau sailed in a storm on Monday."
            for i in range(5)
        ]}
    if "hypothesis" in fields:
        return {"basis": "It sailed.", "hypothesis": "A ferry sailed from Elmstead in bad weather."}
    claimed = asked.rpartition("output: ")[2].strip()
    return {"explanation": "It says so.", "actual": claimed, "verdict": "correct"}
'''

RELABELS = (
    SAME.replace("ferry from Elmstead", "{number * i}-ton ferry from Elmstead")
    .replace('claimed = asked.rpartition("output: ")[2].strip()', 'claimed = "entailment"')
    .replace(
        '"verdict": "correct"',
        '"verdict": "correct" if asked.endswith(" entailment") else "incorrect"',
    )
)


def _error(result) -> str:
    (line,) = [line for line in result.err.splitlines() if line.startswith("error")]
    return line


def test_a_model_that_goes_bad_in_step_3(rte, rows):
    result = rte("-n", "20", "-o", "generate.garbage_rate=1", "--out", "run", "--json")
    assert result.code == 1
    for label in ("entailment", "not_entailment"):
        assert f"label {label} has 0 of 10 rows (most often: malformed-reply" in _error(result)
        assert result.json["flow"][label]["judged"] == 50, "bounded by --give-up-after"
    assert "gave up after 50 consecutive candidates without a row" in _error(result)
    assert "larger --give-up-after" in result.err
    assert result.json["given_up"] == ["entailment", "not_entailment"]
    assert rows("run") == []


def test_one_label_that_never_works_does_not_stop_the_other(rte, rows, tmp_path):
    (tmp_path / "relabels.py").write_text(RELABELS)
    result = rte(
        *("-n", "12", "-o", "script=relabels.py:reply", "--near-duplicates", "0"),
        *("--out", "run", "--give-up-after", "7", "--json"),
    )
    assert result.code == 1
    assert result.json["rows"] == {"entailment": 6, "not_entailment": 0}
    assert "label not_entailment has 0 of 6 rows (most often: relabelled entailment" in _error(
        result
    )
    assert "label entailment" not in _error(result)
    assert [row["label"] for row in rows("run")] == ["entailment"] * 6


def test_falling_short_and_resuming_with_more_patience(rte, targen, rows):
    options = ["-n", "8", "-o", "generate.garbage_rate=0.8"]
    assert rte(*options, "--give-up-after", "2", "--out", "run").code == 1
    before = rows("run")
    result = targen("resume", "run", "-q", "--give-up-after", "50", "--json")
    assert result.code == 0
    assert result.json["rows"] == {"entailment": 4, "not_entailment": 4}
    assert rows("run")[: len(before)] == before


def test_a_model_that_always_says_the_same(rte, rows, tmp_path):
    (tmp_path / "same.py").write_text(SAME)
    options = ["-n", "20", "-o", "script=same.py:reply"]
    result = rte(*options, "--out", "run", "--json")
    assert result.code == 1
    assert "most often: duplicate" in _error(result)
    assert "label entailment has 1 of 10 rows" in _error(result)
    assert len(rows("run")) == 1, "one hypothesis for both labels is one row"
    duplicates = [
        json.loads(line)
        for line in Path("run/rejects.jsonl").read_text().splitlines()
        if '"duplicate"' in line
    ]
    assert duplicates
    assert all("nearly repeats accepted instance 0" in one["detail"] for one in duplicates)
    # The filter is what ended it.
    assert rte(*options, "--near-duplicates", "0", "--out", "off").code == 0
    assert len(rows("off")) == 20


@pytest.mark.parametrize("fault", ["error_rate", "limit_rate"])
def test_faults_of_the_service_change_no_row(fault, rte, rows):
    rte("-n", "6", "--out", "calm", "--no-cache")
    faulty = [f"{step}.{fault}=0.5" for step in ("generate", "correct")]
    options = [part for option in faulty for part in ("-o", option)]
    report = rte("-n", "6", *options, "--out", "rough", "--json", "--no-cache").json
    assert report["retries"] > 0
    assert rows("rough") == rows("calm")


def test_a_service_that_is_down(rte, targen):
    result = rte("-n", "4", "-o", "down=true", "--max-outage", "0.01", "--out", "run")
    assert result.code == 1
    assert "no answer from the service for more than" in _error(result)
    assert "the script is down" in _error(result)
    assert "larger --max-outage" in result.err
    assert json.loads(Path("run/report.json").read_text())["status"] == "stopped"


def test_too_few_tokens_then_more(rte, targen, rows):
    few = ["-n", "20", "--no-cache", "--concurrency", "2", "--json"]
    total = rte(*few, "--out", "whole").json["usage"]["total"]
    used = total["input_tokens"] + total["output_tokens"]
    cap = int(0.6 * used)
    result = rte(*few, "--out", "run", "--max-tokens", cap)
    assert result.code == 1
    assert "token budget exhausted" in _error(result)
    assert f"of {cap:,} spent" in _error(result)
    assert "resume with a larger --max-tokens" in result.err
    total = result.json["usage"]["total"]
    assert 0 < total["input_tokens"] + total["output_tokens"] <= cap
    assert 0 < len(rows("run")) < 20
    again = targen("resume", "run", "-q", "--max-tokens", int(0.7 * used), "--no-cache")
    assert again.code == 1
    done = targen("resume", "run", "-q", "--max-tokens", 10 * used, "--no-cache")
    assert done.code == 0
    assert Path("run/dataset.jsonl").read_bytes() == Path("whole/dataset.jsonl").read_bytes()


def test_too_little_money_then_more(rte, targen):
    priced = ["-n", "12", "-o", "price_in=10", "-o", "price_out=30", "--no-cache", "--json"]
    dollars = rte(*priced, "--out", "whole").json["usage"]["total"]["dollars"]
    cap = round(0.6 * dollars, 4)
    result = rte(*priced, "--out", "run", "--max-cost", cap)
    assert result.code == 1
    assert "cost budget exhausted" in _error(result)
    assert "resume with a larger --max-cost" in result.err
    assert 0 < result.json["usage"]["total"]["dollars"] <= cap
    assert targen("resume", "run", "-q", "--max-cost", 10 * dollars, "--no-cache").code == 0
    assert Path("run/dataset.jsonl").read_bytes() == Path("whole/dataset.jsonl").read_bytes()


# --- a third party's code ---------------------------------------------------

PLUGIN = """
from pydantic import BaseModel
from targen_core import (
    Backend, BackendOptions, ChatReply, Judging, Label, ListStep, Price, Rows, Task, Texts, hookimpl
)

@hookimpl
def register_tasks(register):
    register.register("parcels", "{module}:TASK")
    register.register("wrong", "{module}:WRONG")

@hookimpl
def register_backends(register):
    register.register("acme", "{module}:BACKEND")
    register.register("nobackend", "{module}:WRONG")

@hookimpl
def register_correctors(register):
    register.register("strict", "{module}:strict")

class Row(BaseModel):
    text: str
    label: str

async def propose(llm, parent, existing):
    {propose}
    return [f"thing {{len(existing) + i}}" for i in range(llm.batch)]

def check(item):
    {check_item}

async def write(llm, seed):
    {write}
    return Row(text="The " + seed + " is late.", label="late")

def check_row(row, seed):
    {check_row}

async def correct(llm, row):
    {correct}
    from targen_core import Correction
    return Correction("late")

async def strict(llm, row):
    {strict}
    from targen_core import Correction
    return Correction(llm.task.label_of(row))

def rows(row, idx):
    {rows}
    return [{{"text": row.text, "label": row.label, "idx": idx}}]

def render(row):
    {render}
    return row.text

TASK = Task(
    name="parcels", version="1", summary="Parcels", description="A parcel is late.",
    instance=Row, labels=(Label("late"),),
    contexts=ListStep(item=str, propose=propose, batch=5, check=check),
    generators={{"late": write}}, checks=(check_row,), judging=Judging(corrector=correct),
    rows=Rows(to_rows=rows), texts=Texts(render=render),
)
WRONG = "not a task"

class Model:
    identity = "acme"
    structured = True
    seeded = False
    max_concurrency = None
    price = Price(0, 0)
    async def complete(self, request):
        {complete}
        return ChatReply("text")
    def count_tokens(self, request):
        return 1
    async def aclose(self):
        pass

def create(options):
    {create}
    return Model()

BACKEND = Backend(summary="acme", options=BackendOptions, create=create)
"""

UNLIKE = ["--near-duplicates", "0"]  # its rows differ in a number


@pytest.fixture
def acme(tmp_path, monkeypatch, request):
    """Install a third party's plugin whose code has `text` at one place."""

    def install(**places: str) -> None:
        module = f"acme_{abs(hash(request.node.nodeid))}"
        site = tmp_path / "site"
        info = site / "acme_parcels-2.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-parcels\nVersion: 2.0\n")
        (info / "entry_points.txt").write_text(f"[targen.v1]\nacme = {module}\n")
        named = [name for _, name, _, _ in Formatter().parse(PLUGIN) if name]
        filled = {**dict.fromkeys(named, "pass"), **places}
        (site / f"{module}.py").write_text(PLUGIN.format(**{**filled, "module": module}))
        monkeypatch.syspath_prepend(site)

    return install


def test_a_third_party_s_task_works(acme, targen, rows):
    acme()
    result = targen(
        "generate", "parcels", "-n", "7", "-b", "scripted", "-q", "--out", "run", *UNLIKE
    )
    assert result.code == 0
    assert [row["idx"] for row in rows("run")] == list(range(7))
    manifest = json.loads(Path("run/manifest.json").read_text())
    assert manifest["lock"]["distributions"]["acme-parcels"] == "2.0"


RAISES = "raise KeyError('nosuch')"
BLAMED = """
    parcels | propose | {raises} | task parcels: KeyError: 'nosuch'
    parcels | check_item | {raises} | task parcels: KeyError: 'nosuch'
    parcels | write | {raises} | task parcels: KeyError: 'nosuch'
    parcels | check_row | {raises} | task parcels: KeyError: 'nosuch'
    parcels | correct | {raises} | task parcels: KeyError: 'nosuch'
    parcels | rows | {raises} | task parcels: KeyError: 'nosuch'
    parcels | render | {raises} | task parcels: KeyError: 'nosuch'
    parcels | write | return 'a string' | the generator for late returned str, not Row
    parcels | write | return None | the generator for late returned NoneType, not Row
    parcels | write | return Row(text='x', label='early') | 'early' is not a label of parcels
    parcels | propose | return None | returned NoneType for contexts, not a list of str
    parcels | propose | return 'a, b' | returned str for contexts, not a list of str
    parcels | propose | return [{{'a': 1}}] | returned an item of contexts that is dict: each is
    parcels | rows | return [] | returned 0 rows for one instance; the task's rows_per_instance is 1
    parcels | correct | return None | the corrector returned NoneType, not a Correction
    parcels | correct | row.text = 'b' | the corrector changed the instance that it was given:
    parcels | check_row | row.text = 'b' | a check changed the instance that it was given:
    blind | render | {raises} | task parcels: KeyError: 'nosuch' in render (line
    strict | strict | {raises} | corrector strict: KeyError: 'nosuch' in strict (line
    strict | strict | return None | corrector strict: the corrector returned NoneType, not a Corr
    rte | complete | {raises} | backend acme-parcels:acme
    rte | create | raise RuntimeError('no licence') | backend acme-parcels:acme
    rte | create | import no_such_sdk | needs the package 'no_such_sdk', which is not installed
"""
RUNS = {
    "parcels": "parcels -n 7 -b scripted",
    "blind": "parcels -n 2 -b scripted --corrector blind --near-duplicates 0",
    "strict": "rte -n 2 -b scripted --corrector strict",
    "rte": "rte -n 2 -b acme",
}


@pytest.mark.parametrize(("of", "place", "code", "words"), table(BLAMED, 4))
def test_a_third_party_is_blamed_for_what_its_code_does(of, place, code, words, acme, targen):
    acme(**{place: code.format(raises=RAISES)})
    result = targen("generate", *RUNS[of].split(), "-q", "--out", "run")
    assert result.code == 1
    assert _error(result).startswith("error [acme-parcels]: ")
    assert words in _error(result)
    if place == "create":
        assert not Path("run").exists()
    else:
        assert json.loads(Path("run/report.json").read_text())["status"] == "stopped"
        assert Path("run/rejects.jsonl").read_text() == "", "and no candidate more was paid for"
    if "raise" in code and place != "create":
        assert "report it to the authors of acme-parcels, and resume when it is" in result.err


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ('{"temprature": 0.5}', "no sampling parameter is called 'temprature'; did you mean"),
        ('{"temperature": "hot"}', "temperature"),
        ("['temperature']", "its parameters are a list, not a mapping"),
    ],
)
def test_a_third_party_s_corrector_with_bad_parameters_asks_for_nothing(
    parameters, words, acme, targen, monkeypatch
):
    monkeypatch.setitem(globals(), "PLUGIN", f"{PLUGIN}\nstrict.parameters = {{parameters}}\n")
    acme(strict="pass", parameters=parameters)
    result = targen("generate", *RUNS["strict"].split())
    assert result.code == 1
    assert _error(result).startswith("error [acme-parcels]: corrector strict: its parameters")
    assert words in _error(result)


@pytest.mark.parametrize("function", ["propose", "write", "correct"])
def test_a_third_party_s_step_that_is_no_coroutine(function, acme, targen, monkeypatch):
    plain = PLUGIN.replace(f"async def {function}", f"def {function}")
    monkeypatch.setitem(globals(), "PLUGIN", plain)
    acme()
    result = targen("generate", *RUNS["parcels"].split(), "-q", "--out", "run")
    assert result.code == 1
    assert f"task parcels: {function} (line " in _error(result)
    assert "is a plain function: write `async def`, it is awaited" in _error(result)


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["wrong", "-b", "scripted"], "task acme-parcels:wrong is a str, not a targen_core.Task"),
        (["rte", "-b", "nobackend"], "backend acme-parcels:nobackend is a str, not a targen_core."),
    ],
)
def test_what_is_registered_is_of_the_wrong_kind(args, words, acme, targen):
    acme()
    result = targen("generate", *args, "-n", "2", "-q")
    assert result.code == 1
    assert words in _error(result)
    assert "report it to the authors of acme-parcels" in result.err


def test_what_is_registered_is_of_the_wrong_kind_describe(acme, targen):
    acme()
    for command in (["describe"], ["preview", "-b", "scripted"], ["estimate", "-n", "2"]):
        result = targen(command[0], "wrong", *command[1:])
        assert result.code == 1
        assert "task acme-parcels:wrong is a str, not a targen_core.Task" in _error(result)
