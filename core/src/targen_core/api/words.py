"""Errors in the words of Python: what the command line calls options are keywords here.

They are written in the words of commands, and translated where a program called a function of
ours. A command may call the same function, as those of plugins do: nothing is translated then.
"""

from __future__ import annotations

import functools
import inspect
import json
import re
from collections.abc import Callable, Collection, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar

from targen_core.api.kinds import check_kinds
from targen_core.errors import TargenError, UsageError
from targen_core.origin import in_a_command
from targen_core.suggestions import did_you_mean, suggestions_for

__all__ = ["in_python", "speaking_python"]

P = ParamSpec("P")
T = TypeVar("T")

_RESUME = re.compile(r"targen resume (?P<run>'[^']*'|[^\s,;]+)(?: -n (?P<n>\w+))?")
_KEY = re.compile(r"(?<!\S)-o (?=[\w.]+=)")
_MAKES = re.compile(r"targen generate --out\b")
_COUNTS = re.compile(r"-n (\d+), or --preset (\w+), or --label ([^=]+)=(\d+)")
_N = re.compile(r"(?<!\S)-n(?= is |: )")
_PLACE = re.compile(r"such as --out ('[^']*'|[^\s,;]+)")
_SWITCH = re.compile(r"--force replaces")
_NAMES = {
    "backend": "model",
    "backend-for": "steps",
    "dimension": "dimensions",
    "variant": "variants",
}
_MODEL = re.compile(r"--model ([\w.-]+)")
_VALUED = re.compile(r"--(model|price-in|price-out) (?=[\w.])")
_BACKEND = re.compile(r"the (\S+) backend needs")
_FLAG = re.compile(r"(?<![\w-])--([a-z][a-z-]*[a-z])")


@contextmanager
def in_python() -> Iterator[None]:
    """Let errors name keywords and functions, in place of options and commands."""
    try:
        yield
    except TargenError as error:
        if in_a_command():
            raise
        if backend := _BACKEND.match(str(error)):  # the keyword is not the option of that name
            error.hint = _MODEL.sub(rf'model="{backend[1]}/\1"', error.hint)
        error.hint = _said(error.hint)
        if error.args and isinstance(error.args[0], str):
            error.args = (_said(error.args[0]), *error.args[1:])
        note = f"hint: {error.hint}"  # a traceback shows notes, and no attributes
        if error.hint and note not in getattr(error, "__notes__", ()):
            error.add_note(note)
        raise


def speaking_python(
    function: Callable[P, Coroutine[Any, Any, T]],
) -> Callable[P, Coroutine[Any, Any, T]]:
    """The same coroutine function: checked arguments, and errors in the words of Python."""
    keywords = inspect.signature(function).parameters

    @functools.wraps(function)
    async def speaking(*args: P.args, **kwargs: P.kwargs) -> T:
        with in_python():
            check_kinds({name: value for name, value in kwargs.items() if name in keywords})
            try:
                return await function(*args, **kwargs)
            except UsageError as error:
                for name in kwargs.keys() - keywords.keys():
                    if str(error).endswith(f" has no option {name!r}"):
                        error.hint = _nearest(name, keywords, error.hint)
                raise

    return speaking


def _nearest(name: str, keywords: Collection[str], hint: str) -> str:
    """The hint for what is no option, where a keyword may have been meant as well."""
    if not suggestions_for(name, keywords):
        return hint
    options = re.findall(r"\w+", hint.partition("did you mean ")[2])
    return did_you_mean(name, [*keywords, *options], "options")


def _said(text: str) -> str:
    text = _RESUME.sub(_call, text)
    text = _KEY.sub("", text)
    text = _VALUED.sub(lambda match: match[1].replace("-", "_") + "=", text)
    text = _MAKES.sub("targen_core.generate(..., out=...)", text)
    text = _COUNTS.sub(r'n=\1, or preset="\2", or labels={"\3": \4}', text)
    text = _N.sub("n", text)
    text = _PLACE.sub(lambda match: "such as out=" + json.dumps(match[1].strip("'")), text)
    text = _SWITCH.sub("force=True replaces", text)
    text = text.replace("--task NAME; see targen list-tasks", 'task="NAME"')
    text = text.replace("--executor ray", 'executor="ray"')
    text = text.replace("run the same command", "make the same call")
    text = text.replace("--no-correct and --corrector", "correct=False and a corrector")
    text = text.replace("--no-correct", "correct=False")
    return _FLAG.sub(lambda match: _NAMES.get(match[1], match[1]).replace("-", "_"), text)


def _call(match: re.Match[str]) -> str:
    run = match["run"].strip("'")
    rows = f", n={match['n']}" if match["n"] else ""
    return f"targen_core.resume({run!r}{rows})"
