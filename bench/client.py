"""CPU of one call of the `llama` client, beside bare aiohttp, in one run.

Both send the same requests (RTE's prompt for an entailed hypothesis, with its
reply schema) to the loopback server with `--concurrency` calls in flight, each
in a process of its own, in turns; medians of CPU microseconds a call. The
third row adds the call layer around the client: key, journal, budget, rate,
reading of the reply.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from loopback import Loopback

KINDS = {"bare": "bare aiohttp", "client": "llama client", "layer": "client in the call layer"}
_PARAMS = {"temperature": 0.7, "max_tokens": 120}


def premise(number: int) -> str:
    """A premise that no other call has."""
    return (
        f"After the dispute over harbour repairs in Elmstead ended in March {1000 + number}, the "
        f"mayor Clara Prak hired {number} people and asked Ivo Sato to lead the work."
    )


def prompt_and_reply():
    """RTE's prompt and a reply model like its own."""
    from pydantic import BaseModel

    from targen_core import Prompt

    class Hypothesis(BaseModel):
        hypothesis: str

    return Prompt("entailment", package="targen_tasks_superglue.rte"), Hypothesis


async def measure(kind: str, base_url: str, calls: int, concurrency: int) -> dict:
    """CPU and wall of so many calls after a warm-up that opens the connections."""
    ask, close = await _asker(kind, base_url)
    numbers = iter(range(10**9))

    async def work(count: int) -> None:
        async def worker() -> None:
            nonlocal count
            while count > 0:
                count -= 1
                await ask(next(numbers))

        await asyncio.gather(*(worker() for _ in range(concurrency)))

    await work(concurrency * 2)
    began, cpu = time.perf_counter(), time.process_time()
    await work(calls)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - began
    await close()
    return {"cpu": cpu / calls * 1e6, "wall": wall}


async def _asker(kind: str, base_url: str):
    """What sends the call of a number, and what closes it."""
    from targen_core.engine.stage_llm import reply_schema

    prompt, model = prompt_and_reply()
    schema, digest = reply_schema(model)
    if kind == "bare":
        import aiohttp

        from targen_backends.schema import response_format

        session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        url = f"{base_url}/chat/completions"
        made = response_format(schema, "Hypothesis")

        async def ask_bare(number: int) -> None:
            messages = prompt.fill({"premise": premise(number)})
            body = {
                "model": "mock",
                "messages": [{"role": m.role, "content": m.content} for m in messages],
                **_PARAMS,
                "seed": number,
                "response_format": made,
            }
            async with session.post(url, json=body) as response:
                answer = json.loads(await response.read())
            assert answer["choices"][0]["message"]["content"]

        return ask_bare, session.close

    from targen_backends.llama.backend import LlamaOptions, create
    from targen_core.calls.model import ChatRequest

    client = create(LlamaOptions(base_url=base_url, model="mock"))
    if kind == "client":

        async def ask_client(number: int) -> None:
            messages = prompt.fill({"premise": premise(number)})
            params = {**_PARAMS, "seed": number}
            reply = await client.complete(ChatRequest(messages, params, schema, "Hypothesis"))
            assert reply.text

        return ask_client, client.aclose

    from targen_core.calls.budget import Budget
    from targen_core.calls.call import BoundModel, Call, Scope
    from targen_core.calls.calls import Calls
    from targen_core.calls.journal import Journal
    from targen_core.calls.rate import RateLimiter
    from targen_core.calls.usage import Usage
    from targen_core.engine.reply_json import read_reply
    from targen_core.errors import Rejected

    folder = tempfile.TemporaryDirectory(prefix="targen-bench-")
    usage = Usage()
    journal = Journal(Path(folder.name) / "journal", on_record=usage.record)
    bound = BoundModel(client, RateLimiter(10**6), _PARAMS, client.price)
    layer = Calls(
        {"generate": bound}, seed=0, journal=journal, cache=None, budget=Budget(usage), usage=usage
    )

    async def ask_layer(number: int) -> None:
        call = Call(
            "generate",
            "entailment",
            f"generate/{number}/entailment/0",
            0,
            prompt.name,
            prompt.fill({"premise": premise(number)}),
            schema,
            "Hypothesis",
            digest,
            None,
        )
        with contextlib.suppress(Rejected):  # the server gives a bad reply now and then
            await layer.ask(call, Scope(), lambda text: read_reply(text, model))

    async def close_layer() -> None:
        await client.aclose()
        journal.close()
        folder.cleanup()

    return ask_layer, close_layer


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=4000)
    parser.add_argument("--concurrency", type=int, default=256)
    parser.add_argument("--latency-ms", type=float, default=200.0)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", choices=list(KINDS), help=argparse.SUPPRESS)
    parser.add_argument("--base-url", default="", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.only:
        measured = measure(args.only, args.base_url, args.calls, args.concurrency)
        print(json.dumps(asyncio.run(measured)))
        return 0
    results: dict[str, list[dict]] = {kind: [] for kind in KINDS}
    with Loopback(args.latency_ms, args.latency_ms) as server:
        for _ in range(args.runs):
            for kind in KINDS:
                command = [sys.executable, __file__, "--only", kind, "--base-url", server.base_url]
                command += ["--calls", str(args.calls), "--concurrency", str(args.concurrency)]
                done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
                results[kind].append(json.loads(done.stdout))
                server.reset()
    ideal = args.calls * args.latency_ms / 1000 / args.concurrency
    bare = statistics.median(one["cpu"] for one in results["bare"])
    print(f"{args.calls} calls, {args.concurrency} in flight, {args.latency_ms:g} ms")
    for kind, name in KINDS.items():
        cpu = [one["cpu"] for one in results[kind]]
        wall = statistics.median(one["wall"] for one in results[kind])
        print(
            f"{name:26}{statistics.median(cpu):7.0f} us of CPU a call, "
            f"{statistics.median(cpu) / bare:5.2f}x bare ({min(cpu):.0f} to {max(cpu):.0f}); "
            f"wall {wall / ideal:.2f}x ideal"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
