"""What every member of the zoo is made of: a task, a backend and so on that keep all rules."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aiohttp
from pydantic import BaseModel, Field, SecretStr

from targen_core import (
    Backend,
    BackendOptions,
    ChatReply,
    ChatRequest,
    Correction,
    CorrectionSample,
    DryRunCall,
    Exporter,
    Judging,
    Label,
    ListStep,
    Llm,
    Prompt,
    Task,
)
from targen_core.errors import (
    AuthenticationFailed,
    BadRequest,
    ConnectionFailed,
    ContextTooLong,
    MalformedAnswer,
    RateLimited,
    Rejected,
    ServiceUnavailable,
    TimedOut,
)

PACKAGE = __name__.rpartition(".")[0]
TOWNS = Prompt("towns", package=PACKAGE)
NOTE = Prompt("note", package=PACKAGE)


class Note(BaseModel):
    text: str
    label: str


class Towns(BaseModel):
    towns: list[str]


class Text(BaseModel):
    text: str


async def propose(llm: Llm, parent: None, existing: Sequence[str]) -> Sequence[str]:
    return (await llm.ask(TOWNS, reply=Towns, count=llm.batch)).towns


async def wet(llm: Llm, town: str) -> Note:
    reply = await llm.ask(NOTE, reply=Text, town=town, weather="rain")
    return Note(text=reply.text, label="wet")


async def dry(llm: Llm, town: str) -> Note:
    reply = await llm.ask(NOTE, reply=Text, town=town, weather="sunshine")
    return Note(text=reply.text, label="dry")


def check(note: Note, town: str) -> None:
    if not 3 <= len(note.text.split()) <= 40:
        raise Rejected("length", "a note has three to forty words")


WORDS = "harbour lantern meadow kettle orchard gravel thunder window saddle copper velvet".split()


def dry_run(call: DryRunCall) -> Any:
    rng = call.rng
    if call.prompt == "towns":
        return {"towns": [f"{rng.choice(WORDS)}{rng.randint(10, 999)}" for _ in range(4)]}
    if call.prompt == "note":
        words = " ".join(rng.sample(WORDS, 5))
        return {"text": f"In {call.values['town']} there was {call.values['weather']}, {words}."}
    label = "wet" if "rain" in str(call.values.get("input")) else "dry"
    if call.prompt == "solve":
        return {"explanation": "It says so.", "answer": label}
    return {"explanation": "It says so.", "actual": label, "verdict": "correct"}


TASK: Task[str, Note] = Task(
    name="creature",
    version="1",
    summary="notes on wet and dry days",
    description="Each row is a note; the label is the weather in it.",
    instance=Note,
    labels=(Label("wet"), Label("dry")),
    contexts=ListStep(item=str, propose=propose, batch=4),
    generators={"wet": wet, "dry": dry},
    checks=(check,),
    judging=Judging(
        corrector=None,
        instructions="Does the note tell of a wet day or of a dry one?",
        samples=(
            CorrectionSample("It rained.", "wet", "wet", "Rain is wet."),
            CorrectionSample("The sun shone.", "wet", "dry", "Sunshine is dry."),
        ),
    ),
    prompts=(TOWNS, NOTE),
    dry_run=dry_run,
)


class Options(BackendOptions):
    base_url: str = Field("http://127.0.0.1:9/v1", description="where it is")
    model: str = Field("tiny", description="which one")
    api_key: SecretStr = Field(SecretStr(""), description="the key")
    timeout: float = Field(30.0, description="seconds of one call")


class Model:
    """Talks to a server in OpenAI's form, with a session for each call."""

    structured = True
    seeded = False
    max_concurrency: int | None = None
    price = None

    def __init__(self, options: Options) -> None:
        self.options = options
        self.identity = f"zoo:{options.base_url}:{options.model}"

    async def complete(self, request: ChatRequest) -> ChatReply:
        status, headers, raw = await self.post(self.body(request))
        if status != 200:
            raise self.failure(status, headers, raw)
        return self.read(raw)

    def body(self, request: ChatRequest) -> dict[str, Any]:
        return {
            "model": self.options.model,
            "messages": [{"role": m.role, "content": m.content} for m in request.messages],
            "max_tokens": request.params["max_tokens"],
            "response_format": {"schema": request.schema},
        }

    async def post(self, body: dict[str, Any]) -> tuple[int, Any, bytes]:
        limit = aiohttp.ClientTimeout(total=self.options.timeout)
        key = self.options.api_key.get_secret_value()
        try:
            async with (
                aiohttp.ClientSession(timeout=limit) as session,
                session.post(
                    f"{self.options.base_url}/chat/completions",
                    json=body,
                    headers={"Authorization": f"Bearer {key}"},
                ) as response,
            ):
                return response.status, response.headers, await self.whole(response)
        except TimeoutError:
            raise TimedOut("no answer in time", billed=True) from None
        except aiohttp.ClientError:
            raise ConnectionFailed("the connection broke", billed=True) from None

    async def whole(self, response: aiohttp.ClientResponse) -> bytes:
        parts: list[bytes] = []
        async for part in response.content.iter_any():
            parts.append(part)
            if sum(map(len, parts)) > 1 << 20:
                raise MalformedAnswer("the answer has no end", billed=True)
        return b"".join(parts)

    def failure(self, status: int, headers: Any, raw: bytes) -> Exception:
        if status == 429:
            wait = headers.get("Retry-After", "")
            return RateLimited("slow down", retry_after=float(wait) if wait.isdecimal() else None)
        if status in (401, 403):
            return AuthenticationFailed("the key is refused")
        if b"context_length" in raw:
            return ContextTooLong("the prompt is too long")
        if status < 500:
            return BadRequest(f"the request is refused with {status}")
        return ServiceUnavailable(f"the service fails with {status}")

    def read(self, raw: bytes) -> ChatReply:
        try:
            answer = json.loads(raw)
            [choice] = answer["choices"]
            usage = answer["usage"]
            text, finish = choice["message"]["content"], choice["finish_reason"]
            return ChatReply(text, finish, usage["prompt_tokens"], usage["completion_tokens"])
        except (ValueError, KeyError, TypeError, RecursionError):
            raise MalformedAnswer("that is no answer", billed=True) from None

    def count_tokens(self, request: ChatRequest) -> int:
        return sum(len(m.content.encode()) for m in request.messages)

    async def aclose(self) -> None:
        await asyncio.sleep(0)


def backend(model: type[Model]) -> Backend:
    return Backend(summary="a backend of the zoo", options=Options, create=model)


async def corrector(llm: Llm, instance: Any, /) -> Correction:
    return Correction(llm.task.label_of(instance), "as it says")


def write(dataset: Any, out: Path) -> None:
    with open(out, "w", encoding="utf-8") as file:
        file.writelines(f"{json.dumps(row)}\n" for row in dataset.rows)


EXPORTER = Exporter(write=write, suffix=".txt", summary="an exporter of the zoo")
