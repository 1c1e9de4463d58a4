"""What we send is what the official clients send, and what we read is what they read.

The clients are here for these tests alone; nothing else imports them.
"""

import asyncio
import json

import pytest
from pydantic import BaseModel

from targen_backends.chatgpt.client import ChatGptModel
from targen_backends.claude.client import ClaudeModel
from targen_backends.schema import described_schema
from targen_core.calls.model import ChatReply, ChatRequest, Message
from targen_core.tasks.replies import line, list_of
from targen_testing.fault_server import FaultServer, Response

from .providers import ANTHROPIC, COMPLETIONS

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

    async def main(address):
        model, request = ours(address)
        reply = await model.complete(request)
        await model.aclose()
        return reply, await theirs(address)

    with FaultServer(Response(answer)) as server:
        return server.seen, *asyncio.run(main(server.url))


def same_call(seen, *names):
    ours, theirs = seen
    assert ours.path == theirs.path
    assert ours.body == theirs.body
    for name in ("content-type", "accept", *names):
        assert ours.headers.get(name) == theirs.headers.get(name), name
    keys = {"authorization", "x-api-key"}
    assert keys & ours.headers.keys() == keys & theirs.headers.keys()


# --- OpenAI ---

COMPLETION = COMPLETIONS.answer('{"name":"Ob","km":3650}', "stop") | {
    "usage": {
        "prompt_tokens": 2000,
        "completion_tokens": 300,
        "total_tokens": 2300,
        "prompt_tokens_details": {"cached_tokens": 1536, "cache_write_tokens": 128},
        "completion_tokens_details": {"reasoning_tokens": 256},
    }
}


def ask_openai(
    answer=COMPLETION, schema=None, *, params=(), talk=TALK, model="gpt-5.5", options=None, **given
):
    """Ask for at most 40 tokens; `given` is what the official client is called with besides."""

    def ours(address):
        request = ChatRequest(talk, {"max_tokens": 40, **dict(params)}, schema, "river")
        return ChatGptModel(f"{address}/v1", model, api_key=KEY, **(options or {})), request

    async def theirs(address):
        client = official("openai").AsyncOpenAI(
            base_url=f"{address}/v1", api_key=KEY, max_retries=0
        )
        asked = {"model": model, "messages": TURNS, "max_completion_tokens": 40, **given}
        async with client:
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
    seen, _, _ = ask_openai(params={"top_p": None, **given}, **given)
    same_call(seen, "authorization")
    assert seen[0].headers["authorization"] == f"Bearer {KEY}"


def test_openai_is_asked_for_the_schema_as_its_client_asks():
    expected = official("openai").lib._parsing.type_to_response_format_param(River)
    expected["json_schema"]["name"] = "river"
    seen, _, _ = ask_openai(schema=SCHEMA, response_format=expected)
    same_call(seen, "authorization")


EXPLICIT, TTL = {"mode": "explicit"}, {"ttl": "30m"}


@pytest.mark.parametrize(
    ("model", "length", "options", "options_sent", "is_marked"),
    [
        ("gpt-6-luna", 5000, {}, EXPLICIT, True),
        ("gpt-5.6-luna", 5000, {}, EXPLICIT, True),
        ("gpt-6-luna", 500, {}, EXPLICIT, False),
        ("gpt-6-luna", 5000, {"mark": False}, None, False),
        ("gpt-6-luna", 5000, {"extra": {"prompt_cache_options": TTL}}, TTL, False),
        ("gpt-5.5", 5000, {}, None, False),
    ],
)
def test_openai_is_shown_where_a_fixed_opening_ends(
    model, length, options, options_sent, is_marked
):
    """The last turn before the question that is not the assistant's: here, a worked example's."""
    (system, asked, *more), text = TURNS, "y" * length
    sent = {} if options_sent is None else {"prompt_cache_options": options_sent}
    marked = {"type": "text", "text": asked["content"], "prompt_cache_breakpoint": EXPLICIT}
    asked = {**asked, "content": [marked]} if is_marked else asked
    seen, _, _ = ask_openai(
        model=model,
        options=options,
        talk=(Message("system", text), *TALK[1:]),
        messages=[{**system, "content": text}, asked, *more],
        **sent,
    )
    same_call(seen)


def changed(message=(), **choice):
    copy = json.loads(json.dumps(COMPLETION))
    copy["choices"][0].update(choice)
    copy["choices"][0]["message"].update(message)
    return copy


@pytest.mark.parametrize(
    ("answer", "finish"),
    [
        (COMPLETION, "stop"),
        (changed({"content": ""}, finish_reason="length"), "length"),
        (changed(finish_reason="content_filter"), "content-filter"),
        (changed({"content": None, "refusal": "I will not."}), "refusal"),
    ],
)
def test_openais_answers_are_read_as_its_client_reads_them(answer, finish):
    _, reply, official = ask_openai(answer)
    message, usage = official.choices[0].message, official.usage
    assert reply == ChatReply(
        message.content or message.refusal or "",
        finish,
        usage.prompt_tokens,
        usage.completion_tokens,
        cache_read_tokens=usage.prompt_tokens_details.cached_tokens,
        cache_write_tokens=usage.prompt_tokens_details.cache_write_tokens,
        reasoning_tokens=usage.completion_tokens_details.reasoning_tokens,
        model=official.model,
        is_other=True,
    )


# --- Anthropic ---

HEADERS = ("authorization", "anthropic-version")
MESSAGE = ANTHROPIC.answer("", "stop") | {
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


def ask_anthropic(answer=MESSAGE, schema=None, *, params=(), talk=TALK, options=None, **given):
    """Ask for at most 40 tokens; `given` is what the official client is called with besides."""

    def ours(address):
        request = ChatRequest(talk, {"max_tokens": 40, **dict(params)}, schema, "river")
        return ClaudeModel(address, "claude-haiku-5-5", api_key=KEY, **(options or {})), request

    async def theirs(address):
        client = official("anthropic").AsyncAnthropic(base_url=address, api_key=KEY, max_retries=0)
        asked = {"messages": TURNS[1:], "system": "You answer briefly.", "max_tokens": 40, **given}
        async with client:
            return await client.messages.create(model="claude-haiku-5-5", **asked)

    return both(answer, ours, theirs)


EFFORT = {"effort": "low"}


@pytest.mark.parametrize(
    ("params", "given"),
    [
        ({}, {}),
        ({"temperature": None, "stop": "\n"}, {"stop_sequences": ["\n"]}),
        ({"reasoning_effort": "low"}, {"output_config": EFFORT}),
    ],
)
def test_anthropic_is_sent_what_its_client_sends(params, given):
    seen, _, _ = ask_anthropic(params=params, **given)
    same_call(seen, *HEADERS)
    assert KEY in seen[0].headers["authorization"]


def test_anthropic_is_asked_for_the_schema_as_its_client_asks():
    form = {"type": "json_schema", "schema": official("anthropic").transform_schema(River)}
    seen, _, _ = ask_anthropic(
        schema=SCHEMA,
        params={"reasoning_effort": "low"},
        output_config={"format": form, **EFFORT},
    )
    same_call(seen, *HEADERS)


def test_anthropic_is_asked_for_a_tool_as_its_client_asks():
    tool = {
        "name": "reply",
        "description": "Gives the reply.",
        "input_schema": official("anthropic").transform_schema(River),
    }
    used = {"type": "tool_use", "id": "toolu_1", "name": "reply", "input": {"name": "Ób"}}
    seen, reply, _ = ask_anthropic(
        {**MESSAGE, "stop_reason": "tool_use", "content": [used]},
        SCHEMA,
        options={"structured": "tool"},
        tools=[tool],
        tool_choice={"type": "tool", "name": "reply"},
    )
    same_call(seen, *HEADERS)
    assert (reply.text, reply.finish) == ('{"name": "Ób"}', "stop")


def test_what_stands_before_the_last_question_is_marked_as_its_client_marks_it():
    text = "You answer briefly. " * 300
    part = {"type": "text", "text": "Ob", "cache_control": {"type": "ephemeral"}}
    asked, _, again = TURNS[1:]
    seen, _, _ = ask_anthropic(
        talk=(Message("system", text), *TALK[1:]),
        options={"thinking": "disabled"},
        system=text,
        messages=[asked, {"role": "assistant", "content": [part]}, again],
        thinking={"type": "disabled"},
    )
    same_call(seen, *HEADERS)


class Deep(BaseModel):
    """Everything that our replies are made of."""

    topics: list_of("topics", line(4, 60), 3)
    either: River | None
    kind: str = "x"


def test_schemas_are_of_the_part_that_anthropic_enforces():
    schema = described_schema(Deep.model_json_schema())
    assert official("anthropic").transform_schema(json.loads(json.dumps(schema))) == schema
    assert "minItems: 3" in json.dumps(schema)


REFUSED = {"type": "refusal", "category": "bio", "explanation": "No."}


@pytest.mark.parametrize(
    ("changes", "finish", "text"),
    [
        ({}, "stop", '{"name":"Ob","km":3650}'),
        ({"stop_reason": "max_tokens"}, "length", '{"name":"Ob","km":3650}'),
        ({"stop_reason": "model_context_window_exceeded", "content": []}, "length", ""),
        ({"content": []}, "stop", ""),
        (
            {"stop_reason": "refusal", "content": [], "stop_details": REFUSED},
            "refusal",
            "bio: No.",
        ),
    ],
)
def test_anthropics_answers_are_read_as_its_client_reads_them(changes, finish, text):
    _, reply, official = ask_anthropic({**MESSAGE, **changes})
    if finish != "refusal":
        assert text == "".join(b.text for b in official.content if b.type == "text")
    usage = official.usage
    cached = usage.cache_read_input_tokens, usage.cache_creation_input_tokens
    assert reply == ChatReply(
        text,
        finish,
        usage.input_tokens + sum(cached),
        usage.output_tokens,
        cache_read_tokens=cached[0],
        cache_write_tokens=cached[1],
        reasoning_tokens=usage.output_tokens_details.thinking_tokens,
        model=official.model,
        is_other=True,
    )
