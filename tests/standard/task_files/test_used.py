"""`use:`, which takes lists that plugins register."""

from __future__ import annotations

import json

import pytest

from targen_core import RunSpec, estimate, load_registry
from targen_core.errors import UsageError
from targen_core.runs.jobs.job import Job
from targen_core.runs.preparing.tasks import task_with_parts

pytestmark = pytest.mark.whole

SETTINGS = {"use": "targen-tasks-superglue:settings"}
EVENTS = {"use": "targen-tasks-superglue:events"}  # models of one text


def test_a_run_on_registered_lists_records_where_they_are_from(declared, tmp_path):
    file = tmp_path / "notes.json"
    file.write_text(declared(contexts=SETTINGS, seeds=EVENTS).as_json())
    spec = RunSpec(task=str(file), quotas={"calm": 3, "alarm": 3}, backend="targen-core:scripted")
    with Job.create(load_registry(), spec, tmp_path / "run") as job:
        job.run()
        assert job.task.chain[0].batch == 10, "the list's own"
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    assert "targen-tasks-superglue" in manifest["lock"]["distributions"]
    assert {"settings", "events"} <= manifest["lock"]["task"]["prompts"].keys()
    kept = json.loads((tmp_path / "run" / "task.json").read_text())
    assert (kept["contexts"], kept["seeds"]) == (SETTINGS, EVENTS)
    for line in (tmp_path / "run" / "provenance.jsonl").read_text().splitlines():
        assert isinstance(json.loads(line)["seed"], str)


def test_a_seed_that_is_a_field_is_checked_by_the_list_and_as_the_field(declared):
    task = declared(
        fields={"event": {"words": [2, 4]}, "reply": {}},
        contexts=SETTINGS,
        seeds={**EVENTS, "field": "event"},
    ).task()
    registry = load_registry().including(tasks={task.name: task})
    task, _ = task_with_parts(registry, RunSpec(task=f"memory:{task.name}", quotas={}))
    check = task.seeds[0].check
    with pytest.raises(Exception, match="event"):
        check("Nine words are far too many for this event.")
    assert task.seeds[0].origin == EVENTS["use"]


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"contexts": {"use": "settings"}}, "contexts.use: 'settings' is not a full id"),
        ({"contexts": {**SETTINGS, "batch": 4}}, "contexts.batch: .* has its own"),
        ({"contexts": SETTINGS, "prompts": {"contexts": "x"}}, "brings its own along"),
    ],
)
def test_what_cannot_be_used(declared, parts, words):
    with pytest.raises(UsageError, match=words):
        declared(**parts).task()


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"contexts": {"use": "acme:none"}}, "contexts.use: no contexts named 'acme:none'"),
        (
            {"seeds": {"use": "targen-tasks-superglue:word-senses"}},
            r"its items are Sense \(word, number, .* takes texts",
        ),
    ],
)
def test_a_list_is_found_when_a_run_is_prepared(declared, parts, words):
    with pytest.raises(UsageError, match=words):
        estimate(declared(**parts), n=2, model="scripted")
