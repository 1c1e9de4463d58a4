"""Chance and clocks are seen by whatever name they are called."""

from __future__ import annotations

import datetime
import gc
import logging
import os
import random
import secrets
import tempfile
import time
import uuid
from random import choice as pick
from time import time as now

import pytest
from pydantic import BaseModel, Field

from targen_core.engine.reply_json import read_reply
from targen_testing.chance import watching

HOME = (__file__,)


class Marked(BaseModel):
    mark: str = Field(default_factory=lambda: uuid.uuid4().hex)


def actual(function):
    with watching(HOME) as seen:
        function()
    return seen


CHANCE = [
    (lambda: random.random(), "random.random"),
    (lambda: pick("ab"), "random.choice"),
    (lambda: random.shuffle([1, 2]), "random.shuffle"),
    (lambda: random.getrandbits(8), "random.getrandbits"),
    (lambda: random.Random().random(), "random.Random() without a seed"),
    (lambda: random.SystemRandom().random(), "random.Random() without a seed"),
    (lambda: uuid.uuid4(), "uuid.uuid4"),
    (lambda: os.urandom(4), "os.urandom"),
    (lambda: secrets.token_hex(4), "os.urandom"),
    (lambda: secrets.choice("ab"), "random.choice"),
    (lambda: sorted([3, 1], key=lambda n: random.random()), "random.random"),
    # a model that draws is seen where the core reads a reply
    (lambda: read_reply("{}", Marked), "uuid.uuid4"),
]
CLOCKS = [
    (lambda: time.time(), "time.time"),
    (lambda: now(), "time.time"),
    (lambda: time.monotonic_ns(), "time.monotonic_ns"),
    (lambda: time.strftime("%Y"), "time.strftime"),
    (lambda: datetime.datetime.now(datetime.UTC), "datetime.now"),
    (lambda: datetime.date.today(), "date.today"),
]


@pytest.mark.parametrize(("function", "name"), CHANCE)
def test_chance_is_seen(function, name):
    seen = actual(function)
    assert seen.chance, name
    assert seen.chance[0].startswith(f"{name} in "), seen.chance
    assert "of test_chance.py)" in seen.chance[0]
    assert not seen.clock


@pytest.mark.parametrize(("function", "name"), CLOCKS)
def test_a_clock_is_seen(function, name):
    seen = actual(function)
    assert [output.partition(" in ")[0] for output in seen.clock] == [name]
    assert not seen.chance


@pytest.mark.parametrize(
    "function",
    [
        lambda: random.Random(7).choice("abc"),
        lambda: random.Random("seed").shuffle([1, 2, 3]),
        lambda: logging.getLogger("targen.test").warning("a log line has a time of its own"),
        lambda: tempfile.mkdtemp(),
        lambda: datetime.datetime(2020, 1, 1).isoformat(),
        lambda: uuid.UUID(int=7).hex,
        lambda: {"b", "a"},
    ],
)
def test_what_is_no_chance_is_not_seen(function):
    seen = actual(function)
    assert (seen.chance, seen.clock) == ([], [])


def test_code_of_others_is_not_seen():
    with watching(("/nowhere/",)) as seen:
        random.random()
        time.time()
    assert (seen.chance, seen.clock) == ([], [])


def test_numpy_s_global_generator_is_seen():
    numpy = pytest.importorskip("numpy")
    state = numpy.random.get_state()
    try:
        seen = actual(lambda: numpy.random.rand())
    finally:
        numpy.random.set_state(state)
    assert "numpy.random's global generator" in seen.chance


def test_what_the_garbage_collector_calls_is_nobodys():
    def timed(phase, info):
        time.perf_counter()

    gc.callbacks.append(timed)
    try:
        assert actual(lambda: [[] for _ in range(100_000)]).clock == []
    finally:
        gc.callbacks.remove(timed)
    assert gc.isenabled()
