"""Steps that make calls side by side: which answer comes first decides nothing."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from targen_core.errors import AuthenticationFailed, QuotaNotMet, Rejected, StageFailed

pytestmark = pytest.mark.usefixtures("virtual_time")


async def _chain(llm, seed: str, name: str, lab) -> str:
    """Ask twice, the second time with the same words in each chain."""
    first = await llm.ask("write only / $seed, $name", reply=lab.Texts, seed=seed, name=name)
    llm.note(**{name: first.texts[0]})
    again = await llm.ask("write only / $seed, more", reply=lab.Texts, seed=seed)
    return f"{first.texts[0]} {again.texts[0]}"


async def _gathered(llm, seed, lab):
    return " ".join(await asyncio.gather(*(_chain(llm, seed, name, lab) for name in "abc")))


async def _first_come(llm, seed, lab):
    # as tasks: `as_completed` starts coroutines in the order of a set
    chains = [asyncio.create_task(_chain(llm, seed, name, lab)) for name in "abc"]
    return " ".join([await one for one in asyncio.as_completed(chains)])


async def _race(llm, seed, lab):
    tasks = {asyncio.create_task(_chain(llm, seed, name, lab)) for name in "abc"}
    done, others = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for other in others:
        other.cancel()
    return min(one.result() for one in done)


async def _taking_turns(llm, seed, lab):
    one_at_a_time, texts = asyncio.Semaphore(1), []

    async def chain(name: str) -> None:
        for number in range(2):
            async with one_at_a_time:
                reply = await llm.ask(
                    "write only / $seed, $name", reply=lab.Texts, seed=seed, name=name
                )
                texts.append(f"{number} {reply.texts[0]}")

    await asyncio.gather(*map(chain, "abc"))
    return " ".join(texts)


async def _one_rejected(llm, seed, lab):
    async def chain(name: str) -> None:
        text = await _chain(llm, seed, name, lab)
        if name == "b" and len(text) % 3:
            raise Rejected("odd-length", "its length is no multiple of three")

    try:
        async with asyncio.TaskGroup() as group:
            for name in "abc":
                group.create_task(chain(name))
    except* Rejected as errors:
        raise errors.exceptions[0] from None
    return f"{seed} is even"


async def _one_rejected_of_some(llm, seed, lab):
    async def chain(name: str) -> str:
        text = await _chain(llm, seed, name, lab)
        if name == "b" and len(text) % 3:
            raise Rejected("odd-length", "its length is no multiple of three")
        return text

    return " ".join(await asyncio.gather(*map(chain, "abc")))


STEPS = [_gathered, _first_come, _race, _taking_turns, _one_rejected, _one_rejected_of_some]


def _task(world, lab, step):
    async def write(llm, seed):
        return lab.Row(seed=seed, text=await step(llm, seed, lab), label="only")

    return world.task(generators={"only": write})


@pytest.fixture
def world(lab):
    return lab.World(lists=(3,), labels=("only",), bad=0.2)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.__name__.strip("_"))
def test_the_first_answer_decides_nothing(lab, world, tmp_path, step):
    task = _task(world, lab, step)
    runs = [
        lab.run(world, tmp_path / str(n), {"only": 5}, task=task, latency=lab.latency(n))
        for n in range(4)
    ]
    assert isinstance(runs[0].error, QuotaNotMet | None)
    assert runs[0].provenance
    assert all(ran.files == runs[0].files for ran in runs)
    again = lab.run(world, tmp_path / "1", resume=True, task=task, resuming={"verify": True})
    assert again.error is None
    assert again.files == runs[0].files
    assert again.model.asked == []


def test_calls_are_recorded_chain_by_chain_with_their_notes(lab, world, tmp_path):
    task = _task(world, lab, _gathered)
    ran = lab.run(world, tmp_path / "run", {"only": 3}, task=task, latency=lab.latency(1))
    assert ran.error is None
    places = {record["key"]: record for record in ran.journal if "key" in record}
    for record in ran.provenance:
        made = [key for key in record["calls"] if places[key]["place"].startswith("generate/")]
        firsts = [record["notes"][name] for name in "abc"]
        assert list(record["notes"]) == ["a", "b", "c"]
        texts = [places[key]["text"] for key in made]
        at = [n for name in firsts for n, text in enumerate(texts) if name in text]
        assert at == sorted(at)  # a chain's second call comes before the next chain's first
        assert len(texts) >= 6


def test_a_step_makes_no_row_of_a_call_that_got_no_answer(lab, world, tmp_path):
    async def write(llm, seed):
        asked = [llm.ask("write only / $seed $n", reply=lab.Texts, seed=seed, n=n) for n in "12"]
        replies = await asyncio.gather(*asked, return_exceptions=True)
        texts = [r.texts[0] for r in replies if not isinstance(r, BaseException)]
        return lab.Row(seed=seed, text=" ".join([seed, *texts]), label="only")

    task = world.task(generators={"only": write})
    whole = lab.run(world, tmp_path / "whole", {"only": 4}, task=task)

    def stop(number, request, job):
        if number > 4:
            raise AuthenticationFailed("the key has expired")

    stopped = lab.run(world, tmp_path / "run", {"only": 4}, task=task, hook=stop)
    assert "the key has expired" in str(stopped.error)
    assert whole.files["dataset.jsonl"].startswith(stopped.files["dataset.jsonl"])
    again = lab.run(world, tmp_path / "run", resume=True, task=task)
    assert again.files == whole.files


def test_a_step_whose_questions_never_settle_is_the_authors_fault(lab, world, tmp_path):
    numbers = itertools.count()

    async def write(llm, seed):
        asked = [
            llm.ask("write only / $seed $n", reply=lab.Texts, seed=seed, n=next(numbers))
            for _ in "12"
        ]
        await asyncio.gather(*asked)
        return lab.Row(seed=seed, text=seed, label="only")

    ran = lab.run(world, tmp_path / "run", {"only": 1}, task=world.task(generators={"only": write}))
    assert isinstance(ran.error, StageFailed)
    assert "asks something else each time it gets the same replies" in str(ran.error)
