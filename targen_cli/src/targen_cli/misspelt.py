"""Options that a command does not have, and what was meant: by spelling, meaning or past."""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum
from typing import Any

from typer.core import TyperCommand

from targen_core.errors import UsageError
from targen_core.origin import Typed
from targen_core.suggestions import did_you_mean
from targen_core.text import plain_fault

__all__ = ["Command"]

_MEANT = {
    "--ablation": "--contexts-fraction",
    "--api-base": "--base-url",
    "--budget": "--max-cost",
    "--contexts-share": "--contexts-fraction",
    "--count": "--number",
    "--format": "--as",
    "--most": "--limit",
    "--num": "--number",
    "--num-rows": "--number",
    "--output": "--out",
    "--output-dir": "--out",
    "--patience": "--max-outage",
    "--provider": "--backend",
    "--rows": "--number",
    "--size": "--number",
    "--timeout": "--max-outage",
    "--url": "--base-url",
}
"""What people type, or once typed, for an option of ours."""

_BY_OPTION = ("structured", "thinking", "seeded", "n_ctx")


class Command(TyperCommand):
    """A command that tells what was meant by an option that it does not have."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the command line.

        Raises:
            UsageError: an option that there is not, or a value that is missing or cannot be.
        """
        try:
            rest: list[str] = super().parse_args(ctx, args)
            # The only place where texts become orders because somebody typed them.
            ctx.params = {name: _typed(value) for name, value in ctx.params.items()}
            return rest
        except Exception as error:
            kind = type(error).__name__  # typer brings a click of its own, or not
            param = getattr(error, "param", None)
            if kind == "MissingParameter" and param is not None:
                raise _missing(param, ctx) from None
            if kind == "BadParameter" and param is not None:
                why = plain_fault(str(getattr(error, "message", ""))).removesuffix(".")
                raise UsageError(
                    f"{_called(param)}: {why}", hint=f"targen {ctx.info_name} --help"
                ) from None
            if kind != "NoSuchOption":
                raise
            known = [name for param in self.params for name in (*param.opts, *param.secondary_opts)]
            name = str(getattr(error, "option_name", ""))
            raise UsageError(
                f"targen {ctx.info_name} has no option {name}", hint=_hint(name, known, ctx)
            ) from None


def _typed(value: Any) -> Any:
    """The value of an argument or option, its texts as orders."""
    if isinstance(value, str) and not isinstance(value, Enum):
        return Typed(value)
    if isinstance(value, list | tuple):
        return type(value)(map(_typed, value))
    return value


def _called(param: Any) -> str:
    """How a parameter is typed: an option by its flag."""
    return str(param.opts[0]) if param.param_type_name == "option" else str(param.name).upper()


def _missing(param: Any, ctx: Any) -> UsageError:
    about = (getattr(param, "help", None) or "").partition(". ")[0].removesuffix(".")
    return UsageError(
        f"targen {ctx.info_name} needs {_called(param)}" + (f": {about}" if about else ""),
        hint=f"targen {ctx.info_name} --help",
    )


def _hint(name: str, known: Collection[str], ctx: Any) -> str:
    """What to type in the place of an option."""
    from targen_core.calls.sampling import SAMPLING

    if (meant := _MEANT.get(name, "")) in known:
        return f"did you mean {meant}?"
    if name == "--shard":
        return "shards are of targen generate and estimate: elsewhere leave it out"
    key = name.lstrip("-").replace("-", "_")
    if "--option" in known and key in (*SAMPLING, *_BY_OPTION):
        return f"it is an option of the model: -o {key}=VALUE"
    if key == "api_key":
        return "export the key, as in OPENAI_API_KEY; or name a file that holds it: --key-file FILE"
    long = [option for option in known if option.startswith("--")]
    hint = did_you_mean(name, long, "")
    return hint if hint.startswith("did you mean") else f"targen {ctx.info_name} --help"
