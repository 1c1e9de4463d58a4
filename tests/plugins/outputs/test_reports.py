"""What a run's report says of outputs, and how a correction of rows counts what it changed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from targen_standard.task_files.outputs import output_in

from ...files import lines, write_lines
from ...runs import edit, records, report
from .declared import ALL, declaration
from .test_exporters import REPLIES, span

MET = "Ann met Bob in Rome."
ANN, BOB = span(MET, "Ann", "person"), span(MET, "Bob", "person")
ROME, TOWN = span(MET, "Rome", "place"), span(MET, "Bob", "place")


# The second row had Rome, which step 4 did not find, and Bob as a person.
MARKED = "<person>Ann</person> met <person>Bob</person> in <place>Rome</place>."
POSTS = [
    ({"text": MET, "spans": [ANN, ROME]}, None),
    ({"text": MET, "spans": [ANN, TOWN]}, MARKED),
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


TABLES = {
    "spans": (POSTS, "type rows spans", [("person", 2, 2, 2, 1, 0), ("place", 2, 2, 1, 1, 1)]),
    "labels": (MAILS, "label rows", [("refund", 2, 1, 0, 1), ("delay", 1, 1, 1, 0)]),
    "score": (SCORED, "score rows mean", SCORES),
    "answer": (ANSWERED, "kind rows answers_per_row", [("when", 2, 1.5, 1), ("who", 0, None, 0)]),
    "preference": (CHOSEN, "criterion rows", [("concise", 2, 1), ("correct", 0, 0)]),
}
"""Rows and what they were before step 4, columns, and cells: those of step 4 last."""
FOUND = {
    "spans": ("found", "missed", "added"),
    "labels": ("found", "missed", "added"),
    "preference": ("turned round",),
}
SECOND = {
    "spans": [(0, 1), (2, 2)],
    "labels": [(0, 1), (1, 3)],
    "answer": [(1, 1), (2, 1)],
    "preference": [("clearly", 1), ("slightly", 1)],
}


@pytest.mark.parametrize("kind", TABLES)
def test_tables_count_what_rows_have_and_what_step_4_changed(kind):
    rows, names, cells = TABLES[kind]
    plain = tuple(name.replace("_", " ") for name in names.split())
    output = output_in(declaration(kind).task(name="mine"))
    first, *others = output.tables(rows, judged=True)
    judged = (*plain, *FOUND.get(kind, ("corrected",)))
    assert (first.columns, [*first.rows]) == (judged, cells)
    assert [[*each.rows] for each in others] == ([SECOND[kind]] if kind in SECOND else [])
    assert output.tables(rows, judged=False)[0].columns == plain
    assert output.tables([], judged=True)


def made(kind, count, works):
    """A run of a file's task."""
    Path("mine.yaml").write_text(json.dumps(ALL[kind]))
    return works("generate", "./mine.yaml", "-n", count, "-b", "scripted", "--out", "run").out


def test_a_run_reports_them_and_commands_show_them(works):
    made("score", 40, works)
    table, agreement = report("run")["output"]
    notes = [record.get("notes", {}) for record in records("run")]
    partly, corrected = (sum(each in note for note in notes) for each in ("judged", "before"))
    assert [count for _, count in agreement["rows"]] == [40 - partly - corrected, partly, corrected]
    assert corrected > 0  # scripted replies give another score of the same part of the scale
    assert sum(row[-1] for row in table["rows"]) == corrected
    assert "\nScores\nscore " in works("report", "run").out
    works("report", "run", "--html")
    assert "<h2>Scores</h2>" in Path("run/report.html").read_text()
    for broken in ("no table", [{"title": "x"}], [{"title": "x", "columns": ["a"], "rows": [[]]}]):
        edit("run", "output", broken, "report.json")
        assert "\nScores\n" not in works("report", "run").out


def test_what_is_corrected_within_its_label_is_wrong_and_named_by_its_row(works):
    Path("mine.yaml").write_text(json.dumps(ALL["spans"]))
    text = "See Aba0 or Bebe0."  # of such names the scripted backend marks each
    one, other = span(text, "Aba0", "person"), span(text, "Bebe0", "person")
    rows = [{"text": text, "spans": [one, other]}, {"text": text, "spans": [one]}]
    rows[1]["text"] = text.replace("See", "Saw")
    write_lines("rows.jsonl", rows)
    done = works("correct", "rows.jsonl", "--task", "./mine.yaml", "-b", "scripted", "--out", "out")
    assert "\n1 unchanged, 1 changed, 0 rejected\n" in done.out
    changes = lines("out/changes.jsonl")
    assert [each["verdict"] for each in changes] == ["confirmed", "relabelled"]
    assert "before" not in changes[0]
    assert changes[1]["label"] == changes[1]["claimed"] == "person"
    assert changes[1]["before"] == "Saw <person>Aba0</person> or Bebe0."
    assert changes[1]["after"] == "Saw <person>Aba0</person> or <person>Bebe0</person>."
    assert report("out")["as_given"] == {"right": 1, "wrong": 1}
    assert lines("out/dataset.jsonl")[1]["spans"][1] == other
