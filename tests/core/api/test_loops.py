"""Whose event loop it is: none, one that runs already, one in another thread; and interrupts."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

import targen_core as tg
from targen_core.api.generating import agenerate
from targen_core.errors import UsageError


@pytest.fixture
def world(lab):
    return lab.World()


@pytest.fixture
def stops(lab, world):
    """A model whose fifth call does something, after which no call is answered until a halt."""

    class Stops(lab.ToyModel):
        def __init__(self, act):
            super().__init__(world.reply)
            self.act = act
            self.halted = threading.Event()

        async def complete(self, request):
            reply = await super().complete(request)
            if len(self.asked) == 5:
                self.act()
            deadline = time.monotonic() + 600
            while len(self.asked) >= 5 and not self.halted.is_set():
                assert time.monotonic() < deadline, "nothing said that calls are let finish"
                await asyncio.sleep(0)
            return reply

    def make(act):
        model = Stops(act)

        class Handler(logging.Handler):
            def emit(self, record):
                if record.getMessage().startswith("Finishing "):
                    model.halted.set()

        logging.getLogger("targen.run").addHandler(Handler())
        return model

    before = list(logging.getLogger("targen.run").handlers)
    yield make
    logging.getLogger("targen.run").handlers[:] = before


def in_a_loop(function):
    """As a notebook calls it: a loop runs, and the signal handler is Python's own."""

    async def cell():
        return function()

    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(cell())
    finally:
        loop.close()


def assert_ends_as(status, lab, world):
    """The run x ended so, and goes on to its end."""
    assert tg.load("x").report.status == status
    run = tg.resume("x", task=world.task(), model=lab.ToyModel(world.reply))
    assert run.report.complete


def test_generate_works_in_a_loop_that_runs_and_in_a_thread(lab, world):
    def make(out):
        return tg.generate(world.task(), n=4, model=lab.ToyModel(world.reply), out=out)

    plain = make("a")
    assert list(in_a_loop(lambda: make("b"))) == list(plain)
    actual = []
    thread = threading.Thread(target=lambda: actual.append(make("c")))
    thread.start()
    thread.join()
    assert list(actual[0]) == list(plain)
    with pytest.raises(UsageError, match="the number of rows"):
        in_a_loop(lambda: tg.generate(world.task(), model="scripted"))


def test_agenerate_shares_its_loop(lab, world):
    async def two():
        return await asyncio.gather(
            *(
                agenerate(world.task(), n=4, model=lab.ToyModel(world.reply), out=out)
                for out in ("a", "b")
            )
        )

    first, second = asyncio.run(two())
    assert list(first) == list(second)


def ctrl_c():
    os.kill(os.getpid(), signal.SIGINT)


def sigterm():
    os.kill(os.getpid(), signal.SIGTERM)


@pytest.mark.parametrize("where", [in_a_loop, lambda function: function()], ids=["loop", "plain"])
def test_ctrl_c_lets_the_calls_in_flight_finish(where, lab, world, stops):
    model = stops(ctrl_c)
    with pytest.raises(KeyboardInterrupt, match="stopped by Ctrl-C") as caught:
        where(lambda: tg.generate(world.task(), n=40, model=model, out="x"))
    resume = "targen_core.resume('x', task=TASK, model=MODEL)"
    assert str(caught.value) == f"stopped by Ctrl-C; to continue: {resume}"
    assert_ends_as("stopped", lab, world)


@pytest.mark.parametrize("ends", [False, True])
def test_a_programs_own_handler_of_sigterm_is_called_after_the_run_is_saved(
    ends, lab, world, stops
):
    seen = []

    def own(number, frame):
        seen.append((number, tg.load("x").report.status))
        if ends:
            sys.exit(7)

    before = signal.signal(signal.SIGTERM, own)
    try:
        with pytest.raises(SystemExit if ends else KeyboardInterrupt):
            tg.generate(world.task(), n=40, model=stops(sigterm), out="x")
        assert signal.getsignal(signal.SIGTERM) is own
    finally:
        signal.signal(signal.SIGTERM, before)
    assert seen == [(signal.SIGTERM, "stopped")]


@pytest.mark.whole
@pytest.mark.skipif(sys.platform == "win32", reason="no signals there")
def test_sigterm_ends_a_program_without_a_handler_after_the_run_is_saved():
    program = """if True:
        import os, pathlib, signal, threading, time
        import targen_core as tg

        def stop():
            journal = pathlib.Path("x/journal")
            while not (journal.exists() and journal.stat().st_size):
                time.sleep(0.01)
            os.kill(os.getpid(), signal.SIGTERM)

        threading.Thread(target=stop, daemon=True).start()
        tg.generate("rte", n=4000, model="scripted", latency_ms=20, out="x", progress=False)
        """
    ended = subprocess.run([sys.executable, "-c", program], stderr=subprocess.PIPE, text=True)
    assert ended.returncode == -signal.SIGTERM
    said = ended.stderr.splitlines()[-1]
    assert said == "stopped by SIGTERM; to continue: targen resume x"
    assert tg.load("x").report.status == "stopped"


def test_a_second_ctrl_c_ends_it_at_once(lab, world, stops):
    class Deaf(type(stops(None))):
        async def complete(self, request):
            reply = await lab.ToyModel.complete(self, request)
            if len(self.asked) == 5:
                ctrl_c()
            while len(self.asked) >= 5:
                if self.halted.is_set():
                    self.halted.clear()
                    ctrl_c()
                await asyncio.sleep(0)
            return reply

    model = stops(None)
    model.__class__ = Deaf
    with pytest.raises(KeyboardInterrupt):
        in_a_loop(lambda: tg.generate(world.task(), n=40, model=model, out="x"))
    assert_ends_as("unfinished", lab, world)


def test_a_cancelled_task_stops_as_ctrl_c_does(lab, world):
    async def main():
        model = lab.ToyModel(world.reply)
        task = asyncio.ensure_future(agenerate(world.task(), n=40, model=model, out="x"))
        model.hook = lambda number, request: task.cancel() if number == 5 else None
        with pytest.raises(asyncio.CancelledError):
            await task
        return signal.getsignal(signal.SIGTERM)

    assert asyncio.run(main()) == signal.SIG_DFL
    assert_ends_as("stopped", lab, world)
