"""Contexts and seeds of one plugin in a run of another's task."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

RUN = ("-b", "scripted", "-q", "--out", "run")

TASK = """
from pydantic import BaseModel

from targen_core import ListStep
from targen_testing.sample import SAMPLE


class Pair(BaseModel):
    one: str
    two: str


async def propose(llm, parent, existing):
    return []


TASK = SAMPLE.replace(name="pairs", contexts=ListStep(item=Pair, propose=propose, batch=2))
ALONE = SAMPLE.replace(name="alone", seeds=())
SEEDS = SAMPLE.replace(name="seeds", contexts=None, seeds=(SAMPLE.contexts,))
"""


@pytest.fixture
def manifest():
    return lambda: json.loads(Path("run/manifest.json").read_text())


def test_contexts_of_another_plugin_are_walked_and_named(targen, manifest):
    result = targen("generate", "rte", "-n", "6", "--contexts-from", "businesses", *RUN)
    assert result.code == 0, result.err
    shown = targen("preview", "rte", "-b", "scripted", "--json", "--contexts-from", "businesses")
    assert shown.json["lists"][0]["prompt"] == "businesses"
    spec, lock = manifest()["spec"], manifest()["lock"]
    assert spec["contexts_from"] == "targen-plugin-example:businesses"
    assert lock["distributions"]["targen-plugin-example"]
    assert "businesses" in lock["task"]["prompts"]


def test_a_resume_keeps_them_and_another_list_is_another_run(targen, manifest):
    run = ("generate", "rte", "-n", "4", *RUN)
    assert targen(*run, "--contexts-from", "businesses").code == 0
    grown = targen("resume", "run", "-n", "8", "-q")
    assert grown.code == 0, grown.err
    assert manifest()["spec"]["contexts_from"] == "targen-plugin-example:businesses"
    assert targen(*run).code == 2
    again = targen(*run, "--contexts-from", "targen-plugin-example:businesses")
    assert again.code == 0, again.err


def test_seeds_of_another_plugin_are_taken_for_the_tasks_own(targen, manifest):
    """Those are models of one text, and these texts."""
    Path("pairs.py").write_text(TASK)
    result = targen("generate", "pairs.py:SEEDS", "-n", "2", "--seeds-from", "premises", *RUN)
    assert result.code == 0, result.err
    assert manifest()["spec"]["seeds_from"] == "targen-tasks-superglue:premises"
    assert "premises" in manifest()["lock"]["task"]["prompts"]
    assert manifest()["lock"]["distributions"]["targen-tasks-superglue"]


@pytest.mark.parametrize(
    ("args", "words", "hint"),
    [
        (["rte", "--contexts-from", "busineses"], "no contexts named 'busineses'", "businesses"),
        (["rte", "--seeds-from", "premise"], "no seeds named 'premise'", "premises"),
        (
            ["rte", "--seeds-from", "word-senses"],
            "its items are Sense (word, number, definitions), but rte takes Premise (premise)",
            "targen list-seeds",
        ),
        (["pairs.py:TASK", "--contexts-from", "topics"], "but pairs takes Pair (one, two)", "list"),
        (
            ["pairs.py:SEEDS", "--contexts-from", "topics"],
            "has no contexts",
            "--seeds-from",
        ),
        (["pairs.py:ALONE", "--seeds-from", "premises"], "has no seeds", "--contexts-from"),
        (
            ["rte", "--contexts-from", "topics", "--contexts", "mine.txt"],
            "--contexts-from cannot be combined with a file",
            "",
        ),
        (
            ["rte", "--seeds-from", "premises", "--seeds", "mine.txt"],
            "--seeds-from cannot be combined with a file",
            "",
        ),
    ],
)
def test_lists_that_do_not_fit(targen, args, words, hint):
    Path("pairs.py").write_text(TASK)
    result = targen("generate", *args, "-n", "4", *RUN)
    assert result.code == 2
    assert words in result.err
    assert hint in result.err
    assert not Path("run").exists()


def test_seeds_of_which_the_task_takes_none_end_early(targen):
    result = targen("generate", "rte", "-n", "4", "--seeds-from", "words", "--json", *RUN)
    assert result.code == 1
    assert "none of the items of targen-tasks-superglue:words can be a seed" in result.err
    assert "seeds: too-short" in result.err
    assert result.json["usage"]["total"]["calls"] <= 20
