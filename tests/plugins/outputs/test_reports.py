"""What a run's report says of outputs, and how a correction of rows counts what it changed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import yaml

from targen_core import Declaration, generate
from targen_standard.task_files.outputs import output_in

from .declared import ALL, declaration
from .test_exporters import PLACES, REPLIES, span

MET = "Ann met Bob in Rome."
ANN, BOB = span(MET, "Ann", "person"), span(MET, "Bob", "person")
ROME, TOWN = span(MET, "Rome", "place"), span(MET, "Bob", "place")
JUDGED = ("found", "missed", "added")


# The second row had Rome, which step 4 did not find, and Bob as a person.
POSTS = [
    ({"text": MET, "spans": [ANN, ROME]}, None),
    (
        {"text": MET, "spans": [ANN, TOWN]},
        "<person>Ann</person> met <person>Bob</person> in <place>Rome</place>.",
    ),
    ({"text": MET, "spans": []}, None),
]
MAILS = [
    ({"text": "x", "labels": ["refund"]}, "refund, delay"),
    ({"text": "y", "labels": ["refund"]}, "none"),
    ({"text": "z", "labels": ["delay"]}, None),
    ({"text": "v", "labels": []}, None),
]
SCORED = [({"one": "x", "other": "y", "score": 1.2}, None)]
SCORED += [({"one": "x", "other": "y", "score": 1.5}, "4.4")]
SCORES = [("1 to 2", 2, 1.35, 1), *((f"{n} to {n + 1}", 0, None, 0) for n in (2, 3, 4))]
ANSWERED = [({"kind": "when", "answers": ["May", "in May"]}, None)]
ANSWERED += [({"kind": "when", "answers": ["June"]}, "July")]
CHOSEN = [(REPLIES, "It depends."), ({**REPLIES, "margin": "slightly"}, None)]


@pytest.mark.parametrize(
    ("kind", "rows", "columns", "cells", "more"),
    [
        (
            "spans",
            POSTS,
            ("type", "rows", "spans", *JUDGED),
            [("person", 2, 2, 2, 1, 0), ("place", 2, 2, 1, 1, 1)],
            [(0, 1), (2, 2)],
        ),
        (
            "labels",
            MAILS,
            ("label", "rows", *JUDGED),
            [("refund", 2, 1, 0, 1), ("delay", 1, 1, 1, 0)],
            [(0, 1), (1, 3)],
        ),
        ("score", SCORED, ("score", "rows", "mean", "corrected"), SCORES, None),
        (
            "answer",
            ANSWERED,
            ("kind", "rows", "answers per row", "corrected"),
            [("when", 2, 1.5, 1), ("who", 0, None, 0)],
            [(1, 1), (2, 1)],
        ),
        (
            "preference",
            CHOSEN,
            ("criterion", "rows", "turned round"),
            [("concise", 2, 1), ("correct", 0, 0)],
            [("clearly", 1), ("slightly", 1)],
        ),
    ],
)
def test_tables_count_what_rows_have_and_what_step_4_changed(kind, rows, columns, cells, more):
    output = output_in(declaration(kind).task(name="mine"))
    first, *others = output.tables(rows, judged=True)
    assert (first.columns, [*first.rows]) == (columns, cells)
    assert [[*each.rows] for each in others] == ([more] if more else [])
    without = output.tables(rows, judged=False)[0].columns
    assert not {*without} & {*JUDGED, "corrected", "turned round"}
    assert output.tables([], judged=True)


def test_a_run_reports_them_and_commands_show_them(works):
    Path("mine.yaml").write_text(yaml.safe_dump(ALL["score"], sort_keys=False))
    ran = works("generate", "./mine.yaml", "-n", 40, "-b", "scripted", "--out", "run")
    (table,) = json.loads(Path("run/report.json").read_text())["output"]
    records = map(json.loads, Path("run/provenance.jsonl").read_text().splitlines())
    corrected = sum("before" in record.get("notes", {}) for record in records)
    assert corrected > 0  # scripted replies give another score of the same part of the scale
    assert sum(row[-1] for row in table["rows"]) == corrected
    for shown in (ran.out, works("report", "run").out):
        assert "\nScores\nscore " in shown
    works("report", "run", "--html")
    assert "<h2>Scores</h2>" in Path("run/report.html").read_text()
    report = json.loads(Path("run/report.json").read_text())
    for broken in ("no table", [{"title": "x"}], [{"title": "x", "columns": ["a"], "rows": [[]]}]):
        Path("run/report.json").write_text(json.dumps({**report, "output": broken}))
        assert "\nScores\n" not in works("report", "run").out


@pytest.mark.usefixtures("alone")
def test_a_run_of_a_task_of_a_program_reports_them():
    """Such a task is in no file, so the folder alone does not tell what its rows have."""
    task = PLACES.task(name="mine")
    generate(task, n=4, model="scripted", progress=False, out="run")
    first, _ = json.loads(Path("run/report.json").read_text())["output"]
    assert first["title"] == "Spans"
    assert [row[0] for row in first["rows"]] == ["person", "place"]


def test_what_is_corrected_within_its_label_is_wrong_and_named_by_its_row(works):
    Path("mine.yaml").write_text(yaml.safe_dump(ALL["spans"], sort_keys=False))
    text = "See Aba0 or Bebe0."  # of such names the scripted backend marks each
    one, other = span(text, "Aba0", "person"), span(text, "Bebe0", "person")
    rows = [{"text": text, "spans": [one, other]}, {"text": text, "spans": [one]}]
    rows[1]["text"] = text.replace("See", "Saw")
    Path("rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = works("correct", "rows.jsonl", "--task", "./mine.yaml", "-b", "scripted", "--out", "out")
    assert "\n1 unchanged, 1 changed, 0 rejected\n" in done.out
    changes = [*map(json.loads, Path("out/changes.jsonl").read_text().splitlines())]
    assert [each["verdict"] for each in changes] == ["confirmed", "relabelled"]
    assert "before" not in changes[0]
    assert changes[1]["label"] == changes[1]["claimed"] == "person"
    assert changes[1]["before"] == "Saw <person>Aba0</person> or Bebe0."
    assert changes[1]["after"] == "Saw <person>Aba0</person> or <person>Bebe0</person>."
    report = json.loads(Path("out/report.json").read_text())
    assert report["as_given"] == {"right": 1, "wrong": 1}
    assert json.loads(Path("out/dataset.jsonl").read_text().splitlines()[1])["spans"][1] == other


@pytest.mark.whole
def test_rows_with_one_label_have_no_such_section(works):
    plain = Declaration(description="Short notes.", labels={"calm": "it is calm", "loud": "it is"})
    assert output_in(plain.task(name="mine")) is None
    works("generate", "rte", "-n", 2, "-b", "scripted", "--out", "run", "-q")
    assert "output" not in json.loads(Path("run/report.json").read_text())


def test_analysis_knows_the_label_that_rows_are_counted_by(works):
    Path("mine.yaml").write_text(yaml.safe_dump(ALL["spans"], sort_keys=False))
    works("generate", "./mine.yaml", "-n", 8, "-b", "scripted", "--out", "run", "-q")
    works("analyze", "run", "--metric", "outputs", "--metric", "labels", "--out", "seen")
    found = json.loads(Path("seen/analysis.json").read_text())
    text = json.dumps(found)
    assert "person+place" in text
    assert "type from mention" in text


def test_rows_of_one_text_with_another_output_are_paired_by_diff(works, in_process):
    Path("mine.yaml").write_text(yaml.safe_dump(ALL["score"], sort_keys=False))
    works("generate", "./mine.yaml", "-n", 8, "-b", "scripted", "--out", "run", "-q")
    shutil.copytree("run", "other")
    lines = Path("other/dataset.jsonl").read_text().splitlines()
    row = json.loads(lines[0])
    lines[0] = json.dumps({**row, "score": row["score"] + 0.01})
    Path("other/dataset.jsonl").write_text("".join(f"{line}\n" for line in lines))
    said = json.loads(in_process("diff", "run", "other", "--json").out)
    assert said["rows"] == {"same": 7, "relabelled": 1, "near": 0, "left": 0, "right": 0}
