"""The line to a worker: calls come back by it, both ends prove themselves, its end is told."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import inspect
import pickle

import pytest

from targen_ray import line as line_module
from targen_ray.line import Line, LineServer, NotAWorker
from targen_ray.pool import LinkLost
from targen_ray.wire import Order, dump, load
from targen_ray.worker import Worker

from .test_pool import Model, request

HOST = "127.0.0.1"


async def opened(models=1):
    worker = Worker()
    worker._models = [Model() for _ in range(models)]
    server = LineServer(worker)
    port, secret = await server.start(HOST)
    return server, port, secret


def served(test):
    """Run a test of a worker that listens, in an event loop of its own, with what it names."""
    named = inspect.signature(test).parameters

    def run(monkeypatch):
        async def listening():
            server, port, secret = await opened()
            given = {"server": server, "port": port, "secret": secret, "monkeypatch": monkeypatch}
            await test(**{name: given[name] for name in named})
            await server.close()

        asyncio.run(listening())

    return run


async def answered(line, text="c"):
    (answer,) = load(await line.exchange(dump([Order(1, 0, request(text))])))
    return answer.outcome.text


async def ended(reader):
    """What a connection still says until it is cut."""
    try:
        return await reader.read()
    except ConnectionError:
        return b""


class Planted:
    """Unpickling it is seen."""

    unpickled = False

    def __reduce__(self):
        return setattr, (Planted, "unpickled", True)


PLANTED = pickle.dumps(Planted())


@pytest.fixture(autouse=True)
def nothing_planted():
    yield
    assert not Planted.unpickled


@served
async def test_calls_come_back_by_it_and_its_end_is_told(server, port, secret):
    line = await Line.open(HOST, port, secret)
    payload = dump([Order(number, 0, request(f"c{number}")) for number in range(3)])
    answers = list(load(await line.exchange(payload)))
    while len(answers) < 3:
        answers += load(await line.exchange(dump([])))
    assert {answer.outcome.text for answer in answers} == {"c0", "c1", "c2"}
    await server.close()
    with pytest.raises(LinkLost, match="its process or its machine has stopped"):
        await line.exchange(dump([]))
    line.close()


@served
async def test_a_run_with_a_wrong_secret_sends_nothing_and_the_right_one_is_let_in(port, secret):
    with pytest.raises(NotAWorker):
        await Line.open(HOST, port, bytes(32))
    line = await Line.open(HOST, port, secret)
    assert await answered(line) == "c"
    line.close()


@served
async def test_a_stranger_that_proves_nothing_is_cut_off_before_anything_is_unpickled(port, secret):
    frame = hashlib.sha256(b"").digest() + len(PLANTED).to_bytes(8, "big") + PLANTED
    for said in (bytes(64) + frame, frame * 3, b"GET / HTTP/1.1\r\n\r\n" * 8):
        reader, writer = await asyncio.open_connection(HOST, port)
        writer.write(said)
        assert len(await ended(reader)) in (0, 64)  # a nonce and a proof for this nonce alone
        writer.close()
    line = await Line.open(HOST, port, secret)
    assert await answered(line) == "c"
    line.close()


@served
async def test_whoever_took_the_port_of_a_dead_worker_learns_and_says_nothing(server, port, secret):
    heard = []
    all_heard = asyncio.Event()

    async def stranger(reader, writer):
        heard.append(await reader.readexactly(32))
        writer.write(bytes(64) + bytes(8) + PLANTED)
        heard.append(await ended(reader))
        writer.close()
        all_heard.set()

    await server.close()
    there = await asyncio.start_server(stranger, HOST, port)
    with pytest.raises(NotAWorker):
        await Line.open(HOST, port, secret)
    there.close()
    await there.wait_closed()
    await all_heard.wait()
    assert secret not in heard[0]
    assert heard[1] == b""


@served
async def test_what_a_stranger_heard_elsewhere_is_of_no_use(port):
    """A proof of the worker itself, for a nonce of the run, is none of the run."""
    reader, writer = await asyncio.open_connection(HOST, port)
    writer.write(bytes(32))
    nonce, proof = await reader.readexactly(32), await reader.readexactly(32)
    writer.close()
    for said in (proof, nonce, hmac.digest(b"", bytes(32) + nonce, "sha256")):
        reader, writer = await asyncio.open_connection(HOST, port)
        writer.write(bytes(32) + said)
        assert len(await ended(reader)) == 64
        writer.close()


@served
async def test_connections_that_say_nothing_are_dropped_and_keep_no_run_out(port, secret):
    silent = [await asyncio.open_connection(HOST, port) for _ in range(line_module._STRANGERS + 5)]
    for reader, writer in silent[:5]:  # the oldest make room
        assert await ended(reader) == b""
        writer.close()
    line = await Line.open(HOST, port, secret)
    assert await answered(line) == "c"
    for reader, writer in silent[5:]:  # nobody else is waited for
        assert await ended(reader) == b""
        writer.close()
    with pytest.raises(OSError):
        await asyncio.open_connection(HOST, port)
    line.close()


@served
async def test_half_open_connections_end_at_their_time_limit(port, monkeypatch):
    async def silent(reader, writer):
        await ended(reader)
        writer.close()

    monkeypatch.setattr(line_module, "_CONNECT", 0.05)
    reader, writer = await asyncio.open_connection(HOST, port)
    writer.write(bytes(31))  # one byte short of a nonce
    assert await ended(reader) == b""
    writer.close()
    there = await asyncio.start_server(silent, HOST, 0)
    with pytest.raises(TimeoutError):
        await Line.open(HOST, there.sockets[0].getsockname()[1], bytes(32))
    there.close()


def test_a_worker_to_which_nobody_comes_listens_no_more(monkeypatch):
    monkeypatch.setattr(line_module, "_LISTEN", 0.0)

    async def run():
        _, port, secret = await opened()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        with pytest.raises(OSError):
            await Line.open(HOST, port, secret)

    asyncio.run(run())


HEAD = len(PLANTED).to_bytes(8, "big") + bytes(32)


@pytest.mark.parametrize(
    "tampered",
    [
        lambda frame: [HEAD + PLANTED],
        lambda frame: [frame[:40] + bytes(len(frame) - 40)],
        lambda frame: [frame, frame],
    ],
    ids=["planted", "changed", "twice"],
)
def test_a_frame_that_neither_side_sent_ends_the_line(tampered):
    """Somebody between the two who passes both proofs on, and then a frame of his own."""

    async def run():
        server, port, secret = await opened()

        async def between(reader, writer):
            inner, out = await asyncio.open_connection(HOST, port)
            out.write(await reader.readexactly(32))
            writer.write(await inner.readexactly(64))
            out.write(await reader.readexactly(32))
            head = await reader.readexactly(40)
            frame = head + await reader.readexactly(int.from_bytes(head[:8], "big"))
            for said in tampered(frame):
                out.write(said)
            writer.write(await ended(inner))
            out.close()
            writer.close()

        there = await asyncio.start_server(between, HOST, 0)
        line = await Line.open(HOST, there.sockets[0].getsockname()[1], secret)
        order = dump([Order(1, 0, request("c"))])
        with pytest.raises(LinkLost):
            await line.exchange(order) and await line.exchange(order)
        line.close()
        there.close()
        await server.close()

    asyncio.run(run())


def test_where_ray_encrypts_calls_go_by_ray(monkeypatch):
    async def run():
        from targen_ray.crew import Member
        from targen_ray.wire import Setup
        from targen_ray.worker import versions

        (hello,) = load(await Member().setup(dump([Setup((), 1, versions(()))])))
        return hello

    monkeypatch.setenv("RAY_USE_TLS", "1")
    hello = asyncio.run(run())
    assert hello.problem is None and hello.address == ("", 0) and hello.secret == b""
