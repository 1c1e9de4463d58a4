"""`langchain:package.module.Class` as a backend."""

from __future__ import annotations

import asyncio
import sys
from types import ModuleType
from typing import Any

import pytest
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from pydantic import AliasChoices, Field, SecretStr

from targen_core.calls.model import ChatRequest, Message
from targen_core.errors import UsageError
from targen_core.plugins.loader import load_registry
from targen_core.runs.step_options import backend_options, public_options
from targen_standard.langchain.model import LangChainModel

from ...tables import table

PATH = "langchain:their_package.chat.TheirChat"


class TheirChat(FakeListChatModel):
    """A chat model as a partner package has them."""

    responses: list[str] = Field(default_factory=lambda: ["Ob"])
    api_key: SecretStr = SecretStr("")
    hf_token: str = ""
    base_url: str = ""
    max_retries: int = 2
    size: int = 1
    strict: str = "no"


@pytest.fixture(autouse=True)
def module(monkeypatch):
    package, module = ModuleType("their_package"), ModuleType("their_package.chat")
    module.TheirChat, module.helper = TheirChat, print
    for each in (package, module):
        monkeypatch.setitem(sys.modules, each.__name__, each)
    return module


def made(name=PATH, **options):
    registry = load_registry()
    backend = registry.resolve(registry.find("backend", name))
    chosen = backend_options(name, backend, options)
    return backend.create(chosen), chosen


@pytest.mark.parametrize("name", [PATH, "langchain:their_package.chat:TheirChat"])
def test_it_answers(name):
    model, _ = made(name)
    assert isinstance(model, LangChainModel)
    request = ChatRequest((Message("user", "Name a river."),), {"max_tokens": 5})
    assert asyncio.run(model.complete(request)).text == "Ob"


def test_options_go_to_the_constructor():
    model, _ = made(base_url="http://h/v1", size="7", strict="4", api_key="sk-abcdef123456")
    chat = model._model
    assert (chat.base_url, chat.size, chat.strict) == ("http://h/v1", 7, "4")
    assert chat.api_key.get_secret_value() == "sk-abcdef123456"
    assert chat.max_retries == 0  # the call layer retries
    assert made(max_retries="3")[0]._model.max_retries == 3


def test_no_run_directory_keeps_a_key_and_its_identity_has_the_address():
    keys = {"api_key": "hidden-1", "hf_token": "hidden-2"}
    model, chosen = made(base_url="http://h", size="2", **keys)
    assert public_options(chosen) == {"base_url": "http://h", "size": "2"}
    assert "hidden" not in f"{chosen!r}{model.identity}"
    assert model.identity == made(base_url="http://h", size="2")[0].identity
    assert model.identity != made(base_url="http://two", size="2")[0].identity


NO_MODELS = """
    langchain:ChatOpenAI | is not a class name | langchain_openai.ChatOpenAI
    langchain: | is not a class name | package.module.Class
    langchain:no_such_pkg.Chat | 'no_such_pkg' | PYTHONPATH=FOLDER
    langchain:their_package.chat.Other | has no Other | documentation
    langchain:their_package.chat.helper | not a LangChain chat model | subclass
"""


@pytest.mark.parametrize(("name", "words", "hint"), table(NO_MODELS))
def test_what_is_no_model_says_so(name, words, hint):
    with pytest.raises(UsageError, match=words) as caught:
        made(name)
    assert hint in caught.value.hint


class Aliased(FakeListChatModel):
    """Fields that are given by other names, as partner packages have them."""

    responses: list[str] = Field(default_factory=lambda: ["Ob"])
    model_name: str = Field(default="m", alias="model")
    only_name: str = Field(default="x", validation_alias=AliasChoices("one", "two"))
    model_kwargs: dict[str, Any] = Field(default_factory=dict)


class Own(FakeListChatModel):
    """A class with a constructor of its own."""

    def __init__(self, town: str, **rest: Any) -> None:
        super().__init__(responses=[town], **rest)


@pytest.mark.parametrize(
    ("kind", "options", "problem", "hint"),
    [
        (TheirChat, {"base_ulr": "http://h"}, "base_ulr", "did you mean base_url"),
        (Aliased, {"modle": "m"}, "modle", "did you mean model"),
        (Aliased, {"model_name": "m"}, "model_name", "did you mean"),
        (Aliased, {"only_name": "m"}, "only_name", "model_kwargs"),
        (Own, {"town": "Ob", "twon": "x"}, "twon", "did you mean town"),
    ],
)
def test_an_option_that_the_class_does_not_take_is_an_error(kind, options, problem, hint, module):
    module.Kind = kind
    with pytest.raises(UsageError, match=f"has no option '{problem}'") as caught:
        made("langchain:their_package.chat.Kind", **options)
    assert hint in caught.value.hint
    assert "pip install" not in caught.value.hint
