"""The task that `throughput.py` and `memory.py` run, and a backend that keeps time.

Shaped like RTE in its lists (10 contexts a batch, 5 seeds a batch, each batch
told what came before), and 4 dependent calls an instance: outline, draft,
polish, judgement. Replies come from the task's dry-run replies: text over a Zipf
vocabulary, about 250 characters a row, a function of the call's key alone.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import sys
import time
from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict

from targen_core import (
    Backend,
    ChatReply,
    Correction,
    Label,
    Prompt,
    Task,
    hookimpl,
)
from targen_core.calls.model import ChatRequest
from targen_core.plugins.loader import Source, installed_sources, load_registry
from targen_core.plugins.registry import Registry
from targen_core.runs.config import RunConfig
from targen_core.tasks.groups import CallSettings, Judging
from targen_core.tasks.parts import DryRunCall
from targen_core.tasks.steps import ListStep, Llm
from targen_standard.scripted import ScriptedModel, ScriptedOptions

LABELS = ("praise", "complaint")


class Row(BaseModel):
    model_config = ConfigDict(frozen=True)

    text: str
    label: Literal["praise", "complaint"]


class _Items(BaseModel):
    items: list[str]


class _Text(BaseModel):
    text: str


class _Judgement(BaseModel):
    explanation: str
    actual: Literal["praise", "complaint", "neither"]


# Prompts of about 1.5 kB, so that keys, requests and messages cost what they do.
_MANNER = (
    "Write plain English of the kind that people write in letters. Name people, places, amounts "
    "and dates. Do not repeat what was written before, do not speak about the task, and keep to "
    "the length that is asked for. Reply with one JSON object and with no other text.\n"
) * 5
_LIST = Prompt("list", _MANNER + "\nWrite $count items about: $parent\nThere are: $have")
_OUTLINE = Prompt("outline", _MANNER + "\nOutline a $label about: $seed")
_DRAFT = Prompt("draft", _MANNER + "\nDraft a $label from this outline: $outline")
_POLISH = Prompt("polish", _MANNER + "\nPolish this $label: $draft")
_JUDGE = Prompt("judge", _MANNER + "\nIs this praise or a complaint? $text\nClaimed: $output")


async def _propose(llm: Llm, parent: str | None, existing: Sequence[str]) -> Sequence[str]:
    have_text = "; ".join(existing[-40:]) or "none"
    reply = await llm.ask(
        _LIST, reply=_Items, count=llm.batch, parent=parent or "shops", have=have_text
    )
    return reply.items


def _generator(label: str):
    async def generate(llm: Llm, seed: str) -> Row:
        outline = await llm.ask(_OUTLINE, reply=_Text, label=label, seed=seed)
        draft = await llm.ask(_DRAFT, reply=_Text, label=label, outline=outline.text)
        polished = await llm.ask(_POLISH, reply=_Text, label=label, draft=draft.text)
        return Row.model_validate({"text": polished.text, "label": label})

    return generate


async def _correct(llm: Llm, instance: Row) -> Correction:
    judgement = await llm.ask(_JUDGE, reply=_Judgement, text=instance.text, output=instance.label)
    if judgement.actual == "neither":
        return Correction.reject("neither", judgement.explanation)
    return Correction(judgement.actual, judgement.explanation)


def _vocabulary(size: int) -> tuple[list[str], list[float]]:
    rng = random.Random(20)
    parts = (
        "ba de fi go ku la me ni po ra se ti vo za ler mon tis car den pro ist ung ol am".split()
    )
    words = {"".join(rng.choices(parts, k=rng.randint(1, 4))) for _ in range(size)}
    ordered = sorted(words, key=lambda word: (len(word), word))
    return ordered, list(itertools.accumulate(1 / (rank + 3) for rank in range(len(ordered))))


_WORDS, _WEIGHTS = _vocabulary(6000)


def text(rng: random.Random, words: int) -> str:
    """So many words, the frequent ones short, as a sentence."""
    return " ".join(rng.choices(_WORDS, cum_weights=_WEIGHTS, k=words)).capitalize() + "."


def make_task(*, rejected: float = 0.0, relabelled: float = 0.0) -> Task[str, Row]:
    """The task, with a judge that rejects and relabels such shares of instances."""

    def dry_run(call: DryRunCall):
        rng = call.rng
        if call.prompt == "list":
            words = 4 if call.step == "contexts" else 25
            return {"items": [text(rng, words) for _ in range(int(call.values["count"]))]}
        if call.prompt == "judge":
            claimed, draw = str(call.values["output"]), rng.random()
            other = LABELS[1 - LABELS.index(claimed)]
            if draw < rejected:
                claimed = "neither"
            elif draw < rejected + relabelled:
                claimed = other
            return {"explanation": text(rng, 15), "actual": claimed}
        return {"text": text(rng, 12 if call.prompt == "outline" else 42)}

    return Task(
        name="letters",
        version="1",
        summary="letters to a shop, for benchmarks",
        description="A letter that praises or complains.",
        instance=Row,
        labels=tuple(Label(name) for name in LABELS),
        contexts=ListStep(item=str, propose=_propose, batch=10),
        seeds=(ListStep(item=str, propose=_propose, batch=5),),
        generators={name: _generator(name) for name in LABELS},
        judging=Judging(corrector=_correct),
        prompts=(_LIST, _OUTLINE, _DRAFT, _POLISH, _JUDGE),
        calls=CallSettings(dry_run=dry_run),
    )


class TimedModel(ScriptedModel):
    """The scripted model, noting when each call began and ended.

    With `sigma` a call takes `median` seconds times a lognormal factor, drawn
    from the call's key, in place of the option `latency_ms`.
    """

    spans: list[tuple[float, float]] | None = None
    last: TimedModel | None = None
    median = sigma = asked = 0.0

    async def complete(self, request: ChatRequest) -> ChatReply:
        if self.spans is None:
            return await super().complete(request)
        began = time.perf_counter()
        try:
            if self.sigma:
                factor = random.Random(f"latency {request.key}").lognormvariate(0, self.sigma)
                self.asked += self.median * factor
                await asyncio.sleep(self.median * factor)
            else:
                self.asked += self.options.latency_ms / 1000
            return await super().complete(request)
        finally:
            self.spans.append((began, time.perf_counter()))


def _make(options: ScriptedOptions) -> ScriptedModel:
    TimedModel.last = TimedModel(options)
    return TimedModel.last


class _Plugin:
    """What an installed plugin's module would hold."""

    __name__ = "bench_plugin"

    def __init__(self, task: Task[str, Row]) -> None:
        self._task = task

    @hookimpl
    def register_tasks(self, register) -> None:
        register("letters", self._task)

    @hookimpl
    def register_backends(self, register) -> None:
        register("timed", Backend(summary="", options=ScriptedOptions, create=_make))


def registry(**shares: float) -> Registry:
    """A registry with the bench's task and backend, and the filter of near-duplicates."""
    standard = [each for each in installed_sources() if each.distribution == "targen-standard"]
    return load_registry([Source("bench", "0", "bench", _Plugin(make_task(**shares))), *standard])


def config(
    rows: int,
    *,
    latency_ms: float,
    concurrency: int,
    near_duplicates: float = 90.0,
    labels: int = 2,
) -> RunConfig:
    """`rows` rows, split evenly over both labels or all of the first."""
    second = rows // 2 if labels == 2 else 0
    return RunConfig(
        task="letters",
        quotas={LABELS[0]: rows - second, LABELS[1]: second},
        backend="timed",
        options={"latency_ms": latency_ms},
        near_duplicates=near_duplicates,
        concurrency=concurrency,
    )


async def bare_chains(
    chains: int, steps: int, latency: float, concurrency: int, sigma: float = 0.0
) -> float:
    """What asyncio alone needs for as many calls, against their floor."""
    gate = asyncio.Semaphore(concurrency)
    rng = random.Random(1)
    asked = 0.0

    async def chain() -> None:
        nonlocal asked
        for _ in range(steps):
            seconds = latency * rng.lognormvariate(0, sigma) if sigma else latency
            asked += seconds
            async with gate:
                await asyncio.sleep(seconds)

    began = time.perf_counter()
    await asyncio.gather(*(chain() for _ in range(chains)))
    wall = time.perf_counter() - began
    return wall / (asked / concurrency + asked / chains)


def about() -> str:
    """The interpreter, for the head of a printout."""
    return f"Python {sys.version.split()[0]}"
