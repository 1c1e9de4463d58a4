"""`--backend langchain:package.module.Class`: any langchain chat model, by its import path."""

from __future__ import annotations

import hashlib
import importlib
import importlib.metadata
import json
import re
from typing import Any

from pydantic import ConfigDict, SecretStr, ValidationError, model_validator

from targen_core.calls import signs
from targen_core.calls.backend import Backend, BackendOptions
from targen_core.calls.langchain import LangChainModel
from targen_core.errors import MissingDependency, UsageError
from targen_core.plugins.register import Registration

__all__ = ["PREFIX", "LangChainOptions", "registration"]

PREFIX = "langchain"

_SECRET = re.compile(r"key|token$|secret|password|credential|authorization|headers", re.IGNORECASE)
_NOT_SECRET = re.compile(r"max_|_file$")


class LangChainOptions(BackendOptions):
    """What `-o` takes: whatever the class's constructor takes.

    What is called like a key or a password is a secret: no run directory keeps
    it, and a resumed run takes it from where the class itself looks for it.
    """

    model_config = ConfigDict(extra="allow", hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _hidden(cls, given: Any) -> Any:
        """Wrap what must not be kept."""
        if not isinstance(given, dict):
            return given
        return {
            name: SecretStr(value)
            if isinstance(value, str) and _SECRET.search(name) and not _NOT_SECRET.search(name)
            else value
            for name, value in given.items()
        }


def registration(name: str) -> Registration[Backend]:
    """The backend that `langchain:package.module.Class` names; nothing is imported yet.

    Raises:
        UsageError: where this is no import path.
    """
    path = name.partition(":")[2].replace(":", ".")
    module, dot, attribute = path.rpartition(".")
    if not dot or not all(part.isidentifier() for part in path.split(".")):
        raise UsageError(
            f"backend {name!r} names no class",
            hint=f"{PREFIX}:package.module.Class, e.g. {PREFIX}:langchain_openai.ChatOpenAI",
        )
    backend = Backend(
        summary=f"the langchain chat model {path}",
        options=LangChainOptions,
        create=lambda options: _create(module, attribute, options),
        packages=_distributions(module),
    )
    return Registration("backend", path, backend, backend.summary, PREFIX, path, _package(module))


def _create(module: str, attribute: str, options: LangChainOptions) -> LangChainModel:
    """Import the class and make its model.

    Raises:
        MissingDependency: a package that is not installed.
        UsageError: no such class, no chat model, or options that it does not take.
    """
    path = f"{module}.{attribute}"
    try:
        found = getattr(importlib.import_module(module), attribute)
    except ModuleNotFoundError as error:
        missing = error.name or module
        raise MissingDependency(
            f"the langchain model {path} needs the package {missing!r}, which is not installed",
            distribution=PREFIX,
            hint=f"pip install {_package(missing)}",
        ) from error
    except AttributeError:
        raise UsageError(
            f"module {module} has no {attribute}", hint="the class as its documentation imports it"
        ) from None
    from langchain_core.language_models import BaseChatModel

    if not (isinstance(found, type) and issubclass(found, BaseChatModel)):
        raise UsageError(
            f"{path} is no langchain chat model",
            hint="a subclass of langchain_core.language_models.BaseChatModel, such as "
            "langchain_openai.ChatOpenAI",
        )
    extra = options.__pydantic_extra__ or {}
    given = {name: _plain(found, name, value) for name, value in extra.items()}
    if "max_retries" in found.model_fields:
        given.setdefault("max_retries", 0)  # the call layer retries, and counts each attempt
    try:
        model = LangChainModel(found(**given))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise UsageError(
            f"{path}: {field + ': ' if field else ''}{signs.quoted(first['msg'])}",
            hint=f"options of the class: {', '.join(sorted(found.model_fields)[:40])}",
        ) from None
    except Exception as error:
        raise UsageError(
            f"{path} could not be made: {type(error).__name__}: {signs.quoted(str(error))}",
            hint="its options are given with -o KEY=VALUE",
        ) from None
    # A class tells what it likes of itself: two addresses must not share replies.
    public = {name: value for name, value in extra.items() if not isinstance(value, SecretStr)}
    text = json.dumps(public, sort_keys=True, default=str)
    model.identity += f":{hashlib.sha256(text.encode()).hexdigest()[:12]}"
    return model


def _plain(kind: Any, name: str, value: Any) -> Any:
    """An option as the constructor takes it: secrets in the clear, numbers as numbers."""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    field = kind.model_fields.get(name)
    if isinstance(value, str) and (field is None or field.annotation is not str):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _package(module: str) -> str:
    """What pip most likely calls the distribution of a module."""
    return module.split(".")[0].replace("_", "-")


def _distributions(module: str) -> tuple[str, ...]:
    """The distributions whose versions belong in a manifest."""
    name = _package(module)
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ("langchain-core",)
    return (name, "langchain-core")
