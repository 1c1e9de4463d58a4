"""`targen describe` of the core's kinds: their facts and how these are printed; tasks apart."""

from __future__ import annotations

import dataclasses
import inspect
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, get_type_hints

from targen_core.cli.describing import print_fields, print_options, print_prompts
from targen_core.cli.facts import Described, about, fields, plain, prompts_of
from targen_core.errors import PluginError, TargenError
from targen_core.text import plural

if TYPE_CHECKING:
    from targen_core.calls.backend import Backend
    from targen_core.plugins.registry import Registry
    from targen_core.tasks.model import Task


USE = {
    "contexts": "--contexts-from {name}; in a task file contexts: {{use: {id}}}",
    "seeds": "--seeds-from {name}; in a task file seeds: {{use: {id}}}",
    "generator": "--generators-from {name}",
    "corrector": "--corrector {name}",
    "check": "--check {name}",
    "filter": "--filter {name}",
    "delivery": "--delivery {name}",
    "executor": "--executor {name}",
    "reader": "targen generate FILE.{name}",
}
"""Kind -> how its objects are used."""


def task_facts(part: Described) -> dict[str, Any]:
    """Return what a task is."""
    from targen_core.cli.commands import describe_task

    return describe_task.task_facts(part)


def delivery_facts(part: Described) -> dict[str, Any]:
    """Return how a delivery gets calls answered."""
    return {"summary": part.target.summary, "answered": part.target.answered}


def contexts_facts(part: Described) -> dict[str, Any]:
    """Return the form of the items of contexts or seeds, and the tasks that use them."""
    target = part.target
    users = [name for name, task in _tasks(part.registry) if any(target is p for p in task.chain)]
    return {
        "summary": target.summary,
        "item": fields(target.item),
        "batch": target.batch,
        "once": target.once,
        "checked": target.check is not None,
        "dimensions": {one.name: len({*one.pool}) for one in target.dimensions},
        "about": about(target.propose),
        "tasks": users,
    }


seeds_facts = contexts_facts


def check_facts(part: Described) -> dict[str, Any]:
    """Return a check's facts, and the tasks that name it."""
    return _chosen_facts(part, "checks")


def filter_facts(part: Described) -> dict[str, Any]:
    """Return a filter's facts, and the tasks that name it."""
    return _chosen_facts(part, "filters")


def _chosen_facts(part: Described, field: str) -> dict[str, Any]:
    item, target = part.item, part.target
    users = [
        name
        for name, task in _tasks(part.registry)
        if {item.name, item.id} & {*getattr(task.uses, field)}
    ]
    return {"about": about(target if inspect.isfunction(target) else type(target)), "tasks": users}


def generator_facts(part: Described) -> dict[str, Any]:
    """Return a generator's input and output, and the branches that use it."""
    users = [
        f"{name}, branch {branch}"
        for name, task in _tasks(part.registry)
        for branch, generator in task.generators.items()
        if generator is part.target
    ]
    target = part.target
    said = about(target if inspect.isroutine(target) else type(target))
    own = {"prompts": prompts_of(target, texts=part.prompts), "tasks": users}
    return {"about": said, **_signature(target), **own}


def corrector_facts(part: Described) -> dict[str, Any]:
    """A corrector's settings and prompts, and the tasks that use it."""
    names = (part.item.name, part.item.id, part.target)
    users = [name for name, task in _tasks(part.registry) if task.judging.corrector in names]
    return _corrector(part.target, prompts=part.prompts) | {"tasks": users}


def backend_facts(part: Described) -> dict[str, Any]:
    """Options, and what the model that they make supports and costs."""
    from targen_core.calls.sampling import SAMPLING
    from targen_core.runs.parsing import parse_options
    from targen_core.runs.step_options import backend_options, step_options, taken_options

    backend, items = part.target, part.options
    facts: dict[str, Any] = {
        "summary": backend.summary,
        "options": [*fields(backend.options)],
        "taken": taken_options(backend),
        "sampling": [*SAMPLING],
        "batches": backend.batch is not None,
        "top_logprobs": backend.top_logprobs,
        "scores_given": backend.scores_given,
        "continues": backend.continues,
        "cacheable": backend.cacheable,
        "made_up": backend.made_up,
        "packages": [*backend.packages],
        "model": None,
        "not_made": "",
    }
    user = step_options(parse_options(items), "generate")
    try:
        chosen = backend_options(part.item.name, backend, user.backend)
        facts["defaults"] = dict(backend.defaults(chosen)) if backend.defaults else {}
        facts["model"] = _supports(part.registry, backend, chosen)
    except TargenError as error:
        if items and error.exit_code == 2:  # the user's own mistake
            raise
        facts["not_made"] = _why(error)
    except Exception as error:  # its authors' code, or a package that it lacks
        facts["not_made"] = _why(error)
    return facts


def _supports(registry: Registry, backend: Backend, options: Any) -> dict[str, Any]:
    """Return a model's own facts, without calling it."""
    import asyncio

    from targen_core.calls.scores import continues, most_top, scores_given

    model = registry.chat_model(backend.create(options))
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


def _why(error: Exception) -> str:
    """Why something could not be made, in a line."""
    if isinstance(error, TargenError):
        return f"{error}" + (f" ({error.hint})" if error.hint else "")
    return f"{type(error).__name__}: {error}"


def _corrector(corrector: Any, *, prompts: bool) -> dict[str, Any]:
    """Return a corrector's facts: its fields, if it is a dataclass, and its prompts."""
    from targen_core.tasks.prompt import Prompt

    settings = {}
    if dataclasses.is_dataclass(corrector):
        for part in dataclasses.fields(corrector):
            value = getattr(corrector, part.name)
            if not isinstance(value, Prompt) and part.name not in ("parameters", "prompts"):
                settings[part.name] = plain(value)
    described = corrector if inspect.isfunction(corrector) else type(corrector)
    return {
        "about": about(described),
        "settings": settings,
        "parameters": dict(getattr(corrector, "parameters", {})),
        "prompts": prompts_of(corrector, texts=prompts),
    }


def _signature(function: Callable[..., Any]) -> dict[str, Any]:
    """Fields of the seed that a generator takes and of the instance that it gives."""
    call = function if inspect.isfunction(function) else type(function).__call__
    try:
        hints = get_type_hints(call)
    except (NameError, TypeError, AttributeError):  # annotations that only type checkers see
        return {"seed": [], "instance": []}
    taken = [name for name in inspect.signature(function).parameters if name in hints]
    return {
        "seed": fields(hints[taken[-1]]) if len(taken) > 1 else [],
        "instance": fields(hints.get("return")),
    }


def _tasks(registry: Registry) -> Iterator[tuple[str, Task[Any, Any]]]:
    """Return every installed task that loads; one that does not uses no parts."""
    for item in registry.all("task"):
        try:
            yield item.id, registry.resolve(item)
        except PluginError:
            continue


# --- printing ---------------------------------------------------------------


def print_backend(facts: dict[str, Any]) -> None:
    """Print the options of a backend, and what the model that they make supports and costs."""
    print_options(facts)
    if taken := facts["taken"]:
        print(f"\nCannot be set, because -o reads these as targen's own: {', '.join(taken)}")
    print(f"\nSampling parameters that -o also accepts: {', '.join(facts['sampling'])}")
    own = facts.get("defaults", {})
    if any(value is not None for value in own.values()):
        defaults = (f"{key}={value}" for key, value in own.items() if value is not None)
        print(f"The backend's defaults for these parameters: {', '.join(defaults)}")
    if None in own.values():
        print(
            "Omitted from requests by default: "
            f"{', '.join(key for key, value in own.items() if value is None)}"
        )
    if facts["made_up"]:
        print("Calls a model: no, its replies are made up")
    print(f"Batches (--batch): {'yes' if facts['batches'] else 'no'}")
    made = facts["model"]
    most = (made or facts)["top_logprobs"]
    scores = "no" if most is None else "yes"
    if most is not None and most != sys.maxsize:
        scores += f", for at most the {plural(most, 'likeliest token')}"
    if (made or facts)["scores_given"]:
        scores += ", also for texts that the task supplies"
    if (made or facts)["continues"]:
        scores += ", also for the next token of a reply"
    print(f"Token probabilities, if a task requests them: {scores}")
    if made is None:
        print(f"Its capabilities and prices are unknown: {facts['not_made']}")
        return
    print(f"With these options: {made['identity']}")
    print(f"  follows a JSON schema: {'yes' if made['structured'] else 'no'}")
    print(f"  accepts a seed: {'yes' if made['seeded'] else 'no'}")
    print(f"  concurrent calls: {made['max_concurrency'] or 'as many as --concurrency allows'}")
    price = made["price"]
    if price is None:
        print("  price: unknown; pass --price-in and --price-out")
    else:
        print(f"  price: ${price['input']:g} in, ${price['output']:g} out per million tokens")
        if price["source"]:
            print(f"  source of the price: {price['source']}")


def print_corrector(facts: dict[str, Any]) -> None:
    """Print a corrector's settings and prompts."""
    for key in ("settings", "parameters"):
        if facts[key]:
            print(f"{key}: " + ", ".join(f"{name}={v}" for name, v in facts[key].items()))
    print_prompts(facts["prompts"])


def print_contexts(facts: dict[str, Any]) -> None:
    """Print what items of a list look like."""
    size = "the whole list" if facts["once"] else f"{facts['batch']}"
    print(f"items per call: {size}; items are {'' if facts['checked'] else 'not '}checked")
    if drawn := facts["dimensions"]:
        said = (f"{name} ({plural(count, 'value')})" for name, count in drawn.items())
        print(f"items vary in: {', '.join(said)}")
    print_fields("An item", facts["item"])


print_seeds = print_contexts


def print_generator(facts: dict[str, Any]) -> None:
    """Print what a generator takes and gives."""
    print_fields("Its input (a seed)", facts["seed"])
    print_fields("Its output (an instance)", facts["instance"])
    print_prompts(facts["prompts"])


def executor_facts(part: Described) -> dict[str, Any]:
    """Return the facts of an executor."""
    return {"summary": part.target.summary, "about": about(part.target.place)}
