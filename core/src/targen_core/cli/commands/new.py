"""`targen new`: a distribution to start from, which works before anything is changed."""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from targen_core.cli.completion import complete_template
from targen_core.errors import TargenError, UsageError
from targen_core.plugins.loader import canonical, load_registry
from targen_core.text import plural

if TYPE_CHECKING:
    from targen_core.cli.scaffold.names import Names
    from targen_core.plugins.kinds import Kind


def new(
    kind: Annotated[
        str,
        typer.Argument(
            metavar="KIND",
            help=f"The kind of file or plugin: {', '.join(complete_template(''))}.",
            autocompletion=complete_template,
        ),
    ],
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="The name of the part and of its distribution.")
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", help="The output folder, new or empty. [default: NAME]"),
    ] = None,
    into: Annotated[
        Path | None,
        typer.Option(
            "--into",
            help="Add the part to the plugin in this folder, which has a pyproject.toml. Existing "
            "files are kept.",
        ),
    ] = None,
) -> None:
    """Create a plugin project with code, prompts, tests and a CI file.

    The project works out of the box; its README.md lists what to change, in order.

    Examples:
    - targen new task my-task
    - targen new backend my-service --out plugins/my-service
    - targen new corrector strict --into plugins/my-service
    """
    from targen_core.cli.scaffold.names import choose_names
    from targen_core.cli.scaffold.writing import write_distribution
    from targen_core.hints import did_you_mean

    registry = load_registry()
    if kind not in (known := complete_template("")):
        if kind in registry.kinds:
            raise UsageError(
                f"new {kind}: there is no template for this kind",
                hint=f"add the hook {registry.kinds[kind].hook} to a plugin",
            )
        raise UsageError(f"new {kind}: no such template", hint=did_you_mean(kind, known, "one of"))
    of = registry.kinds[kind]
    names = choose_names(registry, kind, name)
    if into is not None:
        if out is not None:
            raise UsageError("--out and --into cannot be used together", hint="omit --out")
        _add(of, names, into)
        return
    folder = out or Path(names.distribution)
    if out is None and _is_plugin(Path()):
        again = f"targen new {kind} {name} --into ."
        print(f"note: this folder is a plugin; {again} adds the part to it", file=sys.stderr)
    written = write_distribution(of, names, folder)
    print(f"wrote {folder}{'/' if str(folder) != '.' else ''}: {plural(len(written), 'file')}")
    print("next:")
    steps = [f"cd {folder}"] if str(folder) != "." else []
    steps += ["pip install -e '.[test]'", "pytest"]
    steps += _first_commands(of, names)
    for line in steps:
        print(f"  {line}")
    print("README.md lists what to change, step by step.")


def _first_commands(kind: Kind, names: Names) -> list[str]:
    """Commands that try a new part."""
    name = names.distribution
    known = {
        "task": [f"targen generate {name} -n 4 --backend local"],
        "command": [f"targen {name} --help"],
    }
    commands = known.get(kind.name) or [f"targen describe {name} --kind {kind.name}"]
    if kind.name == "backend":
        address = "--base-url http://localhost:8000/v1"
        commands.append(f"targen check {name} {address} --model NAME")
    return commands


def _project(requirement: str) -> str:
    """The name of the distribution that is required."""
    return canonical(re.split(r"[^\w.-]", requirement, maxsplit=1)[0])


def _entries(project: Mapping[str, Any]) -> Mapping[str, str]:
    """The entry points of a project by which targen finds it."""
    from targen_core.plugins.hookspecs import API_GROUP

    found: Mapping[str, str] = project.get("entry-points", {}).get(API_GROUP, {})
    return found


def _is_plugin(folder: Path) -> bool:
    """Return whether a folder is a plugin's, which a part could be added to."""
    from targen_core.reading.typed import read_toml

    with contextlib.suppress(TargenError):
        return bool(_entries(read_toml(folder / "pyproject.toml").get("project", {})))
    return False


def _add(kind: Kind, names: Names, folder: Path) -> None:
    """Add a part to a plugin's folder, and show the line that registers it."""
    from targen_core.cli.scaffold.names import Names
    from targen_core.cli.scaffold.writing import add_part, requirements_of
    from targen_core.plugins.hookspecs import API_GROUP
    from targen_core.reading.typed import read_toml

    file = folder / "pyproject.toml"
    project = read_toml(file).get("project", {})
    if not (entries := _entries(project)):
        raise UsageError(
            f"{file} does not have a targen entry point, so this is not a plugin's folder",
            hint=f"targen new {kind.name} {names.distribution}",
        )
    if names.distribution in entries:
        raise UsageError(
            f"{file} already has an entry point named {names.distribution}",
            hint="choose a different name for the part",
        )
    package = next(iter(entries.values())).partition(":")[0].partition(".")[0]
    if not package.isidentifier() or not (folder / "src" / package).is_dir():
        raise UsageError(f"{folder / 'src' / package} is not a folder", hint="--out FOLDER")
    module = f"{package}.{names.module}"
    for path in add_part(kind, Names(names.distribution, module), folder):
        print(f"wrote {path}")
    print(f'add this to {file}, under [project.entry-points."{API_GROUP}"]:')
    print(f'  {names.distribution} = "{module}"')
    there = {_project(each) for each in (project.get("name", ""), *project.get("dependencies", ()))}
    if needed := [each for each in requirements_of(kind) if _project(each) not in there]:
        print(f"and add to its dependencies: {', '.join(needed)}")
    print("then:")
    steps = [f"pip install -e '{folder}'", f"targen plugins check {folder}"]
    for line in [*steps, *_first_commands(kind, names)]:
        print(f"  {line}")
