"""Read a command line: which texts are orders, and how Typer's refusals appear."""

from __future__ import annotations

import re
from copy import copy
from enum import Enum
from itertools import takewhile
from pathlib import Path
from textwrap import fill, indent
from typing import Any

import typer
from typer.core import TyperCommand

from targen_core.errors import UsageError
from targen_core.hints import suggestions_for
from targen_core.origin import Typed
from targen_core.reading.encodings import in_encoding
from targen_core.text import plain_fault

HELP_ALL = "--help-all"
_NARROW = 76  # columns of text below which the help has no boxes, which would cut names
_LONG = re.compile(r"--[a-z-]+")


def as_switches(params: list[Any]) -> list[Any]:
    """Return parameters whose switches have no placeholder of a value in the help.

    typer shows `--quiet <bool>`, which invites a value that it then refuses.
    """
    for param in params:
        if getattr(param, "is_flag", False):
            param.metavar = ""
    return params


class Command(TyperCommand):
    """A command whose arguments are orders, and whose refusals have one sentence and a hint."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the options and arguments, for the help and for reading them."""
        return as_switches(super().get_params(ctx))

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Explain the options that most people use, and name the others by group."""
        shown = copy(self)
        shown.params = [param for param in self.params if not _group_of(param)]
        groups: dict[str, list[str]] = {}
        for param in self.params:
            if _group_of(param):
                flag = [*param.opts, *param.secondary_opts][0]
                groups.setdefault(_group_of(param), []).append(flag)
        if groups:
            lines = [f"- {name}: {', '.join(flags)}" for name, flags in groups.items()]
            title = f"More options, which {ctx.command_path} {HELP_ALL} explains:"
            shown.epilog = "\n\n".join(filter(None, [self.epilog, title, *lines]))
        shown.format_all(ctx, formatter)

    def format_all(self, ctx: Any, formatter: Any) -> None:
        """Explain all options, in a narrow terminal without the columns that would cut names."""
        shown = copy(self)
        if formatter.width < _NARROW:
            shown.rich_markup_mode = None
            # Without \b, examples would run together.
            shown.help = "\n\n".join(
                f"\b\n{part}" if "\n- " in part else part
                for part in (self.help or "").split("\n\n")
            )
        super(Command, shown).format_help(ctx, formatter)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the options without boxes, group by group."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            usual = "Options" if param.param_type_name == "option" else "Arguments"
            if (record := param.get_help_record(ctx)) is not None:
                groups.setdefault(_group_of(param) or usual, []).append(record)
        for name, records in groups.items():
            with formatter.section(name):
                formatter.write_dl(records)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Write the epilog; the names of options stay in one piece."""
        for part in filter(None, (self.epilog or "").split("\n\n")):
            text = fill(part, formatter.width - 2, break_on_hyphens=False)
            formatter.write(f"\n{indent(text, '  ')}\n")

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the command line.

        Raises:
            UsageError: an option that there is not, or a value that is missing or cannot be.
            Exit: the help was requested.
        """
        if HELP_ALL in takewhile(lambda word: word != "--", args):
            formatter = ctx.make_formatter()
            self.format_all(ctx, formatter)
            if text := formatter.getvalue().rstrip("\n"):
                print(text)
            raise typer.Exit
        try:
            rest: list[str] = super().parse_args(ctx, args)
        except Exception as error:
            raise refusal(error, ctx) from None
        _require_others(ctx)
        _require_named_files(ctx)
        # The only place where texts become orders because somebody typed them.
        ctx.params = {name: _typed(value) for name, value in ctx.params.items()}
        return rest

    def invoke(self, ctx: Any) -> Any:
        """Run the command; if it takes an encoding, errors about one name that option.

        Raises:
            UsageError: of the command.
        """
        try:
            return super().invoke(ctx)
        except UsageError as error:
            # A task file, which is always in UTF-8, has no such cause or no hint.
            is_other = isinstance(error.__cause__, UnicodeError) and error.hint
            if is_other and ctx.params.get("encoding") == "utf-8":
                error.hint = in_encoding(error.hint, "--encoding NAME")
            raise


def _group_of(param: Any) -> str:
    """Return the name of an option's panel; "" for the options that most people use."""
    return str(getattr(param, "rich_help_panel", None) or "")


def refusal(error: Exception, ctx: Any) -> Exception:
    """Return Typer's refusal of a command line as a `UsageError`; other errors are unchanged."""
    if not hasattr(error, "format_message"):  # typer brings a click of its own, or not
        return error
    known = [n for param in ctx.command.get_params(ctx) for n in param.opts if n[:2] == "--"]
    message = plain_fault(error.format_message()).removesuffix(".")
    hint = f"see {ctx.command_path} --help"
    if hasattr(error, "possibilities"):  # of options alone
        message = f"no such option: {getattr(error, 'option_name', '')}"
        near = suggestions_for(str(getattr(error, "option_name", "")), known)
        hint = f"did you mean {' or '.join(near)}?" if near else hint
    return UsageError(message[0].lower() + message[1:], hint=hint)


def _typed(value: Any) -> Any:
    """The value of an argument or option, its texts as orders."""
    if isinstance(value, str) and not isinstance(value, Enum):
        return Typed(value)
    if isinstance(value, list | tuple):
        return type(value)(map(_typed, value))
    return value


def _called(param: Any) -> str:
    """Return a parameter as typed: an option by its flag."""
    return str(param.opts[0]) if param.param_type_name == "option" else str(param.name).upper()


def _require_others(ctx: Any) -> None:
    """Refuse an option without those that its help begins with, as in "With --batch: …".

    A switch that can be turned off may be on already, as --batch of a run that is resumed.

    Raises:
        UsageError: all of them are missing.
    """
    options = [param for param in ctx.command.params if param.param_type_name == "option"]
    given = {
        name
        for param in options
        if getattr(ctx.get_parameter_source(param.name), "name", "") == "COMMANDLINE"
        for name in param.opts
    }
    maybe = given.union(*(param.opts for param in options if param.secondary_opts))
    for param in options:
        before, colon, _ = (param.help or "").partition(":")
        others = _LONG.findall(before) if colon and before.startswith("With --") else []
        if others and given & {*param.opts} and not maybe & {*others}:
            name = _called(param)
            hint = f"add {others[0]}, or omit {name}"
            raise UsageError(f"{name} requires {' or '.join(others)}", hint=hint)


def _require_named_files(ctx: Any) -> None:
    """Refuse `-` as a path: elsewhere it means standard input or output, not a file of that name.

    Raises:
        UsageError: it is one.
    """
    for param in ctx.command.params:
        value = ctx.params.get(param.name)
        if Path("-") in (value if isinstance(value, list | tuple) else [value]):
            raise UsageError(
                f"{_called(param)} -: targen does not read standard input or write files to "
                "standard output",
                hint="pass the name of a file or folder",
            )
