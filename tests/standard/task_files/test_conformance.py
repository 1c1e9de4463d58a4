"""Declared tasks pass the conformance kit, and any declaration gives exact quotas."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import ClassVar

from hypothesis import given, settings
from hypothesis import strategies as st

from targen_core.plugins.loader import load_registry
from targen_core.runs.config import RunConfig
from targen_core.runs.job import Job
from targen_standard.task_files.model import Declaration
from targen_testing.tasks import TaskSuite as Suite

HERE = Path(__file__).parent


class TestPair(Suite):
    task: ClassVar[str] = str(HERE / "pair.yaml")


class TestBranches(Suite):
    task: ClassVar[str] = str(HERE / "branches.yaml")


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
        "language": st.sampled_from(["English", "German", "Spanish", "Esperanto"]),
        "instances_per_call": st.integers(1, 3),
    },
    optional={
        "seeds": st.sampled_from(["a thing", {"batch": 2, "words": [3, 9]}]),
        "contexts": st.sampled_from(["none", "places", ["mill", "port"]]),
    },
)


@settings(max_examples=12)
@given(_DECLARATIONS)
def test_any_declaration_gives_exact_quotas(keys):
    declaration = Declaration.model_validate(keys)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "made.json"
        path.write_text(declaration.as_json(), encoding="utf-8")
        assert Declaration.from_file(path).digest == declaration.digest
        quotas = dict.fromkeys(declaration.labels, 2)
        config = RunConfig(task=str(path), quotas=quotas, backend="scripted", near_duplicates=0)
        with Job.create(load_registry(), config, Path(folder) / "run") as job:
            assert job.run()["rows"] == quotas
