"""`targen reproduce`, with rows of this repository in the place of the originals."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from targen_core.dataset.model import row_digest
from targen_core.errors import UsageError
from targen_core.hints import install
from targen_training.api import evaluate
from targen_training.api import train as targen_train
from targen_training.reproduction.items import items
from targen_training.reproduction.paper import paper_table, table_names
from tests.files import lines, write_lines
from tests.runs import manifest
from tests.tables import table

EXAMPLES = Path(__file__).parents[3] / "examples"
RUNS = EXAMPLES / "runs"
SMALLEST = ("--trainer", "tfidf", "--repeats", 1)  # whatever else is installed


def original(folder, name, file, train, test):
    """Write rows as people have them: the first to train on, and the last to test on."""
    rows = lines(EXAMPLES / file)
    write_lines(folder / name / "train.jsonl", rows[:train])
    write_lines(folder / name / "val.jsonl", rows[-test:])


@pytest.fixture
def superglue(tmp_path):
    """A folder of CB and RTE."""
    for name, task in (("CB", "cb"), ("RTE", "rte")):
        original(tmp_path / "superglue", name, f"runs/{task}/dataset.jsonl", 60, 40)
    return tmp_path / "superglue"


def test_every_table_figure_and_appendix_of_both_papers_is_an_item():
    targen_s = [f"table{n}" for n in range(1, 17)] + [f"figure{n}" for n in range(1, 12)]
    targen_s += [f"appendix{letter}" for letter in "ABCDEFGH"]
    datatune_s = [f"table{n}" for n in range(1, 4)] + [f"figure{n}" for n in range(1, 7)]
    datatune_s += ["section5.4", "appendixB"]
    assert list(items()) == [*targen_s, *(f"datatune-{name}" for name in datatune_s)]
    assert set(table_names()) <= set(targen_s)
    for item in items().values():
        assert bool(item.needs) == bool(item.install), item.name
        assert bool(item.small) == bool(item.command), f"{item.name}: scripts/papers runs `small`"
        # The small form is the command of the page, in small: the last one, where rows are made.
        commands = [command.split()[:2] for command in item.small]
        assert not commands or item.command.split()[:2] in commands, item.name
        assert {program for program, _ in commands} <= {"targen"}


@pytest.mark.whole
def test_a_page_shows_the_papers_figures_beside_those_of_all_tasks(works, refuses, superglue):
    writer = EXAMPLES / "small_writer"
    flow = works("reproduce", "figure2", "--synthetic", writer)
    assert re.search(r"entailment +3 +24 +1\nnot_entailment +7 +20 +4\n", flow.out)
    assert "boolq: left out: no rows in" in flow.err
    page = Path("reproductions/figure2/index.html").read_text()
    assert "<svg" in page and "not_entailment" in page
    asked = ("--synthetic", RUNS, "--original", superglue)
    plan = works("reproduce", "7", *asked, "--plan")
    assert f"cb: {RUNS}/cb beside {superglue}/CB/train.jsonl" in plan.out
    for _ in range(2):  # again, in the same folder
        done = works("reproduce", "table7", *asked)
        assert re.search(r"^CB +6,414 +16,615 .*\(", done.out, re.MULTILINE)
        assert re.search(r"^RTE +79,174 +49,404 ", done.out, re.MULTILINE)
    tables = json.loads(works("reproduce", "table2", *asked, "--json").out)["tables"]
    assert ["CB", "neutral", 16, 80] in [row[:4] for row in tables[0]["rows"]]
    graded = works("reproduce", "table14", *asked[:2]).out
    assert re.search(r"^RTE +498 +240 +192 +80%", graded, re.MULTILINE)
    methods = works("reproduce", "table1").out
    assert re.search(r"^TarGEN +yes +no +yes +yes +yes", methods, re.MULTILINE)


@pytest.mark.whole
def test_a_table_from_folders_that_are_there(targen, works, superglue):
    original(superglue, "ReCoRD", "superglue/record.jsonl", 30, 20)
    asked = ("reproduce", "table6", "--original", superglue, "--synthetic", RUNS, *SMALLEST)
    plan = works(*asked, "--plan")
    assert "note: Left out: copa: " in plan.err and not plan.out
    done = works(*asked, "--instructions", "--out", "six")
    results = json.loads(Path("six/results.json").read_text())
    assert {*results["parts"][0]["arms"]} == {"Og", "Syn", "Og+Syn", "Og-I", "Syn-I"}
    for words in ("78.64", "minus Og", "Differences from"):
        assert words in done.out
    for words in ("AX-g is", "scripted", "MultiRC"):
        assert words not in done.out  # what applies to other tasks, models and rows
    differs = results["paper"]["differs"]
    assert any("claude-large" in line and "wrote the rows, and" in line for line in differs)
    page = html.unescape(Path("six/results.html").read_text())
    assert "78.64" in page and all(line in page for line in differs)
    facts = targen("reproduce", "3", "--original", superglue, "--synthetic", RUNS, *SMALLEST,
                   "--tasks", "cb,record", "--json").json  # fmt: skip
    parts = {part["key"]: part for part in facts["parts"]}
    # The runs are what was cut into training and test rows, so that the test rows are found.
    (syn,) = parts["cb"]["arms"]["Syn"]
    assert syn["same_as_test"] == 40 and syn["rows"] <= 200
    assert facts["paper"]["rows"] == list(paper_table("table3").rows)
    if "record" in parts:  # the paper's figure for it
        assert parts["record"]["metric"] == "rouge_l"


@pytest.mark.whole
def test_arms_that_are_missing_are_generated_as_the_plan_says(targen, refuses, superglue):
    base = ("reproduce", "table5", "--original", superglue, "--tasks", "rte", *SMALLEST)
    refuses(base, "", "pass --generator NAME/MODEL", keeps=False)

    def asked(model, rows, *more):
        return targen(*base, "--generator", model, "-n", rows, *more)

    paper = asked("scripted", 8, "--plan", "--variant", "paper").err
    assert "to generate: 8 rows of rte, variants=['paper'], correct=False, model=scripted" in paper
    done = asked("scripted", 8)
    assert done.code == 0, done.err
    assert "without correction minus with correction" in done.out and "85.32" in done.out
    assert "Rows from the scripted backend were not written by a model" in done.out
    runs = Path("reproductions/table5/runs")
    assert manifest(runs / "rte-without-correction")["config"]["corrector"] is None
    there = asked("scripted", 8, "--plan").err
    assert there.count("(rte): using existing rows: 8 rows of rte") == 2
    other = asked("scripted", 10)
    assert other.code == 2 and "its target is 8 rows, not 10" in other.err
    paid = asked("claude/claude-haiku-5-5", 8, "--plan", "--out", "paid")
    assert paid.code == 0 and "all arms: about $" in paid.err


@pytest.mark.whole
def test_wordings_shares_and_generators_are_arms(works, superglue):
    base = ("--original", superglue, "--generator", "scripted", "-n", 8, "--plan")
    wordings = works("reproduce", "table9", *base)
    assert all(f"arm variation {at} (cb)" in wordings.err for at in (1, 2, 3))
    # WiC has no contexts: its words stand in their place. AX-g's one file is parted by a plan.
    (superglue / "AX-g").mkdir()
    axg = EXAMPLES / "superglue/axg.jsonl"
    (superglue / "AX-g/AX-g.jsonl").write_text(axg.read_text() * 40)
    original(superglue, "WiC", "runs/wic/dataset.jsonl", 60, 40)
    shares = works("reproduce", "table10", *base, "--tasks", "wic,axg")
    assert "contexts_limit=2" in shares.err, shares.err
    # RTE's calls for seeds give five for a context, each for both labels.
    paper = works("reproduce", "table10", *base[:4], "-n", 60, "--variant", "paper", "--tasks",
                  "rte", "--plan")  # fmt: skip
    assert "contexts_limit=3" in paper.err, paper.err
    generators = works("reproduce", "table11", *base[:4], "--generator", "local", "--tasks", "cb",
                       "--plan")  # fmt: skip
    assert "arm scripted (cb)" in generators.err and "arm local (cb)" in generators.err
    assert generators.err.count(": 40 rows of cb") == 2, generators.err


@pytest.mark.whole
@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("table5 --trainer encoder,model=./none", 2, "no model folder ./none"),
        ("table5 --trainer encoder,model=x", 1, install("targen-training[torch]")),
        ("table5 --trainer tfidf", 2, "none of the test rows have a label"),
    ],
)
def test_what_would_fail_is_said_before_rows_are_made(
    targen, superglue, monkeypatch, words, code, said
):
    installed = None if code == 1 else True
    monkeypatch.setattr("targen_training.neural.weights.find_spec", lambda _: installed)
    if "none of the test rows" in said:
        val = superglue / "RTE/val.jsonl"
        val.write_text(re.sub(r'"label": ?"[^"]*", ?', "", val.read_text()))
    asked = ("reproduce", *words.split(), "--tasks", "rte", "--original", superglue,
             "--generator", "scripted", "-n", 8, "--repeats", 1)  # fmt: skip
    done = targen(*asked)
    assert done.code == code and said in done.err, done.err
    assert "to generate" in done.err and not list(Path().glob("reproductions/*/runs"))
    plan = targen(*asked, "--plan")  # which may be made on another machine than the one that trains
    assert said in plan.err and plan.code == (0 if "encoder" in words else code), plan.err


BAD = """
    table17 | unknown item table17
    table7 --original SG | targen reproduce table7 --synthetic FOLDER
    table6 --original SG --models huge | use one of: small, paper
    table6 --original SG --tasks multirc | table6 has no task multirc
    table6 --original SG --synthetic nowhere | --synthetic nowhere: the folder does not exist
    table6 --original SG --tasks wic | no train or val split for this task | CB/train.jsonl,
    table8 --original SG --trainer tfidf --repeats 1 | needs tasks with synthetic rows
    table8 --original SG --models paper | targen evaluate | --harness
    table8 --original SG --synthetic RUNS --tasks rte | | [minilm]
    table9 --original SG --synthetic RUNS | no such rows | pass --generator
    table12 --original SG --synthetic RUNS --tasks rte | CODA: there are no | pass --generator
    table11 --original SG | pass --generator NAME/MODEL once for each of them
    table5 --original SG --generator scripted -o odd | option 'odd' is not KEY=VALUE
"""
ITEMS = """
    figure3 --original SG --synthetic RUNS --tasks wic | rows of none of its tasks | SuperGLUE: CB/
    figure2 --synthetic . --tasks cb | rows of none of its tasks | one run or file per task
    figure4 --synthetic no --original SG | --synthetic no: the folder does not exist
    figure4 | figure4 needs --original and --synthetic | --original FOLDER
    table13 --original SG | does not define it | targen reproduce --list
    table16 | replace FOLDER in targen review report | --rubric paper, which creates FOLDER
"""
"""Some of them are done by commands of other distributions."""


WHOLE = [pytest.param(*row, marks=pytest.mark.whole) for row in table(ITEMS, 3)]


@pytest.mark.parametrize(("words", "said", "hint"), [*table(BAD, 3), *WHOLE])
def test_bad_input_is_said(refuses, superglue, monkeypatch, words, said, hint):
    monkeypatch.setattr("targen_training.reproduction.paper.find_spec", lambda _: None)
    places = {"SG": str(superglue), "RUNS": str(RUNS)}
    line = ("reproduce", *(places.get(word, word) for word in words.split()))
    done = refuses(line, "", hint, keeps=False)
    assert said in done.err
    assert not list(Path().glob("reproductions/*/cells"))


def test_axg_is_split_as_in_the_paper(superglue, tmp_path):
    from targen_training.reproduction.material import original_of

    (superglue / "AX-g").mkdir()
    rows = [json.dumps({"idx": at}) for at in range(356)]
    (superglue / "AX-g/AX-g.jsonl").write_text("\n".join(rows))
    actual = original_of(superglue, "axg", tmp_path / "work")
    assert actual is not None
    sizes = [len(path.read_text().splitlines()) for path in actual]
    assert sizes == [284, 72]


@pytest.mark.whole
def test_methods_are_arms(works, superglue):
    """Table 12: a run for each method, chosen or weighed where it does that, then trained on."""
    made_so = ("reproduce", "table12", "--original", superglue, "--tasks", "rte", *SMALLEST,
               "--generator", "scripted", "-n", 24)  # fmt: skip
    plan = works(*made_so, "--plan")
    # Five for each that is kept.
    assert "arm SuperGen (rte): to generate: 120 rows of rte" in plan.err
    done = works(*made_so)
    assert "64.56" in done.out and "51.32" in done.out  # CODA's and TarGEN's there
    folder = Path("reproductions/table12")
    spec = json.loads((folder / "data/coda/rte.json").read_text())["method"]
    assert spec["use"] == "coda" and spec["given"] == [str(superglue / "RTE/train.jsonl")]
    made_by_it = len(lines(folder / "runs/rte-SuperGen/dataset.jsonl"))
    kept = len(lines(folder / "finished/rte-SuperGen/dataset.jsonl"))
    assert kept == made_by_it // 5 > 0
    weighed = lines(folder / "finished/rte-SunGen/provenance.jsonl")
    assert len({record["weight"] for record in weighed}) > 1
    arms = json.loads((folder / "results.json").read_text())["parts"][0]["arms"]
    assert {*arms} == {"TarGEN", "CODA", "ZeroGen", "SuperGen", "SunGen", "ProGen"}
    again = works(*made_so)
    assert "0 of" in again.err and "to generate" not in again.err
    # TarGEN's rows may be there; the other methods' are made all the same.
    given = works(*made_so, "--synthetic", RUNS, "--out", "given", "--plan")
    assert "arm TarGEN" not in given.err and "arm CODA" in given.err


@pytest.mark.whole
def test_test_rows_that_are_published_with_a_fault_are_left_out_and_no_others(
    tmp_path, superglue, caplog
):
    from targen_tasks_superglue.cb.task import CB

    whole = lines(RUNS / "cb/dataset.jsonl")[:20]
    odd = {**whole[0], "label": "perhaps"}
    file = tmp_path / "val.jsonl"
    write_lines(file, [*whole, odd])
    known = replace(CB, rows=replace(CB.rows, oddities={row_digest(odd): "val 20"}))
    train, out = superglue / "CB/train.jsonl", tmp_path / "model"
    made = targen_train(train, task="cb", trainer="tfidf", out=out)
    seen = evaluate(made, file, task=known)
    assert len(seen.predictions) == len(whole)
    assert "val.jsonl: 1 line skipped; line 21: label" in caplog.text
    with pytest.raises(UsageError, match="1 line not scored; line 21: label"):
        evaluate(made, file, task="cb")
