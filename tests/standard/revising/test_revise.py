"""`targen revise`: a task changed, and only what that touches asked again."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import targen_core
from targen_standard.revising.api import plan_revision
from targen_standard.revising.api import revise as targen_revise

from ...runs import journal, manifest, outputs, records, report
from ..answers import script
from .mail import DEFINED, LESS, MAIL, MORE, SAMPLE, calls


@pytest.fixture
def make(works, once):
    """A new run of a task's text, which shares nothing with another."""

    def made(text: str, out: str, *args: object) -> Path:
        Path("mail.yaml").write_text(text)
        words = ("generate", "mail.yaml", *(args or ("-n", 24)), *script("doubting"), "--out", out)
        if (text, out, args) == (MAIL, "run", ()):
            once(out, lambda: works(*words))
        else:
            works(*words)
        return Path(out)

    return made


@pytest.fixture
def revise(targen):
    def revised(text: str, out: str, *args: object, code: int = 0) -> Any:
        Path("mail.yaml").write_text(text)
        done = targen("revise", "run", "--task", "mail.yaml", *args, "--out", out, "-q")
        assert done.code == code, done.err
        return done

    return revised


CHANGES: Mapping[str, tuple[str, set[str]]] = {
    # what changed -> the file, and the steps that are asked again
    "a definition": (DEFINED, {"generate", "correct"}),
    "a sample": (MAIL + SAMPLE, {"correct"}),
    "a label more": (MORE, {"generate", "correct"}),
    "a label less": (LESS, {"correct"}),
    "nothing but words": (MAIL.replace("name: mail", "name: mail\nsummary: Mail to a shop"), set()),
}


DRAWS = {
    "dimensions: {tone: [plain, angry]}": "dimensions: {tone: [plain, angry, hasty]}",
}


@pytest.mark.parametrize("said", DRAWS)
def test_rows_that_draw_something_else_are_written_again(said, make, revise):
    make(f"{MAIL}{said}\n", "run")
    revise(f"{MAIL}{DRAWS[said]}\n", "revised")
    fresh = make(f"{MAIL}{DRAWS[said]}\n", "fresh")
    assert outputs("revised") == outputs(fresh)
    assert 0 < calls("revised")["generate"] < calls(fresh)["generate"]


@pytest.mark.parametrize("change", CHANGES)
def test_it_asks_what_has_changed_and_makes_the_rows_of_a_new_run(change, make, revise, works):
    text, steps = CHANGES[change]
    before = outputs(make(MAIL, "run"))
    revise(text, "revised")
    labels = targen_core.load("revised").report.raw["requested"]
    fresh = make(text, "fresh", *(f"--label={name}={count}" for name, count in labels.items()))
    if "a label" in change:  # whose name is in the prompts of the others, whose texts stay
        texts = {row["text"] for row in records("revised", "dataset.jsonl")}
        old = [row["text"] for row in records("run", "dataset.jsonl") if row["label"] in labels]
        # Seeds of a label that is gone serve the others; and what is relabelled moves turns.
        assert sum(text in texts for text in old) > len(old) / 2
    else:
        assert outputs("revised") == outputs(fresh)
    done = outputs("revised")
    assert outputs("run") == before
    asked = calls("revised")
    assert steps <= asked.keys()
    assert sum(asked.values()) < 0.75 * sum(calls(fresh).values())
    for verify in ((), ("--verify",)):
        works("resume", "revised", *verify, "-q")
    assert outputs("revised") == done
    assert calls("revised") == asked


def test_a_judgement_that_failed_is_kept_where_nothing_changes(works, revise):
    """Asked again, it would make a row, and move those after it."""
    Path("mail.yaml").write_text(MAIL)
    works("generate", "mail.yaml", "-n", 24, *script("failing"), "--out", "run")
    failed = {each["id"] for each in records("run", "rejects.jsonl")}
    assert len(failed) > 1
    Path("fixed").touch()
    revise(DEFINED, "revised", "--judge", "changed")
    others = {each for each in failed if "/complaint/" not in each}
    assert others
    assert not others & {each["id"] for each in records("revised")}


def test_only_what_a_change_touches_is_judged_again(make, revise, targen, works):
    make(MAIL, "run")
    revise(DEFINED, "revised", "--judge", "changed")
    rows = records("revised")
    old = {
        each["id"]: each
        for name in ("provenance", "rejects")
        for each in records("run", f"{name}.jsonl")
    }
    taken = journal("revised")
    carried = {each["place"]: each for each in taken if "carried" in each}
    concerned = {
        each for each, was in old.items() if "complaint" in (was["intended"], was.get("label"))
    }
    assert not {f"correct/{each}" for each in concerned} & carried.keys()
    # Also beyond where a replay must guess what comes: the rehearsal went on.
    others = {row["id"] for row in rows if row["id"] in old and row["id"] not in concerned}
    assert {f"correct/{each}" for each in others} <= carried.keys()
    recorded = manifest("revised")
    assert (recorded["replay_of"], recorded["carried"]) == ("run", len(carried))
    (note,) = report("revised")["notes"]
    assert note.startswith(f"reused {len(carried)} replies from run, given before")
    # The key of the old call is in the old journal, and a trace of the row names it.
    place, record = next(iter(carried.items()))
    found = targen("trace", "run", "--call", record["carried"], "--json").json["call"]
    assert (found["place"], found["reply"]) == (place, record["text"])
    candidate = place.removeprefix("correct/")
    traced = targen("trace", "revised", candidate, "--json").json["calls"]
    assert record["carried"] in [each["carried"] for each in traced]
    assert record["carried"][:12] in targen("trace", "revised", candidate).out
    done = outputs("revised")
    works("resume", "revised", "--verify", "-q")
    assert outputs("revised") == done


def test_texts_of_changed_labels_can_stay_and_be_judged_again(make, revise):
    make(MAIL, "run")
    revise(DEFINED, "kept", "--no-rewrite")
    assert "generate" not in calls("kept")
    assert Path("kept/dataset.jsonl").read_bytes() == Path("run/dataset.jsonl").read_bytes()
    revise(DEFINED, "cheapest", "--no-rewrite", "--judge", "changed")
    assert sum(calls("cheapest").values()) <= sum(calls("kept").values()) / 2
    # A reply that does not answer what is asked now is not taken over.
    revise(MAIL + "fields: {subject: {}, text: {}}\n", "other", "--no-rewrite")
    assert calls("other")["generate"] >= 24


def test_a_corrector_and_the_options_of_a_step_may_change(make, works):
    make(MAIL, "run")
    least = "at least, since rows that the new corrector rejects"
    other = ("--corrector", "meta-paper")
    assert least in works("revise", "run", *other, "--dry-run").out
    assert least not in works("revise", "run", "-n", 36, "--dry-run").out
    works("revise", "run", *other, "--out", "paper", "-q")
    assert calls("paper").keys() == {"correct"}
    works("revise", "run", "-o", "correct.garbage_rate=0.01", "--out", "judge", "-q")
    assert calls("judge")["correct"] >= 24 > 2 * calls("judge")["generate"]
    works("revise", "judge", "-o", "temperature=0.3", "--dry-run")


def test_it_says_first_what_it_will_do(make, revise, targen):
    make(MAIL, "run")
    before = sorted(map(str, Path().rglob("*")))
    Path("mail.yaml").write_text(DEFINED)
    plan = targen("revise", "run", "--task", "mail.yaml", "--dry-run", "--json").json
    assert plan["changes"] == [
        {
            "name": "labels.complaint.definition",
            "was": "The customer is unhappy, and asks for no money.",
            "now": "The customer is unhappy, and does not ask for money.",
        }
    ]
    # Rows that were written as complaints are written again; those that became one are judged.
    came = [
        row["intended"] for row in records("run", "provenance.jsonl") if row["label"] == "complaint"
    ]
    judged = sum(intended != "complaint" for intended in came)
    written = {"requested": 6, "kept": 0, "judged": judged, "written": 6 - judged}
    assert 0 < judged < 6 and plan["labels"]["complaint"] == written
    assert plan["labels"]["order"] == {"requested": 6, "kept": 0, "judged": 6, "written": 0}
    said = targen("revise", "run", "--task", "mail.yaml", "--dry-run").out
    assert (
        "run, revised as run-revised\n\nChanged\n  labels.complaint.definition\n    - The" in said
    )
    assert said.endswith("\nDry run: targen made no calls and wrote no files.\n")
    assert sorted(map(str, Path().rglob("*"))) == before
    made = targen("revise", "run", "--task", "mail.yaml")
    asked = calls("run-revised")
    assert abs(asked["generate"] - plan["calls"]["texts"]) <= 2
    assert abs(asked["correct"] - plan["calls"]["judgements"]) <= 8
    assert made.out.startswith(said.rpartition("\nDry run")[0])
    less = plan_revision("run", "mail.yaml", judge="changed")
    assert plan["saved"] == plan["calls"]["judgements"] - less.calls.judgements
    assert less.share < 0.6 * plan["share"]
    assert not plan_revision("run-revised", "mail.yaml").changes


def test_a_text_that_was_never_judged_makes_a_new_row(works, targen):
    Path("mail.yaml").write_text(MAIL)
    for limit in range(17_000, 22_000, 1000):  # some of these stop between a text and its judgement
        run = f"run-{limit}"
        generate = ("generate", "mail.yaml", "-n", 30, "-b", "scripted", "--concurrency", 16, "-q")
        targen(*generate, "--max-tokens", limit, "--out", run)
        there = len(records(run, "dataset.jsonl"))
        of = works("revise", run, "-n", 40, "--dry-run", "--json").json["labels"].values()
        assert sum(each["judged"] for each in of) == 0
        assert sum(each["kept"] for each in of) <= there < 30


@pytest.mark.parametrize("counts", [("-n", 8), ("--label", "order=3", "--label", "refund=2")])
def test_another_name_of_a_label_is_a_value(counts, make, targen, refuses):
    make(MAIL, "first", *counts)
    Path("mail.yaml").write_text(MAIL.replace("refund:", "money:"))
    dry = "--task mail.yaml --dry-run"
    if counts[0] == "--label":
        refuses(f"revise first {dry}", "label money is new", "--label money=2")
        dry += " --label money=2"
    said = targen(f"revise first {dry}").out
    assert "keep its name in the task file and add value: money\n" in said
    value = "refund: {definition: The customer wants money back., value: money}"
    Path("mail.yaml").write_text(MAIL.replace("refund: The customer wants money back.", value))
    revised = targen("revise first --task mail.yaml --out value")
    assert revised.code == 0 and not calls("value")
    assert "money" in {row["label"] for row in records("value", "dataset.jsonl")}


def test_where_nothing_has_changed_it_says_so_and_makes_nothing(make, targen):
    make(MAIL, "run")
    before = {path: path.stat().st_mtime_ns for path in Path().rglob("*")}
    for options in ((), ("-q",), ("--task", "mail.yaml"), ("--dry-run",)):
        done = targen("revise", "run", *options)
        assert (done.code, "nothing differs from run" in done.out) == (0, True), done.err
    assert targen("revise", "run", "--dry-run", "--json").json["changes"] == []
    assert targen_revise("run", "mail.yaml").path == Path("run")
    assert {path: path.stat().st_mtime_ns for path in Path().rglob("*")} == before


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--task", "nowhere.yaml"), "nowhere.yaml"),
        (("--judge", "some", "--task", "changed.yaml"), "--judge some: no such choice"),
        (("--task", "more.yaml", "--label", "order=7"), "label trade is new"),
        (("--task", "changed.yaml", "--out", "taken"), "taken exists"),
        (("-o", "nobody.times=3"), "nobody"),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_nothing(args, said, make, targen):
    make(MAIL, "run", "--label=order=2", "--label=refund=3")
    Path("changed.yaml").write_text(DEFINED)
    Path("more.yaml").write_text(MORE)
    Path("taken").mkdir()
    Path("taken/mine").write_text("mine")
    before = sorted(map(str, Path().rglob("*")))
    done = targen("revise", "run", *args)
    assert (done.code, said in done.err) == (2, True), done.err
    assert sorted(map(str, Path().rglob("*"))) == before


def test_a_strangers_run_has_no_other_model_asked_at_its_address(make, refuses, monkeypatch):
    make(MAIL, "run")
    shutil.copytree("run", "strangers")
    path = Path("strangers/manifest.json")
    path.write_text(path.read_text().replace("answers.py:doubting", "evil.py:answer"))
    refuses(
        "revise strangers -o correct.garbage_rate=0.5 --dry-run",
        "but targen did not start it here",
    )


def test_what_decides_no_row_is_no_change(make, targen):
    """As the name of a file that the task was edited in."""
    make(MAIL.replace("name: mail\n", ""), "run")
    Path("copy.yaml").write_text(DEFINED.replace("name: mail\n", "presets: {few: 2}\n"))
    plan = ("revise", "run", "--task", "copy.yaml", "--dry-run")
    names = [each["name"] for each in targen(*plan, "--json").json["changes"]]
    assert names == ["labels.complaint.definition"]
    assert "with --judge changed, " in targen(*plan).out
    option = ("revise", "run", "-o", "latency_ms=1", "--dry-run")
    assert "nothing differs from run" in targen(*option).out
    more = targen(*option, "--label", "order=8", "--json").json
    assert [each["name"] for each in more["changes"]] == ["rows.order"]


def test_to_generate_from_a_changed_file_says_that_a_revision_is_cheaper(targen):
    words = ("generate", "mail.yaml", "-n", 4, "-b", "scripted", "-q")
    for text, said in ((MAIL, ""), (DEFINED, "; targen revise runs/mail-0 --task FILE shows")):
        Path("mail.yaml").write_text(text)
        done = targen(*words)
        assert (done.code, said in done.err) == (0, True), done.err
    assert done.out == "runs/mail-0-2/dataset.jsonl\n"


def test_a_revision_of_a_revision_judges_all_rows_or_says_what_it_keeps(
    make, revise, targen, works
):
    make(MAIL, "run")
    revise(DEFINED, "first", "--judge", "changed")
    for way in ("all", "changed"):
        words = ("--label", "order=8", "--judge", way, "--out", way, "-q")
        works("revise", "first", *words)
    assert calls("all")["correct"] >= 14
    assert "carried" not in manifest("all")
    assert calls("changed")["correct"] <= 6
    kept = [manifest(run)["carried"] for run in ("first", "changed")]
    assert kept[0] == kept[1] > 10
    inside = targen("revise", "run", "--label", "order=8", "--out", "run/inside")
    assert (inside.code, "which must not change" in inside.err) == (2, True)


def test_only_yes_answers_its_question(make, in_process, monkeypatch):
    make(MAIL, "run")
    monkeypatch.setattr("targen_standard.revising.command.can_ask", lambda: True)
    monkeypatch.setattr(
        "targen_standard.revising.command.confirmed", lambda question: asked.append(question)
    )
    asked: list[str] = []
    Path("mail.yaml").write_text(DEFINED)
    line = ("revise", "run", "--task", "mail.yaml", "--out", "revised", "-q")
    assert in_process(*line).code == 1
    assert asked[0].startswith("This revision makes ") and asked[0].endswith("calls. Continue?")
    assert in_process(*line, "--yes").code == 0
    assert len(asked) == 1
