"""`targen method`: what it makes, resumes and refuses, by the command."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from targen_core import UsageError, read_dataset
from tests.files import lines, write_lines

Targen = Callable[..., Any]


def test_a_method_makes_exact_rows_of_a_task_in_a_file(works, mail):
    works(
        *("method", "attrprompt", str(mail), "--label", "loan=5", "--label", "room=3"),
        *("-b", "scripted", "--set", "lengths=[20,40]", "--out", "run"),
    )
    labels = [row["label"] for row in lines("run/dataset.jsonl")]
    assert sorted(labels) == ["loan"] * 5 + ["room"] * 3
    first = lines("run/provenance.jsonl")[0]
    assert first["dimensions"]["length"] in ("20 to 70 words", "40 to 90 words")
    assert first["seed"]["number"] == 0
    manifest = json.loads(Path("run/manifest.json").read_text())
    assert "targen-methods" in manifest["lock"]["distributions"]


def test_attributes_of_the_user_are_drawn_evenly(works, mail):
    Path("asked.yaml").write_text(
        f"method:\n  use: attrprompt\n  task: {mail}\n  options:\n    attributes: 1\n"
        "    attribute:\n      tone: [warm, terse, formal, hurried]\n"
        "    lengths: [20, 40]\n"
    )
    works("generate", "asked.yaml", "-n", "16", "-b", "scripted", "--out", "run")
    tones = [row["dimensions"]["tone"] for row in lines("run/provenance.jsonl")]
    assert {tones.count(tone) for tone in ("warm", "terse", "formal", "hurried")} == {4}
    report = json.loads(Path("run/report.json").read_text())
    asked = {step["step"] for step in report["usage"]["by_step"] if step["calls"]}
    assert asked == {"generate"}  # nothing to propose, nothing to list


def test_what_was_asked_for_is_a_task_file(targen, works, mail):
    works("method", "attrprompt", str(mail), "--set", "values=7", "--save", "asked.json")
    assert json.loads(Path("asked.json").read_text()) == {
        "name": "mail-attrprompt",
        "method": {"use": "attrprompt", "task": str(mail), "options": {"values": 7}},
    }
    again = targen("method", "attrprompt", str(mail), "--save", "asked.json")
    assert (again.code, "exists already" in again.err) == (2, True)
    works("preview", "asked.json", "-b", "scripted")


def test_a_run_needs_the_file_of_its_task_no_more(targen, works, mail):
    (mail.parent / "desks.txt").write_text("the front desk\nthe desk upstairs\n")
    mail.write_text(mail.read_text() + "seeds: {file: desks.txt}\n")
    start = ("method", "attrprompt", str(mail), "-b", "scripted", "--out", "run")
    works(*start, "-n", "4")
    kept = json.loads(Path("run/task.json").read_text())["method"]["kept"]
    assert (kept["name"], [*kept["labels"]]) == ("mail", ["loan", "room"])
    assert kept["seeds"]["items"] == ["the front desk", "the desk upstairs"]
    before = Path("run/task.json").read_bytes()

    (mail.parent / "desks.txt").unlink()
    moved = mail.rename(mail.with_name("moved.yaml"))
    for line in (("resume", "run", "-n", "8"), ("validate", "run"), ("show", "run")):
        works(*line)
    assert len(lines("run/dataset.jsonl")) == 8

    mail.write_text(moved.read_text().replace("a library", "a bakery").replace("seeds:", "# "))
    works("resume", "run", "-n", "12")
    assert Path("run/task.json").read_bytes() == before
    other = targen(*start, "-n", "12")
    assert other.code != 0 and "run contains another run, started with another method" in other.err

    Path("run/task.json").write_bytes(before.replace(b"a library", b"a brewery"))
    works("describe", "run/task.json", "--trust")
    changed = targen("resume", "run", "-n", "16")
    assert changed.code != 0 and "the task of this run, task.json, has changed" in changed.err


def test_a_run_whose_copy_names_the_file_alone_goes_on_with_that(targen, works, mail):
    start = ("method", "attrprompt", str(mail), "-n", "4", "-b", "scripted", "--out", "run")
    works(*start)
    copy = Path("run/task.json")
    asked = json.loads(copy.read_text())
    del asked["method"]["kept"]
    copy.write_text(json.dumps(asked, ensure_ascii=False, indent=2) + "\n")
    works("resume", "run", "-n", "8")
    gone = mail.rename(mail.with_name("moved.yaml"))
    done = targen("resume", "run", "-n", "12")
    assert done.code == 2 and f"there is no file {mail}" in done.err
    gone.rename(mail)
    works("resume", "run", "-n", "12")
    works(*start)  # the command that began it makes the copy whole
    mail.unlink()
    works("resume", "run", "-n", "16")


def test_a_run_keeps_a_module_and_runs_it_only_where_it_is_known(targen, works, mail, monkeypatch):
    module = mail.with_name("notes.py")
    module.write_text(
        "from pathlib import Path\nfrom targen_core import Declaration\n"
        "Path('executed').touch()\n"
        "labels = {'loan': 'it is about books', 'room': 'it is about rooms'}\n"
        "FIRST = Declaration(description='Each row is a note.', labels=labels).task(name='notes')\n"
        "SECOND = FIRST.replace(summary='other notes')\n"
    )
    start = ("method", "supergen", f"{module}:FIRST", "-n", "4", "-b", "scripted", "--out", "run")
    works(*start, "--set", "ratio=2")
    code = module.read_text()
    assert json.loads(Path("run/task.json").read_text())["method"]["kept"] == code
    module.unlink()
    works("resume", "run", "-n", "8")
    works("finish", "run")
    assert Path("run-finished/task.py").read_text() == code
    works("validate", "run-finished")

    Path("executed").unlink()
    copy = Path("run/task.json")
    copy.write_text(copy.read_text().replace("a note", "a poem"))
    for command in ("resume", "finish", "validate"):
        strange = targen(command, "run")
        assert strange.code == 2 and "targen describe run/task.json" in strange.err
    assert not Path("executed").exists()


@pytest.mark.whole
def test_rows_are_measured_and_learned_without_the_file_of_their_task(works, mail):
    for seed in ("0", "1"):
        start = ("method", "zerogen", str(mail), "-n", "24", "-b", "scripted", "--seed", seed)
        works(*start, "--out", f"run{seed}")
    mail.unlink()
    for line in (
        ("analyze", "run0", "--metric", "labels", "--out", "analysed"),
        ("train", "run0", "--out", "model"),
        ("compare", "run0", "--test", "run1", "--repeats", "1", "--out", "compared"),
        ("reweigh", "run0", "--out", "weighed"),
        ("evaluate", "model", "run1"),
        ("validate", "weighed"),
    ):
        works(*line)
    assert json.loads(Path("weighed/task.json").read_text())["name"] == "mail"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("attrpromt", "mail.yaml"), "attrprompt"),
        (("attrprompt", "mail.yaml", "--set", "value=3"), "no option 'value'"),
        (("attrprompt", "mail.yaml", "--set", "values=1"), "method attrprompt: values: "),
        (("attrprompt", "mail.yaml", "--settings", "papers"), "no preset 'papers'"),
        (("attrprompt", "mail.yaml", "--given", "rows.jsonl"), "does not use given rows"),
        (("attrprompt", "mail.yaml", "--set", "values"), "for example --set values=20"),
        (("selfinstruct", "mail.yaml", "--preset", "paper"), "--settings paper"),
    ],
)
def test_what_makes_no_sense_is_refused(targen, mail, words, said):
    Path("rows.jsonl").write_text(PAIR)
    done = targen("method", *words, "-n", "2", "-b", "scripted", "--out", "run")
    assert done.code == 2
    assert said in done.err
    assert not Path("run").exists()


@pytest.mark.whole
def test_a_run_that_files_answered_grows_without_a_key(targen, works, mail, monkeypatch):
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    listed = ("--set", "attributes=0", "--set", "lengths=[20]")  # so that rows alone are asked for
    start = (
        *("method", "attrprompt", str(mail), *listed, "-b", "claude", "-o", "model=m"),
        "--batch-offline",
    )
    works(*start, "-n", "2", "--out", "run")
    _answer(targen)
    before = lines("run/dataset.jsonl")
    assert len(before) == 2
    again = targen(*start, "-n", "6", "--out", "run")
    assert again.code != 0
    assert "resume run -n N extends it, with --batch-offline" in " ".join(again.err.split())
    grown = targen("resume", "run", "-n", "6", "--batch-offline")
    assert (grown.code, grown.out) == (0, "run is ready; next: targen batch export run\n")
    _answer(targen)
    rows = lines("run/dataset.jsonl")
    assert len(rows) == 6
    assert rows[:2] == before


def _answer(targen: Targen) -> None:
    """Answer a run's files until it is complete; each answer is another one."""
    for turn in range(4):
        if not targen("batch", "export", "run", "--out", "asked", "--json").json["requests"]:
            return
        answers = []
        for number, request in enumerate(lines("asked")):
            said = {"type": "text", "text": json.dumps({"text": words(turn, number)})}
            result = {
                "type": "succeeded",
                "message": {"content": [said], "stop_reason": "end_turn"},
            }
            answers.append({"custom_id": request["custom_id"], "result": result})
        write_lines("answers", answers)
        assert targen("batch", "import", "run", "answers").code == 0
    raise AssertionError("the run does not end")


def words(turn: int, number: int) -> str:
    """Words that no other turn or number has."""
    rng = random.Random(f"{turn}/{number}")
    return " ".join("".join(rng.choices("abcdefgh", k=6)) for _ in range(8))


def test_a_run_whose_calls_go_into_no_file_keeps_its_target(targen, works, mail):
    start = ("method", "attrprompt", str(mail), "-b", "scripted", "--out", "run")
    works(*start, "-n", "4")
    before = Path("run/manifest.json").read_bytes()
    refused = targen("resume", "run", "-n", "8", "--batch-offline")
    assert refused.code == 2
    assert "cannot write calls to files" in refused.err
    assert Path("run/manifest.json").read_bytes() == before


def test_reports_say_that_nothing_was_corrected(targen, works, mail):
    start = ("method", "attrprompt", str(mail), "-n", "4", "-b", "scripted")
    works(*start, "--out", "run")
    said = targen("report", "run").out
    assert "its label, not corrected" in said
    assert "judged" not in said
    assert "4 of 4 candidates were accepted (100%). No label was corrected." in " ".join(
        Path("run/README.md").read_text().split()
    )
    works(*start, "--corrector", "blind", "--out", "judged")
    said = targen("report", "judged").out
    assert "after correction" in said and "judged" in said
    assert "candidates judged" in Path("judged/README.md").read_text()


def test_rows_of_a_method_are_rows_of_the_task_that_it_is_for(targen, works, mail):
    start = ("method", "attrprompt", str(mail), "-n", "4", "-b", "scripted", "--out", "run")
    works(*start)
    works("validate", "run", "--task", str(mail))
    other = mail.with_name("other.yaml")
    other.write_text(mail.read_text())
    refused = targen("validate", "run", "--task", str(other))
    assert refused.code == 2
    assert "already names the task of its rows" in refused.err


def test_help_offers_no_step_4_to_leave_out(targen):
    said = targen("method", "--help").out
    assert "--corrector" in said
    assert "--no-correct" not in said


@pytest.mark.parametrize("name", ["zerogen", "supergen"])
def test_rows_of_a_single_text_are_refused_where_only_pairs_start_from_some(targen, mail, name):
    Path("rows.jsonl").write_text('{"text": "Is the blue room free?", "label": "room"}\n')
    done = targen(
        *("method", name, str(mail), "--given", "rows.jsonl", "-n", "2", "-b", "scripted"),
        *("--out", "run"),
    )
    assert done.code == 2 and not Path("run").exists()
    assert "does not use given rows: a row of mail has a single text" in done.err
    assert "leave them out" in done.err


PAIR = '{"text": "Is the atlas back?", "label": "loan"}\n'


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("", "has no rows"),
        (
            '{"premise": "It rains.", "hypothesis": "It is wet.", "label": 1}',
            "text: no such column",
        ),
        (PAIR.replace("loan", "lone"), "label: 'lone' is not 'loan' or 'room'; did you mean loan?"),
        ('{"text": "Is the atlas back?"}', "no given row has a label"),
        (PAIR + "and so on", "line 2 is not a row of mail"),
    ],
)
def test_given_rows_are_read_before_a_run_is_begun(targen, mail, lines, said):
    Path("rows.jsonl").write_text(lines)
    how = ("--given", "rows.jsonl", "-n", "4", "-b", "scripted", "--set", "embedder=words")
    done = targen("method", "coda", str(mail), *how, "--out", "run")
    assert done.code == 2 and said in done.err and "Traceback" not in done.err
    assert not Path("run").exists()
    if "no such column" in done.err:
        assert "the columns of mail: text, label" in done.err
    assert targen("method", "coda", str(mail), *how[:2], "--save", "saved.json").code == 2
    assert not Path("saved.json").exists()
    # What is written by hand, or was when the rows were good, is begun no sooner.
    asked = {"use": "coda", "task": mail.name, "given": "rows.jsonl"}
    Path("asked.json").write_text(json.dumps({"method": asked}))
    done = targen("generate", "asked.json", *how[2:6], "--out", "run")
    assert done.code == 2 and said in done.err and "Traceback" not in done.err
    assert not Path("run").exists()


def test_rows_that_a_file_names_and_that_are_gone_begin_no_run(targen, works, mail):
    both = PAIR + '{"text": "Is the blue room free?", "label": "room"}\n'
    Path("rows.jsonl").write_text(both)
    how = ("--given", "rows.jsonl", "--set", "embedder=words", "--save", "asked.json")
    works("method", "coda", str(mail), *how)
    start = ("generate", "asked.json", "-n", "4", "-b", "scripted", "--out", "run")
    for change, said in (
        (lambda: Path("rows.jsonl").write_text(both * 2), "the given rows have changed"),
        (lambda: Path("rows.jsonl").unlink(), "there is no file"),
    ):
        change()
        done = targen(*start)
        assert done.code == 2 and said in done.err and not Path("run").exists()
    Path("rows.jsonl").write_text(both)
    works(*start)


@pytest.mark.whole
@pytest.mark.parametrize("name", ["progen", "sungen"])
def test_an_embedder_that_is_not_there_is_refused_at_once(targen, works, mail, name):
    start = ("method", name, str(mail), "-n", "4", "-b", "scripted", "--out", "run")
    done = targen(*start, "--set", "features=mini")
    assert done.code == 2 and "no embedder named 'mini'" in done.err
    assert not Path("run").exists()
    works(*start, "--set", "features=words")


@pytest.mark.whole
@pytest.mark.parametrize("task", ["wic", "record", "wsc"])
def test_a_task_whose_rows_are_more_than_texts_is_refused(targen, task):
    done = targen("method", "attrprompt", task, "-n", "2", "-b", "scripted")
    assert done.code == 2
    assert task in done.err


def test_methods_say_what_they_ask_of_a_backend(targen):
    assert [one["step"] for one in targen("describe", "supergen", "--json").json["scored"]] == [
        "generate"
    ]
    assert targen("describe", "coda", "--json").json["scored"] == []  # made without its rows
    assert "Step generate asks for token probabilities" in targen("describe", "supergen").out


@pytest.mark.whole
def test_an_analysis_counts_no_labels_as_corrected_where_none_was(works, mail):
    start = ("method", "attrprompt", str(mail), "-n", "4", "-b", "scripted", "--out", "run")
    works(*start)
    works("analyze", "run", "--metric", "labels", "--out", "analysed")
    said = Path("analysed/analysis.json").read_text()
    assert "No label of run was corrected: the run had no step 4." in said
    assert "got another than was asked for" not in said


def test_a_command_that_calls_the_python_api_says_what_to_type(targen):
    Path("rows.jsonl").write_text(PAIR)
    done = targen("select", "rows.jsonl", "--keep", "1")
    assert (
        done.code == 2 and "try: --task NAME, or the file of one; see targen list-tasks" in done.err
    )
    with pytest.raises(UsageError) as caught:  # and a program what to write, as ever
        read_dataset("rows.jsonl")
    assert caught.value.hint == 'task="NAME", or the file of one; see targen list-tasks'
