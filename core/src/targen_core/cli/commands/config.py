"""`targen config`: the defaults that hold here, where each is from, and changing them."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from targen_core.cli.flags import Said, takes
from targen_core.cli.tables import print_json, print_table
from targen_core.errors import UsageError
from targen_core.plain import is_inside
from targen_core.runs import settings
from targen_core.runs.config import ModelFlags
from targen_core.runs.settings import Value

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

_ACTIONS = ("show", "path", "set", "unset")


@takes(ModelFlags.declared("profile"))
def config(
    action: Annotated[
        str, typer.Argument(metavar=f"[{'|'.join(_ACTIONS)}]", help="The action.")
    ] = "show",
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[KEY [VALUE]]",
            help="For set and unset: a default, named like its option.",
            show_default=False,
        ),
    ] = None,
    project: Annotated[
        bool, typer.Option("--project", help="For set and unset: use this folder's file.")
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="For show: print JSON for programs.")
    ] = False,
    *,
    said: Said,
) -> None:
    """Show or change your defaults and where each one comes from.

    Defaults come from your own file, a project's file and variables such as TARGEN_MODEL. Later
    ones take precedence, and the command line overrides them all. A project's file is the nearest
    targen.toml in this folder or in one of its parents. It may slow calls down and set sampling
    parameters, but not models, addresses, keys, prices or caps.

    Examples:
    - targen config
    - targen config set backend llama
    - targen config set model llama3.1 --profile house
    - targen config set --project options.temperature 0.9
    """
    given, profile = words or [], said.of(ModelFlags).profile
    if action not in _ACTIONS:
        raise UsageError(f"config {action}: no such action", hint=f"targen config {_ACTIONS[0]}")
    if project and action not in ("set", "unset"):
        raise UsageError("--project requires set or unset")
    count = {"set": 2, "unset": 1}.get(action, 0)
    if len(given) != count:
        key, _, other = " ".join(given).replace("=", " ").partition(" ")
        meant = f" {key} {shlex.quote(other.replace(' ', '/'))}" if count == 2 and other else ""
        raise UsageError(
            f"config {action} takes {('no arguments', 'a KEY', 'a KEY and a VALUE')[count]}",
            hint=f"targen config {action}{meant or ('', ' backend', ' backend llama')[count]}",
        )
    if action == "show":
        _show(profile, json=json)
    elif action == "path":
        _print_paths()
    else:
        value = given[1] if action == "set" else None
        _change(given[0], value, profile=profile, project=project)


def _show(profile: str | None, *, json: bool) -> None:
    from targen_core.cli.choosing import same_backend
    from targen_core.plugins.loader import load_registry

    files = settings.read_files()
    held = settings.merged(settings.layers(files, profile), same_backend(load_registry()))
    shown = settings.names_in_file(held)
    if json:
        print_json(
            {
                "values": {n: {"value": v.value, "from": v.origin} for n, v in shown.items()},
                "files": [{"path": str(file.path), "profiles": [*file.profiles]} for file in files],
            }
        )
        return
    if shown:
        rows = [(name, _words(value.value), value.origin) for name, value in _sorted(shown)]
        print_table(["default", "value", "from"], rows)
    else:
        print("No defaults are set. To set one: targen config set backend NAME")
    profiles = sorted({name for file in files for name in file.profiles})
    if profiles:
        print(f"\nProfiles (--profile NAME): {', '.join(profiles)}")


def _sorted(shown: Mapping[str, Value]) -> list[tuple[str, Value]]:
    order = [*settings.KEYS]
    return sorted(
        shown.items(), key=lambda item: (order.index(item[0]) if item[0] in order else 99, item[0])
    )


def _words(value: Any) -> str:
    return (
        value
        if isinstance(value, str)
        else f"{value:g}"
        if isinstance(value, float)
        else str(value)
    )


def _print_paths() -> None:
    """Where the files are, or would be."""
    own, project = settings.user_file(), settings.project_file()
    none = Path.cwd() / settings.FILE_NAME
    for whose, path in (("user", own), ("folder", project or none)):
        print(f"{whose.ljust(8)}{path}{'' if path.exists() else '  (does not exist)'}")


# --- changing a file -------------------------------------------------------


def _change(key: str, value: str | None, *, profile: str | None, project: bool) -> None:
    """Set or remove a default; the rest of the file keeps its text.

    Raises:
        UsageError: the value is invalid, or the default to remove is not set.
    """
    path = (settings.project_file() or Path.cwd() / settings.FILE_NAME) if project else None
    path = path or settings.user_file()
    if project and path.is_symlink() and not is_inside(path.parent, path):
        raise UsageError(
            f"{path} is a link that points outside its folder",
            hint="set the default in the link's target, or replace the link with a file",
        )
    at = [*(["profile", profile] if profile else []), *_place(key)]
    if value is not None and at[-1] == "backend":
        from targen_core.api.models import named
        from targen_core.plugins.loader import load_registry

        load_registry().find("backend", named(value)[0])
    document = _document(path)
    if value is None:
        _remove(document, at, key, path)
    else:
        _put(document, at, settings.typed_value(key, value))
    text = document.as_string()
    # Or it must not be written; what a project must not set can be unset.
    after = settings.read_file(path, project=project and value is not None, text=text)
    _write(path, text)
    done = f"{key} = {value}" if value is not None else f"{key} unset"
    print(f"{path}: {done}{f' in profile {profile}' if profile else ''}")
    held = after.profiles.get(profile, {}) if profile else after.values
    for one, other in (("price-in", "price-out"), ("price-out", "price-in")):
        names = settings.names_in_file(held)
        if one in names and other not in names:
            print(f"{one} only works together with {other}, so set that as well", file=sys.stderr)


def _place(key: str) -> list[str]:
    """`options.correct.model` is the key `model` of the table `options.correct`."""
    table, dot, rest = key.partition(".")
    if not dot:
        return [key]
    step, dot, name = rest.partition(".")
    return [table, step, name] if dot else [table, rest]


def _document(path: Path) -> TOMLDocument:
    import tomlkit

    from targen_core.reading.files import read_text

    return tomlkit.parse(read_text(path, 1 << 20)) if path.exists() else tomlkit.document()


def _put(document: Any, at: Sequence[str], value: Any) -> None:
    import tomlkit

    table = document
    for part in at[:-1]:
        if part not in table:
            table[part] = tomlkit.table(is_super_table=part == "profile")
        table = table[part]
    table[at[-1]] = value


def _remove(document: Any, at: Sequence[str], key: str, path: Path) -> None:
    table = document
    for part in at[:-1]:
        table = table.get(part, {})
    if at[-1] not in table:
        raise UsageError(f"{path} does not set {key}", hint="targen config shows the defaults")
    del table[at[-1]]


def _write(path: Path, text: str) -> None:
    from targen_core.outputs import writing
    from targen_core.plain import replace_plain

    with writing(path, hint=f"use a different folder: TARGEN_CONFIG_DIR={shlex.quote('DIR')}"):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        replace_plain(path.resolve(), text.encode())
