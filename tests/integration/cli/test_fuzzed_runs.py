"""Runs, declarations and answers taken apart at random: the short form of bench/hostile.py."""

from __future__ import annotations

import importlib.util
import random
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

_BENCH = Path(__file__).parents[3] / "bench" / "hostile.py"


@pytest.fixture(scope="module", name="hostile")
def _hostile() -> Any:
    """The bench as a module."""
    spec = importlib.util.spec_from_file_location("bench_hostile", _BENCH)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module", name="world")
def _world(hostile: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Good runs, made once, in a working folder of the module's own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("start"))
        patch.setenv("TARGEN_CACHE_DIR", "")
        patch.setenv("COLUMNS", "")
        yield hostile.make_world(tmp_path_factory.mktemp("hostile"))


@pytest.mark.parametrize(
    "kind", ["run", "planted", "merged", "declaration", "answers", "exclusion"]
)
@settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=20,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[*HealthCheck],
)
@given(number=st.integers(0, 2**64))
def test_nothing_that_is_taken_apart_gets_through(
    kind: str, number: int, hostile: Any, world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit 0, 1 or 2; no traceback; nothing hangs, and nothing outside the run changes."""
    monkeypatch.chdir(world.root)
    monkeypatch.setenv("TARGEN_CACHE_DIR", str(world.root / "cache"))
    lay_out = {
        "run": hostile.changed_run,
        "planted": hostile.planted_run,
        "merged": hostile.merged_run,
        "declaration": hostile.changed_declaration,
        "answers": hostile.changed_answers,
        "exclusion": hostile.changed_exclusion,
    }[kind]
    before = world.state()
    shutil.rmtree(world.here, ignore_errors=True)
    world.here.mkdir()
    args = lay_out(world, random.Random(number))
    output = hostile.run(args)
    assert output.code in (0, 1, 2), (args, output.text)
    assert "targen failed" not in output.text, output.text
    assert "Traceback" not in output.text, output.text
    assert "the canary sings" not in output.text
    assert world.state() == before


@given(st.data())
@settings(derandomize=True, database=None, deadline=None, max_examples=60)
def test_what_is_taken_apart_is_another_value(hostile: Any, data: st.DataObject) -> None:
    """The cases are none that change nothing: else the test above could not fail."""
    value = {"a": [1, {"b": "x"}], "c": None}
    made = [
        hostile.mutated(value, random.Random(n))
        for n in data.draw(st.sets(st.integers(), min_size=9, max_size=9))
    ]
    assert sum(repr(one) != repr(value) for one in made) >= 6
