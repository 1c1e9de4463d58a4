"""Sets of names, which rows are counted by: `refund`, `refund+delay`, `none`.

If a row may have several of `k` names, there are too many sets to fill each. By default,
a plan has `k` sets or fewer of each size: neighbours in the order of the file, counted round. Each
name is in equally many. Equal quotas then give equally many rows to each name and to each size. A
request can name any other set.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Annotated

from pydantic import AfterValidator, Field

from targen_core.tasks.fields import as_lines
from targen_standard.task_files.model import LabelName

NONE = "none"
"""The label of a row without any of the names."""

JOINED = "+"
"""Joins the names of a set in its label."""


def _no_label(name: str) -> str:
    if name == NONE:
        raise ValueError(f"{NONE} means rows without any label; choose a different name")
    return name


def _one_word(name: str) -> str:
    if not re.fullmatch(r"[^\W\d_][\w.-]*", name):
        raise ValueError(
            f"{name!r} is not a valid name here, since prompts use it as a tag; use a letter, then "
            f"letters, digits, _, . and -{_instead(name)}"
        )
    return name


def _in_a_set(name: str) -> str:
    if "," in name or JOINED in name:
        raise ValueError(
            f"{name!r} is not a valid name here: commas and {JOINED} separate the names in a set; "
            f"use a name without them{_instead(name)}"
        )
    return name


def _instead(name: str) -> str:
    """Return a proposal for a name of one word, or ""."""
    one = re.sub(r"[^\w.-]+", "_", name).strip("_.-0123456789")
    return f", such as {one}" if one else ""


Name = Annotated[str, AfterValidator(_one_word), AfterValidator(_no_label), Field(max_length=60)]
"""A name, as written in a set and in a mark: a letter, then letters, digits, `_`, `.` and `-`."""

SetName = Annotated[LabelName, AfterValidator(_in_a_set), AfterValidator(_no_label)]
"""A name in a set: as of a label, without `+` and commas."""

_AnyName = Annotated[LabelName, AfterValidator(_no_label)]


def _differ(definitions: dict[str, str]) -> dict[str, str]:
    seen: dict[str, str] = {}
    for name in definitions:
        if (other := seen.setdefault(name.casefold(), name)) != name:
            raise ValueError(f"{name}: it differs from {other} only in case")
    return definitions


Definitions = Annotated[
    dict[Name, Annotated[str, Field(min_length=1)]],
    Field(min_length=1, max_length=200),
    AfterValidator(_differ),
]
"""Name → definition, for names in tags."""

Members = Annotated[
    dict[SetName, Annotated[str, Field(min_length=1)]],
    Field(min_length=1, max_length=200),
    AfterValidator(_differ),
]
"""Name → definition, for names in sets."""

Kinds = Annotated[
    dict[_AnyName, Annotated[str, Field(min_length=1)]],
    Field(min_length=1, max_length=200),
    AfterValidator(_differ),
]
"""Name → definition, of names that stand alone, like the labels of a task."""


def _in_order(pair: tuple[int, int]) -> tuple[int, int]:
    if pair[0] > pair[1]:
        raise ValueError(
            f"the first number is larger than the second; use [{pair[1]}, {pair[0]}]: the "
            "minimum, then the maximum"
        )
    return pair


IN_ORDER = AfterValidator(_in_order)
"""Requires a pair of numbers to be the fewest and then the most."""


def sets_of(names: Sequence[str], sizes: tuple[int, int]) -> Mapping[str, tuple[str, ...]]:
    """Return the sets that a plan has by default: label → the names in it, in their order.

    Args:
        names: all names.
        sizes: fewest and most names in a set. If it may be empty, `none` follows the single names:
            a run with fewer rows than sets then also has rows without any.
    """
    sets: dict[str, tuple[str, ...]] = {}
    for size in range(max(1, sizes[0]), min(sizes[1], len(names)) + 1):
        if size > 1 and sizes[0] == 0:
            sets.setdefault(NONE, ())
        for first in range(len(names)):
            chosen = {names[(first + at) % len(names)] for at in range(size)}
            members = tuple(name for name in names if name in chosen)
            sets.setdefault(JOINED.join(members), members)
    return sets | ({NONE: ()} if sizes[0] == 0 else {})


def meaning(members: Sequence[str], definitions: Mapping[str, str]) -> str:
    """Return the definition of a set: of a single name its own; "" of no names."""
    return definitions[members[0]] if len(members) == 1 else " and ".join(members)


def label_for(found: Collection[str], sets: Mapping[str, tuple[str, ...]]) -> str:
    """Return the label of a set of names; of an unplanned one, the names in alphabetical order."""
    for label, members in sets.items():
        if {*members} == {*found}:
            return label
    return JOINED.join(sorted({*found})) or NONE


def members_of(label: str, names: Sequence[str]) -> tuple[str, ...]:
    """Return the names in the set of a label, in their order."""
    found = label.split(JOINED)
    return tuple(name for name in names if name in found)


def field_in(shown: str, name: str) -> str:
    """Return a field of one line from a row that `as_lines` shows, or the whole row.

    Dry runs use it: their texts have one line.
    """
    heading = as_lines({name: "", "": ""}).partition("\n")[0]
    lines = [line for line in shown.splitlines() if name and line.startswith(heading)]
    return lines[0].removeprefix(heading) if lines else shown
