"""What we send is what the official clients send, and what we read is what they read.

The clients are here for these tests alone; nothing else imports them.
"""

import asyncio
import json

import pytest
from aiohttp import web
from pydantic import BaseModel

from targen_backends.chatgpt.client import ChatGptModel
from targen_backends.claude.client import ClaudeModel
from targen_backends.schema import described_schema
from targen_core.calls.model import ChatRequest, Message
from targen_core.tasks.replies import line, list_of

from .providers import completion, message, serving

official = pytest.importorskip
"""A client, imported where a test uses it: both take seconds, which each worker would spend."""

KEY = "sk-contract-0123456789"
TALK = (
    Message("system", "You answer briefly."),
    Message("user", "Name a “river”: Wołga?"),
    Message("assistant", "Ob"),
    Message("user", "Another."),
)


class River(BaseModel):
    """A river."""

    name: str
    km: int


SCHEMA = River.model_json_schema()
TURNS = [{"role": m.role, "content": m.content} for m in TALK]


def both(answer, ours, theirs):
    """Ask with our client and with the official one; what was sent, and both answers."""
    seen = []

    async def handler(request):
        seen.append((request.path, dict(request.headers), await request.json()))
        return web.json_response(answer)

    async def main():
        async with serving(handler, base="") as address:
            model, request = ours(address)
            reply = await model.complete(request)
            await model.aclose()
            return seen, reply, await theirs(address)

    return asyncio.run(main())


def same_call(seen, *headers):
    (path, ours, body), (their_path, theirs, their_body) = seen
    assert path == their_path
    assert body == their_body
    ours = {name.lower(): value for name, value in ours.items()}
    theirs = {name.lower(): value for name, value in theirs.items()}
    for name in ("content-type", "accept", *headers):
        assert ours.get(name) == theirs.get(name), name
    sent = {name for name in ours if name in ("authorization", "x-api-key")}
    assert sent == {name for name in theirs if name in ("authorization", "x-api-key")}


# --- OpenAI ---

COMPLETION = completion('{"name":"Ob","km":3650}') | {
    "usage": {
        "prompt_tokens": 2000,
        "completion_tokens": 300,
        "total_tokens": 2300,
        "prompt_tokens_details": {"cached_tokens": 1536, "cache_write_tokens": 128},
        "completion_tokens_details": {"reasoning_tokens": 256},
    }
}


def ask_openai(answer, params, schema=None, *, talk=TALK, model="gpt-5.5", options=None, **given):
    def ours(address):
        request = ChatRequest(talk, params, schema, "river")
        return ChatGptModel(f"{address}/v1", model, api_key=KEY, **(options or {})), request

    async def theirs(address):
        client = official("openai").AsyncOpenAI(
            base_url=f"{address}/v1", api_key=KEY, max_retries=0
        )
        async with client:
            asked = {"model": model, "messages": TURNS, **given}
            return await client.chat.completions.create(**asked)

    return both(answer, ours, theirs)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"temperature": 0.5, "stop": ["\n"]},
        {"reasoning_effort": "low", "seed": 3, "presence_penalty": -1.0},
    ],
)
def test_openai_is_sent_what_its_client_sends(given):
    """A parameter that is None is not sent."""
    params = {"max_tokens": 40, "top_p": None, **given}
    seen, _, _ = ask_openai(COMPLETION, params, max_completion_tokens=40, **given)
    same_call(seen, "authorization")
    assert seen[0][1]["Authorization"] == f"Bearer {KEY}"


def test_openai_is_asked_for_the_schema_as_its_client_asks():
    expected = official("openai").lib._parsing.type_to_response_format_param(River)
    expected["json_schema"]["name"] = "river"
    seen, _, _ = ask_openai(
        COMPLETION, {"max_tokens": 40}, SCHEMA, max_completion_tokens=40, response_format=expected
    )
    same_call(seen, "authorization")


EXPLICIT = {"mode": "explicit"}


@pytest.mark.parametrize(
    ("model", "length", "options", "options_sent", "is_marked"),
    [
        ("gpt-6-luna", 5000, {}, EXPLICIT, True),
        ("gpt-5.6-luna", 5000, {}, EXPLICIT, True),
        ("gpt-6-luna", 500, {}, EXPLICIT, False),
        ("gpt-6-luna", 5000, {"mark": False}, None, False),
        ("gpt-6-luna", 5000, {"extra": {"prompt_cache_options": {"ttl": "30m"}}}, 0, False),
        ("gpt-5.5", 5000, {}, None, False),
    ],
)
def test_openai_is_shown_where_a_fixed_opening_ends(
    model, length, options, options_sent, is_marked
):
    """The last turn before the question that is not the assistant's: here, a worked example's."""
    (system, asked, *more), text = TURNS, "y" * length
    sent = {} if options_sent is None else {"prompt_cache_options": options_sent}
    sent = options.get("extra", sent)
    marked = {"type": "text", "text": asked["content"], "prompt_cache_breakpoint": EXPLICIT}
    seen, _, _ = ask_openai(
        COMPLETION,
        {"max_tokens": 40},
        model=model,
        options=options,
        talk=(Message("system", text), *TALK[1:]),
        max_completion_tokens=40,
        messages=[
            {**system, "content": text},
            {**asked, "content": [marked]} if is_marked else asked,
            *more,
        ],
        **sent,
    )
    same_call(seen)


def changed(answer, **choice):
    copy = json.loads(json.dumps(answer))
    inside = choice.pop("message", {})
    copy["choices"][0].update(choice)
    copy["choices"][0]["message"].update(inside)
    return copy


@pytest.mark.parametrize(
    ("answer", "finish"),
    [
        (COMPLETION, "stop"),
        (changed(COMPLETION, finish_reason="length", message={"content": ""}), "length"),
        (changed(COMPLETION, finish_reason="content_filter"), "content-filter"),
        (changed(COMPLETION, message={"content": None, "refusal": "I will not."}), "refusal"),
    ],
)
def test_openais_answers_are_read_as_its_client_reads_them(answer, finish):
    _, reply, official = ask_openai(answer, {"max_tokens": 40}, max_completion_tokens=40)
    choice = official.choices[0]
    assert reply.text == (choice.message.content or choice.message.refusal or "")
    assert reply.finish == finish
    usage = official.usage
    assert (reply.input_tokens, reply.output_tokens) == (
        usage.prompt_tokens,
        usage.completion_tokens,
    )
    assert reply.cache_read_tokens == usage.prompt_tokens_details.cached_tokens
    assert reply.cache_write_tokens == usage.prompt_tokens_details.cache_write_tokens
    assert reply.reasoning_tokens == usage.completion_tokens_details.reasoning_tokens
    assert reply.model == official.model


# --- Anthropic ---

MESSAGE = message("") | {
    "content": [
        {"type": "thinking", "thinking": "A river, then.", "signature": "c2ln"},
        {"type": "text", "text": '{"name":"Ob",'},
        {"type": "text", "text": '"km":3650}'},
    ],
    "stop_details": None,
    "usage": {
        "input_tokens": 50,
        "cache_read_input_tokens": 1800,
        "cache_creation_input_tokens": 150,
        "output_tokens": 300,
        "output_tokens_details": {"thinking_tokens": 256},
        "service_tier": "standard",
    },
}


def ask_anthropic(answer, params, schema=None, talk=TALK, options=None, **given):
    def ours(address):
        request = ChatRequest(talk, params, schema, "river")
        return ClaudeModel(address, "claude-haiku-5-5", api_key=KEY, **(options or {})), request

    async def theirs(address):
        client = official("anthropic").AsyncAnthropic(base_url=address, api_key=KEY, max_retries=0)
        async with client:
            return await client.messages.create(
                **{
                    "model": "claude-haiku-5-5",
                    "messages": TURNS[1:],
                    "system": "You answer briefly.",
                    **given,
                }
            )

    return both(answer, ours, theirs)


@pytest.mark.parametrize(
    ("params", "given"),
    [
        ({"max_tokens": 40}, {"max_tokens": 40}),
        (
            {"max_tokens": 40, "temperature": None, "stop": "\n"},
            {"max_tokens": 40, "stop_sequences": ["\n"]},
        ),
        (
            {"max_tokens": 40, "reasoning_effort": "low"},
            {"max_tokens": 40, "output_config": {"effort": "low"}},
        ),
    ],
)
def test_anthropic_is_sent_what_its_client_sends(params, given):
    seen, _, _ = ask_anthropic(MESSAGE, params, **given)
    same_call(seen, "authorization", "anthropic-version")
    assert KEY in seen[0][1]["Authorization"]


def test_anthropic_is_asked_for_the_schema_as_its_client_asks():
    expected = official("anthropic").transform_schema(River)
    seen, _, _ = ask_anthropic(
        MESSAGE,
        {"max_tokens": 40, "reasoning_effort": "low"},
        SCHEMA,
        max_tokens=40,
        output_config={"format": {"type": "json_schema", "schema": expected}, "effort": "low"},
    )
    same_call(seen, "authorization", "anthropic-version")


def test_anthropic_is_asked_for_a_tool_as_its_client_asks():
    tool = {
        "name": "reply",
        "description": "Gives the reply.",
        "input_schema": official("anthropic").transform_schema(River),
    }
    answer = {
        **MESSAGE,
        "stop_reason": "tool_use",
        "content": [
            {"type": "tool_use", "id": "toolu_1", "name": "reply", "input": {"name": "Ób"}}
        ],
    }
    seen, reply, _ = ask_anthropic(
        answer,
        {"max_tokens": 40},
        SCHEMA,
        options={"structured": "tool"},
        max_tokens=40,
        tools=[tool],
        tool_choice={"type": "tool", "name": "reply"},
    )
    same_call(seen, "authorization", "anthropic-version")
    assert (reply.text, reply.finish) == ('{"name": "Ób"}', "stop")


def test_what_stands_before_the_last_question_is_marked_as_its_client_marks_it():
    text = "You answer briefly. " * 300
    part = {"type": "text", "text": "Ob", "cache_control": {"type": "ephemeral"}}
    asked, _, again = TURNS[1:]
    seen, _, _ = ask_anthropic(
        MESSAGE,
        {"max_tokens": 40},
        talk=(Message("system", text), *TALK[1:]),
        options={"thinking": "disabled"},
        max_tokens=40,
        system=text,
        messages=[asked, {"role": "assistant", "content": [part]}, again],
        thinking={"type": "disabled"},
    )
    same_call(seen, "authorization", "anthropic-version")


class Deep(BaseModel):
    """Everything that our replies are made of."""

    topics: list_of("topics", line(4, 60), 3)
    either: River | None
    kind: str = "x"


def test_schemas_are_of_the_part_that_anthropic_enforces():
    schema = described_schema(Deep.model_json_schema())
    assert official("anthropic").transform_schema(json.loads(json.dumps(schema))) == schema
    assert "minItems: 3" in json.dumps(schema)


@pytest.mark.parametrize(
    ("answer", "finish", "text"),
    [
        (MESSAGE, "stop", '{"name":"Ob","km":3650}'),
        ({**MESSAGE, "stop_reason": "max_tokens"}, "length", '{"name":"Ob","km":3650}'),
        ({**MESSAGE, "stop_reason": "model_context_window_exceeded", "content": []}, "length", ""),
        ({**MESSAGE, "content": []}, "stop", ""),
        (
            {
                **MESSAGE,
                "stop_reason": "refusal",
                "content": [],
                "stop_details": {"type": "refusal", "category": "bio", "explanation": "No."},
            },
            "refusal",
            "bio: No.",
        ),
    ],
)
def test_anthropics_answers_are_read_as_its_client_reads_them(answer, finish, text):
    _, reply, official = ask_anthropic(answer, {"max_tokens": 40}, max_tokens=40)
    assert (reply.finish, reply.text) == (finish, text)
    if finish != "refusal":
        assert reply.text == "".join(b.text for b in official.content if b.type == "text")
    usage = official.usage
    assert reply.input_tokens == (
        usage.input_tokens + usage.cache_read_input_tokens + usage.cache_creation_input_tokens
    )
    assert reply.cache_read_tokens == usage.cache_read_input_tokens
    assert reply.cache_write_tokens == usage.cache_creation_input_tokens
    assert reply.output_tokens == usage.output_tokens
    assert reply.reasoning_tokens == usage.output_tokens_details.thinking_tokens
