"""Tasks that ask for token probabilities, or at other temperatures than their step's."""

from __future__ import annotations

import json
from typing import Literal

import pytest
from pydantic import BaseModel

import targen_core as tg
from targen_core import Label, Task, errors
from targen_core.calls.scores import mean_logprob
from targen_core.errors import UsageError
from targen_core.tasks.groups import CallSettings
from targen_core.tasks.steps import ListStep
from targen_standard.replaying.api import replay
from targen_standard.scripted import ScriptedModel, ScriptedOptions

from ...tables import table

FILES = ("dataset.jsonl", "provenance.jsonl", "rejects.jsonl", "journal")


class Note(BaseModel):
    text: str
    label: Literal["calm", "alarm"]


class Reply(BaseModel):
    mood: str
    text: str


async def places(llm, parent, existing):
    return [f"hall {len(existing) + n}" for n in range(llm.batch)]


def noted(label):
    async def write(llm, place):
        draft = await llm.ask(f"{label} at $place?", place=place, sampling={"temperature": 1.5})
        made = await llm.ask_scored(
            f"{label} at $place: $draft", reply=Reply, top_logprobs=3, place=place, draft=draft
        )
        answer = await llm.ask_scored(
            "calm or alarm? $text",
            text=made.value.text,
            sampling={"max_tokens": 1},
            may_be_cut=True,
        )
        mean = mean_logprob(made.field("text"))
        llm.note(mean=mean, sure=answer.logprob, likely=made.tokens[0].top[0][0])
        return Note(text=made.value.text, label=label)

    return write


def offline(call):
    words = " ".join(call.rng.sample("door lamp stair bell coat rain key clock".split(), 6))
    return {"mood": "odd", "text": f"{words}."} if "draft" in call.values else words


TASK = Task(
    name="porter",
    version="1",
    summary="a porter's notes",
    description="Notes of a night porter.",
    instance=Note,
    labels=(Label("calm"), Label("alarm")),
    contexts=ListStep(item=str, propose=places, batch=4, asks=False),
    generators={"calm": noted("calm"), "alarm": noted("alarm")},
    calls=CallSettings(scored={"generate": 3}, dry_run=offline),
)


def scripted(script=None):
    return ScriptedModel(ScriptedOptions(), script)


def facts(run):
    return [record["notes"] for record in run.provenance]


def bytes_of(path):
    return [(path / name).read_bytes() for name in FILES]


@pytest.mark.parametrize(
    ("options", "temperatures", "most"),
    [
        ({}, {"drafts": 1.5, "notes": 0.7}, 1),
        ({"options": {"generate.temperature": 0.2}}, {"drafts": 0.2, "notes": 0.2}, 1),
        ({"options": {"generate.max_tokens": 99}}, {"drafts": 1.5, "notes": 0.7}, 99),
    ],
)
def test_what_a_call_sets_for_itself_is_sent_unless_the_user_changed_it(
    options, temperatures, most
):
    sent = {}

    def script(request):
        prompt = request.messages[-1].content
        what = "answers" if "or alarm?" in prompt else "drafts" if "?" in prompt else "notes"
        sent[what] = request.params
        return request.dry_run()

    tg.generate(TASK, n=2, model=scripted(script), out="x", correct=False, **options)
    assert {what: sent[what]["temperature"] for what in temperatures} == temperatures
    assert sent["answers"]["max_tokens"] == most
    assert sent["notes"]["max_tokens"] == (512 if most == 1 else most)


def weighed(label):
    async def write(llm, place):
        text = await llm.ask("$label at $place?", label=label, place=place)
        yes, no = [await llm.score("Is it $text?", word, text=text) for word in ("yes", "no")]
        llm.note(yes=yes.logprob, no=no.logprob, said=yes.value)
        return Note(text=text, label=label)

    return write


WEIGHED = TASK.replace(
    generators={"calm": weighed("calm"), "alarm": weighed("alarm")},
    calls={"scores_given": ("generate",)},
)


def test_a_text_that_cannot_be_scored_rejects_the_candidate():
    class Some(ScriptedModel):
        def _reply(self, request):
            return tg.ChatReply("", "other") if request.given else super()._reply(request)

    with pytest.raises(errors.QuotaNotMet):
        tg.generate(
            WEIGHED, n=2, model=Some(ScriptedOptions()), out="x", correct=False, give_up_after=3
        )
    assert {record["reason"] for record in tg.load("x").rejects} == {"unscored-text"}


# --- what comes next ---


def grown(label):
    async def write(llm, place):
        text = ""
        for _ in range(llm.sampling["max_tokens"]):
            likely = await llm.next_tokens(
                "$label at $place: ", text, top_logprobs=3, label=label, place=place
            )
            token = llm.rng(text).choice([token for token, _ in likely])
            if not token:
                break
            text += token
        return Note(text=text, label=label)

    return write


def words(call):
    if len(call.so_far.split()) > 3:
        return {"": 1.0}
    told = call.rng.sample("door lamp stair bell".split(), 4)
    return {f" {word}": 0.4 / (n + 1) for n, word in enumerate(told)}


GROWN = TASK.replace(
    generators={"calm": grown("calm"), "alarm": grown("alarm")},
    calls={
        "continues": ("generate",),
        "parameters": {"generate": {"max_tokens": 9}},
        "dry_run": words,
    },
)


# --- what holds for each of these tasks ---

ALL = {"scored": TASK, "given": WEIGHED, "grown": GROWN}


@pytest.mark.parametrize("which", ALL)
def test_a_run_is_resumed_and_made_again_to_the_same_bytes_without_a_call(which):
    task, asked = ALL[which], []

    def script(request):
        asked.append(request)
        return request.dry_run()

    run = tg.generate(task, n=6, model=scripted(script), out="x", correct=False)
    assert run.report.complete
    if which == "scored":
        assert all(record["mean"] < 0 and record["sure"] < 0 for record in facts(run))
    elif which == "given":
        assert {record["said"] for record in facts(run)} == {"yes"}
        assert all(record["yes"] != record["no"] for record in facts(run))
    else:
        assert {len(row["text"].split()) for row in run} == {4}
        grown = [request for request in asked if request.next_token]
        assert {request.messages[-1].role for request in grown} == {"user", "assistant"}
    before = bytes_of(run.path)
    silent = scripted(lambda request: pytest.fail("a call is asked again"))
    assert bytes_of(tg.resume("x", model=silent, task=task).path) == before
    assert [*replay(run, "y")] == [*run]
    how = {"concurrency": 1, "cache": False}
    assert [*tg.generate(task, n=6, model=scripted(), out="z", correct=False, **how)] == [*run]


CANNOT = table(
    """
    scored | top_logprobs=null | requests token probabilities, but .* not | requests token probabilities.*provides none
    scored | top_logprobs=2 | 3 likeliest tokens, but .* lists at most 2 | 3 likeliest tokens.* only the 2 likeliest tokens
    given | scores_given=false | token probabilities for texts that it supplies | for a text that it supplies
    grown | continues=false | for the next token of a reply, but .* not provide them | for the next token of a reply with the 3 .* provides none
    """,
    4,
)


@pytest.mark.parametrize(("which", "lacks", "early", "late"), CANNOT)
def test_a_model_that_cannot_is_refused_before_the_first_call_or_at_it(which, lacks, early, late):
    """At the call where the task did not say beforehand what it asks for."""
    silent = scripted(lambda request: pytest.fail("a call was made"))
    quiet = ALL[which].replace(
        calls={"scored": {}, "scores_given": (), "continues": ()},
    )
    for task, model, words in ((ALL[which], silent, early), (quiet, scripted(), late)):
        name, value = lacks.split("=")
        setattr(model, name, json.loads(value))
        with pytest.raises(UsageError, match=words) as caught:
            tg.generate(task, n=2, model=model, out="x", correct=False)
        assert caught.value.exit_code == 2
