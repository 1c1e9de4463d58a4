"""A loopback stand-in for an OpenAI-compatible server, on the standard library.

`POST /v1/chat/completions` answers after a latency; the answer is a function
of the request's body alone, so a run that asks the same gets the same. Which
answer depends on the reply schema: RTE's four kinds, rough ones among them
(malformed, cut, copied, relabelled, refused as no valid instance), or a fixed
short text where there is no schema.

Beside it: `GET /log` (each request: phase, digest of the body, sampling seed,
when it came, when its answer was written whole), `GET /stats`,
`POST /phase/NAME`, `POST /reset`. Start it as a process of its own with
`Loopback()`.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import http.client
import json
import random
import re
import resource
import subprocess
import sys
import time
from typing import Any

# --- replies -------------------------------------------------------------

_FIELDS = (
    "harbour railway museum orchard theatre hospital bakery glacier library vineyard airport "
    "factory aquarium quarry monastery stadium"
).split()
_MATTERS = (
    "repairs wages visitors safety history funding storms exports apprentices noise lighting "
    "contracts surveys renewal"
).split()
_FIRST = "Ada Tariq Mirela Jonas Sunniva Ravi Clara Mateo Farah Pavel Ngozi Hana Ivo Leila".split()
_LAST = "Brenner Osei Novak Whitlock Dahl Menon Ibsen Quispe Aziz Horak Eze Sato Lund Prak".split()
_PLACES = (
    "Elmstead Karlsvik Montbrun Oberau Dunmore Vesterby Aramoana Castlebridge Norrland Lahore "
    "Tarnow Quillan Bergen Manaus"
).split()
_ROLES = "director engineer mayor curator captain surgeon founder gardener".split()
_MONTHS = "January March April May June August October November".split()
_VERBS = "hired trained dismissed moved visited counted insured housed".split()


def reply_to(body: dict[str, Any], digest: bytes) -> tuple[str, str]:
    """Text and finish reason: a function of the body alone."""
    rng = random.Random(digest)
    response_format = body.get("response_format") or {}
    schema = response_format.get("json_schema", {}).get("schema", {})
    fields = schema.get("properties", {})
    asked = [m["content"] for m in body["messages"] if m["role"] == "user"]
    if not fields:
        return "All is well in the harbour today.", "stop"
    text = json.dumps(_value(fields, asked, rng), ensure_ascii=False)
    draw = rng.random()
    if draw < 0.03:
        return "Well, that depends on how one looks at it.", "stop"
    if draw < 0.05:
        return text[: len(text) // 2], "length"
    return text, "stop"


def _value(fields: dict[str, Any], asked: list[str], rng: random.Random) -> dict[str, Any]:
    if "topics" in fields:
        pairs = [f"{field} {matter}" for field in _FIELDS for matter in _MATTERS]
        return {"topics": rng.sample(pairs, 10)}
    if "sentences" in fields:
        topic = _after("Topic: ", asked)
        return {"sentences": [_premise(topic, rng) for _ in range(5)]}
    if "hypothesis" in fields:
        return {"hypothesis": _hypothesis(_after("Premise: ", asked), rng)}
    for name in fields.keys() & {"contexts", "seeds"}:  # of a task in a file
        pairs = [
            f"{field} {matter} in {place}"
            for field in _FIELDS
            for matter in _MATTERS
            for place in _PLACES
        ]
        return {name: rng.sample(pairs, fields[name]["minItems"])}
    if "text" in fields:
        return {"text": _premise(rng.choice(_MATTERS), rng)}
    if "verdict" in fields:
        options = [one for one in fields["actual"].get("enum", ()) if one != "unsure"]
        claimed = _after("Worker's output: ", asked).strip('"')
        actual, draw = claimed, rng.random()
        if draw < 0.1:
            actual = next(one for one in options if one != claimed)
        elif draw < 0.14:
            actual = "no_valid_instance"
        right = actual == claimed and draw > 0.17
        return {
            "explanation": f"The premise settles it, read word by word {rng.randint(2, 9)} times.",
            "actual": actual,
            "verdict": "correct" if right else "incorrect",
        }
    return dict.fromkeys(fields, "harbour")


def _after(mark: str, asked: list[str]) -> str:
    """What stands behind `mark` in the last user turn that has it."""
    for text in reversed(asked):
        match = re.search(re.escape(mark) + r"(.+)", text)
        if match:
            return match[1].strip()
    raise KeyError(mark)


def _premise(topic: str, rng: random.Random) -> str:
    person, other = (f"{rng.choice(_FIRST)} {rng.choice(_LAST)}" for _ in range(2))
    return (
        f"After the dispute over {topic} in {rng.choice(_PLACES)} ended in {rng.choice(_MONTHS)} "
        f"{rng.randint(1951, 2024)}, the {rng.choice(_ROLES)} {person} {rng.choice(_VERBS)} "
        f"{rng.randint(12, 980)} people and asked {other} of {rng.choice(_PLACES)} to lead the "
        f"work for {rng.randint(2, 40)} weeks."
    )


def _hypothesis(premise: str, rng: random.Random) -> str:
    if rng.random() < 0.03:
        return premise
    names = re.findall(r"[A-Z]\w+ [A-Z]\w+", premise) or ["Somebody"]
    return (
        f"{rng.choice(names)} {rng.choice(_VERBS)} {rng.randint(3, 400)} people in "
        f"{rng.choice(_PLACES)} before {rng.choice(_MONTHS)} {rng.randint(1951, 2024)}."
    )


# --- the server ----------------------------------------------------------


class _State:
    def __init__(self, args: argparse.Namespace) -> None:
        self.low, self.high = args.low_ms / 1000, args.high_ms / 1000
        self.sigma, self.hang, self.replica = args.sigma, args.hang, args.hanging_replica
        self.jitter = random.Random()  # order of arrival must not matter: let it vary
        self.reset()

    def reset(self) -> None:
        self.phase = ""
        self.calls: list[list[Any]] = []  # [phase, digest, seed, came, answered]
        self.in_flight = self.peak = 0


class _Connection(asyncio.Protocol):
    """HTTP/1.1 with Content-Length, one request after the other."""

    def __init__(self, state: _State) -> None:
        self.state = state
        self.buffer = b""
        self.open = False
        self.transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self.transport, self.open = transport, True

    def connection_lost(self, error: Exception | None) -> None:
        self.open = False

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end]
            match = re.search(rb"\r\ncontent-length: *(\d+)", head, re.IGNORECASE)
            size = int(match[1]) if match else 0
            if len(self.buffer) < end + 4 + size:
                return
            body = self.buffer[end + 4 : end + 4 + size]
            self.buffer = self.buffer[end + 4 + size :]
            method, path, _ = head.split(b"\r\n", 1)[0].decode().split(" ")
            self.handle(method, path, body)

    def handle(self, method: str, path: str, body: bytes) -> None:
        state = self.state
        if path.endswith("/chat/completions"):
            self.chat(body)
        elif path == "/log":
            self.send(state.calls)
        elif path == "/stats":
            usage = resource.getrusage(resource.RUSAGE_SELF)
            cpu = usage.ru_utime + usage.ru_stime
            self.send({"calls": len(state.calls), "peak": state.peak, "cpu": cpu})
        elif path.startswith("/phase/") and method == "POST":
            state.phase = path.removeprefix("/phase/")
            self.send({})
        elif path == "/reset" and method == "POST":
            state.reset()
            self.send({})
        else:
            self.send({"error": {"message": f"no such path: {path}"}}, 404)

    def chat(self, raw: bytes) -> None:
        state, body = self.state, json.loads(raw)
        digest = hashlib.sha256(raw).digest()
        call = [state.phase, digest.hex()[:24], body.get("seed"), time.monotonic(), None]
        state.calls.append(call)
        state.in_flight += 1
        state.peak = max(state.peak, state.in_flight)
        if state.jitter.random() < state.hang:
            return  # for ever
        if state.replica and len(state.calls) % state.replica == 0:
            return  # one of several, which answers nothing
        wait = state.jitter.uniform(state.low, state.high)
        wait *= state.jitter.lognormvariate(0.0, state.sigma) if state.sigma else 1.0
        asyncio.get_running_loop().call_later(wait, self.answer, body, digest, len(raw), call)

    def answer(self, body: dict[str, Any], digest: bytes, size: int, call: list[Any]) -> None:
        self.state.in_flight -= 1
        if not self.open:
            return
        try:
            text, finish = reply_to(body, digest)
        except KeyError as error:
            self.send({"error": {"message": f"the request has no {error}"}}, 400)
            return
        self.send(
            {
                "id": f"chatcmpl-{digest.hex()[:12]}",
                "object": "chat.completion",
                "created": 0,
                "model": body.get("model"),
                "choices": [
                    {
                        "index": 0,
                        "message": {"role": "assistant", "content": text},
                        "finish_reason": finish,
                    }
                ],
                "usage": {
                    "prompt_tokens": size // 4,
                    "completion_tokens": len(text) // 4 + 1,
                    "total_tokens": size // 4 + len(text) // 4 + 1,
                },
            }
        )
        call[4] = time.monotonic()

    def send(self, value: Any, status: int = 200) -> None:
        body = json.dumps(value, ensure_ascii=False).encode()
        head = (
            f"HTTP/1.1 {status} {'OK' if status == 200 else 'Error'}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self.transport.write(head.encode() + body)


async def _serve(args: argparse.Namespace) -> None:
    state = _State(args)
    server = await asyncio.get_running_loop().create_server(
        lambda: _Connection(state), "127.0.0.1", 0, backlog=1024
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


# --- how a bench starts it ------------------------------------------------


class Loopback:
    """The server as a child process; use it as a context manager."""

    def __init__(self, low_ms: float, high_ms: float, *more: str) -> None:
        command = [sys.executable, __file__, "--low-ms", str(low_ms), "--high-ms", str(high_ms)]
        command += more
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())
        self.base_url = f"http://127.0.0.1:{self.port}/v1"
        self._control = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def __enter__(self) -> Loopback:
        return self

    def __exit__(self, *_: object) -> None:
        self._control.close()
        self._process.terminate()
        self._process.wait()

    def _ask(self, method: str, path: str) -> Any:
        self._control.request(method, path)
        return json.loads(self._control.getresponse().read())

    def phase(self, name: str) -> None:
        """Name the phase that requests from now on belong to."""
        self._ask("POST", f"/phase/{name}")

    def reset(self) -> None:
        """Forget all requests."""
        self._ask("POST", "/reset")

    def log(self) -> list[list[Any]]:
        """All requests: [phase, digest, seed, when it came, when it was answered]."""
        return self._ask("GET", "/log")

    def stats(self) -> dict[str, Any]:
        """Requests so far, the most at once, CPU seconds of the server."""
        return self._ask("GET", "/stats")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--low-ms", type=float, default=20.0)
    parser.add_argument("--high-ms", type=float, default=50.0)
    parser.add_argument("--sigma", type=float, default=0.0, help="of lognormal times")
    parser.add_argument("--hang", type=float, default=0.0, help="share that is never answered")
    parser.add_argument("--hanging-replica", type=int, default=0, help="every Nth, likewise")
    asyncio.run(_serve(parser.parse_args()))


if __name__ == "__main__":
    main()
