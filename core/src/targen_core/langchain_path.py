"""`--backend langchain:package.module.Class`: any langchain chat model, by its import path.

Or `langchain:./file.py:Class`, for a class in a file. A file is taken from
the command line alone: what a run keeps is an id without a path, and resuming
finds no code by it.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import importlib_metadata
from pydantic import ConfigDict, SecretStr, ValidationError, model_validator

from targen_core import folders
from targen_core.calls import error_patterns
from targen_core.calls.backend import Backend, BackendOptions
from targen_core.calls.langchain import LangChainModel, place
from targen_core.calls.secrets import may_name_secret
from targen_core.errors import MissingDependency, UnknownOption, UsageError
from targen_core.origin import Typed, execute, find_module, order_of
from targen_core.plain import content_of
from targen_core.plugins.register import Registration
from targen_core.suggestions import did_you_mean
from targen_core.wording import AGAIN, Blank, Option, Setting

__all__ = ["PREFIX", "LangChainOptions", "is_known_class", "registration", "remember_class"]

PREFIX = "langchain"

_FILE = ".py:"


class _PathModel(LangChainModel):
    """A model whose code may change from run to run."""

    cacheable = False
    """Whether its replies may be shared between runs: its class says so by `targen_cacheable`."""


class _SecretJson(SecretStr):
    """A secret that is an object, such as headers, as JSON."""


def _hide(value: Any) -> Any:
    if isinstance(value, str):
        return SecretStr(value)
    return _SecretJson(json.dumps(value)) if isinstance(value, dict | list) else value


class LangChainOptions(BackendOptions):
    """What `-o` takes: whatever the class's constructor takes.

    What is called like a key or a password is a secret: no run directory keeps
    it, and a resumed run takes it from where the class itself looks for it.
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


def registration(name: str) -> Registration[Backend]:
    """The backend that `langchain:package.module.Class` or a file names; nothing is imported yet.

    Raises:
        UsageError: where this is no import path.
    """
    if _FILE in name:
        return _in_file(Typed(order_of(name).partition(":")[2]))
    path = name.partition(":")[2].replace(":", ".")
    module, dot, attribute = path.rpartition(".")
    if not dot or not all(part.isidentifier() for part in path.split(".")):
        raise UsageError(
            f"backend {name!r} names no class",
            hint=f"{PREFIX}:package.module.Class, e.g. {PREFIX}:langchain_openai.ChatOpenAI; "
            f"or {PREFIX}:./file.py:Class",
        )
    backend = Backend(
        summary=f"the langchain chat model {path}",
        options=LangChainOptions,
        create=partial(_create, path, partial(_imported, name, module, attribute)),
        packages=_distributions(module),
    )
    return Registration("backend", path, backend, backend.summary, PREFIX, path, "langchain-core")


def _in_file(where: Typed) -> Registration[Backend]:
    """The backend of a class in a file, `FILE.py:CLASS`.

    Its id is as if the file were a module that can be imported: no run keeps a path.
    """
    file, _, attribute = where.rpartition(":")
    if not attribute.isidentifier():
        raise UsageError(
            f"backend {PREFIX}:{where!r} names no class", hint=f"{PREFIX}:./file.py:Class"
        )
    module = re.sub(r"\W|^(?=\d)", "_", Path(file).stem)
    name = f"{module}.{attribute}"
    backend = Backend(
        summary=f"the langchain chat model {attribute} of {file}",
        options=LangChainOptions,
        create=partial(_create, where, partial(_loaded, Typed(file), attribute)),
        packages=("langchain-core",),
    )
    return Registration("backend", name, backend, backend.summary, PREFIX, name, "langchain-core")


def remember_class(backend: str) -> None:
    """Remember that this user has used a class, by its backend's id."""
    folders.make_known("classes", hashlib.sha256(backend.encode()).hexdigest())


def is_known_class(backend: str) -> bool:
    """Return whether this user has used a class before, by its backend's id."""
    return folders.is_known("classes", hashlib.sha256(backend.encode()).hexdigest())


def _imported(name: str, module: str, attribute: str) -> Any:
    """What an import path names.

    Raises:
        Untrusted: the name is data, and this user has not used the class before.
        MissingDependency: a module that it imports and that cannot be imported.
        UsageError: no such module or class.
    """
    path = f"{module}.{attribute}"
    try:
        if not is_known_class(f"{PREFIX}:{path}"):
            order_of(name)
        return getattr(find_module(Typed(module)), attribute)
    except ModuleNotFoundError as error:
        missing = error.name or module
        # No package is proposed: anybody may have registered one of that name.
        if module == missing or module.startswith(f"{missing}."):
            file = f"./{module.replace('.', '/')}.py"
            raise UsageError(
                f"the langchain model {path}: no module named {missing!r} can be imported",
                hint="a class in a file is named by its path: "
                + Option("model", f"{PREFIX}:{file}:{attribute}")
                + " (a run of one goes on by "
                + AGAIN
                + ", not by resume); a package is installed by the name that its documentation "
                "says",
            ) from error
        raise MissingDependency(
            f"the langchain model {path} imports {missing!r}, and no module of that name can be "
            "imported",
            distribution=PREFIX,
            hint=f"see what the documentation of {module.split('.')[0]} says to install",
        ) from error
    except AttributeError:
        raise UsageError(
            f"module {module} has no {attribute}", hint="the class as its documentation imports it"
        ) from None


def _loaded(named: Typed, attribute: str) -> Any:
    """A class of a file, which is executed.

    Raises:
        MissingDependency: a module that it imports and that cannot be imported.
        UsageError: no such file or class, or one that does not run.
    """
    file = Path(named)
    if not file.is_file():
        raise UsageError(
            f"there is no file {file}", hint=f"{PREFIX}:./file.py:Class, seen from this folder"
        )
    try:
        made = execute(named, content_of(file), "targen_file_")
    except ModuleNotFoundError as error:
        raise MissingDependency(
            f"{file} imports {error.name!r}, and no module of that name can be imported",
            distribution=PREFIX,
            hint="install it, or put what is needed into the file itself",
        ) from error
    except Exception as error:
        line = getattr(error, "lineno", None) or _line_in(file, error)
        raise UsageError(
            f"{file}{f', line {line}' if line else ''}: {type(error).__name__}: {error}",
            hint="fix the file; it is executed whenever the class is used",
        ) from error
    try:
        return getattr(made, attribute)
    except AttributeError:
        raise UsageError(
            f"{file} has no {attribute}", hint=did_you_mean(attribute, vars(made), "names")
        ) from None


def _line_in(file: Path, error: Exception) -> int | None:
    """The last line of a file that an error came by."""
    line, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(file.absolute()):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _create(path: str, find: Callable[[], Any], options: LangChainOptions) -> LangChainModel:
    """Find the class and make its model.

    Raises:
        MissingDependency: a package that is not installed.
        UsageError: no such class, no chat model, or options that it does not take.
    """
    kind = find()
    from langchain_core.language_models import BaseChatModel

    if not (isinstance(kind, type) and issubclass(kind, BaseChatModel)):
        raise UsageError(
            f"{path} is not a langchain chat model",
            hint="a subclass of langchain_core.language_models.BaseChatModel, such as "
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
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise UsageError(
            f"{path}: {field + ': ' if field else ''}{error_patterns.quoted(first['msg'])}",
            hint=f"options of the class: {', '.join(sorted(kind.model_fields)[:40])}",
        ) from None
    except Exception as error:
        raise UsageError(
            f"{path} could not be created: {type(error).__name__}: "
            f"{error_patterns.quoted(str(error))}"
            f"{place(error, kind)}",
            hint="its options are given with " + Setting("KEY", Blank("VALUE")),
        ) from None
    for name in unsure:
        if not hasattr(chat, name):
            raise _no_option(path, kind, name)
    model.cacheable = getattr(kind, "targen_cacheable", False) is True
    # A class tells what it likes of itself: two addresses must not share replies.
    public = {name: value for name, value in extra.items() if not isinstance(value, SecretStr)}
    text = json.dumps(public, sort_keys=True, default=str)
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

    Fields by their names and aliases, as the class allows, and the arguments of
    constructors of its own; where one takes any, more is possible.
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
    """Names of options of which only the model itself can tell whether it takes them.

    Raises:
        UsageError: one that the class does not take; pydantic passes over those.
    """
    names, complete = _names(kind)
    unknown = [name for name in options if name not in names]
    if unknown and complete:
        raise _no_option(path, kind, unknown[0])
    return unknown if kind.model_config.get("extra") != "allow" else []


def _no_option(path: str, kind: Any, name: str) -> UsageError:
    names, _ = _names(kind)
    hint = did_you_mean(name, sorted(names), "options")
    if "model_kwargs" in names:
        example = Setting("model_kwargs", {"NAME": Blank("VALUE")})
        hint = f"{hint}; what goes into each request besides: {example}"
    return UnknownOption(f"{path} has no option {name!r}", option=name, known=names, hint=hint)


def _distributions(module: str) -> tuple[str, ...]:
    """The distributions whose versions belong in a manifest."""
    name = module.split(".")[0].replace("_", "-")  # as most are called
    try:
        importlib_metadata.version(name)
    except importlib_metadata.PackageNotFoundError:
        return ("langchain-core",)
    return (name, "langchain-core")
