"""`targen analyze` on runs and on files of the tasks that are installed."""

from __future__ import annotations

import re
from pathlib import Path

from targen_analysis.corpus import read_corpus
from targen_analysis.difficulty.measured import read
from targen_analysis.metrics import Study
from targen_core.plugins.loader import load_registry

from ...files import lines

QUICK = ["--metric", "labels", "--metric", "leakage"]
DOUBTING = """
def reply(request):
    made = request.dry_run()
    if request.origin.step == "correct" and len(request.origin.values["input"]) % 2:
        made |= {"actual": "entailment", "verdict": "incorrect"}
    return made
"""


def test_a_run_is_read_with_its_flow_and_its_task(finished, tmp_path, works, refuses):
    finished("rte", "-n", 8, out="runs/rte-0")
    done = works("analyze", "runs/rte-0", *QUICK, "--against", "runs/rte-0/dataset.jsonl")
    assert "Label flow of rte-0" in done.out
    assert "reference: rte-0/dataset: 8 rows of rte, text columns: premise, hypothesis" in done.out
    copies = "rte-0 contains exact copies of rows of rte-0/dataset"
    assert f"{copies}, so do not train on one" in done.out
    refuses(("analyze", "runs/rte-0", *QUICK, "--out", "runs/rte-0"), "is a run directory")
    said = "already states the task of its rows: rte, not cb"
    refuses(("analyze", "runs/rte-0", *QUICK, "--task", "cb"), said)
    torn = tmp_path / "runs" / "rte-0" / "dataset.jsonl"
    torn.write_bytes(torn.read_bytes()[:-20])
    assert "rte-0: 7 rows" in works("analyze", "runs/rte-0", *QUICK, "--force").out


def test_labels_are_called_by_their_names_and_texts_shown_as_the_task_shows_them(finished):
    registry = load_registry()
    copa = read_corpus(registry, finished("copa", "-n", 8, out="copa-0"))
    assert copa.label_names == ("choice1", "choice2")
    assert copa.fields == ("premise", "choice1", "choice2")
    (shown, *_) = read(Study((copa,)), copa, 5).inputs
    (row,) = (row for row in copa.rows if row["choice1"] in shown)
    assert row["choice2"] in shown
    assert ("as a result" in shown) == (row["question"] == "effect")
    tickets = read_corpus(registry, finished("tickets", "-n", 8, out="tickets-0"))
    assert tickets.task is not None
    row = tickets.rows[0]
    (instance,) = tickets.task.from_rows([row])
    assert tickets.rendered[0] == tickets.task.render(instance)


def test_candidates_that_were_relabelled_into_a_full_label_count_as_changed(works):
    Path("doubting.py").write_text(DOUBTING)
    quotas = "--label entailment=1 --label not_entailment=5 -b scripted"
    works(f"generate rte {quotas} -o script=doubting.py:reply --out noisy -q")
    works(f"generate rte {quotas} -o script=doubting.py:reply --no-correct --out plain -q")
    flow = re.search(r"\nnot_entailment +(.+)", works("report noisy").out.partition("flow")[2])
    lost = [record for record in lines("noisy/rejects.jsonl") if record["verdict"] == "surplus"]
    assert lost and {record["corrected"] for record in lost} == {"entailment"}
    assert flow is not None
    *ends, candidates = map(int, flow[1].split())
    assert ends[1] == 5 and len(lost) in ends and sum(ends) == candidates
    assert "surplus (entailment)" in works("report noisy").out
    works("report noisy --html")
    assert "surplus (entailment)" in Path("noisy/report.html").read_text()
    told = works("analyze noisy plain --metric labels --out both").out
    changed = re.search(r"the candidates of noisy that got a label \((\d+) of (\d+)\)", told)
    assert changed and len(lost) <= int(changed[1]) < int(changed[2])
    assert "the candidates of plain" not in told, "the other run had no step 4"
    assert "surplus (entailment)" in told
