"""Options by `KEY` and `STEP.KEY`, as each step uses them."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from pydantic import SecretStr

from targen_core.calls.backend import Backend, BackendOptions
from targen_core.calls.model import ChatModel
from targen_core.calls.sampling import SAMPLING, check_sampling, costly
from targen_core.calls.secrets import (
    Secrets,
    environment_secrets,
    names_secret,
    secret_in,
    secrets_in,
)
from targen_core.errors import UsageError
from targen_core.hints import did_you_mean
from targen_core.options import MAX_COUNT
from targen_core.plugins.configurable import check_defaults, read_options
from targen_core.plugins.register import MEMORY
from targen_core.tasks.steps import PARAMETERS, Step
from targen_core.text import plural

if TYPE_CHECKING:
    from targen_core.runs.parts import Parts

_PRICES = ("price_in", "price_out")
CORE = ("batch", *_PRICES)
"""Keys that are neither: items per call of a list, and a model's prices."""

_MAX_PRICE = 1_000_000  # dollars per million tokens: a dollar for one


def taken_options(backend: Backend) -> list[str]:
    """Return the options of a backend that no user can set, since targen reads their names."""
    return [name for name in backend.options.model_fields if name in (*SAMPLING, *CORE)]


@dataclass(frozen=True, slots=True)
class StepOptions:
    """One step's options as the user gave them, those of all steps included."""

    sampling: dict[str, Any] = field(default_factory=dict)
    backend: dict[str, Any] = field(default_factory=dict)
    batch: tuple[int, ...] = ()
    price: tuple[float, float] | None = None

    @property
    def reaching(self) -> dict[str, Any]:
        """Return options that may reach out, fool the budget or cost more."""
        prices = zip(_PRICES, self.price or (), strict=False)
        return {**self.backend, **dict(prices), **costly(self.sampling)}


def is_of_part(option: str) -> bool:
    """Return whether an option may be one of a part, not of a kind of step or of all steps."""
    return option.rpartition(".")[0] not in ("", *PARAMETERS)


def is_price(option: str) -> bool:
    """Return whether an option is a price, of a step or of all steps."""
    return option.rpartition(".")[2] in _PRICES


def prices(dollars_in: str, dollars_out: str) -> str:
    """Return how to pass a model's prices, in dollars per million tokens, to any command."""
    return f"-o price_in={dollars_in} -o price_out={dollars_out}"


def step_options(options: Mapping[str, Any], step: str, *, elsewhere: bool = False) -> StepOptions:
    """A step's options; an option with the step's name wins over one without.

    A step `elsewhere`, on another backend than the rest, takes only sampling parameters from the
    options without a step. A model's name or a price is the main backend's.

    Raises:
        UsageError: a malformed value.
    """
    shared: dict[str, Any] = {}
    own: dict[str, Any] = {}
    for name, value in options.items():
        about, dot, key = name.partition(".")
        if not dot and (name in SAMPLING or not elsewhere):
            shared[name] = value
        elif dot and about == step and value is not None:
            own[key] = value
    return _split(step, {**shared, **own})


def check_steps(
    steps: Iterable[Step],
    options: Mapping[str, Any],
    backend_for: Iterable[str] = (),
    *,
    parts: Parts | None = None,
    former: Collection[str] = (),
    untyped: Collection[str] = (),
) -> None:
    """Check that options and backends are for steps that there are, or for `parts` in use.

    Those of `former` parts, which an earlier run used, do no harm. Neither do `untyped` ones of
    parts that are not in use.

    Raises:
        UsageError: with the steps that the task has.
    """
    known = {step.name: step for step in steps}
    growing = [name for name, step in known.items() if step.lists is not None]
    for name, value in options.items():
        step, dot, key = name.partition(".")
        if dot and step not in known:
            about = name.rpartition(".")[0]
            used = set() if parts is None else parts.names
            if about in used or about in former:
                continue
            if parts is not None and parts.refuse_unused(name, untyped):
                continue
            named = [*known, *sorted(each for each in used if ":" not in each)]
            raise UsageError(
                f"option {name!r}: there is no step {'or part ' if used else ''}{about!r}",
                hint=did_you_mean(about, named, "steps and parts" if used else "steps"),
            )
        if name == "batch":
            raise UsageError(
                f"option {name}={value}: each step has its own batch size",
                hint=" or ".join(f"-o {step}.{name}={value}" for step in growing),
            )
        if key != "batch":
            continue
        lists = known[step].lists
        if lists is None:
            raise UsageError(
                f"option {name}={value}: only {' and '.join(growing)} have a batch size",
                hint=f"for example -o {growing[-1]}.batch=10",
            )
        if isinstance(value, list | tuple) and len(value) > max(1, len(lists)):
            raise UsageError(
                f"option {name} lists {plural(len(value), 'size')}, but step {step} has "
                + ("one list" if len(lists) == 1 else f"{len(lists)} lists")
            )
    for step in backend_for:
        if step not in known:
            raise UsageError(
                f"--backend-for {step}: no such step",
                hint=did_you_mean(step, known, "steps"),
            )


def step_parameters(
    step: Step, backend: Backend, chosen: BackendOptions, user: StepOptions
) -> dict[str, Any]:
    """The sampling parameters that a step sends."""
    suited = backend.defaults(chosen) if backend.defaults is not None else {}
    own = {
        key.removeprefix(f"{step.kind}."): value
        for key, value in suited.items()
        if key.startswith(f"{step.kind}.")
    }
    return {
        **step.parameters,
        **{key: value for key, value in suited.items() if "." not in key},
        **own,
        **user.sampling,
    }


def settled(step: Step, params: Mapping[str, Any]) -> frozenset[str]:
    """Return the parameters of a step that its calls do not set themselves.

    They are those that the user or the backend has changed from what the task says. Both the task's
    and the step's are on record, so a continued run finds the same ones.
    """
    own = step.parameters
    return frozenset(
        name
        for name, value in params.items()
        if name not in own or json.dumps(own[name]) != json.dumps(value)  # where a tuple is a list
    )


def backend_options(name: str, backend: Backend, options: Mapping[str, Any]) -> BackendOptions:
    """Validated options of a backend.

    Raises:
        UsageError: naming the option, what is wrong, and the options there are.
    """
    of = backend.summary if name.startswith(f"{MEMORY}:") else f"backend {name}"
    chosen = read_options(backend.options, options, of=of, others=SAMPLING)
    check_defaults(chosen, of=of, distribution=name.partition(":")[0])
    refuse_secrets(chosen, Secrets(*known_secrets(None, chosen)))
    return chosen


def known_secrets(model: ChatModel | None, options: BackendOptions) -> tuple[str, ...]:
    """The secrets of a model, of the options that it was made with, and of the environment."""
    values = dict(options)
    found = (secret for name, value in values.items() for secret in secrets_in(value, name))
    return tuple(dict.fromkeys((*getattr(model, "secrets", ()), *found, *environment_secrets())))


def refuse_secrets(options: BackendOptions, secrets: Secrets) -> None:
    """Check that no option that a run keeps has a secret in it.

    Options that are secret themselves are not kept.

    Raises:
        UsageError: one has, with where a key belongs.
    """
    variable = getattr(type(options), "key_variable", "")
    for name, value in options:
        if is_secret(name, value):
            continue
        where = secret_in(value, name, secrets)
        if where:
            place = "-o api_key_file=FILE"
            raise UsageError(
                f"option {where} looks like an API key or contains one, but runs, reports and "
                "pages store this option",
                hint=f"put the key into {variable or 'the environment variable of its service'}"
                + (", or pass the file that contains it: " + place if variable else ""),
            )


def is_secret(name: str, value: Any) -> bool:
    """Return whether an option must never be stored: by its type, or by its name."""
    return isinstance(value, SecretStr) or (isinstance(value, str) and names_secret(name))


def public_options(options: BackendOptions) -> dict[str, Any]:
    """A backend's options without what is secret, as the manifest keeps them."""
    public = {}
    # Not by attribute: a recorded option may have the name of a method.
    for name, value in sorted(options, key=lambda each: each[0]):
        if name in options.model_fields_set and not is_secret(name, value):
            public[name] = value
    shown: dict[str, Any] = json.loads(json.dumps(public, default=str))
    return {name: _without_login(value) for name, value in shown.items()}


def _without_login(value: Any) -> Any:
    """Addresses without the `user:password@` in them."""
    if isinstance(value, list):
        return [_without_login(part) for part in value]
    if isinstance(value, dict):
        return {name: _without_login(part) for name, part in value.items()}
    if isinstance(value, str) and "://" in value and "@" in value:
        parts = urlsplit(value)
        return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    return value


def _split(step: str, options: Mapping[str, Any]) -> StepOptions:
    sampling = {key: options[key] for key in SAMPLING if key in options}
    backend = {key: value for key, value in options.items() if key not in SAMPLING + CORE}
    for key, value in sampling.items():
        if where := secret_in(value, key, Secrets(*environment_secrets())):
            raise UsageError(
                f"option {where} looks like an API key, but runs and reports store this option"
            )
        check_sampling(key, value)
    batch = options.get("batch", ())
    sizes = tuple(batch) if isinstance(batch, list | tuple) else (batch,)
    whole = all(type(size) is int and 0 < size <= MAX_COUNT for size in sizes)
    if not whole:
        raise UsageError(
            f"option {step}.batch={batch}: it must be a whole number above 0",
            hint=f"for example -o {step}.batch=10",
        )
    price = None
    if "price_in" in options or "price_out" in options:
        try:
            price = (float(options["price_in"]), float(options["price_out"]))
        except (KeyError, OverflowError, TypeError, ValueError):
            raise UsageError(
                "give both prices, in dollars per million tokens",
                hint="for example " + prices("0.15", "0.60"),
            ) from None
        if not all(0 <= side <= _MAX_PRICE for side in price):  # a nan is neither
            raise UsageError(f"a price must be a number from 0 to {_MAX_PRICE:,}")
    return StepOptions(sampling, backend, sizes, price)
