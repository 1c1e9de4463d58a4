"""The retriever `dense` with a real model, as users ask it."""

from __future__ import annotations

import json
import shutil

import pytest

from targen_core.folders import cache_folder
from targen_datatune.testing import RetrieverSuite as Retrievers

pytest.importorskip("sentence_transformers")

ASKED = "Does the customer like the product?"


@pytest.fixture
def folder(tmp_path):
    said = {
        "opinions": "What buyers wrote of things that they bought, with a rating",
        "soups": "How to cook soups, with what goes into them",
        "towns": "Temperatures of towns in degrees",
    }
    made = tmp_path / "sets"
    made.mkdir()
    for name, words in said.items():
        (made / f"{name}.jsonl").write_text(json.dumps({"text": name}) + "\n")
        (made / f"{name}.md").write_text(f"{words}.\n")
    return made


@pytest.mark.parametrize("options", [[], ["-o", "pooling=cls"], ["-o", "similarity=dot"]])
def test_meanings_in_other_words(options, folder, works):
    args = ["retrieve", ASKED, "--catalogue", str(folder), "--retriever", "dense", "--json"]
    done = works(*args, *options)
    assert done.err == ""
    actual = done.json["found"]
    assert actual[0]["dataset"]["name"] == "opinions"
    assert actual[0]["terms"] == []


def test_fused_says_both_ranks(folder, targen):
    done = targen("retrieve", ASKED, "--catalogue", str(folder), "--retriever", "fused")
    assert "dense 1" in done.out.splitlines()[1]


def test_an_index_from_someone_else_names_a_model(folder, tiny_bert, targen, monkeypatch):
    model = ["-o", f"model={tiny_bert}"]
    args = ["retrieve", ASKED, "--catalogue", str(folder), "--retriever", "dense"]
    for _ in range(2):  # the second time the index is there
        assert targen(*args, *model).code == 0
    monkeypatch.setenv("TARGEN_CONFIG_DIR", "another")  # now it is as if from someone else
    done = targen(*args, *model)
    assert done.code == 2
    assert f"dense.json sets options.model = {tiny_bert}" in done.err
    assert targen(*args, *model, f"--trust={cache_folder()}").code == 0


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("modules.json", [{"idx": 0, "name": "0", "path": "", "type": "own.Module"}]),
        ("part/router_config.json", {"types": {"0_Part": "own.Module"}}),
    ],
)
def test_a_model_with_code_of_its_own_is_refused(name, said, folder, tiny_bert, targen, tmp_path):
    own = tmp_path / "own-model"
    shutil.copytree(tiny_bert, own)
    (own / name).parent.mkdir(exist_ok=True)
    (own / name).write_text(json.dumps(said))
    ran = tmp_path / "ran"
    (own / "own.py").write_text(f"open({str(ran)!r}, 'w')\n")
    args = ["retrieve", ASKED, "--catalogue", str(folder), "--retriever", "dense"]
    done = targen(*args, "-o", f"model={own}")
    assert done.code == 2
    assert "could run code" in done.err
    assert not ran.exists()


class TestDense(Retrievers):
    retriever = "dense"


class TestFused(Retrievers):
    retriever = "fused"
