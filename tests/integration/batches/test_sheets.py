"""A run that people answer: its calls as sheets and simple lines, until it is complete."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import targen_core as tg
from targen_core.errors import JobFailed, UsageError
from targen_standard.batches import waiting
from targen_standard.batches.api import export_batch, import_batch
from targen_standard.scripted import fill_schema
from targen_standard.task_files.model import Declaration
from targen_testing.fault_server import FaultServer, Response

from ...files import lines, write_lines
from ...runs import report
from ...sheets import filled

pytest.importorskip("targen_tasks_superglue")

Answers = Mapping[str, Any]
Targen = Callable[..., Any]


@pytest.fixture(autouse=True)
def _soon_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file may be written while the run could ask for more: the next one has that."""
    monkeypatch.setattr(waiting, "_SETTLE", 0.01)


def answers(turn: int = 0) -> dict[str, Any]:
    """The answers of a person by id; in a later turn, others to the calls of rejected ones."""
    found = {}
    for call in lines("asked.jsonl"):
        schema = call["body"]["response_format"]["json_schema"]["schema"]
        key = call["custom_id"]
        found[key] = fill_schema(schema, random.Random(f"{turn} {key}"))
        found[key].pop("verdict", None)  # which follows from the label, and must not contradict it
    return found


def fill_lines(said: Answers) -> Path:
    rows = ({"custom_id": key, "content": value} for key, value in said.items())
    return write_lines("answers.jsonl", rows)


def fill(sheet: Path, said: Answers) -> Path:
    """Write the answers into a file that was exported, or beside lines."""
    if sheet.suffix == ".jsonl":
        return fill_lines(said)
    texts = {key: json.dumps(value, indent=1) for key, value in said.items()}
    sheet.write_text(filled(sheet.read_text("utf-8-sig"), texts), "utf-8-sig", newline="")
    return sheet


FORMS = ("calls.jsonl", "calls.md")


def export(targen: Targen, name: str, run: str = "run") -> int:
    done = targen("batch", "export", run, "--out", name, "--json")
    assert done.code == 0, done.err
    requests: int = done.json["requests"]
    return requests


def declare(*hues: str, file: str = "hue.yaml", more: str = "contexts: occasions\n") -> None:
    """Write a task of these labels, whose calls write one row."""
    labels = "".join(f"  {name}: It is {name}.\n" for name in hues)
    Path(file).write_text(f"description: Notes on colours.\nlabels:\n{labels}{more}")


def turns(targen: Targen, name: str) -> Iterator[dict[str, Any]]:
    """Export and import until a run is complete; yields what became of each file."""
    # Words of the same made-up language as the answers, which then have to do with them.
    seeds = [fill_schema({"type": "string"}, random.Random(f"seed {n}")) for n in range(60)]
    write_lines("seeds.jsonl", seeds)
    begun = targen(
        *("generate", "rte", "-n", 2, "-b", "llama", "-o", "model=m", "-q", "--no-cache"),
        *("--seeds", "seeds.jsonl", "--batch-offline", "--out", "run"),
    )
    assert begun.code == 0, begun.err
    for turn in range(20):
        asked = export(targen, "asked.jsonl")
        file = Path(name)
        file.unlink(missing_ok=True)
        assert export(targen, name) == asked
        if not asked:
            return
        answered = fill(file, answers(turn))
        done = targen("batch", "import", "run", answered, "--json")
        refused = done.json["bad"]  # made-up answers can break a rule of the task
        assert (done.code, done.json["good"] + refused) == (bool(refused), asked), done.err
        yield done.json


def test_a_run_is_answered_by_sheets_as_by_lines(targen: Targen) -> None:
    rows = {}
    for name in FORMS:
        assert sum(turn["good"] for turn in turns(targen, name)) >= 2
        rows[name] = Path("run", "dataset.jsonl").read_bytes()
        Path("run").rename(f"run-{name}")
    assert len(set(rows.values())) == 1
    assert len(rows["calls.md"].splitlines()) == 2
    assert report("run-calls.md")["answers_by_files"] is True
    card = Path("run-calls.md/README.md").read_text()
    assert (
        "The answers were imported from files. targen does not know who or what wrote them" in card
    )
    assert "as the services returned them" not in card
    for turn, of in (("again", "run-calls.md"), ("anew", "again")):
        assert targen("replay", of, "--out", turn).code == 0
        assert report(turn)["answers_by_files"] is True
        assert "The answers were imported from files." in Path(turn, "README.md").read_text()
    complete = targen("batch", "export", "run-calls.md", "--out", "none.md")
    assert "is complete and not waiting for any answers, so none.md was not written" in complete.out


# --- a run begun offline stays there ------------------------------------------------


@pytest.fixture
def begun(targen: Targen) -> Iterator[FaultServer]:
    """A run by files of a service that is there, and counts its calls."""
    with FaultServer(lambda seen: Response({"error": {"message": "no"}}, status=401)) as service:
        options = ("-b", "llama", "-o", "model=m", "-o", f"base_url={service.url}/v1", "--no-cache")
        done = targen("generate", "rte", "-n", 2, *options, "--batch-offline", "--out", "run")
        assert done.code == 0, done.err
        yield service


def test_a_run_begun_offline_is_resumed_offline(targen: Targen, begun: FaultServer) -> None:
    done = targen("resume", "run", "-n", 4)
    assert (done.code, done.out) == (0, "run is ready; next, type: targen batch export run\n")
    assert re.search(r"^1 request in .*: 1 for contexts$", targen("batch export run").out, re.M)
    done = targen("resume", "run")
    assert done.code == 1
    assert re.search("calls? waiting for answers", done.err)
    to_type = "targen batch export run; to send the calls to the service instead: "
    to_type += "targen resume run --no-batch"
    assert f"  try: {to_type}\n" in done.err
    assert not begun.seen
    assert export(targen, "next.jsonl") >= 1  # lists are among them


@pytest.mark.parametrize("typed", ["--no-batch", "--delivery="])
def test_a_run_is_given_to_the_service_and_left_to_files_where_that_is_typed(
    typed: str, targen: Targen, begun: FaultServer
) -> None:
    assert targen("resume", "run", typed).code != 0
    asked = len(begun.seen)
    assert asked
    for left in (("resume", "run"), ("revise", "run", "-n", 4, "--yes", "--out", "more")):
        done = targen(*left, "--batch-offline")
        assert (done.code, "; next, type: targen batch export " in done.out) == (0, True), done.err
    assert "waiting for answers" in targen("resume", "run").err
    assert len(begun.seen) == asked


# --- people in the place of a model --------------------------------------------------


def said_of(call: Mapping[str, Any]) -> Any:
    """What a person answers to a call of a task file: a function of the prompt alone."""
    prompt, rng = call["messages"][-1]["content"], random.Random(str(call["messages"]))
    texts = [fill_schema({"type": "string"}, rng) for _ in range(10)]
    if '"text"' in call["reply"]:  # a row, or that there is none of its label
        return texts[0] if rng.random() < 0.75 else {"unsuitable": True}
    if '"verdict"' in call["reply"]:
        return prompt.rpartition("Worker's output: ")[2].strip(' "\n')
    return texts[: int(next(iter(re.findall(r"(?:List|Write) (\d+)", prompt))))]


def boats(name: str, text: str) -> Path:
    """Answer all calls of a run with the same text, in the form that the name asks for."""
    if name.endswith(".md"):
        sheet = Path(name).read_text()
        said = dict.fromkeys(re.findall(r"## Call (\w+)", sheet), text)
        Path(name).write_text(filled(sheet, said))
        return Path(name)
    answer: Any = {"content": {"text": text}}
    if name.startswith("service"):
        message = {"role": "assistant", "content": json.dumps({"text": text})}
        choice = {"index": 0, "finish_reason": "stop", "message": message}
        answer = {"response": {"status_code": 200, "body": {"choices": [choice]}}}
    keys = [call["custom_id"] for call in lines(name)]
    return write_lines(f"{name}.answers", ({"custom_id": key, **answer} for key in keys))


BOATS = "contexts: [sea]\nseeds: [a boat, a kite]\nfields: {text: {words: [3, 9]}}\n"


@pytest.mark.parametrize("name", ["calls-{}.jsonl", "calls-{}.md"])
def test_a_rejected_answer_is_corrected_or_exported_again(targen: Targen, name: str) -> None:
    declare("red", "blue", more=BOATS)
    begun = ("generate", "hue.yaml", "-n", 2, "-b", "people", "--no-correct", "--out", "run")
    assert targen(*begun).code == 0
    first, second = name.format(1), name.format(2)
    assert export(targen, first) == 2
    empty = Path(first).read_text()
    done = targen("batch", "import", "run", boats(first, "boat"))
    assert (done.code, "2 rejected" in done.out) == (1, True)
    assert "too-short: the text has 1 word, fewer than 3" in done.out
    assert "correct the file and import it again" in done.err
    assert export(targen, second) == 2
    assert Path(second).read_text() == empty
    done = targen("batch", "import", "run", boats(second, "a boat at sea"))
    assert (done.code, "2 good" in done.out) == (0, True), done.out
    again = targen("batch", "import", "run", second).out
    assert "2 already answered" in again
    assert report("run")["answers_by_files"] is True


def test_a_run_that_people_answer_is_extended_as_it_was_begun(targen: Targen) -> None:
    declare("red", "blue", more="contexts: [sea, sky]\nseeds: [a boat, a kite, a bird]\n")
    options = ("-b", "people", "--no-correct", "--out", "run")
    begun = targen("generate", "hue.yaml", "-n", 2, *options)
    assert [*answered(targen)]
    done = targen("resume", "run", "-n", 4)
    assert (done.code, done.out) == (0, begun.out), done.err
    assert [*report("run")["requested"].values()] == [1, 1]  # until the run goes on
    assert [each["target"] for each in targen("runs", "list", "run", "--json").json] == [4]
    said = targen("report", "run", "--json").json
    assert (said["status"], said["requested"]) == ("unfinished", {"red": 2, "blue": 2})
    assert export(targen, "next.jsonl") == 2


def test_people_judge_what_a_model_without_files_writes(targen: Targen) -> None:
    options = ("-b", "scripted", "--backend-for", "correct=people", "-q", "--out", "run")
    assert "waiting for answers" in targen("generate", "rte", "-n", 4, *options).err
    kinds = set[str]()

    def says(call: Mapping[str, Any]) -> Any:
        kinds.add(call["reply"])
        return said_of(call)

    assert [*answered(targen, says=says)]
    assert len(kinds) == 1 and '"verdict"' in kinds.pop()  # the model answers all other calls
    assert report("run")["status"] == "complete"


def answered(
    targen: Targen, run: str = "run", says: Callable[[Mapping[str, Any]], Any] = said_of
) -> Iterator[dict[str, Any]]:
    """Export a run's calls and import what a person says of them, until it is complete."""
    while export(targen, "asked.jsonl", run):
        said = {call["custom_id"]: says(call) for call in lines("asked.jsonl")}
        done = targen("batch", "import", run, fill_lines(said), "--json")
        assert done.code == 0, done.err
        yield done.json
        Path("asked.jsonl").unlink()


# --- from Python ----------------------------------------------------------------

NOTES = ["The lamp on the stairs is out.", "A guest has lost a key.", "Nobody rang all night."]


def test_calls_are_exported_and_answers_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    task = Declaration(
        description="Notes.", labels={"calm": "nothing", "alarm": "something"}, seeds=NOTES
    ).task()
    how: dict[str, Any] = {"n": 4, "model": "llama/m", "correct": False, "progress": False}
    for seed, out in enumerate(["run", "other"]):
        with pytest.raises(JobFailed) as awaited:
            tg.generate(task, seed=seed, out=out, delivery="files", **how)
        assert str(awaited.value.hint).startswith(f"targen batch export {out}; ")
    run, other = (tg.load(out, task=task) for out in ("run", "other"))
    calls = export_batch(run, "calls.jsonl")
    keys = [call["custom_id"] for call in lines("calls.jsonl")]
    assert calls == {"generate": len(keys)} and len(run) == 0
    answers = [{"text": f"{number} is the room that rang."} for number in range(len(keys))]
    brought = import_batch(run, fill_lines(dict(zip(keys, answers, strict=True))))
    assert (brought.good, brought.bad, brought.pending) == (len(keys), 0, 0)
    assert run.report.complete and len(run) == 4
    assert export_batch(run, "none.jsonl") == {}
    with pytest.raises(UsageError, match="any answers to the calls of other"):
        import_batch(other, "answers.jsonl")
