"""`targen diff`: what differs between two runs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from targen_core.cli.commands.show import REPLY, Screen, text_of
from targen_core.cli.tables import print_json, print_table
from targen_core.text import percent, plural, printable, row_name

if TYPE_CHECKING:
    from targen_standard.comparing.difference import Changed, Difference, RowChange

_WORDS = {
    "same": "the same",
    "relabelled": "with a different label",
    "near": "nearly the same",
    "left": "only in the first",
    "right": "only in the second",
}
_HASH = 12  # digits of what is a digest


def diff(
    left: Annotated[Path, typer.Argument(metavar="RUN", help="A run directory.")],
    right: Annotated[Path, typer.Argument(metavar="RUN", help="A second run directory.")],
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with status 1 if the runs differ.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Compare two runs: settings, calls, candidates, rows and figures.

    Compares calls by their keys, candidates by their ids, and rows by their text. A key covers
    everything that determines a reply, so calls with the same key but different replies are listed
    first.

    Examples:
    - targen diff runs/rte-0 runs/rte-0-replay
    - targen diff runs/a runs/b --exit-code
    """
    from targen_standard.comparing.difference import difference

    result = difference(left, right)
    if json:
        print_json(result.raw)
    else:
        _print(result)
    if exit_code and not result.same:
        raise typer.Exit(1)


def _print(result: Difference) -> None:
    screen = Screen()
    print(f"- {result.left}\n+ {result.right}")
    if result.other_reply_count:
        count = plural(result.other_reply_count, "call")
        screen.heading(f"DIFFERENT REPLIES TO THE SAME CALL: {count}")
        for change in result.other_replies:
            screen.title(change.name, "", "", indent=2)
            _print_sides(screen, change.left, change.right)
    if result.asked:
        screen.heading("Different settings")
        print_table(["", "-", "+"], [_field(change) for change in result.asked])
    else:
        screen.heading("Same settings")
    screen.heading("Calls")
    sides = ("left", "right", "shared")
    print_table(
        ["step", "-", "+", "in both"],
        [(step, *(each[side] for side in sides)) for step, each in result.calls.items()],
    )
    screen.heading("Candidates")
    candidates = result.candidates
    print(f"{candidates['left']:,} / {candidates['right']:,}, {candidates['both']:,} in both")
    if result.unrelated:
        print("the runs share no calls, so candidates with the same id have nothing in common")
    if result.verdicts:
        print_table(
            ["-", "+", "count"],
            [(*pair.split(" -> ", 1), count) for pair, count in result.verdicts.items()],
        )
        _print_changed(result, " verdict")
    if result.relabelled:
        print(f"{result.relabelled:,} with a different label")
        _print_changed(result, " label")
    if result.rewritten:
        print(f"{result.rewritten:,} with a different text")
        _print_changed(result, " text")
    screen.heading("Rows")
    print_rows(result)
    screen.heading("Figures")
    print_table(["", "-", "+"], [_figure(change) for change in result.figures])
    print("\nthe runs are the same" if result.same else "\nthe runs differ")


def _print_changed(result: Difference, what: str) -> None:
    for change in result.changed:
        if change.name.endswith(what):
            sides_of = "" if change.left is None else f": {change.left} -> {change.right}"
            print(f"  {change.name}{sides_of}")


def _field(change: Changed) -> tuple[str, str, str]:
    digest = change.name.startswith(("task.prompts.", "task.dimensions.", "given."))
    digest = digest or bool({"files", "prompts"} & {*change.name.split(".")[2:-1]})  # of parts
    return (change.name, _short(change.left, digest), _short(change.right, digest))


def _short(value: Any, digest: bool) -> str:
    from targen_core.runs.manifest import as_words

    text = _listed(value) if value and isinstance(value, Mapping | list) else as_words(value)
    return text[:_HASH] if digest else text


def _listed(value: Any) -> str:
    """Return values in names and lists without the signs of JSON: `delivery 6, refund 6`."""
    from targen_core.runs.manifest import as_words

    if isinstance(value, Mapping):
        return ", ".join(
            f"{name} ({_listed(of)})" if isinstance(of, Mapping) else f"{name} {_listed(of)}"
            for name, of in value.items()
        )
    return "; ".join(map(_listed, value)) if isinstance(value, list) else as_words(value)


def _figure(change: Changed) -> tuple[str, str, str]:
    shown = []
    for value in (change.left, change.right):
        if change.name == "yield":
            shown.append(percent(value))
        elif change.name == "dollars":
            shown.append(f"{value:.4f}")
        elif isinstance(value, int):
            shown.append(f"{value:,}")
        else:
            shown.append("?" if value is None else str(value))
    return (change.name, *shown)  # type: ignore[return-value]


def _print_sides(screen: Screen, left: Any, right: Any) -> None:
    pairs = (("-", left), ("+", right))
    screen.pairs(
        [(sign, printable(text_of(side), max_length=REPLY)) for sign, side in pairs], indent=4
    )


def print_rows(result: Difference) -> None:
    """Print how many rows two runs share, with examples of the others."""
    words = [f"{count:,} {_WORDS[kind]}" for kind, count in result.rows.items() if count]
    print(", ".join(words) or "none")
    screen = Screen()
    for example in result.examples:
        _print_row(screen, example)


def _print_row(screen: Screen, example: RowChange) -> None:
    """A row as a diff has it: what it was, and what it is."""
    for sign, side in (("-", example.left), ("+", example.right)):
        if side is None:
            continue
        number, row, label = side
        screen.title(f"{sign} {row_name(number)}", label, "", indent=2)
        shown = {name: value for name, value in row.items() if name != "idx"}
        if shown.get("label") == label:
            del shown["label"]
        cut = [(name, printable(text_of(value), max_length=REPLY)) for name, value in shown.items()]
        screen.pairs(cut, indent=6)
