"""The pages of `docs/reference/cli/`: a page for each command, made of the command's own help."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from itertools import groupby

from typer import _click as click

from targen_core.cli.app import build
from targen_core.plugins.loader import DISABLE_VARIABLE

_HEAD = """# Command line

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | a job failed |
| 2 | wrong usage |
| 130 | Ctrl-C, SIGTERM or SIGHUP |

`targen COMMAND --help` prints what these pages say. `targen --install-completion` makes bash, zsh
or fish complete commands, options, and the names of installed tasks, backends and other parts.

## Options of every command

"""


def pages() -> dict[str, str]:
    """File name -> text; `index.md` first, then the commands in the order of `targen --help`."""
    os.environ[DISABLE_VARIABLE] = "targen-plugin-example"  # its command is nobody's reference
    group = build()
    top = click.Context(group, info_name="targen")
    index, made = [_HEAD, *_options(group, top)], {"index.md": ""}
    commands = [(name, group.get_command(top, name)) for name in group.list_commands(top)]
    for panel, members in groupby(commands, key=lambda pair: str(pair[1].rich_help_panel)):
        index.append(f"## {panel}\n\n| command | what it does |\n|---|---|\n")
        for name, command in members:
            file = name.replace(" ", "-") + ".md"
            made[file] = "".join(_page(name, command, top))
            summary = plain(command.help.split("\n\n")[0])
            index.append(f"| [{name}]({file}) | {summary} |\n")
        index.append("\n")
    made["index.md"] = "".join(index)
    return made


def _page(name: str, command: click.Command, top: click.Context) -> Iterator[str]:
    context = click.Context(command, info_name=name, parent=top)
    yield f"# targen {name}\n\n"
    usage = command.get_usage(context).removeprefix("Usage: ")
    yield f"```text\n{' '.join(usage.split())}\n```\n\n"
    for block in command.help.split("\n\n"):
        head, *items = re.split(r"^- ", block, flags=re.MULTILINE)
        if all(item.startswith("targen ") for item in items) and items:
            shown = "\n".join(" ".join(item.split()) for item in items)
            yield f"{plain(head)}\n\n```sh\n{shown}\n```\n\n"
        else:
            yield "\n".join([plain(head), *(f"- {plain(item)}" for item in items), "", ""])
    yield from _options(command, context)


def _options(command: click.Command, context: click.Context) -> Iterator[str]:
    """Each option below a heading that a link can name, panel by panel."""
    panels: dict[str, list[str]] = {}
    for parameter in command.params:
        if (record := parameter.get_help_record(context)) is None:  # it is hidden
            continue
        flags, words = record
        name = max(parameter.opts or [parameter.name], key=len).lstrip("-")
        panel = getattr(parameter, "rich_help_panel", None) or ""
        text = f"#### `{flags}` {{#{name}}}\n\n{plain(words)}\n\n"
        panels.setdefault(panel, []).append(text)
    for panel, options in panels.items():
        if panel:
            yield f"## {panel}\n\n"
        yield from options


def plain(words: str) -> str:
    """Words of a help as Markdown that shows them as they are."""
    parts = " ".join(words.split()).split("`")
    for number in range(0, len(parts), 2):  # the others are code
        parts[number] = re.sub(r"([*_<\[|])", r"\\\1", parts[number])
    return "`".join(parts)
