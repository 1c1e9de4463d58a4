"""`langchain:package.module.Class` as a backend."""

from __future__ import annotations

import asyncio
import sys
from types import ModuleType

import pytest
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from pydantic import Field, SecretStr

from targen_core.calls.langchain import LangChainModel
from targen_core.calls.langchain_path import registration
from targen_core.calls.model import ChatRequest, Message
from targen_core.errors import MissingDependency, UsageError
from targen_core.plugins.registry import Registry
from targen_core.runs.options import backend_options, public_options

PATH = "langchain:their_package.chat.TheirChat"


class TheirChat(FakeListChatModel):
    """A chat model as a partner package has them."""

    responses: list[str] = Field(default_factory=lambda: ["Ob"])
    api_key: SecretStr = SecretStr("")
    base_url: str = ""
    max_retries: int = 2
    size: int = 1
    strict: str = "no"


@pytest.fixture(autouse=True)
def their_package(monkeypatch):
    package, module = ModuleType("their_package"), ModuleType("their_package.chat")
    module.TheirChat = TheirChat
    module.helper = print
    monkeypatch.setitem(sys.modules, "their_package", package)
    monkeypatch.setitem(sys.modules, "their_package.chat", module)


def made(name=PATH, **options):
    registry = Registry()
    backend = registry.resolve(registry.find("backend", name))
    chosen = backend_options(name, backend, options)
    return backend.create(chosen), chosen


@pytest.mark.parametrize("name", [PATH, "langchain:their_package.chat:TheirChat"])
def test_it_answers(name):
    model, _ = made(name)
    assert isinstance(model, LangChainModel)
    request = ChatRequest((Message("user", "Name a river."),), {"max_tokens": 5})
    assert asyncio.run(model.complete(request)).text == "Ob"


def test_a_run_finds_it_again_by_its_id():
    registry = Registry()
    found = registry.find("backend", PATH)
    assert found.id == PATH
    assert registry.find("backend", found.id).id == found.id


def test_options_go_to_the_constructor():
    model, _ = made(base_url="http://h/v1", size="7", strict="4", api_key="sk-abcdef123456")
    chat = model._model
    assert (chat.base_url, chat.size, chat.strict) == ("http://h/v1", 7, "4")
    assert chat.api_key.get_secret_value() == "sk-abcdef123456"
    assert chat.max_retries == 0  # the call layer retries
    assert made(max_retries="3")[0]._model.max_retries == 3


def test_no_run_directory_keeps_a_key():
    model, chosen = made(api_key="hidden-1", hf_token="hidden-2", base_url="http://h", size="2")
    assert public_options(chosen) == {"base_url": "http://h", "size": "2"}
    assert "hidden" not in f"{chosen!r}{model.identity}"


def test_the_address_is_part_of_the_identity_and_the_key_is_not():
    one = made(base_url="http://one")[0].identity
    assert one == made(base_url="http://one", api_key="k")[0].identity
    assert one != made(base_url="http://two")[0].identity


@pytest.mark.parametrize(
    ("name", "kind", "words", "hint"),
    [
        ("langchain:ChatOpenAI", UsageError, "names no class", "langchain_openai.ChatOpenAI"),
        ("langchain:", UsageError, "names no class", "package.module.Class"),
        ("langchain:no_such_pkg.Chat", MissingDependency, "'no_such_pkg'", "pip install no-such"),
        ("langchain:their_package.chat.Other", UsageError, "has no Other", "documentation"),
        ("langchain:their_package.chat.helper", UsageError, "no langchain chat model", "subclass"),
    ],
)
def test_what_is_no_model_says_so(name, kind, words, hint):
    with pytest.raises(kind, match=words) as caught:
        made(name)
    assert hint in caught.value.hint


def test_an_option_that_the_class_refuses_is_told_without_its_value():
    with pytest.raises(UsageError, match="size: ") as caught:
        made(size="hunter2")
    assert "hunter2" not in str(caught.value)
    assert "base_url" in caught.value.hint


def test_looking_it_up_imports_nothing():
    registration("langchain:no_such_pkg.Chat")
