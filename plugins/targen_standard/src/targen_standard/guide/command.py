"""`targen guide`: what a coding agent needs to write a task and run it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

from targen_core.cli.commands import EVERYDAY
from targen_core.cli.options.arguments import JsonArg
from targen_core.cli.tables import print_json
from targen_core.errors import UsageError
from targen_core.plugins.loader import load_registry, versions_of
from targen_core.reading.files import read_text
from targen_core.text import printable
from targen_standard.task_files.model import Declaration, FieldPart, LabelPart

_KEY = re.compile(r"[A-Z][A-Z0-9_]*(?:API_KEY|_TOKEN)")
_MOST = 20  # runs or files that are named


def guide(json: JsonArg = False) -> None:
    """Print what a coding agent needs to know, and the state of this folder.

    The page explains task files, the main commands and how an agent can answer the prompts itself.
    It then lists the runs and task files here, what is installed, and which keys are set, by name.

    Examples:
    - targen guide
    - targen guide --json
    """
    state = _state()
    text = Template((files("targen_standard.guide") / "guide.md").read_text("utf-8")).substitute(
        keys="\n".join(_task_keys()),
        options="\n".join(_options()),
        commands="\n".join(_commands()),
        variables=", ".join(state["keys"]) or "such as OPENAI_API_KEY",
        state="\n".join(_lines(state)),
    )
    if json:
        print_json({"guide": text, **state})
    else:
        print(text.rstrip())


def _task_keys() -> Iterator[str]:
    """Yield the keys of task files that people use most, as the schema describes them."""
    for model, names, where in (
        (Declaration, ("language", "fields", "output", "filters", "checks"), ""),
        (LabelPart, ("guidance",), "a label: "),
        (FieldPart, ("words", "sentences", "form", "must_not_contain"), "a field: "),
    ):
        for name in names:
            if name in model.model_fields:
                yield f"- {where}`{name}`: {model.model_fields[name].description}"


def _options() -> Iterator[str]:
    """Yield the options of `generate` that its help explains."""
    for param in _command("generate").params:
        if param.param_type_name == "option" and not getattr(param, "rich_help_panel", None):
            yield f"- `{', '.join(param.opts)}`: {param.help}"


def _commands() -> Iterator[str]:
    """Yield the commands that most people need, and the names of the others."""
    from targen_core.cli.app import build

    group = build()
    names = group.list_commands(None)
    shown = [name for name in EVERYDAY if name in names]
    for name in shown:
        help_text = str(group.get_command(None, name).help)
        yield f"- `{name}`: {' '.join(help_text.partition(chr(10) * 2)[0].split())}"
    others = (name for name in names if name not in shown and not name.startswith("list-"))
    yield f"- others: {', '.join(others)}; `targen list` for parts"


def _command(name: str) -> Any:
    from targen_core.cli.app import build

    return build().get_command(None, name)


def _state() -> dict[str, Any]:
    """Return the runs and task files of this folder, what is installed, and the keys' names."""
    from targen_core.cli.commands.shelf import runs_in

    runs = [
        {
            "path": str(run.path),
            "task": run.report.get("task", ""),
            "status": run.status,
            "rows": sum(run.report.get("rows", {}).values()),
        }
        for folder in (Path("runs"), Path())
        if folder.is_dir()
        for run in runs_in(folder)
    ]
    known = {run["path"]: run for run in runs}
    registry = load_registry()
    distributions = {plugin.distribution for plugin in registry.plugins} | {"targen-core"}
    return {
        "runs": [*known.values()],
        "task_files": [str(path) for path in _task_files()],
        "installed": versions_of(distributions),
        "backends": [item.name for item in registry.all("backend")],
        "tasks": [item.name for item in registry.all("task")],
        "keys": sorted(name for name in os.environ if _KEY.fullmatch(name) and os.environ[name]),
    }


def _task_files() -> Iterator[Path]:
    """Yield the files of this folder that look like task files."""
    for path in sorted(Path().glob("*.y*ml")):
        with suppress(UsageError):  # it is something else
            if re.search(r"^(?:labels|output):", read_text(path), re.MULTILINE):
                yield path


def _lines(state: Mapping[str, Any]) -> Iterator[str]:
    """Yield the state as a list for reading."""
    runs = [
        f"{run['path']} ({run['task']}, {run['status']}, {run['rows']:,} rows)"
        for run in state["runs"]
    ]
    for name, values in (
        ("runs", runs),
        ("task files", state["task_files"]),
        ("backends", state["backends"]),
        ("tasks", state["tasks"]),
        ("keys that are set", state["keys"]),
    ):
        more = f" and {len(values) - _MOST} more" if len(values) > _MOST else ""
        yield printable(f"- {name}: {', '.join(values[:_MOST]) or 'none'}{more}", lines=False)
