"""The task model: what it refuses, and how it reads and writes labels."""

from __future__ import annotations

from typing import Literal

import pytest
from pydantic import BaseModel

from targen_core import (
    Correction,
    JudgeAnswer,
    JudgeQuestion,
    Label,
    ListStep,
    Prompt,
    Rejected,
    Variant,
)


def named(name: str) -> ListStep[str]:
    """A list of that name."""
    return ListStep(item=str, propose=lambda llm, parent, existing: None, batch=1, name=name)


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
        ({"seeds": (named("generate"),)}, "two of its steps are called 'generate'"),
        ({"seeds": (named("contexts"),)}, "two of its steps are called 'contexts'"),
        ({"seeds": (named("../x"),)}, "no list can be called '../x'"),
        ({"seeds": (named("a"),), "parameters": {"seeds": {}}}, "its steps are contexts, a, gen"),
        ({"samples_per_seed": 0}, "at least 1"),
        ({"labels": ("yes", "no")}, r"labels is \('yes', 'no'\); pass Labels"),
        ({"instance": dict}, "instance is <class 'dict'>; pass a pydantic model class"),
        ({"version": 1}, "version is 1; pass a text"),
        ({"seeds": named("a")}, r"seeds is ListStep.*; pass ListSteps in a tuple"),
        ({"name": "My Task"}, "name is 'My Task'; pass lower-case letters"),
        (
            {"variants": {"odd": Variant("", {"colour": 1})}},
            "variant odd changes what a task lacks",
        ),
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


def test_a_label_that_no_row_may_have_is_refused_when_the_task_is_made(lab):
    class Strict(lab.Row):
        label: Literal["yes", "no"]

    task = lab.World(labels=("yes", "no")).task(instance=Strict)
    more = {**task.generators, "maybe": task.generators["yes"]}
    with pytest.raises(ValueError, match="'maybe' is none of those that Strict may have: 'yes'"):
        task.replace(labels=(*task.labels, Label("maybe")), generators=more)


def test_a_derived_task_leaves_the_first_as_it_is(lab):
    task = lab.World().task()
    other = task.replace(version="2", corrector=None)
    assert (task.version, other.version) == ("1", "2")
    assert task.corrector is not None


def test_a_list_brings_its_prompts_and_their_dry_run_along(lab):
    own, brought = Prompt("own", "Say."), Prompt("brought", "Name some.")

    async def propose(llm, parent, existing):
        return ["a", "b"]

    def theirs(call):
        return "theirs"

    def mine(call):
        return "mine"

    names = ListStep(item=str, propose=propose, batch=2, prompts=(brought,), dry_run=theirs)
    task = lab.World().task(contexts=names, prompts=(own,), dry_run=mine)
    assert task.every_prompt == (own, brought)
    assert task.dry_run_of("brought") is theirs
    assert task.dry_run_of("own") is mine
    # A task that names the prompt as its own answers for it.
    taken = task.replace(prompts=(own, brought))
    assert taken.every_prompt == (own, brought)
    assert taken.dry_run_of("brought") is mine
    assert task.replace(dry_run=None).dry_run_of("own") is None


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


# --- variants, step 4 and official rows ---


def test_variants_are_applied_in_their_order_and_leave_the_task_alone(lab):
    task = lab.World().task(
        variants={
            "short": Variant("less to say", {"instructions": "Say it.", "version": "1s"}),
            "blind": Variant("another corrector", {"corrector": "blind"}),
            "long": Variant("more to say", {"instructions": "Say it at length."}),
        }
    )
    varied = task.varied(["short", "blind", "long"])
    assert (varied.instructions, varied.corrector, varied.version) == (
        "Say it at length.",
        "blind",
        "1s",
    )
    assert task.varied([]) == task
    assert task.instructions != "Say it."
    with pytest.raises(KeyError):
        task.varied(["nosuch"])


def test_by_default_an_instance_is_one_question_with_the_labels_as_options(lab):
    task = lab.World().task(rejecting={"unsure": "undecided"})
    instance = lab.Row(seed="a", text="b c", label="yes")
    (question,) = task.questions_of(instance)
    assert question == JudgeQuestion(
        task.render(instance),
        (task.read_label(instance),),
        (*task.quota_names, "unsure"),
    )
    name = task.quota_names[-1]
    assert task.settled(instance, [JudgeAnswer((name,), "why")]) == Correction(name, "why")
    assert task.settled(instance, [JudgeAnswer(("unsure",), "why")]) == Correction.reject(
        "undecided", "why"
    )
    assert task.settled(instance, [JudgeAnswer(("no_valid_instance",))]).label is None


def test_an_official_row_may_lack_its_label_and_then_makes_no_instance(lab):
    task = lab.World().task()
    row = {**lab.Row(seed="a", text="b c", label="yes").model_dump(mode="json"), "idx": 3}
    bare = {name: value for name, value in row.items() if name != "label"}
    assert task.schema.model_validate(row)
    assert task.schema.model_validate(bare)
    assert task.instances_of([row]) == [lab.Row(seed="a", text="b c", label="yes")]
    assert task.instances_of([bare]) == []
