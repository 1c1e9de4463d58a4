"""The task model: what it refuses, and how it reads and writes labels."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from targen_core import Label, Rejected


class Numbered(BaseModel):
    text: str
    label: int | bool


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"labels": (Label("yes"), Label("yes"))}, "named twice"),
        ({"labels": (Label("yes"),)}, "generators are for"),
        ({"contexts": None, "seeds": ()}, "needs contexts, seeds or both"),
        ({"unit": 0}, "at least 1"),
        ({"instances_per_call": 0}, "at least 1"),
        ({"parameters": {"judge": {}}}, "unknown step 'judge'"),
    ],
)
def test_a_task_that_could_not_run_is_refused_when_it_is_made(lab, changes, words):
    with pytest.raises(ValueError, match=words):
        lab.World().task(**changes)


def test_open_labels_need_a_way_to_read_them(lab):
    world = lab.World(labels=())
    with pytest.raises(ValueError, match="need label_of"):
        world.task(label_of=None)
    assert world.task().quota_names == ("any",)


def test_a_derived_task_leaves_the_first_as_it_is(lab):
    task = lab.World().task()
    other = task.replace(version="2", corrector=None)
    assert (task.version, other.version) == ("1", "2")
    assert task.corrector is not None


def test_official_values_are_told_apart_by_type(lab):
    """`1` is no `True`, and a label's name is not its value."""
    task = lab.World().task(
        instance=Numbered, labels=(Label("yes", 1), Label("no", 0)), render=lambda row: row.text
    )
    assert task.read_label(Numbered(text="x", label=1)) == "yes"
    assert task.write_label(Numbered(text="x", label=1), "no") == Numbered(text="x", label=0)
    with pytest.raises(Rejected, match="not a label") as caught:
        task.read_label(Numbered(text="x", label=True))
    assert caught.value.reason == "illegal-label"
    with pytest.raises(Rejected) as caught:
        task.write_label(Numbered(text="x", label=1), "maybe")
    assert caught.value.reason == "illegal-label"
    with pytest.raises(KeyError):
        task.label("maybe")
