"""A langchain class as a backend: `--backend langchain:package.module.Class`."""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Mapping
from difflib import get_close_matches
from functools import partial
from typing import Any

import importlib_metadata
from pydantic import ConfigDict, SecretStr, ValidationError, model_validator

from targen_core import Backend, BackendOptions
from targen_core.calls.secrets import may_name_secret
from targen_core.errors import UsageError
from targen_core.hints import did_you_mean
from targen_core.plugins.adapters import Adapter, NamedClass
from targen_core.text import refused
from targen_standard import error_patterns
from targen_standard.langchain.model import LangChainModel, adapted, decides_replies, place

_SLIP = 0.9  # similarity from which an unknown option counts as a misspelling of one of the class


class _PathModel(LangChainModel):
    """A model whose code may change from run to run."""

    cacheable = False
    """Return whether runs may share replies, which a class declares by `targen_cacheable`."""


class _SecretJson(SecretStr):
    """A secret that is an object, such as headers, as JSON."""


def _hide(value: Any) -> Any:
    if isinstance(value, str):
        return SecretStr(value)
    return _SecretJson(json.dumps(value)) if isinstance(value, dict | list) else value


class LangChainOptions(BackendOptions):
    """Options for `-o`: those of the class's constructor.

    An option named like a key or a password is a secret. Run directories never store it, and a
    resumed run takes it from where the class itself looks for it.
    """

    model_config = ConfigDict(extra="allow", hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _hidden(cls, values: Any) -> Any:
        """Wrap what must not be kept."""
        if not isinstance(values, dict):
            return values
        return {
            name: _hide(value) if may_name_secret(str(name)) else value
            for name, value in values.items()
        }


def backend(named: NamedClass) -> Backend:
    """Return the backend of a class, which is imported when its model is made."""
    return Backend(
        summary=f"the LangChain chat model {named.id}",
        options=LangChainOptions,
        create=partial(_create, named),
        packages=_distributions(named.where),
    )


def _create(named: NamedClass, options: LangChainOptions) -> LangChainModel:
    """Find the class and make its model.

    Raises:
        MissingDependency: a package that is not installed.
        UsageError: no such class, no chat model, or options that it does not take.
    """
    path, kind = named.id, named.load()
    from langchain_core.language_models import BaseChatModel

    if not (isinstance(kind, type) and issubclass(kind, BaseChatModel)):
        raise UsageError(
            f"{path} is not a LangChain chat model",
            hint="use a subclass of langchain_core.language_models.BaseChatModel, such as "
            "langchain_openai.ChatOpenAI",
        )
    extra = options.__pydantic_extra__ or {}
    unsure = _check_names(path, kind, extra)
    arguments = {name: _plain(kind, name, value) for name, value in extra.items()}
    if "max_retries" in kind.model_fields:
        arguments.setdefault("max_retries", 0)  # the call layer retries, and counts each attempt
    try:
        chat = kind(**arguments)
        model = _PathModel(chat)
    except ValidationError as error:
        raise UsageError(
            f"{path}: {error_patterns.quoted(refused(error))}",
            hint=f"options of the class: {', '.join(sorted(kind.model_fields)[:40])}",
        ) from None
    except Exception as error:
        raise UsageError(
            f"{path} could not be created: {type(error).__name__}: "
            f"{error_patterns.quoted(str(error))}"
            f"{place(error, kind)}",
            hint="pass its options with -o KEY=VALUE",
        ) from None
    for name in unsure:
        if not hasattr(chat, name):
            raise _no_option(path, kind, name)
    model.cacheable = getattr(kind, "targen_cacheable", False) is True
    # A class tells what it likes of itself: two addresses must not share replies.
    public = {name: value for name, value in extra.items() if not isinstance(value, SecretStr)}
    text = json.dumps(decides_replies(public), sort_keys=True, default=str)
    model.identity += f":{hashlib.sha256(text.encode()).hexdigest()[:12]}"
    return model


def _plain(kind: Any, name: str, value: Any) -> Any:
    """An option as the constructor takes it: secrets in the clear, numbers as numbers."""
    if isinstance(value, _SecretJson):
        return json.loads(value.get_secret_value())
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    field = kind.model_fields.get(name)
    if isinstance(value, str) and (field is None or field.annotation is not str):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _names(kind: Any) -> tuple[set[str], bool]:
    """The options that a class's constructor takes, and whether those are all.

    Fields by their names and aliases, as the class allows, and the arguments of constructors of its
    own; if one takes any, more is possible.
    """
    config = kind.model_config
    by_name = config.get("populate_by_name") or config.get("validate_by_name")
    names: set[str] = set()
    for field, info in kind.model_fields.items():
        alias = info.validation_alias or info.alias
        if alias is None or by_name:
            names.add(field)
        for one in getattr(alias, "choices", [alias]):
            if isinstance(one, str):
                names.add(one)
            elif one is not None:  # a path into a value
                names.add(str(one.path[0]))
    complete = config.get("extra") != "allow"
    for base in kind.__mro__:
        own = "__init__" in vars(base) and not base.__module__.startswith(
            ("pydantic.", "langchain_core.")
        )
        if own and base is not object:
            for name, argument in list(inspect.signature(base.__init__).parameters.items())[1:]:
                if argument.kind is argument.VAR_KEYWORD:
                    complete = False
                elif argument.kind is not argument.VAR_POSITIONAL:
                    names.add(name)
    return names, complete


def _check_names(path: str, kind: Any, options: Mapping[str, Any]) -> list[str]:
    """Return names of options that only the model itself can judge.

    Raises:
        UsageError: one that the class does not take; pydantic passes over those.
    """
    names, complete = _names(kind)
    unknown = [name for name in options if name not in names]
    # A class that takes any name takes slips too.
    slips = unknown if complete else [n for n in unknown if get_close_matches(n, names, 1, _SLIP)]
    if slips:
        raise _no_option(path, kind, slips[0])
    return unknown if kind.model_config.get("extra") != "allow" else []


def _no_option(path: str, kind: Any, name: str) -> UsageError:
    names, _ = _names(kind)
    hint = did_you_mean(name, sorted(names), "options")
    if "model_kwargs" in names:
        example = """-o 'model_kwargs={"NAME": "VALUE"}'"""
        hint = f"{hint}; to add a parameter to each request: {example}"
    return UsageError(f"{path} has no option {name!r}", option=name, known=names, hint=hint)


def _distributions(module: str) -> tuple[str, ...]:
    """The distributions whose versions belong in a manifest."""
    name = module.split(".")[0].replace("_", "-")  # as most are called
    try:
        importlib_metadata.version(name)
    except importlib_metadata.PackageNotFoundError:
        return ("langchain-core",)
    return (name, "langchain-core")


LANGCHAIN = Adapter(adapt=adapted, backend=backend, example="langchain_openai.ChatOpenAI")
"""The registered adapter for langchain's chat models."""
