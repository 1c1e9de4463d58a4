"""`targen validate`: are the rows of a dataset official rows of a task?"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from targen_core.cli.sources import EncodingArg, SourceArg, WhoseArg
from targen_core.cli.tables import print_json, print_table
from targen_core.errors import JobFailed
from targen_core.text import percent, plural

if TYPE_CHECKING:
    from targen_standard.validating.refusing import Checked, RefusedRow

_FIRST = 3  # refused rows that are shown for each reason


def validate(
    source: SourceArg,
    task: WhoseArg = None,
    encoding: EncodingArg = "utf-8",
    limit: Annotated[
        int,
        typer.Option(
            "--limit",
            min=0,
            help="Print at most this many problems; 0 prints all, as --json does.",
        ),
    ] = 20,
    checks: Annotated[
        bool,
        typer.Option(
            "--checks",
            help="Also show which rows the task's checks would reject, and why.",
        ),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Check a dataset against its task's schema, and show the invalid rows.

    Checks the columns, types and spans of each row, that `idx` is unique, and that rows which
    belong together are complete. Rows without labels, as in test files, are valid. A note names
    columns that the task does not have, which are valid only outside runs. A few rows of the
    original data violate their own schema. They are listed and do not count. Exits with 1 if there
    are other problems.

    With --checks, also applies the task's checks and its near-duplicate filter to the valid rows,
    to find checks that reject real rows. Their verdicts do not change the exit code.

    Examples:
    - targen validate runs/rte-0
    - targen validate WSC/train.jsonl --task wsc --json
    - targen validate rows.csv --task rte
    - targen validate rows.csv --task mail.yaml --checks
    """
    from targen_standard.validating.api import validate as validated

    made = validated(source, task, encoding=encoding, checks=checks)
    name, place, word, dataset = made.task, made.place, made.word, made.dataset
    instances, unlabeled, found = made.instances, made.unlabelled, made.checks
    problems, bad, odd = made.problems, made.bad, made.odd
    if json:
        print_json(
            {
                "file": place,
                "task": name,
                "valid": not bad,
                "rows": len(dataset),
                "instances": instances,
                "unlabelled": unlabeled,
                "problems": [
                    {"line": p.line, "idx": p.idx, "message": p.message, "known": p.known}
                    for p in problems
                ],
                **({"checks": _as_json(found)} if found else {}),
            }
        )
    else:
        print(f"{place}: {_verdict(len(bad), len(odd))}")
        without = f", {unlabeled:,} without a label" if unlabeled else ""
        several = f", {instances:,} instances" if instances not in (len(dataset), 0) else ""
        lost = sum(problem.left_out for problem in problems)
        rows = f"{len(dataset):,} of {len(dataset) + lost:,} rows" if lost else ""
        print(f"{rows or plural(len(dataset), 'row')} of {name}{several}{without}")
        if problems:
            # A problem of many rows, such as a missing column, takes one line.
            shown = made.distinct[:limit] if limit else [(problem, 1) for problem in problems]
            names = (word, "idx", "rows", "problem", "in the original data")
            cells = [(p.line, p.idx, n if n > 1 else "", p.message, p.known) for p, n in shown]
            print()
            print_table(names, cells, optional=("rows", "in the original data"))
            if limit and len(shown) < len(problems):
                more = len(made.distinct) - len(shown)
                print(f"{f'... and {more:,} more; ' if more else ''}--limit 0 lists each row")
        if found:
            _print_checked(found, _FIRST if limit else None)
    if bad:
        some = (
            f"1 {word} of {place} is not a valid row"
            if len(bad) == 1
            else f"{len(bad):,} {word}s of {place} are not valid rows"
        )
        hint = ""
        # Rows need no numbers.
        if any("was already used" in problem.message for problem in problems):
            hint = "if it joins several files, run: jq -c 'del(.idx)' FILE… > joined.jsonl"
        raise JobFailed(f"{some} of {name}", hint=hint)


def _as_json(found: Checked) -> dict[str, Any]:
    return {
        "instances": found.instances,
        "refused": len(found.refused),
        "reasons": {reason: len(rows) for reason, rows in _by_reason(found)},
        "rows": [asdict(row) for row in found.refused],
        "skipped": sorted(found.skipped),
    }


def _by_reason(found: Checked) -> list[tuple[str, list[RefusedRow]]]:
    """The refused rows by reason, the most frequent first."""
    rows: dict[str, list[RefusedRow]] = {}
    for row in found.refused:
        rows.setdefault(row.reason, []).append(row)
    return sorted(rows.items(), key=lambda item: -len(item[1]))


def _print_checked(found: Checked, most: int | None) -> None:
    count = len(found.refused)
    share = f" ({percent(count / found.instances)})" if count else ""
    print(f"\nchecks reject {count:,} of {plural(found.instances, 'instance')}{share}")
    reasons = _by_reason(found)
    if reasons:
        print_table(["reason", "count"], [(reason, len(rows)) for reason, rows in reasons])
        cells = [(r.row, r.idx, reason, r.detail) for reason, rows in reasons for r in rows[:most]]
        print()
        detail = "detail (first of each reason)" if most else "detail"
        print_table(["row", "idx", "reason", detail], cells)
    for name in sorted(found.skipped):
        print(f"not checked: {name} needs the seeds from which rows are generated")


def _verdict(bad: int, odd: int) -> str:
    if bad:
        return "not valid"
    if odd:
        known = "a known oddity" if odd == 1 else f"{odd:,} known oddities"
        return f"valid except for {known} in the original data"
    return "valid"
