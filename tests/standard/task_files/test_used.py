"""`use:`, which takes lists that plugins register."""

from __future__ import annotations

from dataclasses import replace

import pytest

from targen_core.cli.estimating import estimate
from targen_core.errors import UsageError
from targen_core.plugins.loader import load_registry
from targen_core.plugins.registry import Registry
from targen_core.runs.config import RunConfig
from targen_core.runs.job import Job
from targen_core.runs.plan import prepare

from ...runs import manifest, read, records

pytestmark = pytest.mark.whole

SETTINGS = {"use": "targen-tasks-superglue:settings"}
EVENTS = {"use": "targen-tasks-superglue:events"}  # models of one text


def test_a_run_on_registered_lists_records_where_they_are_from(declared, tmp_path):
    file = tmp_path / "notes.json"
    file.write_text(declared(contexts=SETTINGS, seeds=EVENTS).as_json())
    config = RunConfig(
        task=str(file), quotas={"calm": 3, "alarm": 3}, backend="targen-standard:scripted"
    )
    with Job.create(load_registry(), config, tmp_path / "run") as job:
        job.run()
        assert job.task.chain[0].batch == 10, "the list's own"
    lock = manifest(tmp_path / "run")["lock"]
    assert "targen-tasks-superglue" in lock["distributions"]
    assert {"settings", "events"} <= lock["task"]["prompts"].keys()
    kept = read(tmp_path / "run", "task.json")
    assert (kept["contexts"], kept["seeds"]) == (SETTINGS, EVENTS)
    assert all(isinstance(record["seed"], str) for record in records(tmp_path / "run"))


NAMED = {
    "contexts": "settings",
    "seeds": "events",
    "generators": "cb-entailment",  # whose seeds are texts
    "checks": "no-placeholder",
    "filters": "first-words",
    "corrector": "keywords",
}


@pytest.mark.parametrize("kind", NAMED)
def test_each_key_takes_a_bare_name_and_a_full_id(declared, kind):
    """They mean the same, and one that several packages register is refused with their ids."""
    registry = load_registry()
    singular = kind if kind in ("contexts", "seeds") else kind.removesuffix("s")
    item = registry.find(singular, NAMED[kind])
    twin = replace(item, distribution="acme")
    names = {item.name, item.id}
    parts = []
    for name in names:
        value = {"use": name} if kind in ("contexts", "seeds") else name
        task = declared(**{kind: value}).task()
        known = registry.including(tasks={task.name: task})
        config = RunConfig(task=f"memory:{task.name}", quotas={"calm": 1}, backend="scripted")
        parts.append([plan.id for plan in prepare(known, config).lock.parts.values()])
    assert parts[0] == parts[1]
    assert item.id in parts[0]
    # Neither owns the kind, so that the bare name is nobody's.
    other = replace(item, distribution="zeta")
    both = [each for each in registry.everything() if each != item]
    both = Registry([*both, twin, other], registry.plugins, registry.kinds)
    both = both.including(tasks={task.name: task})
    task = declared(**{kind: {"use": item.name} if kind in ("contexts", "seeds") else item.name})
    with pytest.raises(UsageError, match="is registered by 2 distributions") as caught:
        estimate(task, n=2, model="scripted", registry=both)
    assert caught.value.hint == f"use one of these ids: {twin.id} or {other.id}"
