"""From langchain to targen and back."""

import asyncio
import json
import threading
from types import SimpleNamespace

import pytest
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import Field, SecretStr

from targen_core import ChatReply, errors
from targen_core.calls.model import ChatModel, ChatRequest, Message
from targen_core.plugins.loader import load_registry
from targen_standard.langchain.chat import TargenChat
from targen_standard.langchain.model import LangChainModel


def request_of(text="Name a river.", schema=None, **params):
    """A request of one user message."""
    turns = (Message("system", "You answer briefly."), Message("user", text))
    return ChatRequest(turns, {"max_tokens": 40, "seed": 7, **params}, schema, "reply")


class Chat(FakeListChatModel):
    """A langchain model that notes its calls and answers or raises as told."""

    responses: list[str] = Field(default_factory=list)
    model_name: str = "parrot"
    reply: object = None
    seen: list = Field(default_factory=list)

    def _generate(self, messages, stop=None, run_manager=None, **kwargs):
        self.seen.append((messages, stop, kwargs, threading.current_thread()))
        if isinstance(self.reply, Exception):
            raise self.reply
        return ChatResult(generations=[ChatGeneration(message=self.reply)])


class Keyed(Chat):
    """One with a key, kept as providers' classes keep theirs."""

    api_key: SecretStr


def complete(model, request=None):
    """The reply of a model, or of a langchain model."""
    model = model if isinstance(model, LangChainModel) else LangChainModel(model)
    return asyncio.run(model.complete(request or request_of()))


def fails(model, cause="", match=None):
    """The error that a call of a langchain model ends with."""
    with pytest.raises(errors.ServiceError, match=match) as caught:
        complete(model)
    assert caught.value.cause == cause or not cause
    return caught.value


def test_a_langchain_model_answers():
    chat = Chat(
        reply=AIMessage(
            [{"type": "text", "text": "Vol"}, {"type": "text", "text": "ga"}],
            usage_metadata={
                "input_tokens": 9,
                "output_tokens": 2,
                "total_tokens": 11,
                "input_token_details": {"cache_read": 4, "cache_creation": 3},
                "output_token_details": {"reasoning": 1},
            },
            response_metadata={"finish_reason": "length"},
        )
    )
    registry = load_registry()
    model = registry.chat_model(chat)
    assert isinstance(model, LangChainModel) and isinstance(model, ChatModel)
    assert registry.chat_model(model) is model
    reply = complete(model, request_of(temperature=0.5, top_p=None, stop="\n"))
    assert reply == ChatReply(
        "Volga", "length", 9, 2, cache_read_tokens=4, cache_write_tokens=3, reasoning_tokens=1
    )
    messages, stop, kwargs, thread = chat.seen[0]
    assert messages == [SystemMessage("You answer briefly."), HumanMessage("Name a river.")]
    assert stop == ["\n"]
    assert kwargs == {"max_tokens": 40, "seed": 7, "temperature": 0.5}
    assert thread is not threading.main_thread()  # one without native async blocks no loop


@pytest.mark.parametrize(
    ("said", "finish"),
    [
        ("stop_reason=end_turn", "stop"),
        ("finish_reason=MAX_TOKENS", "length"),
        ("finish_reason=SAFETY", "content-filter"),
        ("stop_reason=refusal", "refusal"),
        ("done_reason=stop", "stop"),
        ("finish_reason=tool_calls", "other"),
    ],
)
def test_finish_by_provider(said, finish):
    name, _, reason = said.partition("=")
    assert complete(Chat(reply=AIMessage("x", response_metadata={name: reason}))).finish == finish


def test_identity_names_class_model_and_settings():
    one, two = (LangChainModel(FakeListChatModel(responses=[text])) for text in "ab")
    assert one.identity != two.identity
    assert one.identity == LangChainModel(FakeListChatModel(responses=["a"])).identity
    assert LangChainModel(Chat()).identity.split(":")[2] == "parrot"
    assert one.price is None and not one.structured and not one.seeded


def raised(name, *bases, **attributes):
    return type(name, bases or (Exception,), attributes)("words sk-abcdef123456")


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (raised("RateLimitError"), "rate-limit"),
        (raised("Whatever", status_code=429), "rate-limit"),
        (raised("RateLimitError", code="insufficient_quota"), "credit"),
        (raised("BadRequestError", status_code=400, code="content_filter"), "content-filter"),
        (raised("Whatever", status_code=529), "overloaded"),
        (raised("AuthenticationError"), "key"),
        (raised("Whatever", status_code=403), "key"),
        (raised("APIConnectionError"), "connection"),
        (raised("InternalServerError", status_code=503), "overloaded"),
        (raised("InternalServerError", status_code=500), "server-error"),
        (raised("Deep", type("APIConnectionError", (Exception,), {})), "connection"),
        (ConnectionResetError("gone"), "connection"),
        (TimeoutError(), "timeout"),
        (raised("BadRequestError", status_code=400), "bad-request"),
        (ValueError("prompt is too long: 9 tokens"), "too-long"),
        (KeyError("surprise"), "unsupported"),
        (errors.ServiceError("ours", cause="unsupported"), "unsupported"),
        (RecursionError("deep"), "no-reply"),  # an envelope that it cannot read
        (json.JSONDecodeError("x", "y", 0), "no-reply"),
    ],
)
def test_errors_of_a_langchain_model(error, cause):
    found = fails(Chat(reply=error), cause)
    assert "sk-abc" not in str(found)
    unreadable = isinstance(error, RecursionError | json.JSONDecodeError)
    assert found.billed is (unreadable or cause in ("timeout", "content-filter"))


@pytest.mark.parametrize(
    ("said", "wait"), [("4", 4), *((odd, None) for odd in ("inf", "nan", "9" * 400, "-1"))]
)
def test_retry_after_of_a_langchain_models_response(said, wait):
    response = SimpleNamespace(status_code=429, headers={"retry-after": said})
    assert fails(Chat(reply=raised("E", response=response)), "rate-limit").retry_after == wait


def test_a_langchain_model_s_own_key_is_not_repeated():
    key = "plain-words-as-a-key-0123456789"
    odd = type("Odd", (Exception,), {})(f"{'.' * 480}{key} {key.upper()} \x1b[31m\ud800")
    error = fails(Keyed(reply=odd, api_key=SecretStr(key)))
    shown = f"{error!r} {error.__cause__!r}"
    assert key not in shown
    assert str(error).encode() and "\x1b" not in str(error)


class Echo:
    """A `ChatModel` that answers with what it was asked."""

    identity = "echo"
    structured = seeded = False
    max_concurrency = price = None

    async def complete(self, request: ChatRequest) -> ChatReply:
        roles = ",".join(m.role for m in request.messages)
        return ChatReply(f"{roles} {dict(request.params)}", "refusal", 4, 2)

    def count_tokens(self, request: ChatRequest) -> int:
        return 1

    async def aclose(self) -> None:
        pass


def test_the_skin_makes_a_langchain_model_of_any_chat_model():
    chat = TargenChat(model=Echo(), params={"top_p": 0.5})
    turns = [SystemMessage("s"), HumanMessage("h"), AIMessage("a"), HumanMessage("h")]
    expected = "system,user,assistant,user {'max_tokens': 1024, 'top_p': 0.5, 'stop': ['x']}"
    message = chat.invoke(turns, stop=["x"])
    assert message.text == expected
    assert message.usage_metadata["total_tokens"] == 6
    assert message.response_metadata["finish_reason"] == "refusal"
    assert asyncio.run(chat.ainvoke(turns, stop=["x"])).text == expected
    with pytest.raises(ValueError, match="'tool' messages"):
        chat.invoke([ToolMessage("x", tool_call_id="1")])


def test_there_and_back_again():
    model = load_registry().chat_model(TargenChat(model=Echo(), params={}))
    text = "system,user {'max_tokens': 40, 'seed': 7}"
    assert complete(model) == ChatReply(text, "refusal", 4, 2)


SCHEMA = {"title": "Reply", "type": "object", "properties": {"river": {"type": "string"}}}


class Formed(Chat):
    """One that sends a schema as the form of its reply, as most providers' classes do."""

    refuses: str = ""

    def with_structured_output(self, schema, *, method="function_calling", **kwargs):
        if method == "json_schema":
            traced = {"kwargs": {"method": method}, "schema": schema}
            return self.bind(form=schema, ls_structured_output_format=traced) | (lambda x: x)
        return super().with_structured_output(schema, **kwargs)

    def bind_tools(self, tools, *, tool_choice=None, **kwargs):
        return self.bind(tools=tools, tool_choice=tool_choice, **kwargs)

    def _generate(self, messages, stop=None, run_manager=None, **kwargs):
        if self.refuses and self.refuses in kwargs:
            self.seen.append((messages, stop, kwargs, None))
            raise Refused(f"unknown parameter: {self.refuses}")
        return super()._generate(messages, stop, run_manager, **kwargs)


class Refused(Exception):
    status_code = 400


def test_a_schema_goes_the_way_that_the_class_has():
    chat = Formed(reply=AIMessage('{"river": "Volga"}'))
    model = LangChainModel(chat)
    assert model.structured and model.identity.endswith(":schema")
    assert complete(model, request_of(schema=SCHEMA)).text == '{"river": "Volga"}'
    complete(model)
    (messages, _, kwargs, _), (*_, free, _) = chat.seen
    assert kwargs["form"]["properties"] == SCHEMA["properties"] and kwargs["max_tokens"] == 40
    assert "ls_structured_output_format" not in kwargs  # langchain's own tracing
    assert messages[-1].content == "Name a river."
    assert "form" not in free  # free text is asked freely


def test_a_service_that_refuses_a_schema_is_asked_in_words_from_then_on():
    chat = Formed(reply=AIMessage("{}"), refuses="form")
    model = LangChainModel(chat)
    bound = model.count_tokens(request_of(schema=SCHEMA))
    for _ in range(2):
        complete(model, request_of(schema=SCHEMA))
    asked = [
        ("form" in more, "JSON schema" in turns[-1].content) for turns, _, more, _ in chat.seen
    ]
    assert asked == [(True, False), (False, True), (False, True)]
    assert bound >= sum(len(turn.content) for turn in chat.seen[-1][0]) / 4


def test_settings_that_a_class_does_not_name_tell_models_apart():
    class Silent(Chat):
        heat: float = 1
        base_url: str = "http://one.test"
        api_key: SecretStr = SecretStr("sk-first-key")
        calls: int = 0

        @property
        def _identifying_params(self):
            return {}

    def identity(**settings):
        return LangChainModel(Silent(**settings)).identity

    ways = [{}, {"heat": 2}, {"heat": 3}, {"base_url": "http://two.test"}, {"reply": {(1,): 2}}]
    assert len({identity(**way) for way in ways}) == len(ways)
    assert identity(heat=2) == identity(heat=2, callbacks=[], api_key=SecretStr("sk-other-key"))
    login = "http://me:{}@two.test"
    assert identity(base_url=login.format("first-pass")) == identity(
        base_url=login.format("other-pass")
    )
    chat = Silent(heat=2)
    before = LangChainModel(chat).identity
    chat.calls += 1  # as a class counts its calls
    assert LangChainModel(chat).identity == before
    chat.heat = 3
    assert LangChainModel(chat).identity != before
