"""A simulated model service on loopback that keeps its own books.

It speaks OpenAI's chat completions and batches, and Anthropic's messages and message batches. What
it answers depends on the messages alone, so equal requests get equal replies. It records each
request, its reply and its charge, also where the client never reads the reply. Tests compare these
books with a run's report.
"""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

PRICE_IN, PRICE_OUT = 50.0, 100.0
"""Dollars per million tokens. A call of some 300 tokens costs about 2 cents."""

Body = dict[str, Any]


@dataclass
class Request:
    """One request as the service saw it: `charged` in dollars, `reply` the text of its answer."""

    number: int
    messages: list[dict[str, str]]
    body: Body
    headers: dict[str, str]
    status: int = 0
    reply: str = ""
    charged: float = 0.0
    tokens: tuple[int, int] = (0, 0)
    batch: str = ""

    @property
    def question(self) -> str:
        """What was asked for, as one text: equal for a request that is sent again."""
        kept = "messages system response_format output_config model seed temperature".split()
        return json.dumps([self.body.get(name) for name in kept], sort_keys=True)


@dataclass
class Fault:
    """What happens to a request in place of its answer.

    Attributes:
        status: the HTTP status of the answer.
        body: the whole answer, as JSON or raw bytes; None for an error in the provider's form.
        headers: of the answer.
        hang: never answer, although the request is charged.
        drop: charge the request and close the connection in place of an answer.
        cut: charge the request and send only the first half of the answer.
        text: the model's reply, in place of the usual one.
        change: maps the model's usual reply to the one that is sent.
        finish: why the model stopped.
        charged: whether the service charges for it and states its usage; by default if it is no
            error.
    """

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    hang: bool = False
    drop: bool = False
    cut: bool = False
    text: str | None = None
    change: Callable[[str], str] | None = None
    finish: str = "stop"
    charged: bool | None = None


class Service:
    """The service; its hooks may be set while it runs.

    Attributes:
        requests: its books, in the order of arrival.
        reply: maps a request's body, in OpenAI's form, to the model's text.
        fault: maps a request to a `Fault`, or to None for the usual answer.
        seconds: how long an answer takes, given the request.
        limit: the most requests at once; those beyond get 429.
        polls: how often a batch is found in progress before it has ended.
        late_file: polls after the end before a batch's file is there.
        item: maps the number of a request within its batch to a status, "expired" or "lost".
        batch_status: maps the number of a batch of OpenAI, from 1, to the status in which it ends;
            one that failed is not charged.
        file: maps the lines of a batch's results to those that are sent.
        seen: told of each request as its method and path, before it is handled and again, with
            an exclamation mark, before it is answered.
    """

    def __init__(self, reply: Callable[[Body], str]) -> None:
        self.requests: list[Request] = []
        self.reply = reply
        self.fault: Callable[[Request], Fault | None] = lambda request: None
        self.seconds: Callable[[Request], float] = lambda request: 0.0
        self.limit = 10_000
        self.polls, self.late_file = 1, 0
        self.item: Callable[[int], int | str | None] = lambda number: None
        self.batch_status: Callable[[int], str] = lambda number: "completed"
        self.file: Callable[[list[str]], list[str]] = lambda lines: lines
        self.seen: Callable[[str], None] = lambda moment: None
        self.open = self.most_open = 0
        self.batches: dict[str, dict[str, Any]] = {}
        self._files: dict[str, bytes] = {}
        self.root = ""

    @property
    def url(self) -> str:
        """The address of OpenAI's API."""
        return f"{self.root}/v1"

    # --- the books ---

    @property
    def charged(self) -> float:
        """Dollars charged for all requests."""
        return sum(request.charged for request in self.requests)

    @property
    def tokens(self) -> tuple[int, int]:
        """Input and output tokens charged for all requests."""
        return tuple(sum(r.tokens[part] for r in self.requests) for part in (0, 1))  # type: ignore[return-value]

    @property
    def paid(self) -> list[Request]:
        """The requests that were charged."""
        return [request for request in self.requests if request.charged]

    @property
    def answered(self) -> list[Request]:
        """The requests that got the model's answer, in full."""
        return [request for request in self.requests if request.status == 200 and request.reply]

    def repeated(self) -> list[Request]:
        """Answered requests whose question had been answered before."""
        seen: set[str] = set()
        return [r for r in self.answered if r.question in seen or seen.add(r.question)]  # type: ignore[func-returns-value]

    def wait_for(self, requests: int, seconds: float = 30.0, unless: Any = None) -> None:
        """Wait until this many requests have come, or a process has ended."""
        ended = unless.poll if unless else lambda: None
        self.wait_until(lambda: len(self.requests) >= requests or ended() is not None, seconds)

    def wait_until(self, holds: Callable[[], object], seconds: float = 30.0) -> None:
        """Wait until something holds, of the books or of a process."""
        end = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > end:
                raise TimeoutError(f"{len(self.requests)} requests came")
            time.sleep(0.002)

    # --- HTTP ---

    async def chat(self, http: web.Request) -> web.Response:
        """Answer one call in the form of the address that it came to."""
        request = self._enter(await http.json(), dict(http.headers))
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            return await self._answer(http, request)
        finally:
            self.open -= 1

    async def _answer(self, http: web.Request, request: Request) -> web.Response:
        anthropic = http.path.endswith("/messages")
        fault = self.fault(request) or Fault()
        if self.open > self.limit and fault.status == 200:
            fault = Fault(status=429)
        charged = fault.status == 200 if fault.charged is None else fault.charged
        text = self.reply(in_openai_form(request.body)) if fault.text is None else fault.text
        text = fault.change(text) if fault.change else text
        if charged:
            _charge(request, text)
        await asyncio.sleep(3600 if fault.hang else self.seconds(request))
        if fault.drop and http.transport is not None:
            http.transport.close()
            return web.Response()
        request.status, answer = fault.status, fault.body
        if fault.status == 200 and answer is None:
            request.reply = "" if fault.cut else text
            answer = _good(text, request, anthropic, fault.finish)
        elif answer is None:
            answer = {"type": "error", "error": {"type": "error", "message": "not now"}}
        if charged and isinstance(answer, dict):
            answer = {**answer, "usage": _usage(request, anthropic)}
        raw = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        headers = {"Content-Type": "application/json", **fault.headers}
        if fault.cut and http.transport is not None:
            head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(raw)}\r\n\r\n".encode()
            http.transport.write(head + raw[: len(raw) // 2])
            http.transport.close()
        return web.Response(body=raw, status=fault.status, headers=headers)

    def _enter(self, body: Body, headers: dict[str, str], batch: str = "") -> Request:
        messages = list(body["messages"])
        if isinstance(body.get("system"), str | list):
            messages.insert(0, {"role": "system", "content": _text(body["system"])})
        plain = [{"role": m["role"], "content": _text(m["content"])} for m in messages]
        request = Request(len(self.requests), plain, body, headers, batch=batch)
        self.requests.append(request)
        return request

    # --- batches: charged when they are accepted, as the providers' work begins ---

    async def upload(self, http: web.Request) -> web.Response:
        """Keep an uploaded file."""
        async for part in await http.multipart():
            if getattr(part, "name", "") == "file":
                name = f"file-{len(self._files) + 1}"
                self._files[name] = bytes(await part.read())  # type: ignore[union-attr]
        return web.json_response({"id": name, "object": "file"})

    async def begin(self, http: web.Request) -> web.Response:
        """Accept a batch of either provider."""
        body, number = await http.json(), len(self.batches) + 1
        anthropic = http.path.endswith("messages/batches")
        if anthropic:
            sent = {one["custom_id"]: one["params"] for one in body["requests"]}
        else:
            lines = self._files[body["input_file_id"]].splitlines()
            sent = {one["custom_id"]: one["body"] for one in map(json.loads, lines)}
        name = f"{'msgbatch' if anthropic else 'batch'}_{number}"
        failed = not anthropic and self.batch_status(number) == "failed"
        results = {}
        for place, (key, each) in enumerate(sent.items()):
            request = self._enter(each, dict(http.headers), name)
            wrong = "failed" if failed else self.item(place)
            if wrong is None:
                request.status, request.reply = 200, self.reply(in_openai_form(each))
                _charge(request, request.reply, 0.5)
            results[key] = (request, wrong)
        self.batches[name] = {"results": results, "polls": 0, "read": False, "number": number}
        await asyncio.sleep(self.seconds(request))
        return web.json_response(self._state(name, poll=False))

    async def state(self, http: web.Request) -> web.Response:
        """Tell how far a batch is."""
        return web.json_response(self._state(http.match_info["name"], poll=True))

    def _state(self, name: str, *, poll: bool) -> Body:
        batch = self.batches[name]
        batch["polls"] += poll
        over, count = batch["polls"] - self.polls, len(batch["results"])
        ended, file = over > 0, over > self.late_file
        good = sum(wrong is None for _, wrong in batch["results"].values()) if ended else 0
        bad = count - good if ended else 0
        if name.startswith("msg"):
            counts = {"processing": count - good - bad, "succeeded": good, "errored": bad}
            state: Body = {"id": name, "processing_status": "ended" if ended else "in_progress"}
            url = f"{self.root}/v1/messages/batches/{name}/results" if file else None
            return {**state, "request_counts": counts, "results_url": url}
        status = self.batch_status(batch["number"])
        file = file and status != "failed"
        state = {"id": name, "status": status if ended else "in_progress"}
        state["output_file_id"] = f"{name}-out" if file else None
        state["error_file_id"] = f"{name}-err" if file and bad else None
        return {**state, "request_counts": {"total": count, "completed": good, "failed": bad}}

    async def results(self, http: web.Request) -> web.Response:
        """Send a batch's output or error file, or Anthropic's results, out of order."""
        name, _, kind = http.match_info["name"].partition("-")
        anthropic = name.startswith("msg")
        lines = []
        for key, (request, wrong) in self.batches[name]["results"].items():
            if wrong == "lost" or (not anthropic and (wrong is None) != (kind == "out")):
                continue
            lines.append({"custom_id": key, **_line(request, wrong, anthropic)})
        self.batches[name]["read"] = True
        return web.Response(text="\n".join(self.file([json.dumps(line) for line in lines[::-1]])))

    def app(self) -> web.Application:
        """The routes of both providers."""

        @web.middleware
        async def tell(http: web.Request, handler: Any) -> Any:
            self.seen(f"{http.method} {http.path}")
            answer = await handler(http)
            self.seen(f"{http.method} {http.path}!")
            return answer

        app = web.Application(client_max_size=1 << 28, middlewares=(tell,))
        app.router.add_post("/v1/chat/completions", self.chat)
        app.router.add_post("/v1/messages", self.chat)
        app.router.add_post("/v1/files", self.upload)
        for base in ("/v1/batches", "/v1/messages/batches"):
            app.router.add_post(base, self.begin)
            app.router.add_get(base + "/{name}", self.state)
        app.router.add_get("/v1/files/{name}/content", self.results)
        app.router.add_get("/v1/messages/batches/{name}/results", self.results)
        app.router.add_get("/v1/models", _models)
        return app


def _charge(request: Request, text: str, factor: float = 1.0) -> None:
    """Charge a request: a token for each four characters."""
    read, written = sum(len(m["content"]) for m in request.messages) // 4 + 1, len(text) // 4 + 1
    request.tokens = read, written
    request.charged = factor * (read * PRICE_IN + written * PRICE_OUT) / 1e6


def _usage(request: Request, anthropic: bool) -> Body:
    tokens_in, tokens_out = request.tokens
    if anthropic:
        return {"input_tokens": tokens_in, "output_tokens": tokens_out}
    both = tokens_in + tokens_out
    return {"prompt_tokens": tokens_in, "completion_tokens": tokens_out, "total_tokens": both}


def _text(content: Any) -> str:
    return content if isinstance(content, str) else "".join(part["text"] for part in content)


def in_openai_form(body: Body) -> Body:
    """A request of Anthropic's with its schema where OpenAI has it."""
    if "response_format" in body:
        return body
    schema = ((body.get("output_config") or {}).get("format") or {}).get("schema")
    plain = [{"role": m["role"], "content": _text(m["content"])} for m in body["messages"]]
    return {**body, "messages": plain, "response_format": {"json_schema": {"schema": schema}}}


def _good(text: str, request: Request, anthropic: bool, finish: str) -> Body:
    answer: Body = {"id": "reply", "model": request.body["model"]}
    answer["usage"] = _usage(request, anthropic)
    if anthropic:
        reason = {"stop": "end_turn", "length": "max_tokens"}[finish]
        answer |= {"type": "message", "role": "assistant", "stop_reason": reason}
        return {**answer, "content": [{"type": "text", "text": text}]}
    choice = {"index": 0, "message": {"role": "assistant", "content": text}}
    return {**answer, "choices": [{**choice, "finish_reason": finish}]}


def _line(request: Request, wrong: int | str | None, anthropic: bool) -> Body:
    good = None if wrong else _good(request.reply, request, anthropic, "stop")
    error = {"type": "server_error", "code": f"batch_{wrong}", "message": "not answered"}
    if anthropic:
        kind = "expired" if wrong == "expired" else "errored" if wrong else "succeeded"
        wrapped = {"type": "error", "error": error}
        return {"result": {"type": kind, "message": good, "error": wrapped}}
    if good or isinstance(wrong, int):
        response = {"status_code": wrong or 200, "body": good or {"error": error}}
        return {"response": response, "error": None}
    return {"response": None, "error": error}


async def _models(http: web.Request) -> web.Response:
    return web.json_response({"object": "list", "data": [{"id": "small", "object": "model"}]})


@contextmanager
def serve(reply: Callable[[Body], str]) -> Iterator[Service]:
    """Run a service in a thread until the block ends."""
    service, loop = Service(reply), asyncio.new_event_loop()
    ready = threading.Event()

    async def start() -> web.AppRunner:
        runner = web.AppRunner(service.app(), access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, backlog=512).start()
        service.root = f"http://127.0.0.1:{runner.addresses[0][1]}"
        ready.set()
        return runner

    def main() -> None:
        asyncio.set_event_loop(loop)
        runner = loop.run_until_complete(start())
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        for task in (hung := asyncio.all_tasks(loop)):
            task.cancel()
        loop.run_until_complete(asyncio.gather(*hung, return_exceptions=True))
        loop.close()

    thread = threading.Thread(target=main, daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield service
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
