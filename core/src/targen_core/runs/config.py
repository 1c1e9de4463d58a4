"""Options of a run, declared here and in `targen_core.options`, and kept by the run.

A command's flags, the keywords of Python's functions and the defaults in settings are the fields of
these models, with their types, ranges, defaults and help.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from targen_core.calls.delivery import Workers
from targen_core.calls.sampling import SAMPLING
from targen_core.engine.events import Target
from targen_core.engine.quotas import Quotas, Shard
from targen_core.errors import UsageError
from targen_core.options import Flag, Limits, ListOptions, Options, RowOptions
from targen_core.origin import Named
from targen_core.runs.parsing import parse_options, parse_pairs
from targen_core.runs.shortcuts import spelled_out
from targen_core.runs.step_options import StepOptions, step_options

_MAX_WORKERS = 100_000


def _parsed_options(value: Any) -> Any:
    """Options by name, of a mapping or of texts `KEY=VALUE`."""
    return parse_options(value) if isinstance(value, list | tuple) else value


def _parsed_backends(value: Any) -> Any:
    """Backends by step, of a mapping or of texts `STEP=NAME`."""
    are_texts = isinstance(value, list | tuple)
    return parse_pairs(value, "--backend-for", "correct=llama") if are_texts else value


def _resources(value: Any) -> Any:
    """Amounts by name; of a text, `NAME=AMOUNT` with commas between."""
    if isinstance(value, str):
        parts = (part.partition("=") for part in value.split(","))
        value = {name.strip(): amount for name, _, amount in parts}
    try:
        amounts = {str(name): float(amount) for name, amount in value.items()}
    except (AttributeError, TypeError, ValueError):
        amounts = {"": 0.0}
    for name, amount in amounts.items():
        if not name or not 0 < amount < 1e6:
            raise UsageError(
                "--resources: it must map names to amounts above 0",
                hint="--resources gpu=1,cpu=4",
            )
    return amounts


def _replicas(value: Any) -> Any:
    """Addresses of servers, or of one."""
    urls = tuple([value] if isinstance(value, str) else value)
    for url in urls:
        if not isinstance(url, str) or "://" not in url:
            raise UsageError(
                f"--replica {url}: not a server address",
                hint="--replica http://gpu-1:8000/v1 --replica http://gpu-2:8000/v1",
            )
    if len(set(urls)) < len(urls):
        raise UsageError("--replica lists a server twice")
    return urls


class CountOptions(Options):
    """The number of rows, and the share of the work; a run records its rows by label."""

    panel = "Rows"

    n: Annotated[
        int | None,
        Flag("Number of rows, divided evenly among the labels.", ("-n", "--number"), panel=""),
    ] = None
    labels: Annotated[
        Mapping[str, int],
        Flag(
            "Number of rows for each label that you list.",
            ("--label",),
            metavar="LABEL=ROWS,...",
            panel="",
            repeats=True,
        ),
    ] = {}
    preset: Annotated[
        str | None,
        Flag(
            "A named set of row counts, such as paper; see targen describe. With -n, rows are "
            "divided in the same proportions."
        ),
    ] = None
    shard: Annotated[
        str | None,
        Flag(
            "Generate part I of K, to divide a run among K machines. Parts are numbered 1 to K, or "
            "0 to K-1. -n is the number of rows of all parts together.",
            metavar="I/K",
        ),
    ] = None
    correct: Annotated[bool, Flag("Self-correct the labels (step 4).")] = True


class ModelOptions(Options):
    """The models of a run."""

    panel = "Model"

    backend: Annotated[
        Named,
        Flag(
            "The backend, NAME or NAME/MODEL; see targen list-backends and targen config.",
            ("--backend", "-b"),
            metavar="NAME",
            panel="",
            default="the one that is set up",
            completes="backend",
        ),
    ] = "local"
    options: Annotated[
        Mapping[str, Any],
        BeforeValidator(_parsed_options),
        Field(repr=False),  # a key may be among them
        Flag(
            "A backend option, sampling parameter or batch size (`seeds.batch=10`).",
            ("-o", "--option"),
            metavar="[STEP.]KEY=VALUE",
            repeats=True,
        ),
    ] = {}
    backend_for: Annotated[
        Mapping[str, Named],
        BeforeValidator(_parsed_backends),
        Flag(
            "Use a different backend for one step; see targen describe.",
            metavar="STEP=NAME",
            repeats=True,
        ),
    ] = {}


class ModelFlags(ModelOptions):
    """The models of a command: some options of backends have flags, and all may have defaults."""

    model: Annotated[
        Named | None,
        Flag("The model's name, as the backend knows it.", metavar="MODEL", panel=""),
    ] = None
    base_url: Annotated[Named | None, Flag("The service's address.", metavar="URL")] = None
    key_file: Annotated[
        Path | None, Flag("A file whose first line is the API key.", metavar="FILE")
    ] = None
    price_in: Annotated[
        float | None, Flag("Dollars per million input tokens.", metavar="DOLLARS")
    ] = None
    price_out: Annotated[
        float | None, Flag("Dollars per million output tokens.", metavar="DOLLARS")
    ] = None
    profile: Annotated[
        Named | None,
        Flag("Use this profile from your defaults; see targen config.", metavar="NAME"),
    ] = None

    @property
    def values(self) -> dict[str, Any]:
        """Return the options of -o, with those that have a flag of their own.

        Raises:
            UsageError: an option is set twice.
        """
        values = dict(self.options)
        for name, key in OPTION_FLAGS.items():
            value = getattr(self, name)
            if value is None:
                continue
            if key in values:
                raise UsageError(
                    f"--{name.replace('_', '-')} and -o {key}=... set the same option; give only "
                    "one of them"
                )
            values[key] = str(value) if isinstance(value, Path) else value
        return values


OPTION_FLAGS = {
    "model": "model",
    "base_url": "base_url",
    "key_file": "api_key_file",
    "price_in": "price_in",
    "price_out": "price_out",
}
"""Flags that are options of a backend, and what `-o` calls them."""

ONE_MODEL = {n: option for n, option in ModelFlags.declared().items() if n != "backend_for"}
"""The options of `ModelFlags` for a command that has one step."""


class WorkerOptions(Options):
    """Where the models work."""

    panel = "Workers"

    executor: Annotated[
        Named | None,
        Flag(
            "Run the models with this executor instead of in this process; see targen "
            "list-executors.",
            metavar="NAME",
            completes="executor",
        ),
    ] = None
    address: Annotated[
        Named,
        Flag(
            "With --executor: the cluster's address.",
            metavar="ADDRESS",
            default="workers on this machine",
        ),
    ] = ""
    workers: Annotated[
        Named,
        BeforeValidator(str),
        Flag(
            "With --executor: the number of workers, such as 4; 2-8 lets the number grow.",
            metavar="N|MIN-MAX",
        ),
    ] = ""
    resources: Annotated[
        Mapping[str, float],
        BeforeValidator(_resources),
        Flag(
            "With --executor: the resources of each worker, such as `gpu=1`.",
            metavar="NAME=AMOUNT",
            default="cpu=1",
        ),
    ] = {}
    replicas: Annotated[
        tuple[str, ...],
        BeforeValidator(_replicas),
        Flag(
            "With --executor: a server running the same model; it gets its own worker. "
            "May be given several times.",
            ("--replica",),
            metavar="URL",
            repeats=True,
        ),
    ] = ()

    @property
    def requested(self) -> Workers:
        """Return the workers as an executor takes them.

        Raises:
            UsageError: their number is invalid.
        """
        match = re.fullmatch(r"(\d{1,6})(?:-(\d{1,6}))?", self.workers.strip())
        minimum, maximum = (int(match[1]), int(match[2] or match[1])) if match else (None, None)
        if self.workers and not 1 <= (minimum or 0) <= (maximum or 0) <= _MAX_WORKERS:
            raise UsageError(
                f"--workers {self.workers}: it must be a number of workers, or a minimum and a "
                "maximum",
                hint="--workers 4, or --workers 2-8",
            )
        return Workers(
            address=self.address,
            minimum=minimum,
            maximum=maximum,
            resources=self.resources,
            replicas=self.replicas,
        )


class RunConfig(Limits, ModelOptions, ListOptions, RowOptions):
    """Everything that a person asks of a run, as values.

    `task` is a name or a file; the variants are applied to it in order. `corrector` is a registered
    name, "" for the task's own, or None for no step 4. `options` are by `KEY` or `STEP.KEY`.
    `dimensions` maps `NAME` or `STEP.NAME` to the values to draw from: texts, weights, `@NAME` for
    a vocabulary, or () for none.
    With a `shard`, `quotas` are the shard's. `seats` is as in `Task`: in a run for different
    labels, those that took turns before. `untyped` names the options that are defaults: those of
    unused parts do no harm. A manifest lacks it. Shortcuts such as `max_cosine` mean a filter with
    options.

    Raises:
        UsageError: a value is invalid; the error states its option.
    """

    task: Named
    quotas: Annotated[Mapping[str, int], Quotas]
    shard: Shard | None = None
    seats: tuple[str, ...] = ()
    untyped: frozenset[str] = Field(default=frozenset(), repr=False, exclude=True)

    @model_validator(mode="before")
    @classmethod
    def _spelled_out(cls, asked: Any) -> Any:
        return spelled_out(asked, cls.model_fields) if isinstance(asked, Mapping) else asked

    def replace(self, **changes: Any) -> RunConfig:
        """The config with some fields changed.

        Raises:
            UsageError: an invalid value.
        """
        return RunConfig(**{**dict(self), **changes})

    @property
    def target(self) -> Target:
        """Return the run's target."""
        return Target(Quotas(self.quotas), self.balance, self.give_up_after)

    def backend_of(self, step: str) -> str:
        """The name of a step's backend."""
        return self.backend_for.get(step, self.backend)

    @property
    def elsewhere(self) -> list[str]:
        """Steps with a different backend than the rest."""
        return [step for step, name in self.backend_for.items() if name != self.backend]

    def options_of(self, step: str) -> StepOptions:
        """A step's options.

        Raises:
            UsageError: an invalid option.
        """
        return step_options(self.options, step, elsewhere=step in self.elsewhere)

    def also(self, options: Mapping[str, Any]) -> RunConfig:
        """The config with additional `options`.

        Options without a step apply to every step that has them. A part's option may be given with
        its name or its full id.
        """
        spelt = {name.rpartition(":")[2]: name for name in options}

        def stays(name: str) -> bool:
            other = spelt.get(name.rpartition(":")[2], name)
            if other != name and not (":" in other and ":" in name):
                return False
            step, dot, key = name.partition(".")
            about = key in SAMPLING or step not in self.elsewhere
            return not (dot and key in options and about)

        kept = {name: value for name, value in self.options.items() if stays(name)}
        return self.replace(options={**kept, **options})


def references(config: RunConfig) -> Iterator[tuple[str, str, str]]:
    """Yield the field, the kind and the name of each part that a config names except its task."""
    yield "backend", "backend", config.backend
    yield from ((f"backend_for.{step}", "backend", n) for step, n in config.backend_for.items())
    yield "contexts_from", "contexts", config.contexts_from
    yield "seeds_from", "seeds", config.seeds_from
    named = config.generators_from.items()
    yield from ((f"generators_from.{branch}", "generator", name) for branch, name in named)
    yield from ((f"checks.{at}", "check", name) for at, name in enumerate(config.checks))
    yield from ((f"filters.{at}", "filter", name) for at, name in enumerate(config.filters))
    yield "corrector", "corrector", config.corrector or ""
