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
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from targen_core import folders
from targen_core.calls.backend import Backend
from targen_core.errors import RunDirectoryError, UsageError
from targen_core.plain import read_plain
from targen_core.plugins.registry import Registry
from targen_core.runs.options import backend_options
from targen_core.runs.spec import RunSpec

__all__ = ["remember", "remember_class", "require_known"]

_CLASS = "langchain:"  # ids of backends that are import paths
_SHOWN = 100  # letters of a value in a message
_CODE = 16 << 20  # bytes of a script


def remember(spec: RunSpec, steps: Iterable[str]) -> None:
    """Note the backends and options of a run's steps as used by this user."""
    for step in steps:
        backend = spec.backend_of(step)
        if asked := spec.options_of(step).reaching:
            folders.make_known("options", _digest(backend, asked))
        remember_class(backend)


def remember_class(backend: str) -> None:
    """Note that this user has used a class by its import path; other backends are installed."""
    if backend.startswith(_CLASS):
        folders.make_known("classes", hashlib.sha256(backend.encode()).hexdigest())


def require_known(
    registry: Registry, spec: RunSpec, steps: Iterable[str], typed: Mapping[str, Any]
) -> None:
    """Refuse options of a run's spec that are not the user's own; `typed` are the user's.

    What is typed as the spec has it is noted, and need not be typed another time. `steps` are
    those that will ask a model.

    Raises:
        UsageError: with the options to type, or an unknown backend.
        RunDirectoryError: a key stands in the manifest.
    """
    lacking: dict[str, Any] = {}
    for step in steps:
        name, user = spec.backend_of(step), spec.options_of(step)
        backend: Backend = registry.resolve(registry.find("backend", name))
        _refuse_keys(step, name, user.backend, backend)
        asked = user.reaching
        if not asked and not name.startswith(_CLASS):
            continue
        if folders.is_known("options", _digest(name, asked)):
            continue
        if name.startswith(_CLASS):
            mark = hashlib.sha256(name.encode()).hexdigest()
            if not folders.is_known("classes", mark):
                raise UsageError(
                    f"step {step} of this run uses {name}, which has not been used on this "
                    "machine before",
                    hint=f"if you trust that code, run: targen backends check {name}",
                )
        same = True
        for key in _doubtful(name, asked, backend):
            own = f"{step}.{key}"
            place = key if name == spec.backend and own not in typed else own
            if place not in typed:
                lacking[place] = asked[key]
            elif _text(typed[place]) != _text(asked[key]):
                same = False
        if same and not lacking:
            folders.make_known("options", _digest(name, asked))
    if lacking:
        listed = ", ".join(f"{name}={_shown(value)}" for name, value in lacking.items())
        again = " ".join(
            f"-o {shlex.quote(f'{name}={_shown(value)}')}" for name, value in lacking.items()
        )
        raise UsageError(
            f"this run asks for {listed}, which has not been used on this machine before; a run "
            "from someone else may name any address, file or price",
            hint=f"give the right value, or, if you trust the run: {again}",
        )


def _doubtful(name: str, asked: Mapping[str, Any], backend: Backend) -> Iterator[str]:
    """Options that are not what the backend has by itself."""
    free = {}
    if "model" in asked and "base_url" in backend.options.model_fields:
        free["model"] = asked["model"]  # a name, and nothing that is loaded here
    own: Mapping[str, Any] = {}
    try:
        options = backend_options(name, backend, free)
    except UsageError:
        pass  # it needs more: then nothing is its own
    else:
        own = {key: getattr(options, key) for key in backend.options.model_fields}
    for key, value in asked.items():
        plain = json.loads(json.dumps(own.get(key), default=str))
        if key not in free and (key not in own or plain != value):
            yield key


def _refuse_keys(step: str, name: str, options: Mapping[str, Any], backend: Backend) -> None:
    chosen = backend_options(name, backend, options)
    for key in options:
        if isinstance(getattr(chosen, key, None), SecretStr):
            raise RunDirectoryError(
                f"manifest.json holds an API key (option {key} of step {step}), which targen "
                "never writes",
                hint="remove it, and do not trust the run if it came from someone else",
            )


def _digest(backend: str, asked: Mapping[str, Any]) -> str:
    """Of a backend and its options; scripts by what they hold, other files by where they are."""
    files = {}
    for name, value in asked.items():
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
    text = json.dumps([backend, asked, files], sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _shown(value: Any) -> str:
    text = _text(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
