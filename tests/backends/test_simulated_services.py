"""A real HTTP client against simulated services, on one virtual clock."""

from __future__ import annotations

import asyncio

import pytest

from targen_backends.llama.client import LlamaModel
from targen_core import errors
from targen_testing.services.model import SimulatedModel
from targen_testing.services.parts import (
    Bucket,
    Cap,
    Fault,
    Fixed,
    Lognormal,
    Retry,
    Window,
)
from targen_testing.services.server import serve
from targen_testing.services.service import Service
from targen_testing.virtual_time import VirtualLoop

HOUR = 3600.0

SERVICES = {
    "openai": (Bucket(0.5, 4, headers="openai", retry=Retry()),),
    "no-retry-after": (Bucket(0.5, 4, headers="openai"),),
    "milliseconds": (Bucket(0.7, 3, retry=Retry("ms")),),
    "date": (Window(5, 60, retry=Retry("date")),),
    "cap": (Cap(3, 503, Retry(says=1)),),
    "overloaded": (Fault(529, 0.5, Retry(says=HOUR)),),
    "internal": (Fault(500, 0.5),),
    "garbage": (Fault("garbage", 0.5),),
    "drop": (Fault("drop", 0.5),),
    "refuse": (Fault("refuse", 0.5),),
    "hang": (Fault("hang", 0.3),),
}


def shown_rate(outcome):
    """What matters to the call layer of a reply or an error."""
    failed = isinstance(outcome, errors.ServiceError)
    return outcome.retry_after if failed else outcome.text, outcome.rate


async def ask(model, request):
    """So many calls at odd moments: what became of each, and when."""
    loop = asyncio.get_running_loop()
    began = loop.time()

    async def one(number):
        await asyncio.sleep(0.37 * number)
        try:
            outcome = await model.complete(request)
        except errors.ServiceError as error:
            outcome = error
        return outcome, loop.time() - began

    outcomes = await asyncio.gather(*map(one, range(14)))
    await model.aclose()
    return outcomes


@pytest.mark.parametrize("name", SERVICES)
def test_a_client_meets_the_service_that_the_simulated_model_is(name, request_of):
    request = request_of()

    def service():
        return Service(Fixed(1.3), *SERVICES[name], seed=1, timeout=4.0)

    async def over_http():
        async with serve(service()) as url:
            return await ask(LlamaModel(url, "tiny", timeout=4.0), request)

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        direct = runner.run(ask(SimulatedModel(service()), request))
        real = runner.run(over_http())
    assert any(isinstance(outcome, errors.ServiceError) for outcome, _ in direct)
    for (simulated, sooner), (outcome, later) in zip(direct, real, strict=True):
        assert isinstance(simulated, type(outcome))
        assert shown_rate(outcome) == shown_rate(simulated)
        assert later == pytest.approx(sooner, abs=1e-6)


def test_who_goes_leaves_the_service(request_of):
    service = Service(Lognormal(5.0), Cap(1))

    async def work():
        async with serve(service) as url:
            model = LlamaModel(url, "tiny", timeout=60.0)
            call = asyncio.ensure_future(model.complete(request_of()))
            await asyncio.sleep(1.0)
            assert service.in_flight == 1
            call.cancel()
            await asyncio.sleep(0.1)
            assert service.in_flight == 0
            await model.complete(request_of())
            await model.aclose()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(work())
