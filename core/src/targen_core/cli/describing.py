"""Print facts of `targen describe`, for kinds that do not print theirs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from targen_core.cli.tables import print_table
from targen_core.hints import install
from targen_core.text import plural

if TYPE_CHECKING:
    from targen_core.cli.facts import Described
    from targen_core.plugins.registry import Registry
    from targen_core.tasks.model import Task

_IDENTITY = ("kind", "id", "version", "summary", "install", "about", "tasks", "options")


def print_part(part: Described, facts: dict[str, Any]) -> None:
    """Print the facts of an object that is not a task."""
    name = facts["id"].rpartition(":")[2]
    summary = f": {facts['summary']}" if facts["summary"] else ""
    print(f"{facts['id']} {facts['version']}, {facts['kind']}{summary}\n")
    if facts.get("about") and facts["about"] != facts["summary"]:
        print(facts["about"])
    own = facts.keys() - {"kind", "id", "version", "summary", "install"}
    if own - ({"options"} if part.configurable is not None else set()):
        if prints := part.kind.view(f"print_{part.kind.name}".replace("-", "_")):
            prints(facts)
        else:  # what -o sets of a part has a table of its own below
            _print_plainly(facts | {"options": []} if part.configurable is not None else facts)
    if use := (part.kind.view("USE") or {}).get(part.kind.name):
        needs = f" -o {name}.{facts['needs']}" if facts.get("needs") else ""
        print(f"Use it: {use.format(name=name, id=facts['id'])}{needs}")
    if part.configurable is not None and facts.get("options"):
        print("\nOptions for -o:")
        print_options(facts, prefix=f"{name}.")
    if "tasks" in facts:
        print(f"\nUsed by: {'; '.join(facts['tasks']) or 'no installed task'}")
    print(f"Install: {install(facts['install'])}")


def _print_plainly(facts: dict[str, Any]) -> None:
    """Print the facts of a kind that does not print them itself."""
    print_options(facts)
    for key, value in facts.items():
        if key not in _IDENTITY and value not in ("", None, [], {}):
            text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
            print(f"{key.replace('_', ' ')}: {text}")


def print_options(facts: Mapping[str, Any], *, prefix: str = "") -> None:
    """Print the table of the fact `options`, if there is any; `prefix` precedes each name."""
    if options := facts.get("options"):
        print_described("option", options, prefix=prefix)


def print_described(head: str, fields: Sequence[dict[str, Any]], *, prefix: str = "") -> None:
    """Print a table of fields, whose first column is headed `head`."""
    rows = [(f"{prefix}{f['name']}", type_of(f), default_of(f), f["description"]) for f in fields]
    print_table([head, "type", "default", "meaning"], rows)


def print_fields(what: str, fields: Sequence[dict[str, Any]]) -> None:
    """Print a table of fields, if there are any; `what` has them."""
    if not fields:
        return
    if not fields[0]["name"]:
        print(f"{what} is text.")
        return
    print(f"\n{what} has these fields:")
    print_described("field", fields)


def type_of(field: dict[str, Any]) -> str:
    """Return the type of a field with its bounds, as people read them."""
    from targen_core.cli.facts import BOUNDS

    bounds = field.get("bounds", {})
    return ", ".join([field["type"], *(f"{BOUNDS[name]} {v}" for name, v in bounds.items())])


def print_prompts(prompts: Sequence[Mapping[str, str]]) -> None:
    """Print prompts by name and version, with their texts if given."""
    for prompt in prompts:
        print(f"prompt: {prompt['name']}, version {prompt['version']}")
        if "text" in prompt:
            print(f"\n{prompt['text'].strip()}\n")


def default_of(field: dict[str, Any]) -> str:
    """Return a field's default as people type it, or ""."""
    if field.get("required"):
        return "(required)"
    default = field.get("default", "")
    if default is None or default == "":
        return ""
    is_json = isinstance(default, bool | list | dict)  # as it is typed
    return json.dumps(default, ensure_ascii=False) if is_json else str(default)


def scored_facts(registry: Registry, task: Task[Any, Any]) -> list[dict[str, Any]]:
    """The steps that ask for token probabilities, with the installed backends that have them."""
    from targen_core.runs.models import backends_with_scores

    return [
        {
            "step": step,
            "top_logprobs": wanted,
            "given": step in task.calls.scores_given,
            "continues": step in task.calls.continues,
            "backends": backends_with_scores(
                registry,
                wanted,
                given=step in task.calls.scores_given,
                going_on=step in task.calls.continues,
            ),
        }
        for step, wanted in task.calls.scored.items()
    ]


def print_scored(scored: Sequence[Mapping[str, Any]]) -> None:
    """Print what `scored_facts` says, a line for each step."""
    for one in scored:
        what = " for texts that it supplies" if one["given"] else ""
        if one["continues"]:
            what += " for the next token of a reply"
        if one["top_logprobs"]:
            what += f" with the {plural(one['top_logprobs'], 'likeliest token')}"
        print(
            f"Step {one['step']} requests token probabilities{what}. Backends that provide them: "
            f"{', '.join(one['backends']) or 'none installed'}"
        )
