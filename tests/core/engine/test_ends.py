"""How a run ends when it cannot reach its quotas, and what it wastes when it can."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import replace
from inspect import iscoroutinefunction
from typing import Literal

import pytest
from pydantic import BaseModel, field_validator

from targen_core import Correction, Prompt, Rejected
from targen_core.engine.events import LabelGivenUp
from targen_core.errors import PluginError, QuotaNotMet, UsageError
from targen_core.tasks.steps import ListStep

pytestmark = pytest.mark.usefixtures("virtual_time")


# --- labels that cannot be reached ---


@pytest.mark.parametrize(("after", "concurrency"), [(1, 16), (7, 1)])
def test_a_label_out_of_reach_is_given_up_after_exactly_so_many(lab, tmp_path, after, concurrency):
    world = lab.World(labels=("yes", "no"))

    async def always_yes(llm, row):
        await asyncio.sleep(len(row.text) % 5)
        return Correction("yes", "it is yes")

    how = {"give_up_after": after, "concurrency": concurrency}
    task = world.task(judging={"corrector": always_yes})
    ran = lab.run(world, tmp_path / "run", {"yes": 12, "no": 5}, task=task, **how)
    assert isinstance(ran.error, QuotaNotMet) and ran.error.exit_code == 1
    assert "label no has 0 of 5 rows" in str(ran.error)
    assert "label yes" not in str(ran.error) and "relabelled yes" in str(ran.error)
    assert ran.report["rows"] == {"yes": 12, "no": 0}
    assert ran.report["given_up"] == ["no"]
    assert ran.report["flow"]["no"]["judged"] == after
    (event,) = [event for event in ran.events if isinstance(event, LabelGivenUp)]
    assert event == LabelGivenUp("no", after, 0, 5)


@pytest.mark.parametrize(("after", "judged", "rows"), [(5, 60, 12), (4, 4, 0)])
def test_every_row_gained_starts_the_count_anew(lab, tmp_path, after, judged, rows):
    seeds = [f"seed number {number}" for number in range(100)]

    async def every_fifth(llm, row):
        fifth = seeds.index(row.seed) % 5 == 4
        return Correction("only") if fifth else Correction.reject("nothing", "no label fits")

    async def propose(llm, parent, existing):
        return seeds[len(existing) : len(existing) + llm.batch]

    world, contexts = lab.World(labels=("only",)), ListStep(item=str, propose=propose, batch=10)
    task = world.task(judging={"corrector": every_fifth}, contexts=contexts, seeds=())
    how = {"task": task, "give_up_after": after, "near_duplicates": 0}
    ran = lab.run(world, tmp_path / "run", {"only": 12}, **how)
    assert (ran.error is None) == (rows == 12)
    assert ran.report["flow"]["only"]["judged"] == judged
    assert ran.report["rows"] == {"only": rows}


# --- lists that give nothing ---

GIVES = {  # what a list gives, what is said of it, and the reason of what is dropped
    "empty": ([], "the list of {named} is empty", None),
    "rejected": (None, "no reply for the list of {named} could be used", "no-idea"),
    "all bad": (["BAD a", "BAD b"], "no reply for the list of {named} could be used", "bad"),
    "repeated": (["same"], "ran out of new items", "repeated"),  # after the first
}


@pytest.mark.parametrize(
    ("lists", "gives"),
    [
        *((lists, gives) for lists in [(3,), (2, 2, 2)] for gives in [*GIVES][:3]),
        ((3,), "repeated"),
    ],
)
def test_lists_that_give_nothing_end_the_run_with_a_reason(lab, tmp_path, lists, gives):
    world, (items, words, reason) = lab.World(lists=lists), GIVES[gives]

    async def barren(llm, parent, existing):
        if items is None:
            raise Rejected("no-idea", "nothing comes to mind")
        return items

    *above, last = world.task().chain
    chain = [*above, ListStep(item=str, propose=barren, batch=2, check=last.check)]
    task = world.task(contexts=chain[0], seeds=tuple(chain[1:]))
    ran = lab.run(world, tmp_path / "run", {"yes": 40, "no": 40}, task=task, give_up_after=9)
    assert isinstance(ran.error, QuotaNotMet)
    assert words.format(named="seeds" if above else "contexts") in str(ran.error)
    assert ran.report["status"] == "short"
    if reason:
        assert reason in str(ran.error)
        assert reason in {drop["reason"] for drop in ran.report["dropped_list_items"]}
        assert {r["verdict"] for r in ran.rejects} >= {"dropped"}


# --- faults of a plugin ---


def failing(plain=lambda *texts: None):
    """A stage that fails for some texts, and does what `plain` does for the others."""

    def look(first, *more):
        text = getattr(first, "text", first)
        if {"garden", "ladder", "harbor", "pepper"} & {*text.split()}:
            raise TypeError("unsupported operand")
        return first, *more

    async def asked(llm, *texts):
        return await plain(llm, *look(*texts))

    return asked if iscoroutinefunction(plain) else lambda *texts: plain(*look(*texts))


def plain_rows(row, idx):
    return [{**row.model_dump(), "idx": idx}]


async def confirmed(llm, row):
    return Correction(row.label)


def changed_list(task, **changes):
    return {"seeds": (replace(task.seeds[0], **changes),)}


FAILING = {
    "generator": lambda task: {
        "generators": {name: failing(write) for name, write in task.generators.items()}
    },
    "check": lambda task: {"checks": (failing(),)},
    "corrector": lambda task: {"judging": {"corrector": failing(confirmed)}},
    "list": lambda task: changed_list(task, propose=failing(task.seeds[0].propose)),
    "list check": lambda task: changed_list(task, check=failing()),
    "render": lambda task: {"texts": {"render": failing(lambda row: f"{row.seed} {row.text}")}},
    "rows": lambda task: {"rows": {"to_rows": failing(plain_rows)}},
    "label": lambda task: {"rows": {"label_of": failing(lambda row: row.label)}},
}


@pytest.mark.parametrize("part", FAILING)
def test_a_bug_of_a_plugin_stops_the_run_with_its_name_and_keeps_the_rows(lab, tmp_path, part):
    world, quotas = lab.World(lists=(6, 2)), {"yes": 18, "no": 18}
    fixed = world.task(rows={"to_rows": plain_rows})
    if part == "corrector":
        fixed = fixed.replace(judging={"corrector": confirmed})
    broken = fixed.replace(**FAILING[part](fixed))
    ran = lab.run(world, tmp_path / "run", quotas, task=broken, concurrency=1)
    assert isinstance(ran.error, PluginError)
    assert ran.error.distribution == "toy-tasks"
    assert "toy-tasks" in ran.error.hint
    assert "TypeError: unsupported operand" in str(ran.error)
    assert "test_ends.py" in str(ran.error)
    assert ran.report["status"] == "stopped"
    assert 0 < len(ran.rows) < 36
    again = lab.run(world, tmp_path / "run", resume=True, task=fixed)
    assert again.error is None
    assert again.files["dataset.jsonl"].startswith(ran.files["dataset.jsonl"])
    assert not set(ran.journaled) & set(again.model.asked)
    fresh = lab.run(world, tmp_path / "fresh", quotas, task=fixed)
    assert fresh.files == again.files


def giving(value):
    """A step that makes just this."""

    async def give(llm, *args):
        return value

    return give


def _raises_at_once(*args):
    raise LookupError("not even a coroutine")


async def _takes_too_little(llm):
    return None


class Row(BaseModel):
    """An instance like the toy's, of two labels alone."""

    seed: str = ""
    text: str
    label: Literal["yes", "no"]


@pytest.mark.parametrize(
    ("part", "stage", "words"),
    [
        ("list", giving(None), "propose.*returned NoneType|give \\(line "),
        ("list", _raises_at_once, "LookupError: not even a coroutine"),
        ("list", _takes_too_little, "takes 1 positional argument"),
        ("generator", giving(["a text"]), "returned str"),
        ("generator", giving(Row(text="a", label="no")), "with the label no"),
        ("generator", lambda *args: Row(text="a", label="maybe"), "label: Input"),
        ("generator", lambda *args: Row(text="a"), "Field required"),
        ("generator", _takes_too_little, "takes 1 positional argument"),
        ("corrector", giving("yes"), "corrector returned str"),
        ("corrector", _raises_at_once, "LookupError: not even a coroutine"),
        ("rows", lambda row, idx: [{"idx": idx}] * 2, "returned 2 rows"),
    ],
)
def test_a_stage_that_does_not_do_what_it_should_is_a_bug_too(lab, tmp_path, part, stage, words):
    world = lab.World()
    task = world.task(instance=Row) if part == "generator" else world.task()
    changes = {
        "list": changed_list(task, propose=stage),
        "generator": {"generators": dict.fromkeys(world.labels, stage)},
        "corrector": {"judging": {"corrector": stage}},
        "rows": {"rows": {"to_rows": stage}},
    }[part]
    ran = lab.run(world, tmp_path / "run", {"yes": 3, "no": 3}, task=task.replace(**changes))
    assert isinstance(ran.error, PluginError)
    assert re.search(words, str(ran.error))
    assert ran.error.distribution == "toy-tasks"
    assert ran.report["status"] == "stopped"
    assert not ran.rejects


@pytest.mark.parametrize("where", ["list", "write", "judge", "say"])
def test_half_characters_of_a_model_break_neither_run_nor_files(lab, tmp_path, where):
    """JSON can spell half of a surrogate pair, and small models do; plain text holds one."""
    world = lab.World()

    async def say(llm, seed):
        return lab.Row(seed=seed, text=await llm.ask("say $seed", seed=seed), label="yes")

    def reply(request):
        if request.messages[0].content.startswith("say"):
            return f"some text {request.key} \ud83d"
        made = world.reply(request)
        if request.messages[0].content.startswith(where) and isinstance(made, dict):
            return json.dumps(made).replace('"}', ' \\ud83d"}').replace('"]', ' \\ud83d"]')
        return made

    model = lab.ToyModel(reply)
    task = world.task(generators={**world.task().generators, "yes": say})
    how = {"model": model, "give_up_after": 5, "task": task if where == "say" else None}
    ran = lab.run(world, tmp_path / "run", {"yes": 4, "no": 4 * (where != "say")}, **how)
    assert isinstance(ran.error, QuotaNotMet) or where == "say"
    assert any("half a character" in record["detail"] for record in ran.rejects) or where == "say"
    for text in ran.files.values():
        text.decode("utf-8")


# --- what is refused ---


@pytest.mark.parametrize(
    ("first", "then", "words"),
    [
        ({"yes": 3}, None, "groups of 2"),
        ({}, None, "all quotas are 0"),
        ({"yes": 4, "no": 4}, {"yes": 4, "no": 4, "maybe": 2}, "no label 'maybe'"),
        ({"yes": 4, "no": 4}, {"yes": 5, "no": 4}, "groups of 2"),
        ({"yes": 4, "no": 4}, {"no": 2}, "a run can only grow"),
    ],
)
def test_quotas_that_make_no_sense_are_refused(lab, tmp_path, first, then, words):
    world = lab.World(rows_per_instance=2)
    manifest = tmp_path / "run" / "manifest.json"
    if then is not None:
        lab.run(world, tmp_path / "run", first)
    before = manifest.read_bytes() if then else None
    with pytest.raises(UsageError) as caught:
        lab.run(world, tmp_path / "run", None if then else first, grow=then)
    assert words in f"{caught.value} {caught.value.hint}"
    assert before == (manifest.read_bytes() if manifest.exists() else None)


def test_words_that_the_row_s_schema_refuses_are_rejected_not_a_bug(lab, tmp_path):
    class Short(lab.Row):
        @field_validator("text")
        @classmethod
        def _has_no_anchor(cls, text):
            if "anchor" in text:
                raise ValueError("an anchor is no word")
            return text

    world = lab.World(labels=("only",), correct=False)
    plain = world.task().generators["only"]

    async def write(llm, seed):
        return Short(**(await plain(llm, seed)).model_dump())

    task = world.task(instance=Short, generators={"only": write})
    ran = lab.run(world, tmp_path / "run", {"only": 30}, task=task)
    assert ran.error is None
    rejects = [r for r in ran.rejects if r["reason"] == "not-official"]
    assert rejects
    assert {r["detail"] for r in rejects} == {"text: an anchor is no word"}
    assert {r["stage"] for r in rejects} == {"generate"}


WORKED = Prompt(
    "write",
    """--- user
Word: lamp
--- assistant
{"texts": ["The lamp on the pier went out at nine."]}
--- user
Word: $word
""",
)


def test_a_reply_that_repeats_a_worked_example_is_asked_again_and_then_rejected(lab, tmp_path):
    async def write(llm, seed):
        reply = await llm.ask(WORKED, reply=lab.Texts, word=seed)
        return lab.Row(seed=seed, text=reply.texts[0], label="only")

    def reply(request):
        if request.origin.step != "generate":
            return world.reply(request)
        repaired = len(request.messages) > 3
        seed = request.origin.values["word"]
        if repaired and "anchor" in seed:
            return {"texts": [f"A boat called {seed} came in."]}
        return {"texts": ["the lamp on the pier went out at nine"]}

    world = lab.World(labels=("only",), correct=False, lists=(6, 6))
    task = world.task(generators={"only": write})
    model = lab.ToyModel(reply)
    ran = lab.run(world, tmp_path / "run", {"only": 2}, task=task, model=model)
    assert ran.error is None
    assert all("anchor" in row["text"] for row in ran.rows)
    assert {record["reason"] for record in ran.rejects} == {"copy-of-example"}
