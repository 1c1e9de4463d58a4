"""`targen method`: what it makes, resumes and refuses, by the command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.files import lines

from ...tables import table


@pytest.fixture
def start(mail):
    """A command that makes rows by AttrPrompt."""
    return ("method", "attrprompt", str(mail), "-b", "scripted", "--out", "run")


def test_what_was_asked_for_is_a_task_file(refuses, works, mail):
    save = ("method", "attrprompt", mail, "--save", "asked.json")
    done = works(*save, "--set", "values=7", "-b", "scripted")
    assert done.out == "Wrote asked.json; next: targen preview asked.json -b scripted\n"
    method = {"use": "attrprompt", "task": str(mail), "options": {"values": 7}}
    assert json.loads(Path("asked.json").read_text()) == {
        "name": "mail-attrprompt",
        "method": method,
    }
    refuses(save, "already exists")
    works("preview", "asked.json", "-b", "scripted")


def test_a_run_needs_the_file_of_its_task_no_more(refuses, works, mail, start):
    (mail.parent / "desks.txt").write_text("the front desk\nthe desk upstairs\n")
    mail.write_text(mail.read_text() + "seeds: {file: desks.txt}\n")
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
    differs = "started with a different task"
    refuses((*start, "-n", "12"), differs)
    Path("run/task.json").write_bytes(before.replace(b"a library", b"a brewery"))
    refuses("resume run -n 16", "run/task.json lists data to read or code to run, but targen")
    refuses("resume run -n 16 --trust=./run", "started with a different task")


def test_a_run_keeps_a_module_and_runs_it_only_where_it_is_known(refuses, works, mail):
    module = mail.with_name("notes.py")
    module.write_text(
        "from pathlib import Path\nfrom targen_standard.task_files.model import Declaration\n"
        "Path('executed').touch()\n"
        "labels = {'loan': 'it is about books', 'room': 'it is about rooms'}\n"
        "FIRST = Declaration(description='Each row is a note.', labels=labels).task(name='notes')\n"
        "SECOND = FIRST.replace(summary='other notes')\n"
    )
    first = ("method", "supergen", f"{module}:FIRST", "-n", "4", "-b", "scripted", "--out", "run")
    works(*first, "--set", "ratio=2")
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
        assert "add --trust=run/task.json" in refuses(f"{command} run", "").err
    assert not Path("executed").exists()


PAIR = '{"text": "Is the atlas back?", "label": "loan"}\n'
REFUSED = """
    attrpromt mail.yaml | attrprompt
    attrprompt mail.yaml --set value=3 | no option 'value'
    attrprompt mail.yaml --set values=1 | option values of method attrprompt: it must be at least 2
    attrprompt mail.yaml --settings papers | no preset 'papers'
    attrprompt mail.yaml --given pair.jsonl | does not use given rows
    attrprompt mail.yaml --set values | for example --set values=20
    selfinstruct mail.yaml --preset paper | --settings paper
    selfinstruct mail.yaml --set shortest=200 | shortest=200 is larger than longest=150
    selfinstruct mail.yaml --set 'instruction=["Sort the notes.", " "]' | one of the values is empty
    zerogen mail.yaml --set 'cues={"lone": "About a loan:"}' | 'lone', which is not a label
    zerogen mail.yaml --set debias=maybe | option debias of method zerogen:
    zerogen mail.yaml --given pair.jsonl | does not use given rows: a row of mail has a single text
    supergen mail.yaml --given pair.jsonl | does not use given rows: a row of mail has a single text
    coda mail.yaml | no rows were given
    coda mail.yaml --given pair.jsonl --set solo=0 --set mix=0 | solo=0
    coda mail.yaml --given pair.jsonl --set embedder=wordz | wordz
    coda mail.yaml --given pair.jsonl --set keep=2 | option keep of method coda:
"""


@pytest.mark.parametrize(("line", "said"), table(REFUSED, 2))
def test_what_makes_no_sense_begins_no_run(refuses, mail, line, said):
    Path("pair.jsonl").write_text(PAIR)
    words = "--set embedder=words" if "coda" in line and "embedder" not in line else ""
    assert said in refuses(f"method {line} {words} -n 2 -b scripted --out run", "").err


def test_a_run_says_whose_rows_they_are_and_that_nothing_was_corrected(refuses, works, mail, start):
    works(*start, "-n", "4")
    assert "label, not corrected" in works("report", "run").out
    card = " ".join(Path("run/README.md").read_text().split())
    assert "4 of 4 candidates were accepted (100%). Labels were not corrected." in card
    works("validate", "run", "--task", mail)
    other = mail.with_name("other.yaml")
    other.write_text(mail.read_text())
    refuses(("validate", "run", "--task", other), "already states the task of its rows")
    refuses("resume run -n 8 --delivery files", "answers its calls itself")
