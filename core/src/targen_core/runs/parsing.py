"""Read options as users type them: `-o KEY=VALUE`, `--label A=40`, `--dimension NAME=VALUES`."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from targen_core.calls.sampling import SAMPLING
from targen_core.calls.secrets import scrub
from targen_core.errors import UsageError
from targen_core.runs.step_options import CORE

_EXAMPLE = "-o temperature=0.7"
_SHARES = "--share language=German:15,English:15"
_DIMENSIONS = "--dimension length=short,long"
_WEIGHT = re.compile(r"(?!\d?\d:[0-5]\d$)(.*\S)\s*:\s*(\d+)", re.DOTALL)  # 9:30 is a time


def parse_options(items: Sequence[str], example: str = _EXAMPLE) -> dict[str, Any]:
    """Return options as typed; the last of two with one name counts.

    Args:
        items: each KEY=VALUE.
        example: a typed option, for commands without one.

    Raises:
        UsageError: an item is not KEY=VALUE.
    """
    options = {}
    for item in items:
        name, equals, text = item.partition("=")
        if not equals or not name:
            raise UsageError(
                f"option {scrub(item)!r} is not KEY=VALUE", hint="for example " + example
            )
        options[name] = _parsed(name.rpartition(".")[2], text)
    return options


def _parsed(key: str, text: str) -> Any:
    if key == "batch" and "," in text and all(part.strip().isdecimal() for part in text.split(",")):
        return [int(part) for part in text.split(",")]
    try:
        value = json.loads(text)
    except ValueError:
        return text
    if key in SAMPLING or key in CORE or not isinstance(value, (int, float)):
        return value
    # A backend's option may be a text of digits (a model called "4"): its
    # model decides, and pydantic reads numbers from text.
    return text


def parse_pairs(
    items: Sequence[str], option: str, example: str, *, last: bool = False
) -> dict[str, str]:
    """`NAME=VALUE` items as a dict, split at the first `=`, or the `last` if names may have some.

    Raises:
        UsageError: an item without `=`, or a name given twice.
    """
    values: dict[str, str] = {}
    for item in items:
        name, equals, value = item.rpartition("=") if last else item.partition("=")
        if not equals or not name or not value:
            spelt = re.fullmatch(r"([^:=,{}\"]+?)\s*[:\s]\s*([^:,\s{}\"]+)", item)
            usual = example.partition("=")[2]
            typed = example
            if spelt and spelt[2].isdigit() == usual.isdigit():
                typed = f"{spelt[1]}={spelt[2]}"
            elif re.fullmatch(r"[\w -]*\w", item):
                typed = f"{item}={usual}"
            hint = f"{option} {shlex.quote(typed)}"
            raise UsageError(f"{option} {item!r} is not NAME=VALUE", hint=hint)
        if name in values:
            raise UsageError(f"{option} contains {name} twice", hint="keep one of them")
        values[name] = value
    return values


def parse_labels(items: Sequence[str] | None) -> dict[str, int]:
    """Rows by label, as --label says: once for each, or of several with commas between them.

    Raises:
        UsageError: an item is not LABEL=ROWS.
    """
    labels: dict[str, int] = {}
    single = [part for item in items or () for part in _parts(item)]
    for name, text in parse_pairs(single, "--label", "LABEL=40", last=True).items():
        if text.startswith("+"):
            raise UsageError(
                f"--label {name}={text}: a number of rows is a total, so it has no sign",
                hint="add the rows that the label has to those that you want",
            )
        try:
            labels[name] = int(text)
        except ValueError:
            raise UsageError(
                f"--label {name}={text}: {text!r} is not a number of rows",
                hint=f"--label {shlex.quote(f'{name}=40')}; for several labels: --label A=40,B=20",
            ) from None
    return labels


def _parts(item: str) -> list[str]:
    """Split an item into labels; a name may contain commas, since its parts have no `=`."""
    parts: list[str] = []
    for part in item.split(","):
        if parts and "=" not in parts[-1]:
            parts[-1] += f",{part}"
        else:
            parts.append(part)
    return [part.strip() for part in parts] if "=" in parts[-1] else [item]


def parse_shares(items: Sequence[str] | Mapping[str, Any]) -> dict[str, dict[str, int]]:
    """Parse `NAME=VALUE:ROWS,...` items, as --share has them; a mapping is only checked.

    Raises:
        UsageError: an item of another form, or a name given twice.
    """
    shares: dict[str, dict[str, int]] = {}
    if not isinstance(items, Mapping):
        items = _by_name(items, "--share", "NAME=VALUE:ROWS,...", _SHARES)
    for name, of in items.items():
        if isinstance(of, str):
            raise UsageError(f"--share {name}={of} does not list its values", hint=_SHARES)
        rows = of if isinstance(of, Mapping) else dict.fromkeys(of, 1)
        if not all(isinstance(each, int) and each > 0 for each in rows.values()):
            raise UsageError(
                f"--share {name}: each value needs a whole number of rows, 1 or more", hint=_SHARES
            )
        shares[name] = {str(value): int(each) for value, each in rows.items()}
    return shares


def parse_dimensions(items: Sequence[str]) -> dict[str, Any]:
    """Parse `[STEP.]NAME=VALUES` items: a,b,c or a:3,b:1, @FILE or @VOCABULARY, or none.

    Raises:
        UsageError: an item of another form, or a name given twice.
    """
    return _by_name(items, "--dimension", "NAME=VALUES", _DIMENSIONS)


def _by_name(items: Sequence[str], option: str, form: str, hint: str) -> dict[str, Any]:
    """Parse `NAME=VALUES` items of an option, whose `form` and `hint` errors show.

    Raises:
        UsageError: an item of another form, or a name given twice.
    """
    values: dict[str, Any] = {}
    for item in items:
        name, equals, text = item.partition("=")
        name = name.strip()
        if not equals or not name:
            raise UsageError(f"{option} {item!r} is not {form}", hint=hint)
        if name in values:
            raise UsageError(f"{option} contains {name} twice")
        values[name] = _values(name, text.strip())
    return values


def _values(name: str, text: str) -> str | tuple[str, ...] | dict[str, int]:
    if text.startswith("@"):
        return text
    parts = [part.strip() for part in text.split(",")] if text else []
    if "" in parts:
        raise UsageError(
            f"--dimension {name}={text}: a value is empty",
            hint="put values that contain commas in a file, one per line: --dimension "
            f"{name}=@FILE",
        )
    weighted = [_WEIGHT.fullmatch(part) for part in parts]
    if not parts or not any(weighted):
        return tuple(parts)
    weights: dict[str, int] = {}
    for part, match in zip(parts, weighted, strict=True):
        if match is None:
            raise UsageError(
                f"--dimension {name}={text}: {part!r} has no weight, although others have one",
                hint=f"give every value a weight, such as {part}:1, or none of them. Put values "
                f"that end in a colon and a number in a file: --dimension {name}=@FILE",
            )
        if match[1] in weights:
            raise UsageError(f"--dimension {name}={text}: {match[1]!r} is given twice")
        weights[match[1]] = int(match[2])
    return weights
