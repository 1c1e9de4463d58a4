"""`targen trace`: all that a row came from, and what rests on a call."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from targen_core.cli.commands.show import (
    REPLY,
    content_of,
    facts_of,
    origin_of,
    outcome_of,
    text_of,
)
from targen_core.cli.tables import console, print_json
from targen_core.errors import UsageError
from targen_core.text import plural, printable, row_name

if TYPE_CHECKING:
    from targen_core.cli.tracing import Traced
    from targen_standard.tracing.api import Trace, TracedCall

_ALL = "--full shows everything"
_DIGITS = 12  # of a key that are shown
_SHOWN = 10  # rows that rest on a call
_MIN_TEXT = 24  # columns that a text has at least


def trace(
    run: Annotated[
        Path,
        typer.Argument(help="A run directory, or a correction's directory.", show_default=False),
    ],
    row: Annotated[
        str | None,
        typer.Argument(
            metavar="ROW",
            help="A row number, counted from 0, or the id of any candidate, accepted or rejected.",
            show_default=False,
        ),
    ] = None,
    call: Annotated[
        str | None,
        typer.Option(
            "--call",
            metavar="KEY",
            help="Show a call and the rows and rejects that depend on it; the first "
            "digits of the call's key are enough.",
        ),
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="Print long texts and conversations in full.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Trace a row to its task, lists, seed, calls, checks and verdict.

    Shows each call with its key, model, parameters, cost, prompt and reply. With --call, shows the
    rows and rejects that depend on a call.

    Examples:
    - targen trace runs/rte-0 3
    - targen trace runs/rte-0 3.2/entailment/0 --full
    - targen trace runs/rte-0 --call 495382e0
    """
    if (row is None) == (call is None):
        again = f"targen trace {shlex.quote(str(run))}"
        raise UsageError("give a row or a call", hint=f"{again} 0, or {again} --call KEY")
    if call is not None:
        _trace_call(run, call, full=full, json=json)
        return
    from targen_standard.tracing import api

    assert row is not None
    traced = api.trace(run, row)
    if json:
        print_json(traced.raw)
        return
    print_trace(traced, full=full)
    if traced.problem:
        print(traced.problem, file=sys.stderr)


def print_trace(trace: Trace, *, full: bool = False) -> None:
    """Print a row or a candidate as a tree; without `full`, long texts are cut."""
    _draw(_of_row(trace, full=full))


def _trace_call(run: Path, prefix: str, *, full: bool, json: bool) -> None:
    from targen_core.cli import tracing
    from targen_standard.tracing.api import traced_call

    record = tracing.find_call(run, prefix)
    shown = traced_call(record, tracing.made_by(run))
    resting = tracing.resting_on(run, shown.key)
    if json:
        print_json({"call": shown.raw, "resting": [facts_of(each) for each in resting]})
        return
    every = list(resting)
    rows = [each for each in every if each.rows]
    rejects = [each for each in every if not each.rows]
    tree = _of_call(shown, full=full)
    tree.title.append((_count(rows, rejects), "bold cyan"))
    for each in islice(every, None if full else _SHOWN):
        lines = [(name, text_of(value)) for name, value in content_of(each)]
        if each.rows:
            title = [(row_name(each.number), "bold"), (str(each.label), "cyan")]
        else:
            verdict, why = outcome_of(each)
            title = [(each.id, "bold"), (verdict, "cyan"), (why, "dim")]
        tree.below.append(_Branch(title, _cut(lines, full=full)))
    if len(every) > len(tree.below):
        tree.below.append(
            _Branch([(f"{len(every) - len(tree.below):,} more; --full shows them", "dim")])
        )
    _draw(tree)
    if every:
        again = shlex.join([str(run), str(_name(every[0]))])  # a stranger may have written the id
        print(f"to see a row's origin: targen trace {again}", file=sys.stderr)


def _name(traced: Traced) -> object:
    return traced.number if traced.rows else traced.id


def _count(rows: Sequence[Traced], rejects: Sequence[Traced]) -> str:
    """Return how many rows rest on a call, in words."""
    made = sum(len(each.rows) for each in rows)
    words = [plural(made, "row")] if rows else []
    words += [plural(len(rejects), "reject")] if rejects else []
    if not words:
        return "no row uses this call: it was made ahead of time but not needed"
    single = made + len(rejects) == 1
    return f"{' and '.join(words)} {'depends' if single else 'depend'} on it"


@dataclass(slots=True)
class _Branch:
    """A branch of the tree: its title in parts with their styles, texts by name, and branches."""

    title: list[tuple[str, str]]
    lines: list[tuple[str, str]] = field(default_factory=list)
    below: list[_Branch] = field(default_factory=list)


def _cut(pairs: Sequence[tuple[str, str]], *, full: bool) -> list[tuple[str, str]]:
    most = None if full else REPLY
    return [(name, printable(text, max_length=most)) for name, text in pairs]


def _of_row(trace: Trace, *, full: bool) -> _Branch:
    traced, record = trace.traced, trace.record
    if trace.rows:
        title = [(row_name(traced.number), "bold"), (str(trace.label), "bold cyan")]
    else:
        verdict, why = outcome_of(traced)
        title = [(trace.id, "bold"), (verdict, "bold cyan"), (why, "dim")]
    tree = _Branch(title, [(name, text_of(value)) for name, value in content_of(traced)])
    tree.below.append(_Branch([("run", "bold"), (str(trace.run), "")], _made(trace.made_by)))
    origin = list(origin_of(traced))
    steps = [name for name, _ in origin]
    end = steps.index("generated for") + 1 if "generated for" in steps else len(steps)
    calls = {
        name: [_of_call(c, full=full) for c in trace.calls if c.step == name]
        for name in ("generate", "correct")
    }
    tree.below += [_of_call(c, full=full) for c in trace.calls if c.step not in calls]
    if traced.correction is None:
        lines = [(name, text_of(value)) for name, value in origin[:end]]
        tree.below.append(
            _Branch([("seed" if "seed" in record else "item", "bold")], _cut(lines, full=full))
        )
    tree.below += calls["generate"]
    if judged := list(_judged(traced, origin)):
        tree.below.append(_Branch([("checks and filters", "bold")], judged))
    tree.below += calls["correct"]
    rest = [(n, text_of(v)) for n, v in origin[end:] if n != "checks"]
    verdict, why = outcome_of(traced)
    tree.below.append(_Branch([("verdict", "bold"), (verdict, "bold cyan"), (why, "")], rest))
    return tree


def _made(made: Any) -> list[tuple[str, str]]:
    """Return what made the run."""
    variants = f", variant {', '.join(made['variants'])}" if made["variants"] else ""
    lines = [("task", f"{made['task']} {made['version']}{variants}")]
    lines.append(("random seed", str(made["seed"])))
    if made["created"]:
        lines.append(("started", made["created"]))
    if made["corrector"]:
        lines.append(("corrector", made["corrector"]))
    if made["packages"]:
        lines.append(("packages", ", ".join(f"{n} {v}" for n, v in made["packages"].items())))
    return lines


def _judged(traced: Traced, origin: Sequence[tuple[str, object]]) -> Iterator[tuple[str, str]]:
    """Yield the results of checks and filters."""
    stage, record = traced.record.get("stage"), traced.record
    why = ": ".join(str(record[name]) for name in ("reason", "detail") if record.get(name))
    if traced.correction is not None or "seed" not in record or stage == "generate":
        return
    yield "checks", why if stage == "check" else "passed"
    if stage == "filter" or traced.verdict == "duplicate":
        yield "filters", why or str(record.get("detail"))
    elif stage != "check" and (alike := dict(origin).get("checks")):
        yield "filters", str(alike).removeprefix("passed").lstrip("; ") or "none"


def _of_call(call: TracedCall, *, full: bool) -> _Branch:
    title = [(call.place, "bold"), (f"prompt {call.prompt}", ""), (call.key[:_DIGITS], "dim")]
    if call.attempt > 1:
        title.append(("sent again, because the previous reply was unusable", "cyan"))
    set_to = ((name, value) for name, value in call.parameters.items() if value is not None)
    sent = ", ".join(f"{name} {value}" for name, value in set_to)
    cost = f"{call.input_tokens:,} tokens in, {call.output_tokens:,} out"
    if call.cached:
        cost += ", reused from another run"
    elif call.dollars is None:
        cost += ", price unknown"
    else:
        cost += f", ${call.dollars:.6f}" if call.dollars else ", $0"
    lines = [("model", f"{call.model}; {sent}" if sent else call.model), ("cost", cost)]
    messages = call.messages if full else call.messages[-1:]
    if len(messages) < len(call.messages):
        before = len(call.messages) - len(messages)
        lines.append(("turns", f"{plural(before, 'earlier message')} not shown; {_ALL}"))
    lines += [(message.role, message.content) for message in messages]
    ended = "" if call.finish in ("stop", "") else f" ({call.finish})"
    lines.append((f"reply{ended}", call.reply))
    return _Branch(title, _cut(lines, full=full))


def _draw(tree: _Branch) -> None:
    """Print a tree: wrapped to a terminal, and never in a pipe."""
    from rich.text import Text

    screen = console()
    room = screen.width if sys.stdout.isatty() else 0
    plain = not (sys.stdout.encoding or "").lower().startswith("utf")
    fork, last, rail = ("|- ", "`- ", "|  ") if plain else ("├─ ", "└─ ", "│  ")

    def wrapped(text: Text, width: int) -> list[Text]:
        if not room:
            return [text]
        return [*text.wrap(screen, max(_MIN_TEXT, width))] or [Text()]

    def put(lead: str, text: Text) -> None:
        line = Text(lead, "dim") + text
        line.rstrip()
        screen.print(line, soft_wrap=True)

    def draw(branch: _Branch, own: str, lead: str) -> None:
        title = Text()
        for words, style in branch.title:
            if words:
                title.append(printable(words, lines=False), style)
                title.append("  ")
        title.rstrip()
        inner = lead + (rail if branch.below else "")
        for number, part in enumerate(wrapped(title, room - len(own))):
            put(own if not number else inner, part)
        column = max((len(name) for name, _ in branch.lines), default=0)
        for name, text in branch.lines:
            start = Text(f"{printable(name, lines=False):<{column}}  ", "dim")
            width = room - len(inner) - len(start) - 1
            for line in printable(text).split("\n"):
                for part in wrapped(Text(line), width):
                    put(inner, start + part)
                    start = Text(" " * len(start))
        for number, below in enumerate(branch.below):
            end = number == len(branch.below) - 1
            draw(below, lead + (last if end else fork), lead + ("   " if end else rail))

    draw(tree, "", "")
