"""`targen show`: rows of a run, and where each of them is from."""

from __future__ import annotations

import json as jsonlib
import shlex
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from targen_core.cli.tables import console, print_json
from targen_core.errors import UsageError
from targen_core.text import printable, row_name

if TYPE_CHECKING:
    from targen_core.cli.tracing import Traced

_LIMIT = 10  # rows shown, unless the user says otherwise
REPLY = 300
"""Characters of a reply or a prompt to show by default."""
_MIN_TEXT = 24  # columns that a text has at least, however narrow the terminal

Pairs = Iterable[tuple[str, object]]


def show(
    run: Annotated[Path, typer.Argument(help="A run directory.", show_default=False)],
    row: Annotated[
        str | None,
        typer.Argument(
            metavar="ROW",
            help="A row number, counted from 0, or a candidate's id; also shows its origin.",
            show_default=False,
        ),
    ] = None,
    label: Annotated[
        str | None, typer.Option("--label", metavar="LABEL", help="Show only this label's rows.")
    ] = None,
    changed: Annotated[
        bool, typer.Option("--changed", help="Show only rows that step 4 or a review changed.")
    ] = False,
    rejected: Annotated[
        bool, typer.Option("--rejected", help="Show the rejected candidates, each with its reason.")
    ] = False,
    reason: Annotated[
        str | None,
        typer.Option(
            "--reason", metavar="REASON", help="Show only candidates rejected for this reason."
        ),
    ] = None,
    limit: Annotated[
        int, typer.Option("-n", "--limit", min=0, help="Number of rows to show; 0 shows all.")
    ] = _LIMIT,
    json: Annotated[bool, typer.Option("--json", help="Print JSON lines for programs.")] = False,
) -> None:
    """Show rows of a run, or one row with its context, seed, calls and judgement.

    targen trace shows everything that a row came from, including the prompt of each call.

    Examples:
    - targen show runs/rte-0
    - targen show runs/rte-0 3
    - targen show runs/rte-0 --rejected --reason duplicate
    - targen show runs/rte-0-blind --changed
    """
    from targen_core.cli import tracing

    if row is not None:
        if label is not None or changed or rejected or reason is not None:
            raise UsageError(
                "--label, --changed, --rejected and --reason cannot be used with a ROW"
            )
        traced = tracing.find(run, row)
        if json:
            print_json({**facts_of(traced), "calls": traced.calls()})
        else:
            _print_one(traced)
            again = shlex.join([str(run), str(row)])
            print(f"to see each call's prompt: targen trace {again}", file=sys.stderr)
        return
    rejected = rejected or reason is not None
    if changed and rejected:
        raise UsageError("--changed cannot be used with --rejected or --reason")
    every = tracing.rejects(run) if rejected else tracing.rows(run)
    if changed:
        every = (each for each in every if each.changed)
    chosen = (each for each in every if _fits(each, label, reason))
    shown = list(islice(chosen, limit or None))
    if not shown:
        _check_known(run, label, reason)
    if json:
        for each in shown:
            print_json(facts_of(each), indent=None)
        return
    _print_list(run, shown, more=next(chosen, None) is not None)


def _fits(traced: Traced, label: str | None, reason: str | None) -> bool:
    known = (traced.label,) if traced.rows else (traced.label, traced.record.get("intended"))
    return (label is None or label in known) and reason in (
        None,
        traced.verdict,
        traced.record.get("reason"),
    )


def _check_known(run: Path, label: str | None, reason: str | None) -> None:
    """Check that a label or a reason without matches is one that the run has.

    Raises:
        UsageError: naming those that there are.
    """
    from targen_core.cli import tracing
    from targen_core.hints import did_you_mean

    rejects = list(tracing.rejects(run))
    reasons = (
        name
        for each in rejects
        for name in (each.record.get("reason") or each.verdict, each.verdict)
    )
    labels = (
        name
        for each in chain(tracing.rows(run), rejects)
        for name in (each.label, each.record.get("intended"))
    )
    for asked, names, what, listing in (
        (reason, reasons, "candidates rejected for", "reasons"),
        (label, labels, "rows with the label", "labels"),
    ):
        if asked is None:
            continue
        known = dict.fromkeys(str(name) for name in names if name is not None)
        if asked not in known:
            raise UsageError(
                f"{run} has no {what} {jsonlib.dumps(asked, ensure_ascii=False)}",
                hint=did_you_mean(asked, known, listing),
            )


def facts_of(traced: Traced) -> dict[str, Any]:
    """Return a run's records of a candidate, with its rows."""
    facts = {"verdict": traced.verdict, **traced.record}
    return {**facts, "official": list(traced.rows)} if traced.rows else facts


def _print_list(run: Path, shown: list[Traced], *, more: bool) -> None:
    screen = Screen()
    for traced in shown:
        if traced.rows:
            was = traced.claimed if traced.changed else None
            detail = "" if was in (None, traced.label) else f"was {was}"
            screen.title(str(traced.number), str(traced.label), detail)
        else:
            screen.title(traced.id, *outcome_of(traced))
        screen.pairs(content_of(traced), indent=4)
    if not shown:
        print(f"{run} has no matching rows", file=sys.stderr)
    elif more:
        print("there are more; --limit 0 shows all", file=sys.stderr)
    if shown:
        example = shown[0].number if shown[0].rows else shown[0].id
        again = shlex.join([str(run), str(example)])  # a stranger may have written the id
        print(f"to see a row's origin: targen show {again}", file=sys.stderr)


def _print_one(traced: Traced) -> None:
    screen = Screen()
    if traced.rows:
        screen.title(row_name(traced.number), str(traced.label), "")
    else:
        screen.title(traced.id, *outcome_of(traced))
    screen.pairs(content_of(traced), indent=2)
    screen.heading("Origin")
    screen.pairs(origin_of(traced), indent=2)
    calls = traced.calls()
    if not calls:
        return
    screen.heading("Calls")
    for call in calls:
        cost = call.get("cost")
        price = f", ${cost:.6f}" if isinstance(cost, int | float) and cost else ""
        tokens = f"{call.get('in', 0)} tokens in, {call.get('out', 0)} out{price}"
        screen.title(str(call.get("place")), "", f"prompt {call.get('prompt')}; {tokens}", indent=2)
        screen.text(printable(str(call.get("text", "")), max_length=REPLY), indent=6)


def outcome_of(traced: Traced) -> tuple[str, str]:
    """Return the outcome of a rejected candidate, and the reason."""
    record = traced.record
    verdict = traced.verdict
    if record.get("stage"):
        verdict += f" by {record['stage']}"
    words = [str(record[name]) for name in ("reason", "detail") if record.get(name)]
    final, full = record.get("corrected"), "has all its rows"
    instance = record.get("instance")
    written = instance.get("label") if isinstance(instance, Mapping) else None
    if final not in (record.get("intended"), written) and words == [f"label {final} {full}"]:
        words = ["step 4", f"{final}, which {full}"]  # readers want to know who determined it
    return verdict, ": ".join(words)


def content_of(traced: Traced) -> Iterator[tuple[str, object]]:
    """Yield its content: its rows except for the title's values, or the rejected instance."""
    for number, row in enumerate(traced.rows):
        if number:
            yield "", ""
        for name, value in row.items():
            # A correction keeps the numbers of its data, whose places change with a rejected row.
            as_said = name == "idx" and value == (traced.number or 0) + number
            if not as_said and (name, text_of(value)) != ("label", traced.label):
                yield name, value
    if not traced.rows:
        instance = traced.record.get("instance", traced.record.get("item"))
        if instance is None:
            instance = "(no instance)"
        yield from instance.items() if isinstance(instance, Mapping) else [("", instance)]


def origin_of(traced: Traced) -> Iterator[tuple[str, object]]:
    """Where it is from: its context and seed, what it was generated for, what step 4 said."""
    record = traced.record
    manifest = (traced.run / "manifest.json").absolute()
    lists, of, corrected, alike, others = _Steps()
    if traced.correction is None:
        lists, of, corrected, alike, others = _steps_of(manifest, manifest.stat().st_mtime_ns)
    lists = of.get(record.get("intended", ""), lists)
    if "run" in record:
        yield "run", record["run"]
    yield "candidate", traced.id
    items = record.get("above", ())
    first = len(items) + 1 - len(lists)  # lists that ask no model, at the start, have no names
    for depth, above in enumerate(items, -first):
        yield lists[depth] if 0 <= depth < len(lists) else "context", above
    if "seed" in record:
        seed = record["seed"]
        yield "seed", seed
    if "dimensions" in record:
        yield "drawn", record["dimensions"]
    if "intended" in record:
        yield "generated for", record["intended"]
    reviewed = traced.correction is not None and traced.correction.step is None
    judge = "people" if reviewed else "step 4"
    if "claimed" in record and corrected:
        yield f"label before {'review' if reviewed else judge}", record["claimed"] or "none"
    if traced.rows:
        unlike = f"; no earlier row is {alike:g}% or more similar" if alike else ""
        passed = f"; accepted by {', '.join(others)}" if others else ""
        yield "checks", f"passed{unlike}{passed}"
    ended = record.get("label", record.get("corrected"))
    if ended is not None and corrected:
        claimed = traced.claimed
        what = "labelled" if claimed is None else "kept" if ended == claimed else "relabelled"
        if what == "kept" and traced.changed:
            what = "row changed, label kept"
        if traced.verdict == "unjudged":
            what = "not judged, kept"
        said = _people(record) if reviewed else what
        yield judge, f"{said}: {ended}"
    if record.get("explanation"):
        yield "explanation", record["explanation"]
    yield from (record.get("notes") or {}).items()


def _people(record: Mapping[str, Any]) -> str:
    """Return how people changed a row, who, and when: "edited by ann, 2026-11-20"."""
    review = record.get("review")
    review = review if isinstance(review, dict) else {}
    by = review.get("by")
    who = f" by {', '.join(map(str, by))}" if isinstance(by, list) and by else ""
    when = f", {str(review['at'])[:10]}" if review.get("at") else ""
    return f"{review.get('outcome') or record.get('verdict')}{who}{when}"


class _Steps(NamedTuple):
    """The steps behind the rows of a run; the defaults are those of a corrected dataset."""

    own: tuple[str, ...] = ()  # the names of a task's own lists, outermost first
    of: Mapping[str, tuple[str, ...]] = MappingProxyType({})  # likewise of parts, by branch
    corrected: bool = True  # whether step 4 is done
    alike: float = 0.0  # in percent, from where on rows are too alike; 0: they are not compared
    filters: tuple[str, ...] = ()  # others than those in every run


@lru_cache(maxsize=8)
def _steps_of(manifest: Path, _: int) -> _Steps:
    """Return the steps of a run; a changed manifest is read again."""
    from targen_core.runs.manifest import Manifest

    read = Manifest.load(manifest)
    lock = read.lock
    lists = [name for name in lock.steps if name not in ("generate", "correct")]
    named = [{"contexts": "context"}.get(name, name) for name in lists]
    usual = {"contexts", "seeds"}.issuperset(lists)
    own = () if usual else tuple(named)
    return _Steps(
        own,
        lock.task.lists,
        lock.corrector is not None,
        read.usual_options.get("near_duplicates", 0.0),
        tuple(plan.names[1] for plan in read.own_filters),
    )


class Screen:
    """Prints texts with a hanging indent, wrapped to a terminal and never in a pipe."""

    def __init__(self) -> None:
        self._console = console()
        self._width = self._console.width if sys.stdout.isatty() else 0

    def heading(self, words: str) -> None:
        """A line above what belongs together."""
        self._print("")
        self._print(words, "bold")

    def title(self, name: str, outcome: str, detail: str, *, indent: int = 0) -> None:
        """Print a line with a name and its outcome."""
        from rich.text import Text

        line = Text()
        for words, style in ((name, "bold"), (outcome, "bold cyan"), (detail, "dim")):
            if words:
                line.append(printable(words, lines=False), style)
                line.append("  ")
        line.rstrip()
        width = max(_MIN_TEXT, self._width - indent)
        for part in line.wrap(self._console, width) if self._width else [line]:
            part.rstrip()
            self._console.print(Text(" " * indent) + part, soft_wrap=True)

    def pairs(self, pairs: Pairs, *, indent: int) -> None:
        """Print names, each with its value."""
        every = [(name, text_of(value)) for name, value in pairs]
        column = max((len(name) for name, _ in every), default=0)
        for name, value in every:
            start = f"{' ' * indent}{printable(name, lines=False):<{column}}  "
            for line in self._lines(value, len(start)):
                self._print(f"{start}{line}", "", name_ends=len(start))
                start = " " * len(start)

    def text(self, text: str, *, indent: int) -> None:
        """A text by itself."""
        for line in self._lines(text, indent):
            self._print(" " * indent + line)

    def _lines(self, text: str, indent: int) -> Iterator[str]:
        from rich.text import Text

        for line in printable(text).split("\n"):
            if not self._width:
                yield line
                continue
            width = max(_MIN_TEXT, self._width - indent - 1)
            for part in Text(line).wrap(self._console, width) or [Text()]:
                yield part.plain.rstrip()

    def _print(self, line: str, style: str = "", *, name_ends: int = 0) -> None:
        from rich.text import Text

        text = Text(line.rstrip(), style)
        text.stylize("dim", 0, name_ends)
        self._console.print(text, soft_wrap=True)


def _is_span(value: object) -> bool:
    return isinstance(value, Mapping) and value.keys() == {"start", "end", "type", "text"}


def _is_line(value: object) -> bool:
    """Return whether a value is a text, or a list of them."""
    return isinstance(value, str) or (
        isinstance(value, list) and all(isinstance(part, str) for part in value)
    )


def text_of(value: object) -> str:
    """A value as people read it."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping) and all(map(_is_line, value.values())):
        parts = ((name, part if isinstance(part, list) else [part]) for name, part in value.items())
        lines = ((name, "; ".join(map(str, part))) for name, part in parts)
        return "\n".join(f"{name}: {line}" for name, line in lines if line)
    if isinstance(value, list) and value and all(map(_is_span, value)):
        return "; ".join(f"{each['text']} ({each['type']})" for each in value)
    return jsonlib.dumps(value, ensure_ascii=False)
