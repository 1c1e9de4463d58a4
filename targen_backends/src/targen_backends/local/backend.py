"""The options of the `local` backend, and how it is made from them."""

from __future__ import annotations

import os
from functools import partial
from typing import Any

from pydantic import Field

from targen_backends.local.engine import LocalModel
from targen_backends.local.weights import DEFAULT_MODEL, find_weights
from targen_core import Backend, BackendOptions

_MOST_LABELS = 2  # of five it made no row of a hundred candidates

DEFAULT_IDENTITY = "local:SmolLM2-135M-Instruct.Q4_1.gguf:747cb1f01955"
"""The identity of the default model's file; known without the file."""


def _parallel() -> int:
    """The CPUs that this process may use, at most four: memory grows with each.

    `PYTHON_CPU_COUNT`, as Python's own `os.process_cpu_count`, knows of a share of a machine.
    """
    share = os.environ.get("PYTHON_CPU_COUNT", "")
    if share.isdecimal() and int(share):
        return min(4, int(share))
    if hasattr(os, "sched_getaffinity"):
        return min(4, len(os.sched_getaffinity(0)))
    return min(4, os.cpu_count() or 1)


class LocalOptions(BackendOptions):
    """Options for `-o KEY=VALUE` with `--backend local`."""

    model: str = Field(
        DEFAULT_MODEL,
        description="smollm2-135m, a path to a .gguf file, or a Hugging Face id OWNER/REPO[:QUANT]",
    )
    parallel: int = Field(
        default_factory=_parallel,
        ge=1,
        description="Number of concurrent calls; default: number of CPUs, at most 4",
    )
    threads: int = Field(1, ge=1, description="CPU threads for each call")
    n_ctx: int = Field(
        3072, ge=256, description="Context size in tokens, for a prompt and its reply"
    )
    kept_prompts: int = Field(
        6, ge=1, description="Number of evaluated prompt prefixes to keep for each concurrent call"
    )
    verbose: bool = Field(False, description="Let llama.cpp write its log to stderr")


def create(options: LocalOptions) -> LocalModel:
    """The embedded model for `options`.

    The default model is downloaded when the first call comes, once.

    Raises:
        TargenError: as `find_weights` says.
    """
    default = options.model == DEFAULT_MODEL
    return LocalModel(
        partial(find_weights, DEFAULT_MODEL) if default else find_weights(options.model),
        identity=DEFAULT_IDENTITY if default else "",
        parallel=options.parallel,
        threads=options.threads,
        n_ctx=options.n_ctx,
        kept_prompts=options.kept_prompts,
        verbose=options.verbose,
    )


def defaults(options: LocalOptions) -> dict[str, Any]:
    """Sampling that suits a small model; the tiny one needs more help.

    At temperature 0 SmolLM2-135M gives one judgement to everything, and at 1
    its lists wander off.
    """
    params: dict[str, Any] = {"top_p": 0.95, "min_p": 0.05}
    if options.model == DEFAULT_MODEL:
        params |= {
            "contexts.temperature": 0.9,
            "contexts.repeat_penalty": 1.1,
            "seeds.temperature": 0.8,
            "seeds.repeat_penalty": 1.1,
            "correct.temperature": 1.3,
        }
    return params


def caveat(options: LocalOptions, labels: int) -> str:
    """Return a warning about the default model: it hardly distinguishes two labels."""
    if options.model != DEFAULT_MODEL or labels <= _MOST_LABELS:
        return ""
    return (
        f"{DEFAULT_MODEL} is a model of 135 million parameters for trying out the commands. It is "
        f"too small for {labels} labels, and few of its candidates will become rows, if any"
    )


BACKEND = Backend(
    summary="A small model in this process: no key, no server, no cost; token probabilities",
    options=LocalOptions,
    create=create,
    defaults=defaults,
    packages=("xllamacpp",),
    drafts=lambda options: options.model != DEFAULT_MODEL,
    ready=lambda said: True,  # what it needs was imported above
    caveat=caveat,
    top_logprobs=LocalModel.top_logprobs,
    scores_given=True,
    continues=True,
)
