"""Rows of existing datasets made into rows of a new task, from the file to the last row."""

from __future__ import annotations

import csv
import json
import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from targen_datatune.finding import Match
from targen_datatune.licenses import mixes
from targen_datatune.retrieval import DatasetEntry
from targen_datatune.transforming.steps import elected
from tests.files import lines, write_lines
from tests.runs import journal, outputs, records, report
from tests.tables import table

TASK = """
name: recommends
transform:
  instruction: Say whether a customer recommends the product that a review is about.
  examples:
  - {input: "Review: I would buy this lamp again.", output: "yes"}
  - {input: "Review: It broke after a day.", output: "no"}
  labels: ["yes", "no"]
  catalogues: [data]
  trial: 5
"""

# A model that answers by the prompt; what it is to do wrong stands in wrong.json.
SCRIPT = """
import json
import re
import zlib
from pathlib import Path

WRONG = json.loads(Path("wrong.json").read_text()) if Path("wrong.json").exists() else {}


def reply(request):
    system = request.messages[0].content
    user = next(m.content for m in reversed(request.messages) if "Task:" in m.content)
    if system.startswith("You describe language tasks"):
        return {"description": "A review stands behind the word Review."}
    if system.startswith("You choose datasets"):
        found = sorted(re.findall("^id: (.+)$", user, re.MULTILINE))
        return {"reasoning": "By the columns.", "datasets": WRONG.get("datasets", found)}
    if system.startswith("You decide what the columns"):
        columns = re.findall("^Columns: (.+)$", user, re.MULTILINE)[-1].split(", ")
        names = [column.partition(" (")[0] for column in columns]
        made = {"reasoning": "r", "input": names, "output": [], "irrelevant": [], "ambiguous": []}
        return made | WRONG.get("columns", {})
    if system.startswith("You plan how rows"):
        steps = [("skip", "Skip what is no review."), ("input", "Review: and the text."),
                 ("output", "yes or no")]
        steps = WRONG.get("steps", steps)
        return {"steps": [{"action": a, "instruction": i} for a, i in steps]}
    if system.startswith("You plan a varied dataset"):
        taken = user.rpartition("any wording: ")[2].count(";")
        return {"topics": [f"topic {taken} {at}" for at in range(5)]}
    if system.startswith("You prepare the material"):
        return {"ideas": [f"idea {at} of {user.partition('Topic: ')[2][:12]}" for at in range(10)]}
    if system.startswith("You write one row"):
        about = user.partition("from this idea: ")[2]
        idea, _, aim = about.partition("\\n")
        text = WRONG.get("text", f"{zlib.crc32(about.encode()):x} of {idea}")
        output = WRONG.get("output") or ("yes" if "yes" in aim else "no")
        return {"working": "w", "input": f"Review: {text}", "output": output}
    row = json.loads(user.rpartition("Row:")[2])
    none = {"working": "w", "input": None, "output": None, "reason": "It is no review."}
    if WRONG.get("rows") == "none" or "review" not in row:
        return none
    output = "yes" if int(row["stars"]) > 2 else "no"
    return {"working": "w", "input": f"Review: {row['review']}", "output": output,
            "reason": ""} | WRONG.get("row", {})
"""
WORDS = "bright dim heavy light cheap dear quiet loud smooth rough".split()
RUN = ("-b", "scripted", "-o", "script=answers.py:reply", "-q")


@pytest.fixture(autouse=True)
def _folder(alone):
    Path("data").mkdir()
    with open("data/reviews.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["review", "stars"])
        for at in range(60):
            text = " ".join((WORDS[at % 10], WORDS[at // 10], f"lamp{at}"))
            writer.writerow([f"The {text} of shelf {at * 37} stands there.", at % 5 + 1])
    orders = [{"item": f"lamp {at}", "count": at} for at in range(30)]
    write_lines("data/orders.jsonl", orders)
    Path("recommends.yaml").write_text(TASK)
    Path("answers.py").write_text(SCRIPT)


def wrong(**what) -> None:
    Path("wrong.json").write_text(json.dumps(what))


def asked(**changes) -> None:
    """Change lines of the task's file."""
    lines = [f"  {key}: {json.dumps(value)}" for key, value in changes.items()]
    kept = [x for x in TASK.splitlines() if x.strip().partition(":")[0] not in changes]
    Path("recommends.yaml").write_text("\n".join([*kept, *lines]) + "\n")


def sources():
    return {record["notes"]["source"] for record in records("a")}


def dropped(run="a"):
    return {(each["step"], each["reason"]) for each in report(run)["dropped_list_items"]}


def test_rows_are_exact_by_label_and_lead_back_to_their_source(works):
    """A dataset that does not suit is dropped after its trial."""
    works("generate", "recommends.yaml", "-n", "20", *RUN, "--out", "a")
    rows = lines("a/dataset.jsonl")
    assert Counter(row["label"] for row in rows) == {"yes": 10, "no": 10}
    with open("data/reviews.csv") as file:
        source = list(csv.DictReader(file))
    for row, record in zip(rows, records("a"), strict=True):
        description, dataset, plan = record["above"]
        assert description.startswith("Say whether a customer recommends")
        assert dataset["dataset"] == "file:data/reviews.csv"
        assert dataset["revision"].startswith("sha256:")
        assert plan["columns"] == ["review", "stars"]
        assert record["notes"]["source"] == "file:data/reviews.csv"
        original = source[record["seed"]["row"]]
        assert row["input"] == f"Review: {original['review']}"
        assert (row["label"] == "yes") == (int(original["stars"]) > 2)
    assert len({record["seed"]["row"] for record in records("a")}) == 20
    assert ("rows", "too-many-rejected") in dropped()
    reasons = report("a")["flow"]["row"]["reasons"]
    assert reasons["of-no-use"] == 5, "one batch of the orders, and no more"
    shown = works("show", "a", "--rejected", "--reason", "of-no-use")
    assert "It is no review." in shown.out
    assert "file:data/reviews.csv" in works("show", "a", "0").out
    prompts = works("trace", "a", "0", "--full").out
    assert "1. skip: Skip what is no review." in prompts
    works("validate", "a")


@pytest.mark.parametrize(("synthetic", "gone"), [(0, "report.json"), (0.3, "ledger")])
def test_a_stopped_run_ends_the_same_and_no_call_is_made_twice(synthetic, gone, in_process, works):
    asked(synthetic=synthetic)
    run = ("generate", "recommends.yaml", "-n", "20", *RUN, "--near-duplicates", "100")
    works(*run, "--out", "a")
    stopped = in_process(*run, "--out", "b", "--max-tokens", "14000", "--no-cache")
    assert stopped.code == 1, stopped.err
    shutil.copytree("b", "c")
    Path("c", gone).unlink()  # as a kill leaves it
    if gone != "ledger":
        shutil.rmtree("data")  # what was read lies there
    for name in ("b", "c"):
        works("resume", name, "--max-tokens", "1000000", "--no-cache", "-q", f"--trust=./{name}")
        assert outputs(name) == outputs("a")
        keys = [record["key"] for record in journal(name) if "key" in record]
        assert len(keys) == len(set(keys))


def test_rows_without_an_input_are_counted_and_not_sent(works):
    table_of = list(csv.reader(Path("data/reviews.csv").read_text().splitlines()))
    for at, row in enumerate(table_of[1::3]):
        row[0] = " " * at  # equal rows count once
    with open("data/reviews.csv", "w", newline="") as file:
        csv.writer(file).writerows(table_of)
    roles = {"input": ["review"], "output": ["stars"]}
    wrong(datasets=["file:data/reviews.csv"], columns=roles)
    asked(labels=[], trial=5)
    works("generate", "recommends.yaml", "-n", 40, *RUN, "--near-duplicates", 100, "--out", "a")
    calls = [record for record in journal("a") if record.get("place", "").startswith("generate/")]
    assert len(calls) == 40, "each row that was sent became one"
    (part,) = report("a")["dropped_list_items"]
    assert part == {"step": "rows", "reason": "empty-input", "count": 20}
    assert "empty-input" in works("report", "a").out
    assert "has nothing in the columns of inputs" in works("show", "a", "--rejected").out


def test_step_4_is_asked_where_the_task_wants_it(works):
    asked(correct=True)
    works("generate", "recommends.yaml", "-n", "4", "-b", "scripted", "-q", "--out", "a")
    assert report("a")["models"].keys() >= {"generate", "correct"}


# --- targen transform ---------------------------------------------------------

ASKED = "Say whether the customer recommends the product of a review."
LINE = ("transform", ASKED, "--labels", "yes,no", "--catalogue", "data", *RUN)


def test_what_was_asked_for_can_be_kept_as_a_file(refuses, works):
    """With some examples of each label."""
    examples = [{"input": f"Review {at}", "output": "no" if at else "yes"} for at in range(9)]
    task = {"name": "Rec!", "instruction": ASKED, "examples": examples}
    Path("task.json").write_text(json.dumps(task))
    line = ("transform", "task.json", "--labels", "yes,no", "--catalogue", "data", "--save")
    works(*line, "mine.json", "--language", "English", "--may-copy")
    kept = json.loads(Path("mine.json").read_text())
    assert kept["name"] == "rec"
    outputs = [each["output"] for each in kept["transform"]["examples"]]
    assert sorted(outputs) == ["no", "no", "no", "yes"]
    assert kept["transform"]["checks"]["may_copy"] is True
    works("preview", "mine.json", "-b", "scripted", "-n", "1")
    refuses("transform mine.json --catalogue data", "", "try: targen generate mine.json")


@pytest.mark.whole
def test_reports_and_cards_list_the_sources_with_their_licences(works):
    Path("data/reviews.md").write_text("---\nlicense: cc-by-4.0\n---\nReviews of lamps.\n")
    works(*LINE, "-n", "8", "--out", "a")
    (source,) = report("a")["sources"]
    assert (source["name"], source["license"]) == ("file:data/reviews.csv", "cc-by-4.0")
    assert source["rows"] == 8
    assert all(record["notes"]["like_source"] > 80 for record in records("a"))
    assert 0 < source["alike"] <= 8
    assert "nearly the same as the source" in works("report", "a").out
    card = Path("a/README.md").read_text()
    assert f"| file:data/reviews.csv | cc-by-4.0 | {source['revision']} | 8 |" in card
    assert str(Path.cwd()) not in card
    assert "Rows by source" in Path(works("report", "a", "--html").out.strip()).read_text()


MIXES = """
    cc-by-4.0       | mit          | mixes
    cc-by-sa-3.0    | cc-by-sa-4.0 | mixes
    cc-by-sa-4.0    | gpl-3.0
    cc-by-sa-4.0    | cc-by-nc-4.0
    cc-by-nc-sa-4.0 | cc-by-nc-4.0 | mixes
    cc-by-nc-sa-4.0 | cc-by-sa-4.0
    cc-by-sa-4.0    |              | mixes
"""


@pytest.mark.parametrize(("one", "other", "fits"), table(MIXES))
def test_which_licences_mix(one, other, fits):
    assert mixes(one, other) == mixes(other, one) == bool(fits)


def test_licences_that_do_not_mix_are_not_mixed_and_changes_may_be_forbidden(in_process, works):
    Path("data/reviews.md").write_text("---\nlicense: cc-by-sa-4.0\n---\nReviews of lamps.\n")
    Path("data/orders.md").write_text("---\nlicense: cc-by-nc-4.0\n---\nOrders of lamps.\n")
    line = [*LINE, "-n", "8"]
    wrong(datasets=["file:data/reviews.csv", "file:data/orders.jsonl"])
    works(*line, "--out", "a")
    output = in_process("show", "a", "--rejected").out
    assert "its licence cc-by-nc-4.0 is not compatible with cc-by-sa-4.0 of file:data" in output
    both = ("--license", "cc-by-sa-4.0,cc-by-nc-4.0")
    works(*line, *both, "--out", "b")
    assert ("rerank", "unavailable") not in dropped("b")
    Path("data/reviews.md").write_text("---\nlicense: cc-by-nd-4.0\n---\nReviews of lamps.\n")
    left = in_process("retrieve", ASKED, "--catalogue", "data", "--json").json
    assert [each["dataset"]["id"] for each in left["found"]] == ["file:data/orders.jsonl"]


# --- with synthetic rows ---------------------------------------------------------

MIXED = (*LINE, "--synthetic", "0.3", "--near-duplicates", "100")


def test_synthetic_rows_have_their_share_of_each_label(in_process, works):
    wrong(output="no")
    made = in_process(*MIXED, "-n", "10", "--out", "b")
    assert made.code == 1
    assert "label yes (synthetic) has 0 of 1 rows (most common cause: other-label" in made.err
    wrong()
    works(*MIXED, "-n", "40", "--out", "a")
    assert report("a")["rows"] == {"yes": 20, "no": 20}
    parts = report("a")["parts"]
    assert parts["transformed"] == {"rows": 28, "requested": 28}
    assert parts["synthetic"] == {"rows": 12, "requested": 12}
    made_of = Counter((record["intended"], record["label"]) for record in records("a"))
    assert made_of[("row", "yes")] == made_of[("row", "no")] == 14
    assert made_of[("synthetic: yes", "yes")] == made_of[("synthetic: no", "no")] == 6
    assert sources() == {"file:data/reviews.csv", "synthetic"}
    (source,) = report("a")["sources"]
    assert source["rows"] == 28
    assert "28 transformed, 12 synthetic" in Path("a/README.md").read_text()
    assert "Rows by part" in works("report", "a").out
    number = next(r["idx"] for r in records("a") if r["intended"].startswith("synthetic"))
    assert "Write a row from this idea: idea" in works("trace", "a", number, "--full").out
    works("resume", "a", "-n", "60", "-q")
    assert report("a")["parts"]["synthetic"] == {"rows": 18, "requested": 18}
    works("validate", "a")


# --- bad input ------------------------------------------------------------------


REFUSED = """
    --catalogue void | no readable dataset in
    --catalogue hollow | left out, such as hollow/
    --catalogue nowhere | there is no file or folder
    --catalogue data --license mit | --gated; excluded: licence 2
    --catalogue data --license mit --min-rows 9 | --gated; excluded: licence 2
    --catalogue data --min-rows 1000 | too few rows 2
    --catalogue data --output-format ( | not a usable regular expression
    --catalogue data --language Englsh | --language Englsh: targen cannot recognise this language
    --catalogue data --labels= --label good=3,bad=1 | try: --labels good,bad
    --catalogue data --labels yes | at least two different labels
    --catalogue data --synthetic 1 | synthetic
    --catalogue data --synthetic -0.5 | synthetic
    --catalogue data --synthetic half | synthetic
    --catalogue data --min-rows 9 --max-rows 8 | min_rows is larger than max_rows
"""


@pytest.mark.parametrize(("options", "words"), table(REFUSED, 2))
def test_what_cannot_work_is_refused_before_anything_is_sent(options, words, refuses):
    Path("void").mkdir()
    Path("hollow").mkdir()
    Path("hollow/none.csv").write_text("review,stars\n")
    line = (*LINE[:4], *options.split(), *RUN, "-n", "4", "--out", "a")
    assert words in refuses(line, "").err


@pytest.mark.parametrize("catalogue", [None, "", "gone-plugin:theirs"])
def test_a_dataset_that_vanished_is_passed_over_and_the_next_one_tried(
    catalogue, in_process, works
):
    """As is one of a catalogue that is not installed."""
    shutil.copy("data/reviews.csv", "data/older.csv")
    works("retrieve", ASKED, "--catalogue", "data", "--index", "index")
    if catalogue is None:
        Path("data/older.csv").unlink()
        with open("data/orders.jsonl", "a") as file:
            file.write('{"item": "lamp 99", "count": 1}\n')  # changed since it was described
    else:
        renamed = "UPDATE entry SET entry = json_set(entry, '$.catalogue', ?) WHERE id LIKE '%old%'"
        with closing(sqlite3.connect("index/index.sqlite", isolation_level=None)) as base:
            base.execute(renamed, (catalogue,))
    line = [word for word in LINE if word not in ("--catalogue", "data")]
    works(*line, "--index", "index", "-n", "8", "--out", "a")
    assert ("rerank", "unavailable") in dropped()
    assert sources() == {"file:data/reviews.csv"}
    if catalogue is None:
        rejected = in_process("show", "a", "--rejected", "--reason", "unavailable").out
        assert "is no longer at" in rejected
        assert "has changed since it was described" in rejected


WRONG = """
    {"datasets": ["file:data/made-up.csv"]}                        | rerank | invented-dataset
    {"datasets": []}                                               | rerank | none-suits
    {"columns": {"input": ["opinion"]}}                            | plan   | invented-column
    {"columns": {"input": [], "output": ["review", "stars"]}}      | plan   | unclear-columns
    {"columns": {"input": []}}                                     | plan   | no-columns
    {"steps": [["skip", "All of them."]]}                          | plan   | no-plan
    {"steps": [["output", "yes"], ["input", "It."]]}               | plan   | no-plan
    {"rows": "none"}                                               | rows   | too-many-rejected
"""


@pytest.mark.parametrize(("how", "step", "reason"), table(WRONG))
def test_what_a_model_does_wrong_ends_with_its_reason(how, step, reason, in_process):
    wrong(**json.loads(how))
    done = in_process(*LINE, "-n", "4", "--out", "a")
    assert done.code == 1, done.err
    assert "labels yes, no have 0 of 2 rows each" in done.err
    assert "try: run targen show a --rejected to see why" in done.err
    assert (step, reason) in dropped()


BROKEN = """
    {"output": "Yes!"}                          | illegal-label
    {"input": "Review: It broke after a day."}  | copied-example
    {"input": "  "}                             | too-short
    {"input": null, "reason": " "}              | no-reason
    {"input": "Die Lampe ist nicht gut und sie war auch nicht neu."} | not-english
    {"input": "It is a lamp"}                   | wrong-format
"""


@pytest.mark.parametrize(("row", "reason"), table(BROKEN, 2))
def test_rows_that_break_a_check_are_rejected(row, reason, in_process):
    wrong(row=json.loads(row))
    asked(checks={"language": "English", "input_format": ".*[^p]"}, max_rejected=1)
    done = in_process("generate", "recommends.yaml", "-n", "4", *RUN, "--out", "a")
    assert done.code == 1
    assert reason in report("a")["flow"]["row"]["reasons"]


# --- choosing ---------------------------------------------------------------------


DRAWS = """
    glue:rte, glue:rte,                    | glue:rte
    , , glue:rte                           |
    glue:rte,                              |
    # they agree on the dataset, and the configuration is that of most
    glue:rte, glue:cb, glue:rte            | glue:rte
    # of equals, the nearer one
    glue:rte, glue:cb, boolq               | glue:cb
    boolq, glue:cb, copa                   | glue:cb
    # half of the draws is not most of them
    boolq, boolq, copa, copa               | boolq
    boolq copa, boolq copa, copa boolq     | boolq copa
    boolq copa, boolq glue:rte, boolq boolq | boolq
"""


@pytest.mark.parametrize(("draws", "chosen"), table(DRAWS, 2))
def test_most_draws_decide_over_dataset_and_configuration(draws, chosen):
    matches = []
    for rank, name in enumerate(("glue:cb", "glue:rte", "boolq", "copa"), 1):
        dataset, _, configuration = name.partition(":")
        entry = DatasetEntry(id=name, name=dataset, configuration=configuration, revision="1")
        matches.append(Match(entry, rank, 1.0))
    found = elected([draw.split() for draw in draws.split(",")], matches)
    assert [entry.id for entry, _ in found] == chosen.split()
