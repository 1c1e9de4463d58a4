"""The checks of `ExecutorSuite` pass models of this process, and catch what they are for."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from targen_core.calls.delivery import ModelExecutor
from targen_core.errors import JobFailed, TargenError, UsageError
from targen_core.plugins.register import Registration
from targen_core.plugins.registry import Registry
from targen_testing.executors import ExecutorSuite


def refuse(workers):
    if workers.replicas or workers.resources:
        raise UsageError("this process has neither replicas nor resources")


async def here(sources, workers):
    refuse(workers)
    return [source.model for source in sources]


HERE = ModelExecutor(summary="this process", place=here)


class Altered:
    """A model with one thing changed."""

    def __init__(self, model, **changes):
        self._model = model
        vars(self).update(changes)

    def __getattr__(self, name):
        return getattr(self._model, name)


def altered(change):
    async def place(sources, workers):
        refuse(workers)
        return [change(source.model) for source in sources]

    return replace(HERE, place=place)


async def swapped(sources, workers):
    return (await here(sources, workers))[::-1]


async def forgetful(sources, workers):
    asyncio.get_running_loop().create_task(asyncio.sleep(3600), name="left")
    return await here(sources, workers)


async def silent(sources, workers):
    return [source.model for source in sources]


def shouting(model):
    async def complete(request):
        reply = await model.complete(request)
        return replace(reply, text=reply.text.upper())

    return Altered(model, complete=complete)


def vague(model):
    async def complete(request):
        try:
            return await model.complete(request)
        except TargenError as error:
            raise JobFailed("something went wrong") from error

    return Altered(model, complete=complete)


BROKEN = {
    "described": replace(HERE, summary=""),
    "places_each_model": replace(HERE, place=swapped),
    "same_bytes": altered(shouting),
    "errors_come_through": altered(vague),
    "bugs_are_told": altered(lambda model: Altered(model, complete=None)),
    "leaves_nothing_running": replace(HERE, place=forgetful),
    "refuses_in_words": replace(HERE, place=silent),
}


def suite(executor):
    class Made(ExecutorSuite):
        executor = "made"

        def registry(self):
            plugins = super().registry()
            made = Registration("executor", "made", made_of, "", "made", "made", "made")
            return Registry([*plugins.everything(), made], plugins.plugins)

    made_of = executor
    return Made()


class TestHere(ExecutorSuite):
    executor = "made"

    def registry(self):
        return suite(HERE).registry()


@pytest.mark.parametrize("check", BROKEN)
def test_each_check_catches_its_own(check, tmp_path):
    made = suite(BROKEN[check])
    test = getattr(made, f"test_{check}")
    arguments = {"tmp_path": tmp_path} if "tmp_path" in test.__code__.co_varnames else {}
    if check == "refuses_in_words":
        arguments["asked"] = {"resources": {"gpu": 1.0}}
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        test(**arguments)
