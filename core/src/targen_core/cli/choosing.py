"""Choose the model of a command, its price and its cost limit: options over defaults.

If no backend is named, use the one that is set up on this machine. If several are set up, a person
at a terminal chooses; elsewhere an error lists what to type, since a wrong choice may cost money.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from targen_core.cli.asking import answered, can_ask
from targen_core.cli.flags import Said
from targen_core.errors import TargenError, UsageError
from targen_core.options import Limits
from targen_core.runs import settings
from targen_core.runs.config import ModelFlags
from targen_core.runs.settings import Value

if TYPE_CHECKING:
    from targen_core.calls.backend import Backend
    from targen_core.plugins.register import Registration
    from targen_core.plugins.registry import Registry

_TYPED = "the command line"


@dataclass(frozen=True, slots=True)
class Choice:
    """The chosen model and settings.

    Attributes:
        model: the backend; "" if none is needed.
        steps: backends of single steps.
        options: of backends and parts, by `KEY`, `STEP.KEY` or `PART.KEY`.
        limits: what was asked for, with defaults in the place of None.
        ask_above: dollars above which the user must confirm.
        held: the defaults and options that it is made of, by name.
        notes: that the small model is used, if no backend was named; printed once.
    """

    model: str
    steps: Mapping[str, str]
    options: dict[str, Any]
    limits: Mapping[str, Any]
    ask_above: float
    held: Mapping[str, Value]
    notes: list[str] = field(default_factory=list)

    @property
    def keywords(self) -> dict[str, Any]:
        """As `asked` takes them."""
        return {
            "model": self.model or None,
            "steps": self.steps,
            "options": self.options,
            "untyped": self.untyped,
            **self.limits,
        }

    @property
    def untyped(self) -> frozenset[str]:
        """Return the names of the options that are defaults."""
        return frozenset(
            name.removeprefix("options.")
            for name, value in self.held.items()
            if name.startswith("options.") and value.origin != _TYPED
        )

    @property
    def price_from(self) -> str:
        """Where the price is from; "" if it was typed, or is from several places or the backend."""
        ends = (".price_in", ".price_out")
        origins = {value.origin for name, value in self.held.items() if name.endswith(ends)}
        return origins.pop() if len(origins) == 1 and _TYPED not in origins else ""

    def tell(self) -> None:
        """Print the notes, once; `explained` does if a command does not."""
        while self.notes:
            print(self.notes.pop(), file=sys.stderr)

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Explain the source of an error about a value that was not typed.

        Without an error, the notes are printed. So a command encloses all checks before its first
        call.
        """
        try:
            yield
        except TargenError as error:
            if said := self._origin(str(error)) or self._origin(error.hint):
                error.hint = f"{error.hint}; {said}" if error.hint else said
            raise
        self.tell()

    def _origin(self, text: str) -> str:
        """Where the first default that a text is about is from, or ""."""
        for name, value in settings.names_in_file(self.held).items():
            key = re.escape(name.removeprefix("options.")).replace("\\-", "[-_]")
            about = rf"(?:--|-o |option '?){key}\b"
            if isinstance(value.value, str):  # a number may mean anything
                about += f"|{re.escape(repr(value.value))}"
            if value.origin != _TYPED and re.search(about, text):
                return f"{name} comes from {value.origin}; see targen config"
        return ""


def same_backend(registry: Registry) -> Callable[[str, str], bool]:
    """Return a function that compares two names of backends, aliases and full ids included."""

    def find(name: str) -> str:
        try:
            return registry.find("backend", name).id
        except UsageError:
            return name

    return lambda one, other: find(one) == find(other)


def choice(
    registry: Registry,
    said: Said,
    *,
    backend: str | None = None,
    otherwise: Literal["any", "set up", "none"] = "any",
) -> Choice:
    """Return the options of the command line for models and limits, over the defaults.

    Args:
        registry: finds backends.
        said: the options of the command.
        backend: the backend that an argument names; it takes precedence over the options.
        otherwise: the backend if none is named. "any": the one that is set up, or the small model,
            which may have to be downloaded. "set up": not the small model. "none": as "any" if an
            option or a default is about models, otherwise "".

    Raises:
        UsageError: either is invalid; or no backend is named, and there is not exactly one that is
            set up.
    """
    typed = said.of(ModelFlags)
    files = settings.read_files()
    layers = [
        *settings.layers(files, typed.profile),
        _typed(typed, backend or said.values.get("backend")),
    ]
    held = settings.merged(layers, same_backend(registry))
    options = _below(held, "options.")
    chosen, note = "", ""
    if "backend" in held:
        chosen = held["backend"].value
    elif otherwise != "none" or options:
        chosen, note = _picked(registry, options, may_download=otherwise != "set up")
    ask_above = held.get("ask-above")
    by_default = {
        name: held[key].value
        for name in said.has
        if name in Limits.model_fields and (key := name.replace("_", "-")) in held
    }
    return Choice(
        model=chosen,
        steps=_below(held, "backend-for."),
        options=options,
        limits={**by_default, **said.part(Limits)},
        ask_above=settings.ASK_ABOVE if ask_above is None else ask_above.value,
        held=held,
        notes=[note] if note else [],
    )


def _below(held: Mapping[str, Value], prefix: str) -> dict[str, Any]:
    return {
        name.removeprefix(prefix): value.value
        for name, value in held.items()
        if name.startswith(prefix)
    }


def _typed(said: ModelFlags, backend: str | None) -> dict[str, Value]:
    """The command line as a layer of defaults.

    Raises:
        UsageError: something is said twice.
    """
    from targen_core.api.models import named

    values = said.values
    if backend is not None:
        backend, with_model = named(backend)
        if with_model:
            if said.model is not None:
                raise UsageError(
                    f"--backend {backend}/{with_model['model']} and --model name two different "
                    "models",
                    hint="keep one of the two",
                )
            values = with_model | values
    layer = {f"options.{name}": value for name, value in values.items()}
    layer |= {f"backend-for.{step}": name for step, name in said.backend_for.items()}
    if backend is not None:
        layer["backend"] = backend
    return {name: Value(value, _TYPED) for name, value in layer.items()}


# --- which backend ---------------------------------------------------------


def _picked(
    registry: Registry, options: Mapping[str, Any], *, may_download: bool
) -> tuple[str, str]:
    """Return the one backend that is set up here, or the one that a person says; and a note.

    Raises:
        UsageError: no backend is set up, or several are without a terminal to ask on.
    """
    from targen_core.api.request import USUAL_MODEL

    plain = {name: value for name, value in options.items() if "." not in name}
    ready = [item for item in registry.all("backend") if _is_ready(registry, item, plain)]
    if not may_download and [item.name for item in ready] == [USUAL_MODEL]:
        raise UsageError(
            "no backend was given, and none is set up: there is no key or address in the "
            "environment",
            hint=f"pass -b NAME; {USUAL_MODEL} downloads its model once, before the first run",
        )
    if len(ready) == 1:
        note = (
            f"no backend was given, so targen uses {USUAL_MODEL}, a small model for trying things "
            "out; for a real model, pass -b NAME (see targen list-backends)"
        )
        return ready[0].id, note if ready[0].name == USUAL_MODEL else ""
    if not ready:
        raise _none_ready(registry)
    if can_ask() and (name := _asked_for(ready)):
        return name, ""
    each = "; or ".join(f"-b {item.name}" for item in ready)
    raise UsageError(
        f"no backend was given, but {len(ready)} are set up: "
        f"{', '.join(item.name for item in ready)}",
        hint=f"{each}; to set a default: targen config set backend {ready[0].name}",
    )


def _is_ready(registry: Registry, item: Registration[Backend], options: Mapping[str, Any]) -> bool:
    """Return whether a backend has what it needs on this machine, and accepts these options."""
    from targen_core.calls.sampling import SAMPLING
    from targen_core.runs.step_options import CORE

    try:
        backend: Backend = registry.resolve(item)
    except TargenError:
        return False
    own = options.keys() - {*SAMPLING, *CORE}
    takes = own <= backend.options.model_fields.keys()
    return takes and backend.ready is not None and backend.ready(options)


def _none_ready(registry: Registry) -> UsageError:
    """Return the error if no model is set up."""
    names = ", ".join(item.name for item in registry.all("backend"))
    if not names:
        return UsageError("no backend is installed", hint="install a plugin that provides one")
    return UsageError(
        "no backend was given, and none is set up: there is no key or address in the environment",
        hint=f"pass -b NAME, one of {names} (targen list-backends shows what each needs)",
    )


def _asked_for(items: Sequence[Registration[Backend]]) -> str:
    """Ask a person which backend to use; "" if the person ends the input."""
    print("No backend was given. These are set up:", file=sys.stderr)
    width = max(len(item.name) for item in items)
    for number, item in enumerate(items, 1):
        print(f"  {number}  {item.name.ljust(width)}  {item.summary}", file=sys.stderr)
    names = {item.name: item.id for item in items}
    names |= {str(number): item.id for number, item in enumerate(items, 1)}
    names |= {alias: item.id for item in items for alias in item.aliases}
    question = "Type a name or number (targen config set backend NAME sets the default):"
    while (answer := answered(question)) not in names:
        if answer is None:
            return ""
    return names[answer]
