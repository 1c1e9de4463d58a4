"""Rows of existing datasets made into rows of a new task, from the file to the last row."""

from __future__ import annotations

import csv
import json
import shutil
import sqlite3
import time
from collections import Counter
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from targen_datatune.catalogues.files import FILES
from targen_datatune.finding import Match
from targen_datatune.licenses import mixes
from targen_datatune.retrieval import DatasetEntry, DatasetUnavailable
from targen_datatune.transforming.items import SourceRow
from targen_datatune.transforming.sources import Sources
from targen_datatune.transforming.steps import elected, varied
from targen_standard.batches import waiting
from targen_standard.checks.patterns import matches, refuse_pattern
from tests.files import lines, write_lines
from tests.runs import journal, manifest, outputs, records, report
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


def test_a_run_waits_for_its_data(in_process, works):
    works("generate", "recommends.yaml", "-n", 4, *RUN, "--out", "a")
    Path("data").rename("away")
    stopped = in_process("resume", "a", "-n", 20, "-q")
    assert stopped.code == 1 and "file:data/reviews.csv is no longer at" in stopped.err
    Path("away").rename("data")
    works("resume", "a", "-q")
    assert report("a")["rows"] == {"yes": 10, "no": 10}


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


NONE = "Examples of the task:\nnone", "description: none", "tags: none", "wording: none"


def test_prompts_leave_out_what_is_empty(in_process, works):
    card = "---\ntags: [lamps]\n---\nReviews of lamps by customers of a shop.\n"
    Path("data/reviews.md").write_text(card)
    asked(synthetic=0.5)
    lines = Path("recommends.yaml").read_text().splitlines()
    bare = (line for line in lines if "examples:" not in line and "{input" not in line)
    Path("recommends.yaml").write_text("\n".join(bare))
    run = ("generate", "recommends.yaml", "-n", 12, *RUN)
    works(*run, "--out", "whole")
    shown = "".join(works("trace", "whole", at, "--full").out for at in range(12))
    sheet = "\n".join(line.strip("│ ") for line in shown.splitlines())
    assert "description: Reviews of lamps by customers of a shop." in sheet
    assert "tags: lamps" in sheet
    assert not any(words in sheet for words in NONE)
    stopped = in_process(*run, "--out", "part", "--max-tokens", 9000, "--no-cache")
    assert stopped.code == 1, stopped.err
    works("resume", "part", "--max-tokens", 10**6, "--no-cache", "-q")
    assert outputs("part") == outputs("whole")


def estimated(works, file):
    """The calls of 3,000 rows by step."""
    made = works("estimate", file, "-n", "3000", "-b", "scripted", "--json")
    return {step["step"]: step["calls"] for step in made.json["steps"]}


def test_preview_estimate_and_describe_know_it(works):
    works("preview", "recommends.yaml", "-b", "scripted", "-n", "2")
    calls = estimated(works, "recommends.yaml")
    assert [calls[step] for step in ("expand", "rerank", "plan")] == [1, 3, 4]
    assert calls["generate"] < 3000 / 0.7 * 1.03
    assert "row     stated in the rows" in works("describe", "recommends.yaml").out


@pytest.mark.parametrize(("balance", "rows"), [(False, {5: 1, 7: 1}), (True, {6: 2})])
def test_sources_take_turns_where_they_are_to_whatever_is_rejected(balance, rows, works):
    with open("data/orders.jsonl", "a") as file:  # one in four of them is a review
        for at in range(10):
            row = {"review": f"{WORDS[at]} lamp{at * 91}", "stars": at % 5, "shop": f"shop {at}"}
            file.write(json.dumps(row) + "\n")

    def counts():
        return Counter(Counter(each["notes"]["source"] for each in records("a")).values())

    asked(balance_sources=balance, labels=[], max_rejected=1)
    works("generate", "recommends.yaml", "-n", "12", *RUN, "--out", "a")
    assert counts() == rows
    if balance:
        works("resume", "a", "-n", "30", "-q")  # the ten reviews are all it has
        assert counts() == {10: 1, 20: 1}


def test_step_4_is_asked_where_the_task_wants_it(works):
    asked(correct=True)
    works("generate", "recommends.yaml", "-n", "4", "-b", "scripted", "-q", "--out", "a")
    assert report("a")["models"].keys() >= {"generate", "correct"}


# --- targen transform ---------------------------------------------------------

ASKED = "Say whether the customer recommends the product of a review."
LINE = ("transform", ASKED, "--labels", "yes,no", "--catalogue", "data", *RUN)


def test_one_line_makes_rows_of_a_folder_with_options_of_steps_by_either_name(refuses, works):
    step = ("--backend-for", "execute=scripted", "-o", "execute.temperature=0.5")
    line = (*LINE, *step, "-o", "rerank.temperature=0.2", "-n", "8", "--out", "a")
    works(*line)
    assert report("a")["rows"] == {"yes": 4, "no": 4}
    kept = json.loads(Path("a/task.json").read_text())
    assert kept["transform"]["catalogues"] == [str(Path("data").absolute())]
    steps = manifest("a")["lock"]["steps"]
    assert list(steps) == ["expand", "rerank", "plan", "generate"]
    assert steps["generate"]["params"]["temperature"] == 0.5
    assert steps["rerank"]["params"]["temperature"] == 0.2
    works(*line)
    works("resume", "a", "-n", "12", "-q")
    refuses((*line, "--datasets", "2"), "contains a different run")


@pytest.mark.parametrize(("after", "candidates"), [(3, 40), (45, 45)])
def test_a_label_is_given_up_after_20_candidates_for_each_dataset(after, candidates, in_process):
    wrong(row={"output": "yes"})
    line = (*LINE[:-1], "--max-rejected", "1", "--label", "yes=1", "--label", "no=1")
    done = in_process(*line, "--datasets", "2", "--give-up-after", after, "--out", "a")
    assert f"gave up after {candidates} consecutive candidates" in done.err


def test_it_says_what_it_chooses_from_before_anything_is_sent(works):
    output = works(*LINE[:-1], "-n", "3000", "--dry-run")
    assert "2 entries searched, 2 datasets found, 2 to be used; labels yes, no" in output.err
    assert "2 datasets without a stated licence" in output.err
    assert "note: 90 source rows: at most 90 rows" in output.err
    assert not Path("runs").exists()
    Path("data/ragged.csv").write_text('review,stars\nGood.,5\nBad.\n"Dim.,1\nDear.,2\n')
    few = works(*LINE[:-1], "--label", "yes=41", "--label", "no=40", "--datasets", 1, "--dry-run")
    assert "note: file:data/ragged.csv: left out 2 unreadable rows" in few.err
    assert "at most 60 rows" in few.err and "or use more --datasets" in few.err
    enough = works(*LINE[:-1], "-n", "180", "--synthetic", "0.5", "--dry-run")
    assert "source rows" not in enough.err


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


TERMS = """
    cc-by-4.0
    cc-by-nc-4.0    | non-commercial
    cc-by-nc-sa-3.0 | non-commercial, share-alike
    cc-by-sa-4.0    | share-alike
    gpl-3.0         | share-alike
    [mit, odbl]     | share-alike
    ncsa
    cc\u2011by\u2011nc\u20114.0    | non-commercial
    \uff43\uff43\uff0d\uff42\uff59\uff0d\uff4e\uff43-4.0    | non-commercial
    cc-by-n\u200bc-4.0    | non-commercial
    Creative Commons Attribution-NonCommercial 4.0 International    | non-commercial
    Creative Commons Attribution Share-Alike 3.0 Unported License   | share-alike
"""


@pytest.mark.parametrize(("license", "terms"), table(TERMS, 2))
def test_what_a_licence_asks_is_said_wherever_it_is_listed(license, terms, works):
    Path("data/reviews.md").write_text(f"---\nlicense: {license}\n---\nReviews of lamps.\n")
    wrong(datasets=["file:data/reviews.csv"])
    line = [word for word in LINE if word != "-q"]
    told = works(*line, "-n", "2", "--out", "a").err
    listed = works("retrieve", ASKED, "--catalogue", "data").out
    table_of_report = works("report", "a").out
    card = Path("a/README.md").read_text()
    for term, said in (
        ("non-commercial", "only permits non-commercial use."),
        ("share-alike", "requires that you share what you make from the data under the same"),
    ):
        assert (term in terms) == (f"1 dataset with a {term} licence; --license" in told)
        assert (term in terms) == (said in " ".join(card.split()))
    shown = f" ({terms})" if terms else ""
    for text in (listed, table_of_report, card):
        line_of = next(each for each in text.splitlines() if "file:data/reviews.csv" in each)
        assert shown in line_of
        assert ("(non-" in line_of or "(share-" in line_of) == bool(terms)


@pytest.mark.whole
def test_an_export_says_the_licences_of_sources_without_the_runs_card(works):
    Path("data/reviews.md").write_text("---\nlicense: cc-by-nc-4.0\n---\nReviews of lamps.\n")
    wrong(datasets=["file:data/reviews.csv"])
    works(*LINE, "-n", "2", "--out", "a")
    card, export = Path("a/README.md"), ("export", "a", "--as", "hf", "--force", "--out", "hf")
    said = card.read_text()
    card.unlink()
    assert "the card does not mention" not in works(*export).err
    whole = Path("hf/README.md").read_text()
    assert "cc-by-nc-4.0 only permits non-commercial use" in whole and "## Sources" in whole
    card.write_text(said.replace("cc-by-nc-4.0", "mine"))
    noted = "the card does not mention cc-by-nc-4.0, a source's non-commercial licence"
    assert noted in works(*export).err


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


def test_cards_say_what_rows_are_cite_and_carry_a_canary_on(works):
    task = {"instruction": ASKED, "canary": "KEEP OUT guid_7", "labels": ["yes", "no"]}
    Path("task.json").write_text(json.dumps(task))
    line = ["transform", "task.json", *LINE[4:]]
    works(*line, "-n", "4", "--out", "a")
    card = Path("a/README.md").read_text()
    for words in ('"task (transformed)"', "gandhi2024better", "gupta2023targen", "KEEP OUT guid_7"):
        assert words in card


@pytest.mark.whole
def test_a_file_of_requests_has_the_canary_beside_it(in_process, works):
    asked(canary="KEEP OUT guid_7")
    by_files = ("-b", "chatgpt", "--model", "any", "--batch-offline", "--batch-lists")
    in_process("generate", "recommends.yaml", "-n", "4", *by_files, "--out", "b")
    works("batch", "export", "b", "--out", "r.jsonl")
    assert Path("r.jsonl.canary.txt").read_text() == "KEEP OUT guid_7\n"


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


def test_an_estimate_takes_lists_of_both_kinds_by_whole_batches(works):
    works(*LINE[:-5], "--synthetic", "0.5", "--save", "mix.json")
    ideas = 750 / 0.7 / 20  # twenty a call; each makes a row of either label
    assert ideas <= estimated(works, "mix.json")["ideas"] < 2 * ideas


def test_open_outputs_mix_and_rows_of_both_parts_are_compared(in_process, works):
    asked(synthetic=0.5, labels=[], trial=5)
    works("generate", "recommends.yaml", "-n", "10", *RUN, "--out", "a")
    assert Counter(record["intended"] for record in records("a")) == {"row": 5, "synthetic": 5}
    with open("data/reviews.csv") as file:
        text = next(csv.DictReader(file))["review"]
    wrong(text=text, output="yes")
    more = ("--out", "b", "--no-cache", "--give-up-after", "10")
    again = in_process("generate", "recommends.yaml", "-n", "60", *RUN, *more)
    assert again.code == 1, "all synthetic rows are one that is there"
    assert report("b")["flow"]["synthetic"]["duplicate"] > 0
    assert "label any (synthetic) has" in again.err


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


def test_datasets_of_one_name_in_two_folders_are_both_used(works):
    Path("data/orders.jsonl").unlink()
    Path("other/data").mkdir(parents=True)
    text = Path("data/reviews.csv").read_text()
    Path("other/data/reviews.csv").write_text(text.replace("lamp", "chair"))
    line = (*LINE, "--catalogue", "other/data", "--balance-sources", "-n", 8)
    works(*line, "--out", "a")
    assert sources() == {"file:data/reviews.csv", "file:data/reviews.csv#2"}
    words = {"lamp" in row["input"] for row in lines("a/dataset.jsonl")}
    assert words == {True, False}


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


def test_odd_cells_are_shown_cut_and_blank_ones_left_out(works):
    Path("data/orders.jsonl").unlink()
    rows = [
        {"review": "a" * 10_000_000, "stars": "5", "more": {"deep": [[[[[[[[1]]]]]]]]}},
        {"review": "A good lamp.", "stars": "5", "more": {"k" * 50_000: 1}},
        {"review": "", "stars": "", "more": []},
        {"review": "Another lamp.", "stars": "5", "more": list(range(100_000))},
        {"review": "One more lamp.", "stars": "5", "more": {f"key{n}": n for n in range(5000)}},
    ]
    Path("data/reviews.csv").unlink()
    write_lines("data/reviews.jsonl", rows)
    works(*LINE, "--label", "yes=4", "--label", "no=0", "--out", "a")
    cells = {record["seed"]["row"]: record["seed"]["cells"] for record in records("a")}
    assert cells[0]["review"].endswith(" characters more)")
    assert cells[0]["more"] == {"deep": [[[[["…"]]]]]}
    assert cells[1]["more"].endswith(" characters more)")
    assert set(cells) == {0, 1, 3, 4}  # a blank row is none
    assert cells[3]["more"][-1].endswith(" more)")
    assert cells[4]["more"]["…"].endswith(" more")
    assert max(len(json.dumps(record["seed"])) for record in records("a")) < 12_000
    assert Path("a/ledger").stat().st_size < 200_000


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


def test_a_column_is_known_without_the_spaces_around_its_name_and_in_other_case(works):
    Path("data/orders.jsonl").unlink()
    file = Path("data/reviews.csv")
    file.write_text(file.read_text().replace("stars", " Star Rating (1–5) ", 1))
    script = Path("answers.py")
    script.write_text(script.read_text().replace('row["stars"]', 'row[" Star Rating (1–5) "]'))
    wrong(columns={"input": ["Review"], "output": ["star rating (1–5)"]})
    works(*LINE, "-n", "4", "--out", "a")
    assert dropped() == set()
    plan = records("a")[0]["above"][-1]
    assert plan["columns"] == ["review", " Star Rating (1–5) "]
    assert plan["output"] == " Star Rating (1–5) "


def test_a_run_that_used_all_rows_of_its_datasets_says_so(refuses):
    Path("data/orders.jsonl").unlink()
    used = "all 60 items of the list of rows were used"
    more = "add data with --catalogue, or use more --datasets"
    refuses((*LINE, "-n", "200", "--out", "a"), used, more, code=1, keeps=False)


def test_excluded_rows_do_not_count_against_their_dataset(works):
    asked(max_rejected=0.5)
    line = ("generate", "recommends.yaml", *RUN, "-n", "10")
    works(*line, "--out", "first")
    write_lines("test.jsonl", lines("first/dataset.jsonl")[:6])
    works(*line, "--exclude", "test.jsonl", "--out", "a")
    assert sources() == {"file:data/reviews.csv"}
    reasons = report("a")["flow"]["row"]["reasons"]
    assert any(reason.startswith("excluded-") for reason in reasons)


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


def test_gated_datasets_are_left_out_and_those_taken_down_passed_over(monkeypatch, works):
    for name in ("members", "gone"):
        shutil.copy("data/reviews.csv", f"data/{name}.csv")

    def describe(listed, options):
        for entry in FILES.describe(listed, options):
            yield entry.model_copy(update={"gated": "members" in entry.id})

    def rows(entry):
        if "gone" in entry.id:
            raise DatasetUnavailable(f"{entry.id} was taken down")
        return FILES.rows(entry)

    away = replace(FILES, describe=describe, rows=rows)
    monkeypatch.setattr("targen_datatune.catalogues.files.FILES", away)
    works(*LINE, "-n", "4", "--out", "a")
    assert sources() == {"file:data/reviews.csv"}
    taken_down = [each for each in lines("a/rejects.jsonl") if "was taken down" in str(each)]
    assert len(taken_down) == 1
    works(*LINE, "-n", "4", "--gated", "--datasets", "1", "--out", "b")


def test_sample_rows_show_the_values_of_short_columns():
    rows = [SourceRow(row=n, cells={"text": f"{n} " * 20, "label": int(n > 7)}) for n in range(12)]
    assert [row.cells["label"] for row in varied(rows, 3)] == [0, 1, 0]
    assert varied(rows[:1], 3) == rows[:1]


FORMATS = r"""
    ( | unclosed group
    a)(b | unopened group
    (?=a)b | look-around
    (a)\1 | backreferences
    (?:(?:a{1000}){1000}){1000} | size limit
"""


@pytest.mark.parametrize(
    ("pattern", "words"),
    [*table(FORMATS, 2), ("a" * 1001, "at most 1,000"), ("\ud83d", "surrogates")],
    ids=lambda value: ascii(value)[1:30],
)
def test_formats_that_cannot_be_matched_in_linear_time_are_refused(pattern, words):
    with pytest.raises(ValueError, match=words):
        refuse_pattern(pattern)


def test_formats_take_no_time_and_know_all_scripts():
    assert matches(r"\w+: \d+", "Für: ٣")
    assert matches("a.b", "a\nb")
    assert not matches("a|b", "ab")
    assert not matches(r"(a|aa)+(b|bb)*$", "a" * 5000 + "c")  # for ever, where it goes back


def test_an_instruction_names_each_label_once(works):
    said = "A review of a lamp."
    Path("review.yaml").write_text(f"description: {said}\nlabels: {{'yes': good, 'no': bad}}\n")

    works("transform", "review.yaml", "--catalogue", "data", "-n", 8, *RUN, "--out", "run")
    instruction = json.loads(Path("run/task.json").read_text())["transform"]["instruction"]
    assert [instruction.count(words) for words in (said, "yes: good", "no: bad")] == [1, 1, 1]


def test_a_sheet_has_all_calls_however_long_a_catalogue_takes(works, monkeypatch):
    asked(synthetic=0.5)
    find = Sources.findings

    def slowly(self, **more):
        time.sleep(0.1)  # ten times as long as a run without calls would wait
        return find(self, **more)

    works("generate", "recommends.yaml", "-n", 8, "-b", "people", "--out", "run", "-q")
    monkeypatch.setattr(Sources, "findings", slowly)
    monkeypatch.setattr(waiting, "_SETTLE", 0.005)
    for number in range(2):
        said = works("batch", "export", "run", "--out", f"calls-{number}.jsonl").out
        assert "2 requests" in said and "1 for topics, 1 for expand" in said
    (expand,) = (x for x in lines("calls-1.jsonl") if "describe language tasks" in json.dumps(x))
    write_lines("answers.jsonl", [{"custom_id": expand["custom_id"], "content": "A review."}])
    assert "1 good, 0 failed" in works("batch", "import", "run", "answers.jsonl").out


GENERATED = (
    "description: A review.\nlabels: {'yes': good, 'no': bad}\nfields: {input: the review}\n"
)


@pytest.mark.whole
def test_a_transformed_and_a_generated_run_are_trained_on_together(works, refuses):
    works("generate", "recommends.yaml", "-n", 8, *RUN, "--out", "transformed")
    Path("same").mkdir()
    Path("same/recommends.yaml").write_text(GENERATED.partition("fields")[0])
    generate = ("generate", "same/recommends.yaml", "-n", 4, "-b", "scripted", "-q")
    said = "Its columns are input, label, idx; the task's are text"
    typed = "those of a run, in a file that targen export RUN --out FILE.jsonl writes"
    refuses((*generate, "--exclude", "transformed", "--out", "more"), said, typed)
    Path("same/recommends.yaml").write_text(GENERATED)
    works(*generate, "--exclude", "transformed", "--out", "also")
    train = ("train", "also", "transformed", "--out", "model", "-q")
    refuses(train, "belong to different tasks", "pass its file with --task FILE")
    works(*train, "--task", "same/recommends.yaml")
    works("evaluate", "model", "also")
    works("merge", "also", "transformed", "--out", "both", "-q")
    works("train", "both", "--out", "of-both", "-q")


def test_a_run_is_revised_for_a_task_in_its_own_form_only(works, refuses):
    text = "description: A review.\nlabels: {'yes': good, 'no': bad}\n"
    Path("review.yaml").write_text(text)
    Path("changed.yaml").write_text(text.replace("bad", "bad or so"))
    line = ("--catalogue", "data", "-n", 4, *RUN)
    works("transform", "review.yaml", *line, "--out", "a")
    works("generate", "review.yaml", "-n", 4, "-b", "scripted", "-q", "--out", "generated")
    for command in ("revise", "replay"):
        said = "changed.yaml does not contain transform:, so its rows are not made like those of a"
        refuses(f"{command} a --task changed.yaml", said, "with changed.yaml and --save FILE.json")
    works("transform", "changed.yaml", *line, "--save", "mine.json")
    works("revise", "a", "--task", "mine.json", "-q", "--out", "b")
    assert "bad or so" in Path("b/task.json").read_text()
    start = "targen generate mine.json -n 100"
    refuses("revise generated --task mine.json", "mine.json contains transform:", start)
