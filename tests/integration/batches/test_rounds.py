"""A run in batches: how many submissions it takes, and that grouping changes no row."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from targen_core import errors
from targen_core.calls.backend import BatchAnswer, BatchState
from targen_core.calls.model import ChatReply, ChatRequest
from targen_core.plugins.loader import load_registry
from targen_core.runs.config import RunConfig
from targen_core.runs.job import Job
from targen_standard import scripted

pytestmark = pytest.mark.usefixtures("virtual_time")


class World:
    """All batches of a test's runs, and what goes wrong with them."""

    def __init__(self) -> None:
        self.batches: dict[str, list[str]] = {}
        self.requests: dict[str, ChatRequest] = {}
        self.polls = 0
        self.fault: Callable[[int, str], BatchAnswer | None] = lambda number, key: None
        self.on_submit: Callable[[int], None] = lambda number: None
        self.on_poll: Callable[[int], None] = lambda number: None

    @property
    def sizes(self) -> list[int]:
        return [len(keys) for keys in self.batches.values()]

    @property
    def submitted(self) -> list[str]:
        return [key for keys in self.batches.values() for key in keys]


class MemoryBatches:
    """Batches in this process, answered by what a call is."""

    max_requests = 50_000
    max_bytes = 200_000_000

    def __init__(self, world: World, model: scripted.ScriptedModel) -> None:
        self.world = world
        self.model = model
        self.identity = model.identity

    def encode(self, request: ChatRequest) -> bytes:
        self.world.requests[request.key] = request
        return json.dumps({"custom_id": request.key}).encode()

    def decode(self, line: bytes, requests: Mapping[str, ChatRequest]) -> tuple[str, BatchAnswer]:
        raise NotImplementedError  # poll answers

    async def submit(self, lines: Sequence[bytes]) -> str:
        number = len(self.world.batches) + 1
        self.world.on_submit(number)
        self.world.batches[f"batch-{number}"] = [json.loads(line)["custom_id"] for line in lines]
        return f"batch-{number}"

    async def poll(self, batch: str, requests: Mapping[str, ChatRequest]) -> BatchState:
        number = int(batch.partition("-")[2])
        self.world.polls += 1
        self.world.on_poll(number)
        answers: dict[str, BatchAnswer] = {}
        for key in requests:
            wrong = self.world.fault(number, key)
            answers[key] = wrong or self.model._reply(self.world.requests[key])
        return BatchState(True, answers)

    async def aclose(self) -> None:
        pass


class Model(scripted.ScriptedModel):
    """The dry-run replies, which refuses to write one in ten."""

    def _reply(self, request: ChatRequest) -> ChatReply:
        assert request.origin is not None
        if request.origin.step == "generate" and random.Random(request.key).random() < 0.1:
            return ChatReply("I cannot help with that.", "refusal", 10, 5)
        return super()._reply(request)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """The scripted backend with batches."""
    made = World()
    backend = replace(
        scripted.BACKEND,
        batch=lambda options: MemoryBatches(made, Model(options)),
        create=Model,
    )
    monkeypatch.setattr(scripted, "BACKEND", backend)
    return made


FIFTH = {"entailment": 249, "not_entailment": 248}  # of the paper's data set
SMALL = {"entailment": 30, "not_entailment": 30}


def run(
    out: Path,
    quotas: Mapping[str, int] = SMALL,
    *,
    batch: bool = True,
    **limits: Any,
) -> dict[str, Any]:
    config = RunConfig(
        task="rte",
        quotas=quotas,
        backend="scripted",
        options={"price_in": 1000, "price_out": 1000} if "max_cost" in limits else {},
        near_duplicates=0,  # the dry run has few words: the rejections are to be 10%
        concurrency=64,
        batch=batch,
        **limits,
    )
    with Job.create(load_registry(), config, out) as job:
        return job.run()


def rows(path: Path) -> bytes:
    return (path / "dataset.jsonl").read_bytes() + (path / "provenance.jsonl").read_bytes()


def resume(path: Path, **more: Any) -> dict[str, Any]:
    with Job.resume(load_registry(), path, **more) as job:
        return job.run()


def online(tmp_path: Path) -> bytes:
    run(tmp_path / "online", batch=False)
    return rows(tmp_path / "online")


def expired(world: World) -> None:
    world.fault = lambda number, key: (
        errors.ServiceError("it expired") if number == 1 and int(key[-1], 16) < 8 else None
    )


def raising(error: Exception, number: int = 0, polls: int = 1 << 30) -> Callable[[World], None]:
    """So many polls fail: those of this batch, or of any."""

    def set_up(world: World) -> None:
        def on_poll(polled: int) -> None:
            if number in (0, polled) and world.polls < polls:
                raise error

        world.on_poll = on_poll

    return set_up


REVOKED = errors.ServiceError("HTTP 401: the key was revoked", cause="key")


def test_rounds_are_bounded_and_a_resumed_run_has_as_many_again(
    world: World, tmp_path: Path
) -> None:
    world.fault = lambda number, key: errors.ServiceError("it expired")
    ended = r"60 calls still unanswered after 2 refills; .*it expired"
    with pytest.raises(errors.JobFailed, match=ended):
        run(tmp_path / "batch", rounds=2)
    assert len(world.sizes) == 6
    world.fault = lambda number, key: None
    assert resume(tmp_path / "batch")["status"] == "complete"
