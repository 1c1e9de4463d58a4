"""The line to a worker: calls come back by it, strangers are turned away, its end is told."""

from __future__ import annotations

import asyncio

import pytest

from targen_ray.line import Line, LineServer
from targen_ray.pool import LinkLost
from targen_ray.wire import Order, dump, load
from targen_ray.worker import Worker

from .test_pool import Model, request


async def opened(models=1):
    worker = Worker()
    worker._models = [Model() for _ in range(models)]
    server = LineServer(worker)
    port, token = await server.start("127.0.0.1")
    return server, port, token


def test_calls_come_back_by_it_and_its_end_is_told():
    async def run():
        server, port, token = await opened()
        line = await Line.open("127.0.0.1", port, token)
        payload = dump([Order(number, 0, request(f"c{number}")) for number in range(3)])
        answers = list(load(await line.exchange(payload)))
        while len(answers) < 3:
            answers += load(await line.exchange(dump([])))
        assert {answer.outcome.text for answer in answers} == {"c0", "c1", "c2"}
        await server.close()
        with pytest.raises(LinkLost, match="its process or its machine is gone"):
            await line.exchange(dump([]))
        line.close()

    asyncio.run(run())


def test_a_stranger_is_heard_no_further_than_its_token():
    async def run():
        server, port, token = await opened()
        stranger = await Line.open("127.0.0.1", port, bytes(32))
        with pytest.raises(LinkLost):
            await stranger.exchange(dump([Order(1, 0, request("c"))]))
        stranger.close()
        line = await Line.open("127.0.0.1", port, token)
        (answer,) = load(await line.exchange(dump([Order(1, 0, request("c"))])))
        assert answer.outcome.text == "c"
        line.close()
        await server.close()

    asyncio.run(run())
