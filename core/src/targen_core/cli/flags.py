"""Flags of commands out of the models that declare options: see `targen_core.options`.

```python
@takes(RowOptions, Limits.declared("max_cost", "cache"))
def generate(task: TaskArg, *, said: Said) -> None:
    config = RunConfig(task=task, **said.part(RowOptions))
```
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from shlex import quote
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeAlias, TypeVar, Union, get_args, get_origin

import typer

from targen_core.cli.completion import completer
from targen_core.options import Option, Options

Group: TypeAlias = type[Options] | Mapping[str, Option]
"""A model of options, or some of them, by name."""

OptionsT = TypeVar("OptionsT", bound=Options)

_FIRST = (
    *("task", "n", "labels", "variants", "backend", "model", "out", "seed"),
    *("max_cost", "dry_run", "yes"),
)
"""The first options in the help of every command, in order."""

_PANELS = (
    *("Rows", "Model", "Contexts and seeds", "Cost and speed"),
    *("Batches", "Workers", "Output"),
)
"""The panels of the help, in order; options of no panel come before them, other panels after."""


@dataclass(frozen=True, slots=True)
class Said:
    """The options of a command that were given, by the names of their fields.

    Attributes:
        values: without those that were left out, whose defaults are their models'.
        has: the names of all that the command takes.
    """

    values: Mapping[str, Any]
    has: frozenset[str]

    def part(self, *groups: Group) -> dict[str, Any]:
        """Return those of some groups."""
        names = {name for group in groups for name in _options(group)}
        return {name: value for name, value in self.values.items() if name in names}

    def typed(self, *groups: Group) -> str:
        """Return those of some groups as they are typed again behind a command; "" without any.

        Options with a secret are left out, since hints end up in logs.
        """
        from targen_core.calls.secrets import secret_in

        names = {name: option for group in groups for name, option in _options(group).items()}
        again = ""
        for name, option in names.items():
            value = self.values.get(name, ())
            flag = min(option.flag.names or (f"--{name.replace('_', '-')}",), key=len)
            for text in map(str, value if option.flag.repeats else [value][: name in self.values]):
                key, _, own = text.partition("=") if option.flag.repeats else (name, "", text)
                if not secret_in(own, key) and not ("://" in own and "@" in own):
                    again += f" {flag} {quote(text)}"
        return again

    def of(self, model: type[OptionsT]) -> OptionsT:
        """Those of one model, as the model.

        Raises:
            UsageError: a value that cannot be.
        """
        return model(**self.part(model))


def takes(
    *groups: Group, unchanged: Sequence[Group] = ()
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the options of these groups behind its own.

    The command has a keyword `said`, which gets a `Said`. It may declare an option of a group
    itself, as where its words differ; the option is its own then.

    Args:
        groups: models of options, or parts of them.
        unchanged: further groups, whose options keep their earlier values if left out.
    """
    derived = {
        name: _parameter(name, option, unchanged=group in unchanged)
        for group in (*unchanged, *groups)
        for name, option in _options(group).items()
    }

    def decorated(command: Callable[..., None]) -> Callable[..., None]:
        signature = inspect.signature(command, eval_str=True)
        own = {n: p for n, p in signature.parameters.items() if n != "said"}
        others = {name: each for name, each in derived.items() if name not in own}

        def run(**values: Any) -> None:
            mine = {name: values[name] for name in own if name in values}
            given = {n: value for n in others if (value := values.get(n)) is not None}
            command(**mine, said=Said(given, frozenset(others)))

        return with_signature(run, command, [*own.values(), *others.values()])

    return decorated


def with_signature(
    run: Callable[..., None], like: Callable[..., None], parameters: list[inspect.Parameter]
) -> Callable[..., None]:
    """A function as typer reads it: with these parameters, and the name and words of another."""
    arguments = [p for p in parameters if _is_argument(p)]
    options = sorted((p for p in parameters if p not in arguments), key=_place)
    ordered = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in (*arguments, *options)]
    run.__name__, run.__doc__, run.__module__ = like.__name__, like.__doc__, like.__module__
    run.__annotations__ = {p.name: p.annotation for p in ordered} | {"return": None}
    run.__signature__ = inspect.Signature(ordered)  # type: ignore[attr-defined]
    return run


def _place(parameter: inspect.Parameter) -> tuple[int, int]:
    """Return an option's place in the help: by its panel, then by its name if that comes first."""
    declared = getattr(parameter.annotation, "__metadata__", ())
    panels = (getattr(each, "rich_help_panel", None) for each in declared)
    panel = next((each for each in panels if isinstance(each, str)), "")
    in_order = ("", *_PANELS)
    return (
        in_order.index(panel) if panel in in_order else len(in_order),
        _FIRST.index(parameter.name) if parameter.name in _FIRST else len(_FIRST),
    )


def _is_argument(parameter: inspect.Parameter) -> bool:
    arguments = getattr(parameter.annotation, "__metadata__", ())
    return any(isinstance(each, typer.models.ArgumentInfo) for each in arguments)


def _options(group: Group) -> Mapping[str, Option]:
    return group if isinstance(group, Mapping) else group.declared()


def _parameter(name: str, option: Option, *, unchanged: bool) -> inspect.Parameter:
    """Return an option as a parameter of typer, which is None if the option was not given."""
    flag, kind = option.flag, _typed_as(option.kind)
    is_switch = kind is bool
    typed, words = f"--{name.replace('_', '-')}", flag.default
    if is_switch and (unchanged or option.default):
        typed = f"{typed}/--no-{typed[2:]}"
    if unchanged:
        words = "unchanged" if is_switch else ""
    elif is_switch and not flag.names:
        words = typed.partition("/")[0][2:] if option.default else ""
    elif not (words or is_switch) and isinstance(option.default, str | int | float):
        words = str(option.default)
    made = typer.Option(
        *(flag.names or (typed,)),
        help=f"{flag.help} [default: {words}]" if words else flag.help,
        metavar=flag.metavar,
        rich_help_panel=flag.panel or None,
        autocompletion=completer(flag.completes) if flag.completes else None,
        show_default=False,
    )
    annotation: Any = Annotated[(list[str] if flag.repeats else kind) | None, made]
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation
    )


def _typed_as(annotation: Any) -> Any:
    """The type that the command line takes: without ranges, without None, choices as texts."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _typed_as(get_args(annotation)[0])
    if origin in (Union, UnionType):
        kinds = [each for each in get_args(annotation) if each is not NoneType]
        return _typed_as(kinds[0])
    if origin is Literal:
        return Literal[tuple(map(str, get_args(annotation)))]
    return annotation
