"""The task model: what it refuses, and how it reads and writes labels."""

from __future__ import annotations

import re
from typing import Literal

import pytest
from pydantic import BaseModel

from targen_core import Correction, Label, Rejected
from targen_core.errors import UsageError
from targen_core.tasks.judging import CorrectionSample, JudgeAnswer, JudgeQuestion
from targen_core.tasks.model import Task  # noqa: F401 - named in tables
from targen_core.tasks.parts import Variant
from targen_core.tasks.steps import ListStep

from ...tables import table


def named(name: str) -> ListStep[str]:
    """A list of that name."""
    return ListStep(item=str, propose=lambda llm, parent, existing: None, batch=1, name=name)


async def late(*args):
    """A coroutine where a plain function is called."""


LABELS = (Label("yes"), Label("no"))


class Numbered(BaseModel):
    text: str
    label: int | bool


REFUSED = table("""
    {"labels": (Label("yes"), Label("yes"))} | same name
    {"labels": (Label("yes"),)} | the generator 'no' is not named after a label; the labels are
    {"labels": (*LABELS, Label("odd"))} | label odd has no branch: add a generator
    {"labels": (Label(1, "yes"),)} | a label cannot be called 1: in Label(name, value), people
    {"labels": ("yes", "no")} | labels is ('yes', 'no'); pass a tuple of Labels
    {"generators": None} | generators is None; pass a mapping of labels or branches to functions
    {"seeding": {"branch_labels": {"column": "no"}}} | 'column', which is not a generator
    {"seeding": {"branch_labels": {"yes": 1}}} | branch_labels is {'yes': 1}; pass a mapping
    {"checks": len} | checks is <built-in function len>; pass a tuple of functions: (ch
    {"checks": (late,)} | checks: late is `async def`, and targen does not await it: write `def`
    {"prompts": {}} | prompts is {}; pass a tuple of Prompts: (prompt,)
    {"calls": {"dry_run": {}}} | dry_run is {}; pass a function that takes a DryRunCall
    {"texts": {"render": late}} | texts.render: late is `async def`
    {"judging": {"samples": ("a",)}} | judging.samples is ('a',); pass a tuple of
    {"judging": {"samples": (NOO,)}} | judging.samples[0].actual is 'noo', which is not a
    {"rows": {"presets": {"small": {"yess": 1}}}} | preset small contains 'yess', which is not a
    {"rows": {"presets": {"small": {"yes": 1.5}}}} | small: yes has 1.5 rows; it must be a
    {"rows": {"presets": {"small": 5}}} | presets is {'small': 5}; pass a mapping of names
    {"rows": {**PAIRS, "presets": {"small": {"yes": 3}}}} | yes has 3 rows; it must be a
    {"calls": {"parameters": {"generate": {"temprature": 1}}}} | no sampling parameter 'tempr
    {"calls": {"parameters": {"generate": {"temperature": -1}}}} | of generate: temperature=-1
    {"calls": {"parameters": {"judge": {}}}} | unknown step 'judge'
    {"contexts": None, "seeds": ()} | it needs contexts or seeds
    {"rows": {"rows_per_instance": 0}} | at least 1
    {"seeding": {"instances_per_call": 0}} | at least 1
    {"seeding": {"samples_per_seed": 0}} | at least 1
    {"seeds": (named("contexts"),)} | two of its steps have the name 'contexts'
    {"seeds": (named("../x"),)} | a list cannot be called '../x'
    {"seeds": (named("a"),), "calls": {"parameters": {"seeds": {}}}} | steps are contexts, a, gen
    {"seeds": named("a")} | ; pass a tuple of ListSteps
    {"instance": dict} | instance is <class 'dict'>; pass a pydantic model class
    {"version": 1} | version is 1; pass a string
    {"name": "My Task"} | name is 'My Task'; pass a name of lower-case
    {"variants": {"odd": Variant("", {"colour": 1})}} | variant odd: Task has no field colour; it
    {"variants": {"odd": MAYBE}} | task toy: variant odd: branch yes is for 'maybe', which is
    {"variants": {"odd": {}}} | ; pass a mapping of names to Variants: Variant(summary, changes)
""")
NOO = CorrectionSample("a", "yes", "noo", "b")
PAIRS = {"rows_per_instance": 2}
MAYBE = Variant(
    "",
    {
        "seeding": {"branch_labels": {"yes": "maybe"}},
    },
)


@pytest.mark.parametrize(("changes", "words"), [row[:2] for row in REFUSED])
def test_a_task_that_could_not_run_is_refused_when_it_is_made(lab, changes, words):
    with pytest.raises(ValueError, match=re.escape(words)) as caught:
        lab.World().task(**eval(changes))
    assert str(caught.value).count("task toy") <= 1


def test_a_label_that_no_row_may_have_is_refused_when_the_task_is_made(lab):
    class Strict(lab.Row):
        label: Literal["yes", "no"]

    task = lab.World(labels=("yes", "no")).task(instance=Strict)
    more = {**task.generators, "maybe": task.generators["yes"]}
    with pytest.raises(ValueError, match="Strict cannot have the label 'maybe', only: 'yes'"):
        task.replace(labels=(*task.labels, Label("maybe")), generators=more)


def test_official_values_are_told_apart_by_type(lab):
    """`1` is no `True`, and a label's name is not its value."""
    labels = (Label("odd", 1), Label("even", 0))
    task = lab.World(labels=("odd", "even")).task(instance=Numbered, labels=labels)
    assert task.label_of(Numbered(text="x", label=1)) == "odd"
    assert task.with_label(Numbered(text="x", label=1), "even") == Numbered(text="x", label=0)
    with pytest.raises(Rejected, match="not a label") as caught:
        task.label_of(Numbered(text="x", label=True))
    assert caught.value.reason == "illegal-label"
    with pytest.raises(Rejected) as caught:
        task.with_label(Numbered(text="x", label=1), "maybe")
    assert caught.value.reason == "illegal-label"
    with pytest.raises(KeyError):
        task.label("maybe")


# --- groups ---


MEANT = table("""
    samples | Task has no field samples; it is a field of Judging
    propose | Task has no field propose; it is a field of ListStep
    check | Task has no field check; it is a field of ListStep, or did you mean checks
    corector | Task has no field corector; its fields: name, version
    judging.sample | Judging has no field sample; did you mean samples?
""")


PARTS = table("""
    ListStep | batchsize | ListStep has no field batchsize; did you mean batch?
    Judging | render | Judging has no field render; it is a field of Texts
    Texts | checks | Texts has no field checks; it is a field of Task
    Rows | to_row | Rows has no field to_row; did you mean to_rows
    Task | render | Task has no field render; it is a field of Texts
    Task | | missing 6 required keyword-only arguments
""")


LISTS = table("""
    {"item": "str"} | a list: item is 'str'; pass a type
    {"propose": None} | propose is None; pass async def propose(llm, parent, existing)
    {"batch": 0} | batch is 0; pass a number, 1 or more
    {"check": late} | not async
    {"prompts": "ask"} | prompts is 'ask'; pass a tuple: (prompt,)
    {"name": "towns", "key": 1} | list towns: key is 1; pass def key(item)
    {"max_rejected": 1.5} | max_rejected is 1.5; pass a number from 0 to 1
    {"max_rejected": -0.1} | max_rejected is -0.1; pass a number from 0 to 1
    {"max_rejected": "half"} | max_rejected is 'half'; pass a number from 0 to 1
""")


@pytest.mark.parametrize(("changes", "words"), [row[:2] for row in LISTS])
def test_a_list_that_could_not_be_grown_is_refused_when_it_is_made(changes, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        ListStep(**{"item": str, "propose": late, "batch": 1, **eval(changes)})


class Pair(BaseModel):
    first_text: str
    tags: list[str]
    label: str


# --- variants, step 4 and official rows ---


def test_variants_are_applied_in_their_order_and_leave_the_task_alone(lab):
    task = lab.World().task(
        variants={
            "short": Variant(
                "less to say", {"judging": {"instructions": "Say it."}, "version": "1s"}
            ),
            "blind": Variant("another corrector", {"judging": {"corrector": "blind"}}),
            "long": Variant("more to say", {"judging": {"instructions": "Say it at length."}}),
        }
    )
    varied = task.varied(["short", "blind", "long"])
    assert varied.version == "1s"
    assert varied.judging.instructions == "Say it at length."
    assert varied.judging.corrector == "blind"
    assert task.varied([]) == task
    assert task.judging.instructions != "Say it."
    with pytest.raises(UsageError, match="task toy has no variant 'shart'") as caught:
        task.varied(["shart"])
    assert caught.value.hint == "did you mean short?"


def test_by_default_an_instance_is_one_question_with_the_labels_as_options(lab):
    task = lab.World().task(judging={"rejecting": {"unsure": "undecided"}})
    instance = lab.Row(seed="a", text="b c", label="yes")
    (question,) = task.questions(instance)
    assert question == JudgeQuestion(
        task.render(instance),
        (task.label_of(instance),),
        (*task.quota_names, "unsure"),
    )
    name = task.quota_names[-1]
    assert task.aggregate(instance, [JudgeAnswer((name,), "why")]) == Correction(name, "why")
    assert task.aggregate(instance, [JudgeAnswer(("unsure",), "why")]) == Correction.reject(
        "undecided", "why"
    )
    assert task.aggregate(instance, [JudgeAnswer(("no_valid_instance",))]).label is None


def test_an_official_row_may_lack_its_label_and_then_makes_no_instance(lab):
    task = lab.World().task()
    row = {**lab.Row(seed="a", text="b c", label="yes").model_dump(mode="json"), "idx": 3}
    bare = {name: value for name, value in row.items() if name != "label"}
    assert task.schema.model_validate(row)
    assert task.schema.model_validate(bare)
    assert task.from_rows([row]) == [lab.Row(seed="a", text="b c", label="yes")]
    assert task.from_rows([bare]) == []
