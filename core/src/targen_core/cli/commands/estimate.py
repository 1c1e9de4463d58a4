"""`targen estimate`: calls, tokens and dollars before anything is paid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from targen_core import folders
from targen_core.cli.flags import Said, takes
from targen_core.cli.options.arguments import (
    JsonArg,
    SomeTaskArg,
    SuiteArg,
)
from targen_core.cli.tables import print_json, print_table
from targen_core.errors import UsageError
from targen_core.options import Limits, ListOptions
from targen_core.runs.config import CountOptions, ModelFlags
from targen_core.runs.settings import YIELD
from targen_core.runs.shortcuts import rows
from targen_core.text import plural

if TYPE_CHECKING:
    from targen_core.cli.estimating import CostEstimate

_HEADS = {
    "calls": "calls",
    "input_tokens": "input tokens",
    "cache_read_tokens": "of these cached",
    "output_tokens": "output tokens",
    "reasoning_tokens": "reasoning tokens",
    "dollars": "dollars",
}


@takes(
    CountOptions,
    rows(),
    ListOptions,
    ModelFlags,
    Limits.declared("batch", "delivery"),
)
def estimate(
    task: SomeTaskArg = None,
    suite: SuiteArg = None,
    measured: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="RUN",
            help="Scale up the measured usage of an earlier run of this task; without a backend, "
            "also what its calls cost.",
        ),
    ] = None,
    yield_: Annotated[
        float,
        typer.Option("--yield", help="Without --from: the share of candidates that become rows."),
    ] = YIELD,
    reasoning_tokens: Annotated[
        list[str] | None,
        typer.Option(
            "--reasoning-tokens",
            metavar="[STEP=]TOKENS",
            help="Without --from: reasoning tokens per call.",
        ),
    ] = None,
    json: JsonArg = False,
    *,
    said: Said,
) -> None:
    """Estimate a run's calls, tokens and, if the price is known, dollars.

    Counts the prompts of a dry run, which costs nothing, at four characters per token. With --from,
    scales the measured tokens of a run, including rejects and reasoning. If no backend is named,
    they cost what they did. With --suite, estimates each task of a plugin, and counts lists that
    several tasks share once per task.

    Examples:
    - targen estimate rte -n 1000 -b llama --model m --price-in 0.15 --price-out 0.60
    - targen estimate rte --preset paper --from runs/rte-0
    - targen estimate --suite superglue --preset paper -b llama --model m
    - targen estimate rte -n 1000 -b chatgpt --model gpt-6-luna --batch --reasoning-tokens 400
    """
    from targen_core.api.request import asked
    from targen_core.cli.choosing import choice
    from targen_core.cli.estimating import estimated
    from targen_core.cli.suite import suite_tasks
    from targen_core.plugins.loader import load_registry

    if not 0 < yield_ <= 1:
        raise UsageError(f"--yield is {yield_}; it must be above 0 and at most 1")
    if (task is None) == (suite is None):
        raise UsageError(
            "give a task to estimate, or --suite PLUGIN for all tasks of a plugin",
            hint="targen estimate rte -n 10, or targen estimate --suite superglue --preset paper",
        )
    if reasoning_tokens and measured is not None:
        raise UsageError("--from already provides the reasoning tokens: omit --reasoning-tokens")
    if suite is not None and measured is not None:
        raise UsageError("--from is a run of one task, but --suite covers several")
    registry = load_registry()
    chosen = choice(registry, said, otherwise="any" if measured is None else "none")
    names = [item.id for item in suite_tasks(registry, suite)] if suite else [task or ""]
    estimates = []
    for name in names:
        with (
            chosen.explained(),
            asked(
                registry,
                name,
                **said.part(CountOptions, rows(), ListOptions),
                **chosen.keywords,
            ) as request,
        ):
            thought = _reasoning(reasoning_tokens or (), [each.name for each in request.task.steps])
            estimates.append(estimated(request, measured, yield_, thought))
    if json:
        facts = [one.facts for one in estimates]
        print_json(facts if suite else facts[0])
    else:
        print_estimates(estimates, chosen.price_from)


def print_estimates(estimates: Sequence[CostEstimate], price_from: str) -> None:
    """Print one task's steps, or several tasks with a line each.

    Args:
        estimates: one for each task.
        price_from: the file or variable that the user's own price is from; "" if neither.
    """
    from targen_core.cli.estimating import summed

    first, is_one = estimates[0], len(estimates) == 1
    total, rows = summed([one.total for one in estimates]), sum(one.rows for one in estimates)
    of_task = f" of {first.task}" if is_one else ""
    print(f"{plural(rows, 'row')}{of_task}, based on {first.basis}\n")
    if is_one:
        heads = ["step"]
        lines = [((line["step"],), line) for line in first.steps] + [(("all",), total)]
    else:
        heads = ["task", "rows"]
        lines = [((one.task, f"{one.rows:,}"), one.total) for one in estimates]
        lines.append((("all", f"{rows:,}"), total))
    shown = _shown(total)
    heads += [_HEADS[key] for key in shown]
    print_table(heads, [(*names, *_figures(line, shown)) for names, line in lines])
    _say_prices(first.prices, price_from)
    for note in first.notes if is_one else ():
        print(f"\n{note[0].upper()}{note[1:]}")
    for one in estimates:
        if one.too_few:
            print(f"\n{one.too_few}")
    _say_unknown(total["dollars"], first.prices, first.uncounted_reasoning)
    if (folders.replies_folder() / "cache.db").exists() and first.total["dollars"] != 0:
        print("\nThis does not take into account replies in the cache, which cost nothing.")


def _shown(total: Mapping[str, Any]) -> list[str]:
    """Return the columns to show; reasoning and cache only if some tokens are of these."""
    rare = ("cache_read_tokens", "reasoning_tokens")
    return [key for key in _HEADS if key not in rare or total[key]]


def _figures(line: Mapping[str, Any], shown: Sequence[str]) -> tuple[str, ...]:
    dollars = line["dollars"]
    cost = "?" if dollars is None else f"{dollars:.2f}"
    return tuple(cost if key == "dollars" else f"{line[key]:,}" for key in shown)


def _say_prices(prices: Mapping[str, Any], price_from: str) -> None:
    """Print each known price, and its source."""
    from targen_core.runs.report import price_words

    if known := {step: price for step, price in prices.items() if price is not None}:
        print()
        for line in price_words(known):
            print(line)
        if price_from:
            print(f"Your own price comes from {price_from}")


def _say_unknown(
    dollars: float | None, prices: Mapping[str, Any], uncounted: Sequence[str]
) -> None:
    unknown = [step for step, price in prices.items() if price is None]
    if dollars is None and len(unknown) in (0, len(prices)):
        print("\nThe price of this model is unknown; add --price-in ... --price-out ...")
    elif dollars is None:  # --price-in applies only to the main backend
        step, every = (unknown[0], "") if len(unknown) == 1 else ("STEP", " for each step")
        print(
            f"\nThe price of the model for {', '.join(unknown)} is unknown; "
            f"add -o {step}.price_in=... -o {step}.price_out=...{every}"
        )
    if uncounted:
        print(
            f"\nIf the model reasons before it answers ({', '.join(uncounted)}), you pay for the "
            "reasoning as "
            "output.\nThis is not included here: add --reasoning-tokens TOKENS, or base the "
            "estimate on a small "
            "run with --from RUN"
        )


def _reasoning(items: Sequence[str], steps: Sequence[str]) -> dict[str, int]:
    """Tokens of reasoning in a call, by step; one without a step is for all that are not named.

    Raises:
        UsageError: no step, or no number.
    """
    tokens: dict[str, int] = {}
    for item in items:
        step, equals, text = item.rpartition("=")
        if (equals and step not in steps) or not text.isdecimal():
            raise UsageError(
                f"--reasoning-tokens {item!r} is not TOKENS or STEP=TOKENS",
                hint="for example --reasoning-tokens 400, or --reasoning-tokens correct=900; "
                f"steps: {', '.join(steps)}",
            )
        tokens[step] = int(text)
    return tokens
