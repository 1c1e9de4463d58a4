"""Adapters of plugins: objects and classes of another library as models and backends."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from targen_core import Backend, BackendOptions
from targen_core.api.generating import agenerate
from targen_core.errors import UsageError
from targen_core.origin import Typed, Untrusted, of_a_command
from targen_core.plugins.adapters import Adapter
from targen_core.plugins.loader import load_registry

from ..models import Silent


class Model(Silent):
    def __init__(self, client):
        self.identity = f"acme:{client.name}"


class Client:
    """What a library has in place of a `ChatModel`."""

    def __init__(self, name="m"):
        self.name = name


Client.__module__ = "acme_llm.clients"


class Tool:
    """Another class of the library."""


Tool.__module__ = "acme_llm.tools"


def adapt(thing):
    return Model(thing) if isinstance(thing, Client) else None


def backend(named):
    return Backend(
        summary=f"the class {named.id}",
        options=BackendOptions,
        create=lambda options: named.load()(),
    )


ACME = Adapter(adapt=adapt, backend=backend, example="acme_llm.Client")


def registering(name, adapter=ACME):
    """The hook of a plugin that has an adapter."""

    def register_adapters(register):
        register(name, adapter, summary="an acme Client", aliases=["acme_llm"])

    return {"register_adapters": register_adapters}


@pytest.fixture
def acme(load):
    """The registry with an adapter of the library acme_llm."""
    return lambda adapter=ACME: load(acme=registering("acme", adapter))


@pytest.fixture
def library(monkeypatch):
    module = ModuleType("acme_llm")
    module.Client = Client
    monkeypatch.setitem(sys.modules, "acme_llm", module)


def test_an_object_of_a_library_becomes_a_model(acme):
    registry = acme()
    model = registry.chat_model(Client("small"))
    assert model.identity == "acme:small"
    assert registry.chat_model(model) is model


def test_a_run_closes_the_model_that_an_adapter_made(acme, lab, drive, tmp_path):
    world = lab.World()
    model = lab.ToyModel(world.reply)
    registry = acme(Adapter(adapt=lambda thing: model if isinstance(thing, Client) else None))
    work = agenerate(world.task(), n=2, model=Client(), registry=registry, out=tmp_path / "x")
    drive(work)
    assert model.closed == 1


@pytest.mark.parametrize("thing", [Tool(), object()])
def test_any_other_object_is_no_model(thing, acme):
    with pytest.raises(TypeError, match="is neither a targen ChatModel nor an acme Client"):
        acme().chat_model(thing)
    with pytest.raises(TypeError, match="is not a targen ChatModel"):
        load_registry([]).chat_model(thing)


def test_two_adapters_of_one_library_are_ambiguous(load):
    with pytest.raises(UsageError, match="'acme_llm' is registered by 2 distributions"):
        load(a=registering("acme"), b=registering("acme")).chat_model(Client())


@pytest.mark.parametrize("name", ["acme:acme_llm.Client", "acme:acme_llm:Client"])
def test_a_class_is_a_backend_by_its_name(name, acme, library):
    registry = acme()
    item = registry.find("backend", name)
    assert (item.id, item.summary) == ("acme:acme_llm.Client", "the class acme_llm.Client")
    assert registry.kind_of(name) == "backend"
    made = registry.resolve(item).create(BackendOptions())
    assert registry.chat_model(made).identity == "acme:m"


def test_data_names_no_class(acme, library, tmp_path, monkeypatch):
    monkeypatch.setenv("TARGEN_CACHE_DIR", str(tmp_path / "cache"))
    (tmp_path / "x.py").write_text("open('EXECUTED', 'w').close()")
    registry = acme()
    with of_a_command():
        with pytest.raises(UsageError, match="is not a class name"):
            registry.find("backend", f"acme:{tmp_path}/x.py:Mine")
        named = registry.get("backend", "acme:acme_llm.Client")
        with pytest.raises(Untrusted):
            named.create(BackendOptions())
        ordered = registry.get("backend", Typed("acme:acme_llm.Client"))
        assert ordered.create(BackendOptions()).name == "m"
    assert not (tmp_path / "EXECUTED").exists()
