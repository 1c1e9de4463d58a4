"""Declared tasks pass the conformance kit, and any declaration gives exact quotas."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from targen_core import Declaration, Job, RunSpec, load_registry
from targen_testing import TaskSuite as Suite

PAIR = """\
name: pair
version: "1"
description: A remark and what somebody answers to it.
language: French
labels:
  oui: the answer agrees
  non: {definition: the answer does not agree, value: 0}
fields:
  remark: {description: the remark, words: [6, 20], sentences: 1}
  answer: {words: [4, 15]}
  tone: {type: enum, values: [mild, sharp]}
seeds: {field: remark}
instances_per_call: 2
samples_per_seed: 2
samples:
- input: {remark: Il fait froid ce matin., answer: C'est bien vrai., tone: mild}
  output: oui
  actual: oui
  explanation: The answer says that it is true.
- input: {remark: Il fait froid ce matin., answer: Pas du tout., tone: sharp}
  output: oui
  actual: non
  explanation: The answer says that it is not.
- input: {remark: La soupe est bonne., answer: Je la trouve fade., tone: mild}
  output: non
  actual: non
  explanation: The answer finds it bland.
- input: {remark: La soupe est bonne., answer: Excellente même., tone: mild}
  output: non
  actual: oui
  explanation: The answer agrees and adds to it.
"""


@pytest.fixture(scope="class", autouse=True)
def _files(request, tmp_path_factory):
    if hasattr(request.cls, "text"):
        path = tmp_path_factory.mktemp("declared") / "pair.yaml"
        path.write_text(request.cls.text, encoding="utf-8")
        request.cls.task = str(path)


class TestPair(Suite):
    text: ClassVar[str] = PAIR
    task: ClassVar[str] = ""


class TestBranches(Suite):
    """Branches finer than labels, and one whose label step 4 finds."""

    text: ClassVar[str] = PAIR + (
        "branches:\n"
        "  oui: it agrees at once\n"
        "  doubt: {label: non, definition: it doubts the remark}\n"
        "  denial: {label: non, definition: it denies the remark, guidance: Be short.}\n"
        "  free: {judged: true, definition: whatever comes to mind}\n"
    )
    task: ClassVar[str] = ""


_WORDS = st.tuples(st.integers(3, 12), st.integers(0, 20)).map(lambda p: [p[0], p[0] + p[1]])
_FIELD = st.fixed_dictionaries(
    {"type": st.sampled_from(["str", "list[str]"]), "words": _WORDS},
    optional={
        "form": st.sampled_from(["prose", "question", "phrase", "any"]),
        "items": st.just([1, 2]),
    },
) | st.sampled_from([{"type": "int", "range": [1, 9]}, {"type": "enum", "values": ["a", "b"]}])
_DECLARATIONS = st.fixed_dictionaries(
    {
        "description": st.just("Notes. $5 {a} --- user"),
        "labels": st.sets(
            st.sampled_from(["yes", "no", "x y", "é", "1", "$a", "null"]), min_size=1
        ).map(lambda names: {name: f"what {name} means" for name in sorted(names)}),
        "fields": st.tuples(st.lists(_FIELD, max_size=2), _WORDS).map(
            lambda p: {
                **{f"f{n}": part for n, part in enumerate(p[0])},
                "text": {"words": p[1]},
            }
        ),
        "language": st.sampled_from(["English", "German", "Spanish", "Klingon"]),
        "instances_per_call": st.integers(1, 3),
    },
    optional={
        "seeds": st.sampled_from(["a thing", {"batch": 2, "words": [3, 9]}]),
        "contexts": st.sampled_from(["none", "places", ["mill", "port"]]),
    },
)


@given(_DECLARATIONS)
def test_any_declaration_gives_exact_quotas(keys):
    declaration = Declaration.model_validate(keys)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "made.json"
        path.write_text(declaration.as_json(), encoding="utf-8")
        assert Declaration.from_file(path).digest == declaration.digest
        quotas = dict.fromkeys(declaration.labels, 2)
        spec = RunSpec(task=str(path), quotas=quotas, backend="scripted", near_duplicates=0)
        with Job.create(load_registry(), spec, Path(folder) / "run") as job:
            assert job.run()["rows"] == quotas
