"""Hostile answers: does a client ever do more than reply, or raise a `ServiceError`?

    python hostile_answers.py [--count 10000] [--seed 0]

Every client over HTTP asks a server on loopback that answers at random what
services should not (`targen_testing.hostile`), many calls at once, and
then each of the kit's fixed answers: bodies without end, packed ones, deep
nesting. Exits 1 for another exception, for a call that outlasts its time-out,
and above 300 MB.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from targen_backends.chatgpt.client import ChatGptModel
from targen_backends.claude.client import ClaudeModel
from targen_backends.llama.client import LlamaModel
from targen_backends.llama.ollama import OllamaModel
from targen_core.calls.model import ChatRequest, Message
from targen_core.errors import ServiceError
from targen_testing.fault_server import FaultServer, Raw, Seen
from targen_testing.hostile import ANSWERS, hostile_answer
from targen_testing.wire import OPENAI, Wire

MAX_MB = 300
TIMEOUT = 5.0  # seconds of a call
SLACK = 5.0  # seconds more, on a machine that does other work
AT_ONCE = 16
KEY = "sk-hostile-0123456789abcdefghij"


def _message(text: str, finish: str) -> dict[str, Any]:
    """Anthropic's answer."""
    return {
        "content": [{"type": "text", "text": text}],
        "stop_reason": "end_turn",
        "model": "tiny",
        "usage": {"input_tokens": 11, "output_tokens": 3, "cache_read_input_tokens": 1},
    }


def _chat(text: str, finish: str) -> dict[str, Any]:
    """Ollama's answer."""
    message = {"role": "assistant", "content": text}
    return {"message": message, "done_reason": finish, "prompt_eval_count": 11, "eval_count": 3}


CLIENTS: dict[str, tuple[Callable[..., Any], Wire]] = {
    "chatgpt": (ChatGptModel, OPENAI),
    "claude": (ClaudeModel, Wire(base="", answer=_message, request_id="request-id")),
    "llama": (LlamaModel, OPENAI),
    "ollama": (OllamaModel, Wire(base="", answer=_chat)),
}
REQUEST = ChatRequest((Message("user", "Name a river."),), {"max_tokens": 40})


def peak_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


async def ask(model: Any, endings: Counter[str], failures: list[str]) -> None:
    """One call, counted by how it ended."""
    begun = time.monotonic()
    try:
        reply = await model.complete(REQUEST)
        counts = (reply.input_tokens, reply.output_tokens)
        if not all(type(count) is int and 0 <= count < 2 * 10**9 for count in counts):
            failures.append(f"counts {counts!r}")
        endings["reply"] += 1
    except ServiceError as error:
        endings[type(error).__name__] += 1
        words = f"{error} {error.hint} {error.request_id}"
        if any(sign in words for sign in ("\x1b", "\n")) or KEY in words or len(words) > 2000:
            failures.append(f"words {words[:200]!r}")
        words.encode()
        if error.retry_after is not None and not 0 <= error.retry_after < 1e7:
            failures.append(f"a wait of {error.retry_after}")
    except Exception as error:
        failures.append(f"{type(error).__name__}: {error}"[:300])
    if time.monotonic() - begun > TIMEOUT + SLACK:
        failures.append(f"a call of {time.monotonic() - begun:.1f} s")


def attack(count: int, seed: int) -> dict[str, Any]:
    """`count` random answers to the clients in turn, then the kit's; what came of them."""
    endings: Counter[str] = Counter()
    failures: list[str] = []
    rng = random.Random(seed)
    for name, (make, wire) in CLIENTS.items():

        async def run(url: str, calls: int, make: Any = make, base: str = wire.base) -> None:
            model = make(f"{url}{base}", "tiny", api_key=KEY, timeout=TIMEOUT)
            slots = asyncio.Semaphore(AT_ONCE)

            async def one() -> None:
                async with slots:
                    await ask(model, endings, failures)

            await asyncio.gather(*(one() for _ in range(calls)))
            await model.aclose()

        draws = [rng.randrange(1 << 60) for _ in range(count // len(CLIENTS))]
        left = iter(draws)

        def plan(seen: Seen, wire: Wire = wire, left: Iterator[int] = left) -> Raw:
            return hostile_answer(wire, random.Random(next(left)))

        with FaultServer(plan) as server:
            asyncio.run(run(server.url, len(draws)))
        for case, plans in ANSWERS.items():
            for fixed in plans(wire):
                with FaultServer(fixed) as server:
                    asyncio.run(run(server.url, 1))
                    if case.startswith("endless") and server.taken > 48 << 20:
                        failures.append(f"{name} reads {case} on and on")
    return {"ended": dict(endings), "failures": failures, "peak_mb": peak_mb()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    begun = time.monotonic()
    result = attack(args.count, args.seed)
    print(json.dumps({**result, "seconds": round(time.monotonic() - begun, 1)}, indent=2))
    sys.exit(1 if result["failures"] or result["peak_mb"] > MAX_MB else 0)


if __name__ == "__main__":
    main()
