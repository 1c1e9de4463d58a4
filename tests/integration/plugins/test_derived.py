"""A task derived from another distribution's, as a plugin of a third party."""

from __future__ import annotations

import json

import pytest

HOOK = """
from targen_core import hookimpl

@hookimpl
def register_tasks(register):
    register.register("rte-calm", "calm_task:TASK", summary="RTE about everyday settings")
"""
TASK = """
from targen_core import load_registry
from targen_tasks_superglue.rte import RTE

SETTINGS = load_registry().get("contexts", "{contexts}")
TASK = RTE.replace(name="rte-calm", version="1", contexts=SETTINGS, judging={{"corrector": "vote"}})
"""
GENERATE = ("-n", "4", "-b", "scripted", "-q", "--out")


@pytest.fixture
def calm(install):
    """Install the derived task on some contexts."""

    def lay_out(contexts):
        modules = {"calm": HOOK, "calm_task": TASK.format(contexts=contexts)}
        return install("calm", "[targen.v1]\ncalm = calm\n", modules)

    return lay_out


@pytest.mark.parametrize(
    "contexts", ["targen-tasks-superglue:settings", "targen-plugin-example:businesses"]
)
def test_five_lines_make_a_task_of_other_parts(contexts, calm, targen, tmp_path):
    site = calm(contexts)
    done = targen("generate", "rte-calm", *GENERATE, "run", path=[site])
    assert done.returncode == 0, done.stderr
    assert done.stdout == "run/dataset.jsonl\n", "quiet says no more than where it is"
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    assert manifest["lock"]["task"]["id"] == "calm:rte-calm"
    assert manifest["lock"]["corrector"] == "targen-core:vote"
    # A list brings its prompt along, and the offline replies to it.
    assert contexts.partition(":")[2] in manifest["lock"]["task"]["prompts"]
    assert targen("plugins", "--strict", path=[site]).returncode == 0


def test_what_it_derives_from_and_is_not_there_is_named_with_what_to_type(calm, targen):
    site = calm("acme:places")
    done = targen("generate", "rte-calm", *GENERATE, "run", path=[site])
    assert done.returncode == 1
    assert "error [calm]: task calm:rte-calm: importing calm_task raised" in done.stderr
    assert "no contexts named 'acme:places' is installed" in done.stderr
    assert "see: targen list-contexts" in done.stderr
