"""What of a run's plan this user has used before: a run may come from anybody.

A manifest names backends and their options, and an option may be an address that keys are sent to,
a file that is read, a script or a class that is executed, or a price that fools the budget. So
`resume` takes an option from a manifest only where it is what the backend has by itself (its
default, or what an environment variable says), where this user has used the very same options
with this backend on this machine, or where it is typed again. A service's model is only a name.
Addresses of this machine are no exception: other users' services listen there, and one's own.
"""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from targen_core import folders
from targen_core.calls.backend import Backend
from targen_core.errors import RunDirectoryError, UsageError
from targen_core.plain import read_plain
from targen_core.plugins.registry import Registry
from targen_core.runs.manifest import Manifest, StepPlan
from targen_core.runs.options import backend_options

__all__ = ["remember_class", "remember_plans", "require_known_plans"]

_PRICES = ("price_in", "price_out")
_CLASS = "langchain:"  # ids of backends that are import paths
_SHOWN = 100  # letters of a value in a message
_CODE = 16 << 20  # bytes of a script


def remember_plans(manifest: Manifest) -> None:
    """Note the backends and options of a run as used by this user."""
    for plan in manifest.steps.values():
        if plan.options:
            folders.make_known("options", _digest(plan))
        remember_class(plan.backend)


def remember_class(backend: str) -> None:
    """Note that this user has used a class by its import path; other backends are installed."""
    if backend.startswith(_CLASS):
        folders.make_known("classes", hashlib.sha256(backend.encode()).hexdigest())


def require_known_plans(registry: Registry, manifest: Manifest, options: Sequence[str]) -> None:
    """Refuse a plan with options that are not the user's own; `options` are typed ones.

    What is typed as the manifest has it is noted, and need not be typed another time.

    Raises:
        UsageError: with the options to type, or an unknown backend.
        RunDirectoryError: a key stands in the manifest.
    """
    typed = {name: text for name, _, text in (item.partition("=") for item in options)}
    lacking: dict[str, Any] = {}
    for step, plan in manifest.steps.items():
        backend: Backend = registry.resolve(registry.find("backend", plan.backend))
        _refuse_keys(step, plan, backend)
        if not plan.options and not plan.backend.startswith(_CLASS):
            continue
        if folders.is_known("options", _digest(plan)):
            continue
        if plan.backend.startswith(_CLASS):
            mark = hashlib.sha256(plan.backend.encode()).hexdigest()
            if not folders.is_known("classes", mark):
                raise UsageError(
                    f"step {step} of this run uses {plan.backend}, which was not used here before",
                    hint=f"if you trust that code: targen backends check {plan.backend}",
                )
        same = True
        for name in _doubtful(plan, backend):
            value = plan.options[name]
            key = f"{step}.{name}"
            if plan.backend == manifest.backend and key not in typed:
                key = name
            if key not in typed:
                lacking[key] = value
            same &= typed.get(key) in (value, str(value), json.dumps(value))
        if same:
            folders.make_known("options", _digest(plan))
    if lacking:
        listed = ", ".join(f"{name}={_shown(value)}" for name, value in lacking.items())
        again = " ".join(
            f"-o {shlex.quote(f'{name}={_shown(value)}')}" for name, value in lacking.items()
        )
        raise UsageError(
            f"this run asks for {listed}, which was not used here before: a run from somebody "
            "else may name any address, file or price",
            hint=f"say what is right, for example, if you trust it: {again}",
        )


def _doubtful(plan: StepPlan, backend: Backend) -> Iterator[str]:
    """Options of a plan that are not what the backend has by itself."""
    free = {}
    if "model" in plan.options and "base_url" in backend.options.model_fields:
        free["model"] = plan.options["model"]  # a name, and nothing that is loaded here
    own: Mapping[str, Any] = {}
    try:
        found = backend_options(plan.backend, backend, free)
    except UsageError:
        pass  # it needs more: then nothing is its own
    else:
        own = {name: getattr(found, name) for name in backend.options.model_fields}
    for name, value in plan.options.items():
        plain = json.loads(json.dumps(own.get(name), default=str))
        if name not in free and (name not in own or plain != value):
            yield name


def _refuse_keys(step: str, plan: StepPlan, backend: Backend) -> None:
    given = {name: value for name, value in plan.options.items() if name not in _PRICES}
    chosen = backend_options(plan.backend, backend, given)
    for name in given:
        if isinstance(getattr(chosen, name, None), SecretStr):
            raise RunDirectoryError(
                f"manifest.json holds a key, as option {name} of step {step}; no targen writes one",
                hint="take it out, and do not trust the run if it came from somebody else",
            )


def _digest(plan: StepPlan) -> str:
    """Of a backend and its options; scripts by what they hold, other files by where they are."""
    files = {}
    for name, value in plan.options.items():
        if not isinstance(value, str):
            continue
        path = Path(re.sub(r"(?<=\.py):\w*$", "", value))
        try:
            if not path.is_file():
                continue
            code = path.suffix == ".py"
            files[name] = read_plain(path, _CODE).hex() if code else str(path.resolve())
        except (OSError, ValueError):
            continue
    text = json.dumps([plan.backend, plan.options, files], sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
