"""Options that a command does not have, and what was meant: by spelling, meaning or past."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Sequence
from enum import Enum
from pathlib import Path
from typing import Any

from typer.core import TyperCommand

from targen_core.errors import UsageError
from targen_core.hints import did_you_mean
from targen_core.origin import DECLARED, Typed
from targen_core.reading.encodings import in_encoding
from targen_core.text import plain_fault

_MEANT = {
    "-m": "--model",
    "--ablation": "--contexts-fraction",
    "--api-base": "--base-url",
    "--budget": "--max-cost",
    "--count": "--number",
    "--dry-run": "--plan",
    "--format": "--as",
    "--machines": "--shard",
    "--most": "--limit",
    "--jobs": "--concurrency",
    "--mix": "--conflicting",
    "--model": "--trainer",
    "--model-id": "--model",
    "--n-rows": "--number",
    "--n-samples": "--number",
    "--num": "--number",
    "--num-rows": "--number",
    "--num-samples": "--number",
    "--only": "--metric",
    "--output": "--out",
    "--output-dir": "--out",
    "--parallel": "--concurrency",
    "--plan": "--dry-run",
    "--provider": "--backend",
    "--rows": "--number",
    "--samples": "--number",
    "--seeds": "--repeats",
    "--size": "--number",
    "--test-size": "--split",
    "--to": "--as",
    "--threads": "--concurrency",
    "--timeout": "--max-outage",
    "--url": "--base-url",
}
"""Likely names of our options."""

_ELSEWHERE = {
    "--as": "choose a format when you export the rows: targen export RUN --as csv",
    "--config": "pass the task file without an option: targen generate FILE -n 100",
    "--file": "pass the task file without an option: targen generate FILE -n 100",
    "--format": "choose a format when you export the rows: targen export RUN --as csv",
    "--host": "only this machine can open the page; over ssh, forward --port with ssh -L",
    "--language": "set the language in the task file, for example language: German",
    "--lang": "set the language in the task file, for example language: German",
    "--paper": "for the paper's steps and its row counts: targen generate rte --variant paper "
    "--preset paper",
    "--shard": "only targen generate and estimate accept --shard; omit it here",
    "--split": "split rows when you export them: targen export RUN --split 0.8/0.2",
    "--verbose": "for tracebacks: targen --debug COMMAND; for prompts and replies: targen "
    "trace RUN ROW",
}
"""Options of other commands, which people expect here."""

_INSTEAD = {
    ("batch", "--as"): "--out sets the format: targen batch export RUN --out calls-1.csv",
    ("batch", "--format"): "--out sets the format: targen batch export RUN --out calls-1.csv",
    ("compare", "--against"): "pass the real rows with --real DATA and --test DATA",
    ("report", "--format"): "use --json or --html",
    ("review apply", "--as"): "omit it; targen review apply uses the answers of all raters",
}
"""Options of other commands, and what this one has for the same."""

_SHARES = ("--balance", "--proportions", "--ratio", "--ratios", "--share", "--shares", "--weights")
"""Options that people type for shares of labels."""

_FIXED = (
    "-b",
    "--backend",
    "--contexts",
    "--corrector",
    "--model",
    "--seed",
    "--seeds",
    "--variant",
)
"""Options of a run that cannot be resumed with another value."""

_EXTRA = re.compile(r"Got unexpected extra arguments?(?:\(s\))? \((.*)\)")

_LONG = re.compile(r"--[a-z-]+")

_AMOUNT = re.compile(r"(\d+(?:\.\d+)?(?:e\d)?)([A-Za-z/].*)?")

_UNITS = {"k": 1000, "min": 60, "m": 60, "h": 3600}
"""Letters behind a number -> what it is multiplied by; behind m and h are seconds."""

_OF_TRAINERS = {
    "batch_size": "encoder -o batch=16",
    "embedder": "vectors -o embedder=NAME",
    "epochs": "encoder -o epochs=5",
    "learning_rate": "encoder -o learning_rate=5e-5",
    "lr": "encoder -o learning_rate=5e-5",
}
"""Options of trainers, and how each is typed."""

_BY_OPTION = ("structured", "thinking", "seeded", "n_ctx")


def as_switches(params: list[Any]) -> list[Any]:
    """Return parameters whose switches have no placeholder of a value in the help.

    typer shows `--quiet <bool>`, which invites a value that it then refuses.
    """
    for param in params:
        if getattr(param, "is_flag", False):
            param.metavar = ""
    return params


class Command(TyperCommand):
    """A command that tells what was meant by an option that it does not have."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the options and arguments, for the help and for reading them."""
        return as_switches(super().get_params(ctx))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the command line.

        Raises:
            UsageError: an option that there is not, or a value that is missing or cannot be.
        """
        typed = list(args)  # which the reader empties
        try:
            rest: list[str] = super().parse_args(ctx, args)
            _require_others(ctx)
            _require_named_files(ctx)
            # The only place where texts become orders because somebody typed them.
            ctx.params = {name: _typed(value) for name, value in ctx.params.items()}
            return rest
        except UsageError:
            raise
        except Exception as error:
            kind = type(error).__name__  # typer brings a click of its own, or not
            param = getattr(error, "param", None)
            if kind == "MissingParameter" and param is not None:
                raise _missing(param, typed, ctx) from None
            if kind == "BadParameter" and param is not None:
                message = str(getattr(error, "message", ""))
                raise _not_a_value(message, param, typed, ctx) from None
            option = str(getattr(error, "option_name", ""))
            if kind == "BadOptionUsage":
                raise _no_value(option, ctx) from None
            if kind == "UsageError" and (extra := _EXTRA.search(str(error))):
                raise _too_much(extra[1].split()[0], typed, ctx) from None
            if kind != "NoSuchOption":
                raise
            known = [name for param in self.params for name in (*param.opts, *param.secondary_opts)]
            # `-seed` is read letter by letter.
            name = next((a for a in typed if len(option) == 2 and a.startswith(option)), option)
            raise UsageError(
                f"targen {ctx.info_name} has no option {name}", hint=_hint(name, known, ctx)
            ) from None

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


def _example(ctx: Any) -> str:
    """The first example of a command's help, or how to get the help."""
    words = f"targen {ctx.info_name}"
    line = re.search(rf"(?m)^ *- ({words} .+)", ctx.command.help or "")
    return f"for example {line[1]}; see {words} --help" if line else f"{words} --help"


def _missing(param: Any, typed: Sequence[str], ctx: Any) -> UsageError:
    first = ctx.command.params[0]
    actions = (first.metavar or "").split("|") if first is not param else []
    if len(actions) > 1 and typed[0] not in actions:
        hint = f"targen {ctx.info_name} {actions[0]} {shlex.quote(typed[0])}"
        return UsageError(f"{ctx.info_name} {typed[0]}: no such action", hint=hint)
    about = (getattr(param, "help", None) or "").partition(". ")[0].removesuffix(".")
    return UsageError(
        f"targen {ctx.info_name} needs {_called(param)}" + (f": {about}" if about else ""),
        hint=_example(ctx),
    )


def _no_value(option: str, ctx: Any) -> UsageError:
    """Report an option without its value: a shell reads `$2` as a variable, which is empty."""
    param = next((param for param in ctx.command.params if option in param.opts), None)
    is_money = "dollars" in (getattr(param, "help", None) or "").lower()
    hint = f"{option} 2.5, without a $" if is_money else _example(ctx)
    return UsageError(f"{option} needs a value", hint=hint)


def _not_a_value(message: str, param: Any, typed: Sequence[str], ctx: Any) -> UsageError:
    """Return the error for an option's value; control characters in a number are left out."""
    name, why = _called(param), plain_fault(message).removesuffix(".")
    value = next(
        (
            arg.partition("=")[2] if arg.startswith(f"{option}=") else after
            for arg, after in zip(typed, [*typed[1:], ""], strict=True)
            for option in param.opts
            if arg == option or arg.startswith(f"{option}=")
        ),
        "",
    )
    if name in _SHARES and any(map(str.isdigit, value)):
        return UsageError(f"{name}: {why}", hint="to divide rows among labels: --label A=40,B=20")
    if not value or "number" not in why:
        return UsageError(f"{name}: {why}", hint=f"targen {ctx.info_name} --help")
    is_whole = "whole" in why
    example = _amount(value, is_whole) or ("100" if is_whole else "2.5")
    return UsageError(
        f"{name}: {value!r} is not a {'whole number' if is_whole else 'number'}",
        hint=f"{name} {example}",
    )


def _amount(text: str, is_whole: bool) -> str:
    """The number that was meant by `$2`, `1,000`, `2,50`, `20k` or `5m`; "" if that is unclear."""
    digits = re.sub(r"[\s_'$€£%]", "", text)
    if re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", digits):
        digits = digits.replace(",", "")
    if re.fullmatch(r"\d[\doO]+", digits):  # a letter for a zero
        digits = re.sub("[oO]", "0", digits)
    found = _AMOUNT.fullmatch(digits.replace(",", "."))
    if not found:
        return ""
    number = float(found[1]) * _UNITS.get((found[2] or "").lower(), 1)
    return f"{number:g}" if not is_whole else f"{number:.0f}" if number.is_integer() else ""


def _too_much(first: str, typed: Sequence[str], ctx: Any) -> UsageError:
    """An argument for which the command has no place: what it was meant for, if that shows."""
    command, at = ctx.command, typed.index(first)
    options = {name for param in command.params for name in param.opts}
    places = [param.name.upper() for param in command.params if param.param_type_name == "argument"]
    key, equals, value = first.partition("=")
    before, named = ("", "", *typed)[at], ("", "", *typed)[at + 1]
    # An option took the next one as its value.
    if before.startswith("-") and {before, named} <= options:
        return _no_value(before, ctx)
    if before == "--label" and equals:
        # A name with a space, or a second label
        joined = f"{named.removesuffix(',')},{first}" if "=" in named else f"{named} {first}"
        hint = "--label " + shlex.quote(joined)
    elif before in ("-o", "--option") and equals:
        hint = f"{before} {shlex.quote(named)} {before} {shlex.quote(first)}"
    elif equals and f"--{key}" in options:
        hint = f"--{key} {shlex.quote(value)}"
    elif equals and f"-{key}" in options:
        hint = f"-{key} {shlex.quote(value)}"
    elif before == "--label" and not first.isdigit():
        hint = f"--label {shlex.quote(f'{named} {first}=40')}"
    elif before in ("-o", "--option", "--label"):
        hint = f"{before} {shlex.quote(f'{named}={first}')}"
    elif first.endswith(DECLARED) and typed[0].isdigit() and "-n" in options:
        hint = f"targen {ctx.info_name} {shlex.quote(first)} -n {typed[0]}"
    elif typed[0].endswith(DECLARED) and not first.endswith(DECLARED) and "--task" in options:
        hint = f"targen {ctx.info_name} {shlex.quote(first)} --task {shlex.quote(typed[0])}"
    elif first.isdigit() and ctx.info_name == "show" and typed[1:2] != [first]:
        hint = f"one row per command: targen show {shlex.quote(typed[0])} {first}"
    elif first.isdigit() and "-n" in options:
        hint = f"-n {first}"
    elif first.endswith(DECLARED) and "--task" in options:
        hint = f"--task {shlex.quote(first)}"
    elif first.endswith(".html") and {"--html", "--out"} <= options:
        hint = f"--html --out {shlex.quote(first)}"
    elif first.isalpha() and "--as" in options:
        hint = f"--as {first}"
    elif first.endswith((".csv", ".jsonl", ".parquet")) and {"--as", "--out"} <= options:
        hint = f"--as {first.rpartition('.')[2]} --out {shlex.quote(first)}"
    elif first.endswith(DECLARED) and typed[0].endswith(DECLARED):
        hint = f"run the command once for each file: targen {ctx.info_name} {shlex.quote(first)}"
    else:
        hint = f"targen {ctx.info_name} --help"
    takes = f"takes only {' and '.join(places)}" if places else "takes no arguments"
    return UsageError(f"unexpected argument {first!r}: targen {ctx.info_name} {takes}", hint=hint)


def _hint(name: str, known: Collection[str], ctx: Any) -> str:
    """Return what to type in place of an option."""
    from targen_core.calls.sampling import SAMPLING

    name = name.replace("_", "-")
    if (meant := _MEANT.get(name, "")) in known:
        return f"did you mean {meant}?"
    if f"-{name}" in known:
        return f"did you mean -{name}?"
    if name.removeprefix("-") in known:
        return f"did you mean {name.removeprefix('-')}?"
    if name in _SHARES and "--label" in known:
        return "--label A=40,B=20"
    places = [p.name.upper() for p in ctx.command.params if p.param_type_name == "argument"]
    if name[2:].upper() in places:
        return f"pass it without an option: targen {ctx.info_name} {' '.join(places)}"
    if ctx.info_name == "backends" and name in ("-b", "--backend"):
        return "pass it without an option: targen backends check NAME"
    if instead := _INSTEAD.get((ctx.info_name, name), _ELSEWHERE.get(name)):
        return instead
    if ctx.info_name == "resume" and name in _FIXED:
        return f"a run keeps its options; targen generate TASK {name} starts a new run"
    key = name.lstrip("-").replace("-", "_")
    if ctx.info_name == "train" and key in _OF_TRAINERS:
        trainer, _, option = _OF_TRAINERS[key].partition(" ")
        return f"it is an option of the trainer {trainer}: --trainer {trainer} {option}"
    if "--option" in known and key in (*SAMPLING, *_BY_OPTION):
        return f"it is an option of the model: -o {key}=VALUE"
    if key == "api_key":
        return (
            "set an environment variable such as OPENAI_API_KEY, or give a file that contains the "
            "key: --key-file FILE"
        )
    long = [option for option in known if option.startswith("--")]
    hint = did_you_mean(name, long, "")
    return hint if hint.startswith("did you mean") else f"targen {ctx.info_name} --help"
