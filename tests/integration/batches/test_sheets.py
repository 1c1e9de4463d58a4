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
from targen_core.errors import AnswersAwaited, UsageError
from targen_standard.batches import waiting
from targen_standard.batches.api import export_batch, import_batch
from targen_standard.scripted import fill_schema
from targen_standard.task_files.model import Declaration
from targen_testing.fault_server import FaultServer, Response

from ...files import lines, write_lines
from ...runs import journal, records, report
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


@pytest.mark.usefixtures("begun")
@pytest.mark.parametrize("left", ["resume run -n 4", "resume run -n 4 --batch-offline"])
def test_a_run_that_is_left_to_files_is_reported_as_any_other(targen: Targen, left: str) -> None:
    assert targen(*left.split(), "-q").out == "run/dataset.jsonl\n"
    made = targen(*left.split(), "--json").json
    assert (made["status"], sum(made["requested"].values())) == ("unfinished", 4)
    assert "waiting for answers" in made["problem"]


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


def test_every_task_of_a_suite_is_left_to_people(targen: Targen) -> None:
    done = targen("generate", "--suite", "superglue", "-n", 4, "-b", "people", "--out", "all")
    folders = sorted(path.name for path in Path("all").iterdir())
    assert (done.code, len(folders)) == (1, 8)
    assert "8 of 8 tasks are waiting for answers" in done.err
    assert "try: targen batch export all/axg --out calls-1.md; do the same" in done.err


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


COUNTS = "red=9,green=6,blue=3,grey=2"


def test_people_get_few_sheets(targen: Targen) -> None:
    """If no answer is refused, each step of all rows is in one, though each seed has one label."""
    declare("red", "green", "blue", "grey")
    targen("generate", "hue.yaml", "-b", "people", "--label", COUNTS, "--out", "run")

    def says(call: Mapping[str, Any]) -> Any:
        said = said_of(call)
        rng = random.Random(call["custom_id"])
        return fill_schema({"type": "string"}, rng) if said == {"unsuitable": True} else said

    assert [done["good"] for done in answered(targen, says=says)][-2:] == [20, 20]


def test_people_are_asked_for_few_answers_that_are_not_used(targen: Targen) -> None:
    """A refused candidate changes the labels of later seeds, whose answers may exist already."""
    declare("red", "green", "blue", "grey")
    # Over many seeds, 4.5 answers are not used on average, with these replies.
    line = ("generate", "hue.yaml", "-b", "people", "--label", COUNTS, "--seed", 8, "--out", "run")
    begun = targen(*line)
    assert (begun.code, begun.out) == (
        0,
        "run is ready; next, type: targen batch export run --out calls-1.md\n",
    )
    given = sum(done["good"] for done in answered(targen))
    again = targen(*line)
    done = "run is complete and not waiting for any answers: run/dataset.jsonl\n"
    assert (again.code, again.out) == (0, done)
    made = report("run")
    flows = made["flow"].values()
    assert sum(flow["rejected"].get("generate", 0) for flow in flows) > 2
    assert (made["status"], made["usage"]["total"]["calls"]) == ("complete", given)
    assert made["unused_calls"] <= 6
    bluer = Path("hue.yaml").read_text().replace("It is blue.", "It is blue, and not green.")
    Path("bluer.yaml").write_text(bluer)
    revised = targen("revise", "run", "--task", "bluer.yaml", "--yes")
    ready = "run-revised is ready; next, type: targen batch export run-revised --out calls-1.md\n"
    assert (revised.code, revised.out.endswith(ready)) == (0, True), revised.err
    named = targen("batch", "export", "run-revised", "--json").json["by_step"]
    assert named["generate"] >= 3, named


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


def disagrees(call: Mapping[str, Any]) -> Any:
    """Answer as a person who disagrees with one judgement of six."""
    said, rng = said_of(call), random.Random(call["custom_id"])
    judges = '"verdict"' in call["reply"]
    return rng.choice(HUES) if judges and rng.random() < 0.2 else said


HUES = ("red", "green", "blue", "grey", "pink")


def test_a_revision_that_keeps_texts_asks_for_none_of_them_again(
    targen: Targen,
) -> None:
    """Whatever its judges say; a text that did not become a row may be written again."""
    declare(*HUES)
    Path("all.yaml").write_text(Path("hue.yaml").read_text().replace("It is pink", "All pink"))
    counts = "red=9,green=6,blue=6,grey=5,pink=12"
    targen("generate", "hue.yaml", "-b", "people", "--label", counts, "--out", "run", "-q")
    assert [*answered(targen, says=disagrees)]
    revised = ("revise", "run", "--task", "all.yaml", "--yes", "-q", "--no-rewrite")
    assert targen(*revised, "--out", "kept").code == 0
    assert [*answered(targen, "kept", disagrees)]
    made = {key for each in records("run") for key in each["calls"]}
    places = {each["place"] for each in texts_of("run") if each["key"] in made}
    again = {each["place"] for each in texts_of("kept") if not each.get("copied")}
    assert places and not places & again


def texts_of(run: str) -> Iterator[dict[str, Any]]:
    """Return the records of texts in a run's journal."""
    return (each for each in journal(run) if each.get("step") == "generate")


def test_people_are_told_what_to_do_with_a_sheet(targen: Targen) -> None:
    declare("red", "blue")
    for seed, run in enumerate(("run", "other")):
        asked = ("generate", "hue.yaml", "-b", "people", "-n", 2, "--seed", seed, "--out", run)
        assert targen(*asked).code == 0
        assert export(targen, f"{run}-1.md", run) == 1
    said = targen("report", "run").out
    assert "1 call waiting for answers" in said
    empty = targen("batch", "import", "run", "run-1.md")
    assert (empty.code, "run-1.md does not contain any answers" in empty.err) == (2, True)
    assert "write each answer in the block below its prompt, save the file" in empty.err
    for name in ("run-1.md", "other-1.md"):
        sheet = Path(name).read_text().replace("answer\n\n", "answer\ncafés\nrivers\n")
        Path(name).write_text(sheet, "cp1252")
    windows = targen("batch", "import", "run", "run-1.md")
    typed = "--encoding NAME; NAME is the encoding in which its text is right"
    assert (windows.code, typed in windows.err) == (2, True), windows.err
    strange = targen("batch", "import", "run", "other-1.md", "--encoding", "cp1252")
    assert (strange.code, "any answers to the calls of run" in strange.err) == (2, True)
    taken = targen("batch", "import", "run", "run-1.md", "--encoding", "cp1252")
    assert taken.out.startswith("1 good, ")
    assert (taken.code, taken.out.endswith(" run --out run-2.md\n")) == (0, True)


def test_a_run_that_ends_without_all_its_rows_leaves_no_call_to_answer(targen: Targen) -> None:
    declare("red", "blue", more="seeds: [A lamp on the stairs is out.]\n")
    begun = ("generate", "hue.yaml", "-n", 4, "-b", "llama", "-o", "model=m", "--no-correct")
    assert targen(*begun, "--batch-offline", "-q", "--out", "run").code == 0
    assert export(targen, "asked.jsonl") == export(targen, "calls.md") == 2
    sheet = Path("calls.md").read_text()
    last = targen("batch", "import", "run", fill_lines(answers()))
    assert (last.code, "all given seeds were used" in last.err) == (1, True)
    assert "a run keeps its seeds: generate a new one with more seeds" in last.err
    assert last.out.startswith("2 good, 0 failed, "), last.out
    for name in ("asked.jsonl", "calls.md"):
        ended = targen("batch", "export", "run", "--out", name)
        assert (ended.code, "all given seeds were used" in ended.err) == (1, True)
    assert Path("asked.jsonl").read_text() == ""
    assert Path("calls.md").read_text() == sheet, "people may have filled it in"


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
        with pytest.raises(AnswersAwaited) as awaited:
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
