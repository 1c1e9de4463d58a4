"""Parts of a run's plan that this user has used before: a run may come from a stranger.

A manifest names backends and their options. An option may be an address that receives keys, a file
to read, or a script or a class to execute. It may be a price that fools the budget, or a limit far
above the usual. So `resume` takes an option from a manifest only in three cases. It is the
backend's own value: its default, or that of an environment variable. Or this user has used the very
same options with this backend on this machine. Or the user types it again. The same holds for caps
of cost and tokens, and for more calls at once or more rounds than usual. A service's model is only
a name. Addresses of this machine are not an exception: other users' services listen there, and the
user's own.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from targen_core import folders
from targen_core.calls.backend import Backend
from targen_core.errors import RunDirectoryError, UsageError
from targen_core.options import Limits
from targen_core.origin import is_trusting, leads_elsewhere
from targen_core.plain import read_plain
from targen_core.plugins.adapters import is_known_class
from targen_core.plugins.registry import Registry
from targen_core.runs.records.manifest import Manifest
from targen_core.runs.records.options import backend_options, is_secret
from targen_core.runs.records.shortcuts import dataset_options
from targen_core.runs.records.spec import RunSpec
from targen_core.tasks.steps import PARAMETERS
from targen_core.wording import Action, Either, Option, Setting, Together

_SHOWN = 100  # letters of a value in a message
_CODE = 16 << 20  # bytes of a script


def remember(spec: RunSpec, steps: Iterable[str]) -> None:
    """Note the backends and options of a run's steps as used by this user."""
    for step in steps:
        backend = spec.backend_of(step)
        if asked := spec.options_of(step).reaching:
            _make_known(backend, asked)
    remember_limits(spec.limits)


def require_known_limits(limits: Limits, typed: Collection[str]) -> None:
    """Refuse caps and speeds of a run's spec that are not the user's own.

    Args:
        limits: those that the run will have.
        typed: the names of those that the user typed.

    Raises:
        UsageError: with the options to type.
    """
    lacking = _lacking("limits", limits.reaching.items(), typed)
    if lacking and not is_trusting():
        again = Together(*(Option(name, _shown(value)) for name, value in lacking.items()))
        raise UsageError(
            _unknown(lacking) + "specify any budget",
            hint="give the right value or, if you trust the run, repeat these: " + again,
        )
    remember_limits(limits)


def remember_limits(limits: Limits) -> None:
    """Note the caps and speeds of a run as used by this user."""
    _make_each_known("limits", limits.reaching.items())


def require_known_paths(manifest: Manifest, typed: Mapping[str, Any]) -> None:
    """Refuse paths and addresses among a run's options of parts that are not the user's own.

    Args:
        manifest: the run's.
        typed: the options that the user typed.

    Raises:
        UsageError: with the options to type.
    """
    lacking = _lacking("options", _paths_of_parts(manifest), typed)
    if lacking and not is_trusting():
        raise UsageError(
            _unknown(lacking) + "refer to any file or URL",
            hint="read manifest.json first; if you trust it, "
            + Either(
                "add " + Option("trust", True),
                "resume it within `with targen_core.trusting():`",
            ),
        )
    remember_paths(manifest)


def remember_paths(manifest: Manifest) -> None:
    """Note the paths and addresses among a run's options of parts as used by this user."""
    _make_each_known("options", _paths_of_parts(manifest))


def _lacking(kind: str, asked: Iterable[tuple[str, Any]], typed: Collection[str]) -> dict[str, Any]:
    """The values that are neither typed nor known; one name may have several."""
    return {
        name: value
        for name, value in asked
        if name not in typed and not folders.is_known(kind, _digest(name, {name: value}))
    }


def _make_each_known(kind: str, asked: Iterable[tuple[str, Any]]) -> None:
    for name, value in asked:
        folders.make_known(kind, _digest(name, {name: value}))


def _unknown(lacking: Mapping[str, Any]) -> str:
    """Return the start of a refusal, up to what someone else's run could do."""
    listed = ", ".join(f"{name}={_shown(value)}" for name, value in lacking.items())
    return (
        f"this run asks for {listed}, which {'has' if len(lacking) == 1 else 'have'} not been used "
        "on this machine before; someone else's run could "
    )


def _paths_of_parts(manifest: Manifest) -> Iterator[tuple[str, Any]]:
    """Options of parts, by full id or as they were typed, that lead out of the run's directory."""
    for part in manifest.lock.parts.values():
        for option in part.files:
            if option not in part.copies:
                yield f"{part.id}.{option}", part.options[option]
    lists = (name for names in manifest.task.lists.values() for name in names)
    steps = {*PARAMETERS, *manifest.steps, *lists}
    sources = dataset_options()  # `sources.require_known_sources` checks these
    for name, value in manifest.spec.options.items():
        about = name.rpartition(".")[0]
        if about and about not in steps and name not in sources and leads_elsewhere(value):
            yield name, value


def require_known(
    registry: Registry, spec: RunSpec, steps: Iterable[str], typed: Mapping[str, Any]
) -> None:
    """Refuse options of a run's spec that are not the user's own; `typed` are the user's.

    A typed value that agrees with the spec is noted, and need not be typed again. `steps` are those
    that will ask a model.

    Raises:
        UsageError: with the options to type, or an unknown backend.
        RunDirectoryError: the manifest contains a key.
    """
    lacking: dict[str, Any] = {}
    for step in steps:
        name, user = spec.backend_of(step), spec.options_of(step)
        backend: Backend = registry.resolve(registry.find("backend", name))
        _refuse_keys(step, name, user.backend, backend)
        asked, is_class = user.reaching, registry.adapter(name) is not None
        if not asked and not is_class:
            continue
        if _is_known(name, asked):
            continue
        if is_class and not is_trusting() and not is_known_class(name):
            raise UsageError(
                f"step {step} of this run uses {name}, which has not been used on this "
                "machine before",
                hint="if you trust that code, run: "
                + Action("backends check", name)
                + "; a run of a class in a file continues only with the command that started it, "
                "with " + Option("model", _in_file(name)),
            )
        same = True
        doubtful = list(_doubtful(name, asked, backend))
        for key in doubtful:
            own = f"{step}.{key}"
            for_all = name == spec.backend and not {own} & {*typed, *spec.options}
            place = key if for_all else own
            if place not in typed:
                lacking[place] = asked[key]
            elif _text(typed[place]) != _text(asked[key]):
                same = False
        if doubtful and same and (not lacking or is_trusting()):
            _make_known(name, asked)
    if lacking and not is_trusting():
        again = Together(*(Setting(name, _shown(value)) for name, value in lacking.items()))
        raise UsageError(
            _unknown(lacking) + "specify any URL, file, price or limit",
            hint="give the right value or, if you trust the run, repeat these: " + again,
        )


def _in_file(name: str) -> str:
    """Return how a class is typed that is in a file: its run has the id of a module."""
    adapter, _, path = name.partition(":")
    module, _, attribute = path.rpartition(".")
    return f"{adapter}:./{module}.py:{attribute}"


def _doubtful(name: str, asked: Mapping[str, Any], backend: Backend) -> Iterator[str]:
    """Options that are not what the backend has by itself."""
    free = {}
    if "model" in asked and "base_url" in backend.options.model_fields:
        free["model"] = asked["model"]  # only a name, not something loaded here
    own: Mapping[str, Any] = {}
    with contextlib.suppress(UsageError):  # it needs more: then it does not own anything
        own = dict(backend_options(name, backend, free))
    for key, value in asked.items():
        plain = json.loads(json.dumps(own.get(key), default=str))
        if key not in free and (key not in own or plain != value):
            yield key


def _refuse_keys(step: str, name: str, options: Mapping[str, Any], backend: Backend) -> None:
    chosen = backend_options(name, backend, options)
    for key in options:
        if is_secret(key, getattr(chosen, key, None)):
            raise RunDirectoryError(
                f"manifest.json contains an API key (option {key} of step {step}), which targen "
                "never writes",
                hint="remove it, and do not trust the run if it came from someone else",
            )


def _is_known(backend: str, asked: Mapping[str, Any]) -> bool:
    """Read files only if their names are known, so that a stranger's run cannot have any read."""
    return folders.is_known("options", _digest(backend, asked)) and folders.is_known(
        "options", _digest(backend, asked, _files(asked))
    )


def _make_known(backend: str, asked: Mapping[str, Any]) -> None:
    folders.make_known("options", _digest(backend, asked))
    folders.make_known("options", _digest(backend, asked, _files(asked)))


def _files(asked: Mapping[str, Any]) -> dict[str, str]:
    """The files that options name: scripts by what they hold, others by where they are."""
    files = {}
    for name, value in asked.items():
        if not isinstance(value, str):
            continue
        for end in (*(found.end() for found in re.finditer(r"\.py", value)), len(value)):
            path = Path(value[:end])
            with contextlib.suppress(OSError, ValueError):
                if path.is_file():
                    code = path.suffix == ".py"
                    files[name] = read_plain(path, _CODE).hex() if code else str(path.resolve())
                    break
    return files


def _digest(backend: str, asked: Mapping[str, Any], files: Mapping[str, str] | None = None) -> str:
    text = json.dumps([backend, asked, files or {}], sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _shown(value: Any) -> str:
    text = _text(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
