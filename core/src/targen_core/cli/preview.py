"""`targen preview`: a few candidates with every prompt and reply."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from targen_core.cli.request import (
    BackendArg,
    BackendForArg,
    CacheArg,
    ContextsArg,
    CorrectArg,
    CorrectorArg,
    MaxCostArg,
    MaxTokensArg,
    OptionsArg,
    SeedArg,
    SeedsArg,
    TaskArg,
    cache_folder,
    checked_limits,
    job_spec,
    quotas_for,
)
from targen_core.cli.tables import print_json

if TYPE_CHECKING:
    from targen_core.runs.trial import RecordedCall, Trial


def preview(
    task: TaskArg,
    n: Annotated[
        int | None, typer.Option("-n", "--number", help="Rows. [default: one a label]")
    ] = None,
    backend: BackendArg = "local",
    backend_for: BackendForArg = None,
    option: OptionsArg = None,
    seed: SeedArg = 0,
    correct: CorrectArg = True,
    corrector: CorrectorArg = "",
    contexts: ContextsArg = None,
    seeds: SeedsArg = None,
    max_cost: MaxCostArg = None,
    max_tokens: MaxTokensArg = None,
    full: Annotated[
        bool, typer.Option("--full", help="Print whole prompts, not their last turn alone.")
    ] = False,
    cache: CacheArg = True,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Generate a few rows and show each with its prompts and replies.

    A run with the same seed and options takes these replies from the cache and does not pay again.

    Examples:
    - targen preview rte
    - targen preview rte -n 4 --backend llama -o model=llama3.1 --full
    """
    from targen_core.plugins.loader import load_registry
    from targen_core.runs.trial import run_trial

    registry = load_registry()
    found = registry.get("task", task)
    rows = n if n is not None else len(found.quota_names) * found.unit
    spec = job_spec(
        registry,
        task,
        quotas=quotas_for(found, rows, None, ()),
        backend=backend,
        backend_for=backend_for,
        options=option or (),
        seed=seed,
        correct=correct,
        corrector=corrector,
        contexts=contexts,
        seeds=seeds,
        give_up_after=10,
        # One candidate after the other, and few ahead of need: this is a look.
        limits=checked_limits(concurrency=2, max_cost=max_cost, max_tokens=max_tokens),
    )
    trial = run_trial(registry, spec, cache=cache_folder(cache))
    if json:
        print_json(_facts(trial))
    else:
        _print(trial, full=full)
    if trial.problem is not None:
        raise trial.problem


def _calls_of(trial: Trial, candidate: str) -> list[RecordedCall]:
    """The calls of one candidate: its generation and its correction."""
    stem, _, ordinal = candidate.rpartition("/")
    draw = int(ordinal) // trial.instances_per_call
    places = (f"generate/{stem}/{draw}", f"correct/{stem}/{ordinal}")
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
        "lists": [call(c) for c in trial.calls if c.step in ("contexts", "seeds")],
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


def _print(trial: Trial, *, full: bool) -> None:
    for recorded in trial.calls:
        if recorded.step in ("contexts", "seeds"):
            _print_call(recorded, full=full)
    for verdict in trial.verdicts:
        print("=" * 78)
        outcome: str = verdict.verdict
        if verdict.corrected and verdict.corrected != verdict.intended:
            outcome += f", relabelled {verdict.corrected}"
        if verdict.reason:
            outcome += f": {verdict.reason} ({verdict.detail})"
        print(f"candidate {verdict.id}, intended {verdict.intended}: {outcome}")
        for recorded in _calls_of(trial, verdict.id):
            _print_call(recorded, full=full)
        if verdict.instance is not None:
            print("--- instance")
            for name, value in verdict.instance.model_dump(mode="json").items():
                print(f"{name}: {value}")


def _print_call(recorded: RecordedCall, *, full: bool) -> None:
    print(f"--- {recorded.step}: prompt {recorded.prompt} at {recorded.place}")
    for message in recorded.messages if full else recorded.messages[-1:]:
        print(f"[{message.role}] {message.content}")
    ended = "" if recorded.reply.finish == "stop" else f" (ended: {recorded.reply.finish})"
    print(f"[reply{ended}] {recorded.reply.text}")
