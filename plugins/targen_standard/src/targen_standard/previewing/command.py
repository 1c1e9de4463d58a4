"""`targen preview`: a few rows, what made none, and each prompt and reply on demand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from targen_core.cli.flags import Said, takes
from targen_core.cli.options.arguments import JsonArg, TaskArg
from targen_core.cli.tables import print_json, print_table
from targen_core.errors import QuotaNotMet, TargenError, UsageError
from targen_core.options import Limits, ListOptions, RowOptions
from targen_core.runs.config import CountOptions, ModelFlags
from targen_core.runs.shortcuts import shortcuts
from targen_core.text import percent, plural
from targen_standard.examples import ExampleOptions

if TYPE_CHECKING:
    from targen_core.api.request import Request
    from targen_core.cli.ahead import Expected
    from targen_core.cli.trial import RecordedCall, Trial
    from targen_core.dataset.model import Dataset
    from targen_core.engine.events import Committed
    from targen_core.plugins.registry import Registry
    from targen_core.runs.config import RunConfig
    from targen_core.tasks.model import Task

_FEW, _LONG = 3, 240  # texts of a row, and characters of each, that a table has room for
_COMPARED = 5  # rows a label that a comparison makes of each variant


@takes(
    CountOptions.declared("correct"),
    RowOptions.declared("variants", "seed", "corrector", "checks", "filters"),
    shortcuts(),
    ListOptions.declared(
        *("contexts", "seeds", "contexts_from", "seeds_from", "generators_from"),
        *("dimensions", "shares", "task_dimensions"),
    ),
    ExampleOptions,
    ModelFlags,
    Limits.declared("max_cost", "max_tokens", "max_outage", "cache"),
)
def preview(
    task: TaskArg,
    n: Annotated[
        int | None, typer.Option("-n", "--number", help="Number of rows. [default: one per label]")
    ] = None,
    compared: Annotated[
        str,
        typer.Option(
            "--variants",
            metavar="A,B",
            help="Compare these variants. [default: only the task itself]",
        ),
    ] = "",
    solve: Annotated[
        Path | None,
        typer.Option(
            "--solve",
            metavar="FILE",
            help="Labelled rows to solve with each variant that you compare.",
        ),
    ] = None,
    prompts: Annotated[
        bool,
        typer.Option("--prompts", help="Print the prompts and replies of each candidate's calls."),
    ] = False,
    full: Annotated[
        bool, typer.Option("--full", help="Print whole prompts, not only their last turn.")
    ] = False,
    json: JsonArg = False,
    *,
    said: Said,
) -> None:
    """Generate a few rows and show them, optionally with prompts and replies.

    A later run with the same seed and options takes these replies from the cache and does not pay
    again. With --variants, each variant uses the same seeds, with five candidates per label unless
    you pass -n. Each variant's instructions then solve the labelled rows of --solve.

    Examples:
    - targen preview rte
    - targen preview cb --variants default,commitment,paper --solve solved.jsonl
    - targen preview rte -n 4 --backend llama --model llama3.1 --prompts
    """
    from targen_core.api.request import asked
    from targen_core.cli.account import Account
    from targen_core.cli.ahead import ask_first
    from targen_core.cli.choosing import choice
    from targen_core.cli.commands.report import made_up_words
    from targen_core.cli.trial import run_trial
    from targen_core.display.progress import progress
    from targen_core.engine.quotas import Quotas
    from targen_core.folders import replies_folder
    from targen_core.plugins.loader import load_registry
    from targen_standard.previewing.comparison import variants_of
    from targen_standard.unfinished import unfinished

    if compared and ("variants" in said.values or full or prompts):
        raise UsageError("--variants cannot be combined with --variant, --prompts or --full")
    if solve is not None and not compared:
        raise UsageError("--solve requires --variants", hint="--variants default")
    registry = load_registry()
    chosen = choice(registry, said)
    with (
        chosen.explained(),
        asked(
            registry,
            task,
            rows=False,
            give_up_after=10,
            # One candidate after the other, and few ahead of need: this is a look.
            concurrency=2,
            **said.part(CountOptions, RowOptions, shortcuts(), ListOptions, ExampleOptions),
            **chosen.keywords,
        ) as request,
    ):
        of, registry = request.task, request.registry
        each = _COMPARED if compared else 1
        rows = n if n is not None else len(of.quota_names) * of.rows_per_instance * each
        config = request.config.replace(quotas=Quotas.even(rows, of))
        configs: dict[str, RunConfig] = {}
        if compared:
            configs = variants_of(config, [name.strip() for name in compared.split(",")])
        solved = _labelled(solve, of) if solve is not None else None
        decides = list(_decides(registry, config, configs, solved))
        ask_first(
            "This preview",
            lambda: _expected(request, configs or {"": config}, solved),
            cap=config.max_cost,
            ask_above=chosen.ask_above,
        )
    limits = config
    note = [*filter(None, [made_up_words([config.backend, *config.backend_for.values()])])]
    with chosen.explained(), unfinished("preview", *decides) as folder:
        parts = [path.parent for path in folder.rglob("journal")]
        with Account(
            max_cost=limits.max_cost, max_tokens=limits.max_tokens, parts=parts
        ) as account:
            if configs:
                problems = _compare(registry, configs, solved, folder, json=json)
                if not json:
                    print("\n".join(["", str(account.billed), *note]))
                for problem in problems:
                    raise problem
                return
            trial = run_trial(
                registry,
                config,
                cache=replies_folder(),
                show=partial(progress, transient=True),
                folder=folder,
            )
        if json:
            print_json(_facts(trial))
        elif trial.calls or trial.problem is None:
            _print(trial, of.branches, prompts=prompts or full, full=full)
            for line in note:
                print(line)
        if trial.problem is not None:
            raise trial.problem


def _decides(
    registry: Registry,
    config: RunConfig,
    configs: Mapping[str, RunConfig],
    examples: Dataset | None,
) -> Iterator[object]:
    """All that decides a preview's calls."""
    from targen_core.cli.trial import prepared_trial
    from targen_core.runs.manifest import Manifest

    yield list(configs), dict(config.quotas), config.seed
    for mine in configs.values() or [config]:
        prepared = prepared_trial(registry, mine)
        yield Manifest(config=prepared.config, lock=prepared.lock, created="").digest()
    yield [dict(row) for row in examples] if examples is not None else None


def _expected(
    request: Request, configs: Mapping[str, RunConfig], examples: Dataset | None
) -> Iterator[Expected]:
    """Yield the likely cost of a preview's parts."""
    from targen_core.cli.ahead import expected, expected_of
    from targen_standard.correction.estimating import estimated_correction

    for name, config in configs.items():
        mine = replace(request, config=config)
        yield expected(name or request.name, mine)
        if examples is not None:
            blind = replace(mine, config=mine.config.replace(corrector="targen-standard:blind"))
            judged = partial(estimated_correction, blind, examples)
            yield expected_of(f"the examples of {name}", judged)


def _labelled(source: Path, task: Task[Any, Any]) -> Dataset:
    """Labelled rows."""
    from targen_core.dataset.reading import read_dataset

    dataset = read_dataset(source, task)
    if next(dataset.instances, None) is None:
        raise UsageError(f"--solve {source}: the rows do not have labels")
    return dataset


def _compare(
    registry: Registry,
    configs: Mapping[str, RunConfig],
    examples: Dataset | None,
    folder: Path,
    *,
    json: bool,
) -> list[TargenError]:
    """Print how `configs` do side by side, return what ended some early."""
    from targen_core.display.progress import progress
    from targen_core.folders import replies_folder
    from targen_standard.previewing.comparison import compare

    results = compare(
        registry,
        configs,
        folder,
        examples=examples,
        cache=replies_folder(),
        show=partial(progress, transient=True),
    )
    problems = [one.problem for one in results if one.problem is not None]
    stopped = [problem for problem in problems if not isinstance(problem, QuotaNotMet)]
    if json:
        print_json([{**asdict(one), "problem": str(one.problem or "")} for one in results])
        return stopped
    heads = ["variant", "judged", "rows", "rejected", "relabelled", "duplicates", "tokens per row"]
    print_table(
        [*heads, "similarity: instructions", "prompts"],
        [
            (
                one.name,
                one.judged,
                one.accepted,
                _share(sum(one.rejected.values()), one.judged),
                _share(one.relabelled, one.judged),
                _share(one.duplicates, one.judged),
                f"{one.tokens / one.accepted:,.0f}" if one.accepted else "-",
                _two(one.instructions_similarity),
                _two(one.prompts_similarity),
            )
            for one in results
        ],
    )
    reasons = [(one.name, reason, n) for one in results for reason, n in one.rejected.items()]
    if reasons:
        print("\nRejected because")
        print_table(["variant", "reason", "count"], reasons)
    if examples:
        solved = plural(len(examples), "labelled example")
        print(f"\n{solved}, solved with each variant's instructions")
        print_table(
            ["variant", "right", "wrong", "rejected", "accuracy"],
            [
                (
                    one.name,
                    *(counts[kind] for kind in ("right", "wrong", "rejected")),
                    _share(counts["right"], len(examples)),
                )
                for one in results
                if (counts := one.examples) is not None
            ],
        )
    for one in results:
        if one.problem is not None:
            print(f"\n{one.name}: {one.problem}")
    return stopped


def _share(count: int, of: int) -> str:
    return percent(count / of) if of else "-"


def _two(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _calls_of(trial: Trial, candidate: str) -> list[RecordedCall]:
    """The calls of one candidate: its generation and its correction."""
    stem, _, ordinal = candidate.rpartition("/")
    sample = int(ordinal) // trial.instances_per_call
    places = (f"generate/{stem}/{sample}", f"correct/{stem}/{ordinal}")
    return [call for call in trial.calls if call.place in places]


def _facts(trial: Trial) -> dict[str, Any]:
    def call(recorded: RecordedCall) -> dict[str, Any]:
        return {
            "step": recorded.step,
            "place": recorded.place,
            "prompt": recorded.prompt,
            "messages": [{"role": m.role, "content": m.content} for m in recorded.messages],
            "reply": recorded.reply.text,
            "finish": recorded.reply.finish,
        }

    return {
        "lists": [call(c) for c in trial.calls if c.step in trial.lists],
        "candidates": [
            {
                "id": verdict.id,
                "verdict": verdict.verdict,
                "intended": verdict.intended,
                "corrected": verdict.corrected,
                "reason": verdict.reason,
                "detail": verdict.detail,
                "instance": verdict.instance.model_dump(mode="json") if verdict.instance else None,
                "calls": [call(c) for c in _calls_of(trial, verdict.id)],
            }
            for verdict in trial.verdicts
        ],
    }


def _print(trial: Trial, branches: Mapping[str, str | None], *, prompts: bool, full: bool) -> None:
    """Print the rows, then what made none; with `prompts`, each candidate's calls behind them."""
    from targen_core.api.report import Report
    from targen_standard.previewing.api import reason_of, texts_of

    made = [verdict for verdict in trial.verdicts if verdict.verdict == "accepted"]
    if made:
        _print_rows(made, branches)
    else:
        print("no candidate became a row")
    if others := [verdict for verdict in trial.verdicts if verdict.verdict != "accepted"]:
        print("\nRejected")
        print_table(
            ["candidate", "generated for", "why", "instance"],
            [
                (
                    each.id,
                    each.intended,
                    reason_of(each),
                    _cut(" | ".join(texts_of(each).values())),
                )
                for each in others
            ],
            optional=("instance",),
        )
    if prompts:
        for recorded in trial.calls:
            if recorded.step in trial.lists:
                _print_call(recorded, full=full)
        for verdict in trial.verdicts:
            print(f"\n== candidate {verdict.id}, generated for {verdict.intended}")
            for recorded in _calls_of(trial, verdict.id):
                _print_call(recorded, full=full)
    took = Report.of(trial.report).usage.summary
    print()
    print(took + ("" if prompts else "; --prompts shows the prompts and replies"))


def _print_rows(made: Sequence[Committed], branches: Mapping[str, str | None]) -> None:
    """A table of rows; texts that are long, or many, get paragraphs."""
    from targen_core.cli.commands.show import Screen
    from targen_standard.previewing.api import texts_of

    content = [texts_of(verdict) for verdict in made]
    names = list(dict.fromkeys(name for texts in content for name in texts))
    labels = [_label(verdict, branches) for verdict in made]
    longest = max((len(text) for texts in content for text in texts.values()), default=0)
    if len(names) <= _FEW and longest <= _LONG:
        rows = [
            (label, *(texts.get(name, "") for name in names))
            for label, texts in zip(labels, content, strict=True)
        ]
        print_table(["label", *names], rows, spaced=True)
        return
    screen = Screen()
    for label, texts in zip(labels, content, strict=True):
        screen.title(label, "", "")
        screen.pairs(texts.items(), indent=4)


def _label(verdict: Committed, branches: Mapping[str, str | None]) -> str:
    """The label of a row, and what it was generated for where step 4 has changed it."""
    aim = branches[verdict.intended]
    if verdict.corrected is None or verdict.corrected == aim:
        return verdict.intended
    return verdict.corrected + (f" (relabelled from {aim})" if aim is not None else "")


def _cut(text: str) -> str:
    return text if len(text) <= _LONG else f"{text[: _LONG - 1]}…"


def _print_call(recorded: RecordedCall, *, full: bool) -> None:
    print(f"--- {recorded.step}: prompt {recorded.prompt} at {recorded.place}")
    for message in recorded.messages if full else recorded.messages[-1:]:
        print(f"[{message.role}] {message.content}")
    ended = "" if recorded.reply.finish == "stop" else f" (ended: {recorded.reply.finish})"
    print(f"[reply{ended}] {recorded.reply.text}")
