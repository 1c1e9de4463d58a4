"""`targen catalogue` and `targen retrieve`, as people type them."""

from __future__ import annotations

import json

import pytest

from targen_core.errors import UsageError
from targen_datatune.api import retrieve
from tests.tables import table

ASKED = "How many stars does the customer of the shop give in the review?"


def test_a_folder_is_a_catalogue_in_one_line(shop, works):
    done = works("retrieve", ASKED, "--catalogue", str(shop))
    lines = done.out.splitlines()
    assert lines[0].split() == ["dataset", "score", "rows", "licence", "columns", "why"]
    assert lines[1].startswith("file:shop/talk/reviews.csv ")
    assert "cc-by-4.0" in lines[1]
    assert "shop" in lines[1].split()[-6:]
    assert len([line for line in lines if "file:shop/" in line]) == 3
    assert "targen-datatune:bm25 searched 3 entries" in done.out
    facts = works("retrieve", ASKED, "--catalogue", str(shop), "-k", "1", "--json").json
    (actual,) = facts["found"]
    assert actual["dataset"]["id"] == "file:shop/talk/reviews.csv"
    assert actual["dataset"]["samples"][0]["stars"] == "1"
    assert "review" in actual["terms"]
    assert facts["searched"] == 3
    found = retrieve(ASKED, catalogue=shop, k=1, progress=False)
    assert [match.entry.id for match in found.matches] == ["file:shop/talk/reviews.csv"]
    assert not retrieve(ASKED, catalogue=[str(shop)], license="mit", progress=False).matches
    with pytest.raises(UsageError, match="--min-rows is larger than --max-rows"):
        retrieve(ASKED, catalogue=shop, min_rows=2, max_rows=1)


STARS = "How many stars does a review of the shop give?"
LABELS = {"few": "two or fewer", "many": "three or more"}
MADE = f"Declaration(description={STARS!r}, labels={LABELS}).task(name='stars')"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("stars.yaml", f"description: {STARS}\nlabels: {LABELS}\n"),
        ("stars.yaml", f"description: {STARS}\nlabels: {LABELS}\nexamples: mine.csv\n"),
        ("stars.toml", f'description = "{STARS}"\n[labels]\nfew = "1"\nmany = "4"\n'),
        ("stars.py", f"from targen_standard.task_files.model import Declaration\nTASK = {MADE}\n"),
    ],
)
def test_a_task_file_that_a_person_typed(name, content, shop, tmp_path, works, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_text(content)
    (tmp_path / "mine.csv").write_text("text,label\nToo late.,few\nLovely.,many\n")
    for typed in (name, f"./{name}"):
        done = works("retrieve", typed, "--catalogue", str(shop))
        assert done.out.splitlines()[1].startswith("file:shop/talk/reviews.csv ")
    asked = ("-n", "2", "-b", "scripted", "-q", "--out", "run")
    works("transform", name, *asked, "--catalogue", str(shop))
    rows = (tmp_path / "run" / "dataset.jsonl").read_text().splitlines()
    assert sorted(json.loads(row)["label"] for row in rows) == ["few", "many"]


@pytest.mark.parametrize(
    ("options", "actual", "left_out"),
    [
        (["--license", "permissive"], {"file:shop/talk/reviews.csv"}, {"licence": 2}),
        (["--license", "mit,unknown"], {"file:shop/orders", "file:shop/questions.json"}, None),
        (["--min-rows", "10"], {"file:shop/talk/reviews.csv"}, {"too few rows": 2}),
        (["--max-rows", "5"], {"file:shop/questions.json"}, None),
    ],
)
def test_filters(options, actual, left_out, shop, in_process):
    asked = f"{ASKED} And the orders, items, questions?"
    facts = in_process("retrieve", asked, "--catalogue", str(shop), "--json", *options).json
    assert {each["dataset"]["id"] for each in facts["found"]} == actual
    assert left_out is None or facts["left_out"] == left_out


def test_a_build_describes_what_is_new_changed_and_gone_alone(shop, in_process):
    first = in_process("catalogue", "build", str(shop))
    assert f"{shop}: 3 entries, 3 datasets described" in first.out
    again = in_process("catalogue", "build", str(shop), "--json").json[str(shop)]
    assert (again["described"], again["same"]) == (0, 3)
    (shop / "questions.json").unlink()
    (shop / "talk" / "reviews.csv").write_text("review\nfine\n")
    third = in_process("catalogue", "build", str(shop), "--json").json[str(shop)]
    assert (third["described"], third["same"], third["gone"], third["entries"]) == (1, 1, 1, 2)


REFUSED = """
    retrieve 'rte or so' | no index in
    retrieve 'the review' --catalogue . --license mit | no entry is similar to | licence 3
    catalogue build none | no readable dataset in
    retrieve 'x y' --catalogue none/here | there is no file or folder none/here
    retrieve 'x y' --catalogue zz: | no installed catalogue can open 'zz:'
    retrieve 'x y' --min-rows 3 --max-rows 2 | --min-rows is larger than
    retrieve 'x y' --catalogue . --retriever bm26 | no retriever named
    retrieve 'x y' --catalogue . --retriever fused -o of=bm25 | at least two different retrievers
    retrieve 'x y' --catalogue . -o k2=1 | bm25 has no option 'k2'
    retrieve 'x y' --catalogue . -o k1=-1 | option k1 of bm25
    catalogue frob | no such action
    catalogue build | catalogue build needs a SPEC
    catalogue build . -o limit | 'limit' is not KEY=VALUE
    catalogue list | no index in
"""


@pytest.mark.parametrize(("line", "error", "hint"), table(REFUSED))
def test_what_makes_no_sense(line, error, hint, shop, refuses, monkeypatch):
    monkeypatch.chdir(shop)
    (shop / "none").mkdir()
    refuses(line, error, hint)
