"""`targen describe` of what is no task: backends, correctors, exporters, lists, generators."""

from __future__ import annotations

import dataclasses
import inspect
import sys
from collections.abc import Callable, Iterator, Sequence
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin, get_type_hints

from targen_core.cli.tables import print_table
from targen_core.errors import PluginError, TargenError, UsageError
from targen_core.text import plural

if TYPE_CHECKING:
    from targen_core.calls.backend import Backend
    from targen_core.methods.model import Method
    from targen_core.plugins.register import Registration
    from targen_core.plugins.registry import Registry
    from targen_core.tasks.model import Task

__all__ = ["part_facts", "print_part"]


def part_facts(
    registry: Registry, item: Registration[Any], options: Sequence[str], *, prompts: bool
) -> dict[str, Any]:
    """What there is to say of a registered object that is no task."""
    facts = _identity(registry, item)
    if (model := registry.options_of(item)) is None:
        return facts | _own_facts(registry, item, registry.resolve(item), options, prompts=prompts)
    facts["options"] = _fields(model)
    try:
        target = registry.resolve(item)
    except UsageError:  # it needs an option, which the table marks
        return facts
    return facts | _own_facts(registry, item, target, options, prompts=prompts)


def _identity(registry: Registry, item: Registration[Any]) -> dict[str, Any]:
    versions = {plugin.distribution: plugin.version for plugin in registry.plugins}
    return {
        "kind": item.kind,
        "id": item.id,
        "version": versions.get(item.distribution, ""),
        "summary": item.summary,
        "install": item.install,
    }


def _own_facts(
    registry: Registry,
    item: Registration[Any],
    target: Any,
    options: Sequence[str],
    *,
    prompts: bool,
) -> dict[str, Any]:
    """What there is to say of an object of its kind."""
    facts: dict[str, Any] = {"summary": item.summary or getattr(target, "summary", "")}
    if item.kind == "backend":
        return facts | _backend(item.name, target, options)
    if item.kind == "exporter":
        return facts | {"writes": target.suffix or "folder", "about": _about(target.write)}
    if item.kind == "metric":
        needs = f"{item.distribution}[{target.extra}]" if target.extra else item.install
        own = {"title": target.title, "options": _fields(target.options), "install": needs}
        return facts | own | {"about": target.summary}
    if item.kind == "trainer":
        needs = f"{item.distribution}[{target.extra}]" if target.extra else item.install
        own = {"version": target.version, "options": _fields(target.options), "install": needs}
        own["weighs"] = target.weighs
        return facts | own | {"about": target.summary}
    if item.kind in ("catalogue", "retriever"):
        needs = f"{item.distribution}[{target.extra}]" if target.extra else item.install
        own = {"options": _fields(target.options), "install": needs, "about": target.summary}
        return facts | own
    if item.kind == "method":
        own = {"version": target.version, "options": _fields(target.options)}
        own |= {"presets": {name: dict(values) for name, values in target.presets.items()}}
        own |= {"given": target.given, **_asked_of_a_backend(registry, target)}
        return facts | own | {"about": target.source}
    if item.kind == "form":
        return facts | {"keys": _fields(target.spec)}
    if item.kind in ("contexts", "seeds"):
        users = [name for name, task in _tasks(registry) if any(target is p for p in task.chain)]
        return facts | {
            "item": _fields(target.item),
            "batch": target.batch,
            "once": target.once,
            "checked": target.check is not None,
            "dimensions": {one.name: len({*one.pool}) for one in target.dimensions},
            "about": _about(target.propose),
            "tasks": users,
        }
    if item.kind == "corrector":
        names = (item.name, item.id, target)
        users = [name for name, task in _tasks(registry) if task.judging.corrector in names]
        return facts | _corrector(target, prompts=prompts) | {"tasks": users}
    if item.kind == "generator":
        users = [
            f"{name}, branch {branch}"
            for name, task in _tasks(registry)
            for branch, generator in task.generators.items()
            if generator is target
        ]
        about = target if inspect.isroutine(target) else type(target)
        own = {"prompts": _prompts(target, texts=prompts), "tasks": users}
        return facts | {"about": _about(about), **_signature(target), **own}
    return facts | {"about": _about(target)}


def _backend(name: str, backend: Backend, items: Sequence[str]) -> dict[str, Any]:
    """Options, and what the model that they make supports and costs."""
    from targen_core.calls.sampling import SAMPLING
    from targen_core.runs.options import backend_options, parse_options, step_options

    facts: dict[str, Any] = {
        "options": [*_fields(backend.options)],
        "sampling": [*SAMPLING],
        "batches": backend.batch is not None,
        "top_logprobs": backend.top_logprobs,
        "scores_given": backend.scores_given,
        "continues": backend.continues,
        "cacheable": backend.cacheable,
        "packages": [*backend.packages],
        "model": None,
        "not_made": "",
    }
    user = step_options(parse_options(items), "generate")
    try:
        chosen = backend_options(name, backend, user.backend)
        facts["defaults"] = dict(backend.defaults(chosen)) if backend.defaults else {}
        facts["model"] = _supports(backend, chosen)
    except TargenError as error:
        if items and error.exit_code == 2:  # the user's own mistake
            raise
        facts["not_made"] = _why(error)
    except Exception as error:  # its authors' code, or a package that it lacks
        facts["not_made"] = _why(error)
    return facts


def _supports(backend: Backend, options: Any) -> dict[str, Any]:
    """What a model says of itself before it is asked anything."""
    import asyncio

    from targen_core.calls.langchain import as_chat_model
    from targen_core.calls.scores import continues, most_top, scores_given

    model = as_chat_model(backend.create(options))
    try:
        return {
            "identity": model.identity,
            "structured": model.structured,
            "seeded": model.seeded,
            "max_concurrency": model.max_concurrency,
            "top_logprobs": most_top(model),
            "scores_given": scores_given(model),
            "continues": continues(model),
            "price": None if model.price is None else dataclasses.asdict(model.price),
        }
    finally:
        asyncio.run(model.aclose())


def _asked_of_a_backend(registry: Registry, method: Method[Any]) -> dict[str, Any]:
    """What the task asks for that a method makes of a pair of texts, or why that is not known."""
    from targen_core.cli.describe_task import scored_facts
    from targen_core.methods.example import example_task

    try:
        return {"scored": scored_facts(registry, example_task(method)), "not_made": ""}
    except Exception as error:  # a package that it lacks, an option without a default, a bug
        return {"scored": [], "not_made": _why(error)}


def _why(error: Exception) -> str:
    """Why something could not be made, in a line."""
    if isinstance(error, TargenError):
        return f"{error}" + (f" ({error.hint})" if error.hint else "")
    return f"{type(error).__name__}: {error}"


def _corrector(corrector: Any, *, prompts: bool) -> dict[str, Any]:
    """What a corrector says of itself: its fields, if it is a dataclass, and its prompts."""
    from targen_core.tasks.prompt import Prompt

    settings = {}
    if dataclasses.is_dataclass(corrector):
        for part in dataclasses.fields(corrector):
            value = getattr(corrector, part.name)
            if not isinstance(value, Prompt) and part.name not in ("parameters", "prompts"):
                settings[part.name] = _plain(value)
    about = _about(corrector if inspect.isfunction(corrector) else type(corrector))
    return {
        "about": about,
        "settings": settings,
        "parameters": dict(getattr(corrector, "parameters", {})),
        "prompts": _prompts(corrector, texts=prompts),
    }


def _prompts(part: Any, *, texts: bool) -> list[dict[str, str]]:
    """A part's own prompts, with their texts if these are asked for."""
    from targen_core.tasks.prompt import Prompt

    asked = [one for one in getattr(part, "prompts", ()) if isinstance(one, Prompt)]
    return [
        {"name": prompt.name, "version": prompt.version} | ({"text": prompt.text} if texts else {})
        for prompt in asked
    ]


def _signature(function: Callable[..., Any]) -> dict[str, Any]:
    """Fields of the seed that a generator takes and of the instance that it gives."""
    call = function if inspect.isfunction(function) else type(function).__call__
    try:
        hints = get_type_hints(call)
    except (NameError, TypeError, AttributeError):  # annotations that only type checkers see
        return {"seed": [], "instance": []}
    taken = [name for name in inspect.signature(function).parameters if name in hints]
    return {
        "seed": _fields(hints[taken[-1]]) if len(taken) > 1 else [],
        "instance": _fields(hints.get("return")),
    }


def _fields(model: Any) -> list[dict[str, Any]]:
    """The fields of a pydantic model with their types and defaults; of a text, one."""
    from pydantic import BaseModel

    if model is str:
        return [{"name": "", "type": "str", "description": "a text"}]
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        return []
    fields = []
    for name, field in model.model_fields.items():
        one: dict[str, Any] = {
            "name": name,
            "type": _type(field.annotation),
            "description": field.description or "",
        }
        if field.is_required():
            one["required"] = True
        elif field.default_factory is None:
            one["default"] = _plain(field.default)
        fields.append(one | _bounds(field.metadata))
    return fields


_BOUNDS = {
    "ge": "at least",
    "gt": "above",
    "le": "at most",
    "lt": "below",
    "min_length": "length at least",
    "max_length": "length at most",
    "pattern": "like",
}
"""What pydantic calls a field's bounds, and how people read them."""


def _bounds(metadata: Sequence[Any]) -> dict[str, Any]:
    """What a value of a field must keep to."""
    bounds = {
        name: value
        for name in _BOUNDS
        for each in metadata
        if (value := getattr(each, name, None)) is not None
    }
    return {"bounds": {name: _plain(value) for name, value in bounds.items()}} if bounds else {}


def _kind(field: dict[str, Any]) -> str:
    """The type of a field with its bounds, as people read them."""
    bounds = field.get("bounds", {})
    return ", ".join([field["type"], *(f"{_BOUNDS[name]} {v}" for name, v in bounds.items())])


def _type(annotation: Any) -> str:
    """A type as people write it."""
    if get_origin(annotation) is Literal:
        return " | ".join(map(str, get_args(annotation)))
    if get_origin(annotation) in (Union, UnionType):
        parts = [part for part in get_args(annotation) if part is not NoneType]
        return " | ".join(map(_type, parts))
    text = annotation.__name__ if type(annotation) is type else str(annotation)
    return {"SecretStr": "secret"}.get(text, text.replace("typing.", ""))


def _plain(value: Any) -> Any:
    """A value as JSON has it; of what JSON lacks, its text."""
    if value is None or isinstance(value, str | int | float):
        return value
    return [_plain(part) for part in value] if isinstance(value, list | tuple) else str(value)


def _tasks(registry: Registry) -> Iterator[tuple[str, Task[Any, Any]]]:
    """Every installed task that loads; one that does not uses nothing."""
    for item in registry.all("task"):
        try:
            yield item.id, registry.resolve(item)
        except PluginError:
            continue


def _about(thing: object) -> str:
    """The first paragraph of a docstring, in one line."""
    text = inspect.getdoc(thing) or ""
    return " ".join(text.partition("\n\n")[0].split())


# --- printing ---------------------------------------------------------------


_IDENTITY = ("kind", "id", "version", "summary", "install")
_CONFIGURABLE = ("corrector", "contexts", "seeds", "generator", "exporter", "embedder")
"""Kinds whose options, if they have any, go by the part's name."""


def print_part(facts: dict[str, Any]) -> None:
    """Print what `part_facts` says."""
    kind = facts["kind"]
    summary = f": {facts['summary']}" if facts["summary"] else ""
    print(f"{facts['id']} {facts['version']}, {kind}{summary}\n")
    if facts.get("about") and facts["about"] != facts["summary"]:
        print(facts["about"])
    if kind in _PRINTS and facts.keys() - {*_IDENTITY, "options"}:
        _PRINTS[kind](facts)
    if kind in _CONFIGURABLE and facts.get("options"):
        name = facts["id"].rpartition(":")[2]
        print("\nOptions, as -o takes them:")
        rows = [
            (f"{name}.{one['name']}", _kind(one), _default(one), one["description"])
            for one in facts["options"]
        ]
        print_table(["option", "type", "default", "meaning"], rows)
    if "tasks" in facts:
        print(f"\nUsed by: {'; '.join(facts['tasks']) or 'no installed task'}")
    print(f"Install: pip install '{facts['install']}'")


def _print_backend(facts: dict[str, Any]) -> None:
    print_table(
        ["option", "type", "default", "meaning"],
        [(one["name"], _kind(one), _default(one), one["description"]) for one in facts["options"]],
    )
    print(f"\nSampling parameters that -o takes besides: {', '.join(facts['sampling'])}")
    own = facts.get("defaults", {})
    if any(value is not None for value in own.values()):
        defaults = (f"{key}={value}" for key, value in own.items() if value is not None)
        print(f"Its own defaults of them: {', '.join(defaults)}")
    if None in own.values():
        print(f"It leaves out: {', '.join(key for key, value in own.items() if value is None)}")
    print(f"Batches (--batch): {'yes' if facts['batches'] else 'no'}")
    made = facts["model"]
    most = (made or facts)["top_logprobs"]
    scores = "no" if most is None else "yes"
    if most is not None and most != sys.maxsize:
        scores += f", with at most {most:,} likeliest tokens"
    if (made or facts)["scores_given"]:
        scores += ", also of given texts"
    if (made or facts)["continues"]:
        scores += ", also of what comes next in a reply"
    print(f"Token probabilities, where a task asks for them: {scores}")
    if made is None:
        print(f"What it supports and costs is known once it is made: {facts['not_made']}")
        return
    print(f"Made with these options: {made['identity']}")
    print(f"  holds to a JSON schema itself: {'yes' if made['structured'] else 'no'}")
    print(f"  takes a seed: {'yes' if made['seeded'] else 'no'}")
    print(f"  calls at once: {made['max_concurrency'] or 'as many as --concurrency allows'}")
    price = made["price"]
    if price is None:
        print("  price: unknown; --price-in and --price-out say it")
    else:
        print(f"  price: ${price['input']:g} in, ${price['output']:g} out per million tokens")
        if price["source"]:
            print(f"  source of the price: {price['source']}")


def _print_corrector(facts: dict[str, Any]) -> None:
    for key in ("settings", "parameters"):
        if facts[key]:
            print(f"{key}: " + ", ".join(f"{name}={v}" for name, v in facts[key].items()))
    _print_prompts(facts["prompts"])
    print(f"use it: --corrector {facts['id'].rpartition(':')[2]}")


def _print_prompts(prompts: Sequence[dict[str, str]]) -> None:
    for prompt in prompts:
        print(f"prompt: {prompt['name']}, version {prompt['version']}")
        if "text" in prompt:
            print(f"\n{prompt['text'].strip()}\n")


def _print_exporter(facts: dict[str, Any]) -> None:
    writes = facts["writes"]
    print(f"writes: {'a folder' if writes == 'folder' else f'a file *{writes}'}")
    print(f"use it: targen export RUN --as {facts['id'].rpartition(':')[2]}")


def _print_metric(facts: dict[str, Any]) -> None:
    name = facts["id"].rpartition(":")[2]
    options = facts["options"]
    if options:
        heads = ["option", "type", "default", "meaning"]
        rows = [(f"{name}.{f['name']}", _kind(f), _default(f), f["description"]) for f in options]
        print_table(heads, rows)
    print(f"use it: targen analyze DATASET --metric {name}")


def _print_trainer(facts: dict[str, Any]) -> None:
    _print_options(facts)
    print(f"weights of rows: {'heeded' if facts['weighs'] else 'refused'}")
    print(f"use it: targen train DATASET --trainer {facts['id'].rpartition(':')[2]}")


def _print_catalogue(facts: dict[str, Any]) -> None:
    _print_options(facts)
    print("use it: targen catalogue build SPEC")


def _print_retriever(facts: dict[str, Any]) -> None:
    _print_options(facts)
    print(f"use it: targen retrieve TASK --retriever {facts['id'].rpartition(':')[2]}")


def _print_method(facts: dict[str, Any]) -> None:
    from targen_core.cli.describe_task import print_scored

    _print_options(facts)
    for name, values in facts["presets"].items():
        print(f"--settings {name}: {', '.join(f'{key}={value}' for key, value in values.items())}")
    print_scored(facts["scored"])
    if facts["not_made"]:
        print(f"What it asks of a backend is not known: {facts['not_made']}")
    rows = {
        "never": "",
        "pairs": " [--given ROWS]; --given is for pairs of texts alone",
        "optional": " [--given ROWS]",
        "required": " --given ROWS",
    }
    name = facts["id"].rpartition(":")[2]
    print(f"use it: targen method {name} TASK{rows[facts['given']]}")


def _print_options(facts: dict[str, Any]) -> None:
    if options := facts["options"]:
        heads = ["option", "type", "default", "meaning"]
        rows = [(f["name"], _kind(f), _default(f), f["description"]) for f in options]
        print_table(heads, rows)


def _print_command(facts: dict[str, Any]) -> None:
    print(f"use it: targen {facts['id'].rpartition(':')[2]} --help")


def _print_form(facts: dict[str, Any]) -> None:
    name = facts["id"].rpartition(":")[2]
    rows = [(f["name"], _kind(f), _default(f), f["description"]) for f in facts["keys"]]
    print_table(["key", "type", "default", "meaning"], rows)
    print(f"a task file whose only key is {name}, with these keys below it")


def _print_list(facts: dict[str, Any]) -> None:
    size = "the whole list" if facts["once"] else f"{facts['batch']}"
    print(f"items a call: {size}; {'each is checked' if facts['checked'] else 'no check'}")
    if drawn := facts["dimensions"]:
        said = (f"{name} ({plural(count, 'value')})" for name, count in drawn.items())
        print(f"code makes items differ in: {', '.join(said)}")
    _print_fields("An item", facts["item"])
    kind, name = facts["kind"], facts["id"].rpartition(":")[2]
    print(f"use it: --{kind}-from {name}; in a task file {kind}: {{use: {facts['id']}}}")


def _print_generator(facts: dict[str, Any]) -> None:
    _print_fields("The seed that it takes", facts["seed"])
    _print_fields("The instance that it gives", facts["instance"])
    _print_prompts(facts["prompts"])
    print(f"use it: --generators-from {facts['id'].rpartition(':')[2]}")


_PRINTS: dict[str, Callable[[dict[str, Any]], None]] = {
    "backend": _print_backend,
    "catalogue": _print_catalogue,
    "contexts": _print_list,
    "corrector": _print_corrector,
    "exporter": _print_exporter,
    "form": _print_form,
    "command": _print_command,
    "generator": _print_generator,
    "method": _print_method,
    "metric": _print_metric,
    "retriever": _print_retriever,
    "seeds": _print_list,
    "trainer": _print_trainer,
}


def _print_fields(what: str, fields: Sequence[dict[str, Any]]) -> None:
    if not fields:
        return
    if not fields[0]["name"]:
        print(f"{what} is a text.")
        return
    print(f"\n{what} has these fields:")
    heads = ["field", "type", "default", "meaning"]
    print_table(heads, [(f["name"], _kind(f), _default(f), f["description"]) for f in fields])


def _default(field: dict[str, Any]) -> str:
    if field.get("required"):
        return "(required)"
    default = field.get("default", "")
    if default is None or default == "":
        return ""
    return str(default).lower() if isinstance(default, bool) else str(default)
