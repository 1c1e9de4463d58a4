"""Never edit: a task for targen.v1, which must keep working."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from targen_core import Label, Prompt, Rejected, Task
from targen_core.tasks.groups import Judging
from targen_core.tasks.judging import CorrectionSample
from targen_core.tasks.parts import DryRunCall
from targen_core.tasks.replies import line, list_of
from targen_core.tasks.steps import ListStep, Llm
from targen_core.tasks.words import words
from targen_standard.checks.prose import prose
from targen_standard.correctors.meta import META_PROMPT


class Occasion(BaseModel):
    model_config = ConfigDict(frozen=True)

    event: str
    place: str


class Letter(BaseModel):
    model_config = ConfigDict(frozen=True)

    text: str
    label: Literal["thanks", "complaint"]


class _Text(BaseModel):
    text: line(20, 300)  # type: ignore[valid-type]


_SENDERS = Prompt("senders", package="frozen_v1_plugin")
_OCCASIONS = Prompt("occasions", package="frozen_v1_plugin")
_LETTER = Prompt(
    "letter",
    '--- system\nReply with {"text": "..."}.\n'
    "--- user\nWrite a letter of $kind about the $event at the $place.",
)


async def _propose_senders(llm: Llm, parent: None, existing: Sequence[str]) -> Sequence[str]:
    model = list_of("senders", line(3, 60), llm.batch)
    reply = await llm.ask(
        _SENDERS, reply=model, count=llm.batch, have="; ".join(existing) or "none"
    )
    items: list[str] = reply.items
    return items


async def _propose_occasions(llm: Llm, sender: str, existing: Sequence[Any]) -> Sequence[Occasion]:
    model = list_of("occasions", Occasion, llm.batch)
    reply = await llm.ask(_OCCASIONS, reply=model, sender=sender, count=llm.batch)
    return reply.items


SENDERS = ListStep(item=str, propose=_propose_senders, batch=4, summary="who writes letters")
OCCASIONS = ListStep(item=Occasion, propose=_propose_occasions, batch=3, summary="why they write")


async def write_thanks(llm: Llm, seed: Occasion) -> Letter:
    reply = await llm.ask(_LETTER, reply=_Text, kind="thanks", event=seed.event, place=seed.place)
    llm.note(greeting=llm.alternate("Dear", "Hello"))
    return Letter(text=reply.text.strip(), label="thanks")


async def _write_complaint(llm: Llm, seed: Occasion) -> Letter:
    reply = await llm.ask(
        _LETTER, reply=_Text, kind="complaint", event=seed.event, place=seed.place
    )
    end = llm.rng("end").choice(["Please reply.", "Please act."])
    return Letter(text=f"{reply.text.strip()} {end}", label="complaint")


def _check(letter: Letter, seed: Occasion) -> None:
    prose(letter.text, min_words=6, max_words=80, what="letter")
    if "thank" in words(letter.text) and letter.label == "complaint":
        raise Rejected("thanks-in-complaint", "a complaint that says thank you")


_EVENTS = "concert dinner repair delivery lesson tour".split()
_PLACES = "harbour station library castle market garden bridge tower".split()


def _dry_run(call: DryRunCall) -> Any:
    rng, values = call.rng, call.values
    if call.prompt == "senders":
        return {
            "senders": [f"a {rng.choice(_PLACES)} keeper {rng.randint(1, 999)}" for _ in "1234"]
        }
    if call.prompt == "occasions":
        return {
            "occasions": [
                {
                    "event": f"{rng.choice(_EVENTS)} number {rng.randint(1, 999)}",
                    "place": rng.choice(_PLACES),
                }
                for _ in range(values["count"])
            ]
        }
    if call.prompt == "letter":
        felt = "pleased us all" if values["kind"] == "thanks" else "went wrong from the start"
        output = " ".join(rng.sample(_EVENTS + _PLACES, 5))
        return {"text": f"The {values['event']} at the {values['place']} {felt}: {output}."}
    label = "thanks" if "pleased" in str(values["input"]) else "complaint"
    if call.prompt == "solve":
        return {"explanation": "The letter says so.", "answer": label}
    return {"explanation": "The letter says so.", "actual": label, "verdict": "correct"}


LETTERS: Task[Occasion, Letter] = Task(
    name="letters",
    version="1",
    summary="Letters of thanks and complaint",
    description="Each row is a letter; the label is why it was written.",
    source="made up",
    instance=Letter,
    labels=(Label("thanks", summary="the writer is glad"), Label("complaint")),
    contexts=SENDERS,
    seeds=(OCCASIONS,),
    generators={"thanks": write_thanks, "complaint": _write_complaint},
    checks=(_check,),
    judging=Judging(
        instructions="Say whether the letter gives thanks or complains.",
        samples=(
            CorrectionSample("All went well.", "thanks", "thanks", "The writer is glad."),
            CorrectionSample("Nothing worked.", "thanks", "complaint", "The writer complains."),
            CorrectionSample("Nothing worked.", "complaint", "complaint", "The writer complains."),
            CorrectionSample("All went well.", "complaint", "thanks", "The writer is glad."),
        ),
        rejecting={"neither": "no-letter"},
    ),
    presets={"few": {"thanks": 4, "complaint": 4}},
    parameters={"generate": {"temperature": 0.9}},
    prompts=(_SENDERS, _OCCASIONS, _LETTER, META_PROMPT),
    dry_run=_dry_run,
)
