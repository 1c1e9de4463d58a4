"""Parts of a run's plan that need this user's permission: a run may come from a stranger.

A manifest names backends and their options. An option may be an address that receives keys, a file
to read, or a script or a class to execute. It may be a price that fools the budget, or a limit far
above the usual. So `resume` takes an option from a manifest only in four cases. It is the backend's
own value: its default, or that of an environment variable. Or a command of this user wrote this
run. Or the user types the option again. Or the user trusts the run in this call. The same holds for
caps of cost and tokens, and for more calls at once or more rounds than usual. A service's model is
only a name. Addresses of this machine are not an exception: other users' services listen there, and
the user's own.
"""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from targen_core.calls.backend import Backend
from targen_core.errors import RunConflict, RunDirectoryError, UsageError
from targen_core.hints import command, flag_of, flags, quoted
from targen_core.options import Datasets, Limits
from targen_core.origin import HUB, Typed, leads_elsewhere, trust_hint
from targen_core.plugins.register import MEMORY
from targen_core.plugins.registry import Registry
from targen_core.runs.config import RunConfig
from targen_core.runs.manifest import Lock, Manifest, SourcePlan
from targen_core.runs.shortcuts import dataset_options, datasets_of
from targen_core.runs.step_options import backend_options, is_secret
from targen_core.task_files import note_own_copy
from targen_core.tasks.steps import PARAMETERS
from targen_core.text import plural

_SHOWN = 100  # letters of a value in a message


def sign_run(manifest: Manifest, run: Path, sources: Mapping[Path, Manifest]) -> None:
    """Sign a run that a command of this user made, from the task that it read and other runs.

    Args:
        manifest: the new run's.
        run: its directory, with the copy of its task.
        sources: the runs whose plans it continues.
    """
    if all(there.is_permitted(path) for path, there in sources.items()):
        manifest.sign(run)
    sign_copy(manifest, run)


def sign_copy(manifest: Manifest, run: Path) -> None:
    """Sign the copy of a task's file in a run that a command of this user made."""
    if copy := manifest.task_file.partition(":")[0]:
        note_own_copy(run / copy)


def require_known_limits(limits: Limits, typed: Collection[str]) -> None:
    """Refuse caps and speeds of a run's config that are not the user's own.

    Args:
        limits: those that the run will have.
        typed: the names of those that the user typed.

    Raises:
        UsageError: with the options to type.
    """
    lacking = {name: value for name, value in limits.reaching.items() if name not in typed}
    if lacking:
        again = flags(**{name: _shown(value) for name, value in lacking.items()})
        raise UsageError(
            _unknown(lacking) + "specify any budget",
            hint="give the right value or, if you trust the run, repeat these: " + again,
        )


def require_known_paths(manifest: Manifest, run: Path, typed: Collection[str] = ()) -> None:
    """Refuse paths and addresses among a run's options of parts that are not the user's own.

    Args:
        manifest: the run's.
        run: its directory.
        typed: the names of the options that the user typed.

    Raises:
        UsageError: with the options to type.
    """
    lacking = {name: value for name, value in _paths_of_parts(manifest) if name not in typed}
    if lacking and not manifest.is_permitted(run):
        raise UsageError(
            _unknown(lacking) + "refer to any file or URL",
            hint="read manifest.json first; if you trust it, " + trust_hint(run),
        )


def _unknown(lacking: Mapping[str, Any]) -> str:
    """Return the start of a refusal, up to what someone else's run could do."""
    listed = ", ".join(f"{name}={_shown(value)}" for name, value in lacking.items())
    return (
        f"this run asks for {listed}, but targen did not start it here; someone else's run could "
    )


def _paths_of_parts(manifest: Manifest) -> Iterator[tuple[str, Any]]:
    """Options of parts, by full id or as they were typed, that lead out of the run's directory."""
    for part in manifest.lock.parts.values():
        for option in part.files:
            if option not in part.copies:
                yield f"{part.id}.{option}", part.options[option]
    lists = (name for names in manifest.task.lists.values() for name in names)
    steps = {*PARAMETERS, *manifest.steps, *lists}
    sources = dataset_options()  # `sources.refuse_sources` checks these
    for name, value in manifest.config.options.items():
        about = name.rpartition(".")[0]
        if about and about not in steps and name not in sources and leads_elsewhere(value):
            yield name, value


def require_known(
    registry: Registry,
    config: RunConfig,
    steps: Iterable[str],
    typed: Mapping[str, Any],
    *,
    permitted: bool = False,
) -> None:
    """Refuse options of a run's config that are not the user's own; `typed` are the user's.

    `steps` are those that will ask a model. If the run is `permitted`, only its classes are
    checked.

    Raises:
        UsageError: with the options to type, or an unknown backend.
        RunDirectoryError: the manifest contains a key.
    """
    lacking: dict[str, Any] = {}
    for step in steps:
        name, user = config.backend_of(step), config.options_of(step)
        backend: Backend = registry.resolve(registry.find("backend", name))
        _refuse_keys(step, name, user.backend, backend)
        asked, is_class = user.reaching, registry.adapter(name) is not None
        if is_class and not isinstance(name, Typed):
            raise UsageError(
                f"step {step} of this run uses {name}, but targen did not start it here",
                hint=f"if you trust that code, run: targen check {quoted(name)}, and repeat the "
                "run's command",
            )
        for key in () if permitted else _doubtful(name, asked, backend):
            own = f"{step}.{key}"
            for_all = name == config.backend and not {own} & {*typed, *config.options}
            place = key if for_all else own
            if place not in typed:
                lacking[place] = asked[key]
    if lacking:
        again = " ".join(
            f"-o {quoted(f'{name}={_shown(value)}')}" for name, value in lacking.items()
        )
        raise UsageError(
            _unknown(lacking) + "specify any URL, file, price or limit",
            hint="give the right value or, if you trust the run, repeat these: " + again,
        )


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


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _shown(value: Any) -> str:
    text = _text(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


OBJECT = f"{MEMORY}:"
"""Precedes the file that represents rows of a program."""


class UnreadSource(UsageError):
    """A dataset that an option names but that cannot be read, or has no usable rows.

    Attributes:
        hub: whether its hint takes the name for one of a hub, which it cannot be in a resumed run.
    """

    hub = False

    def ask_where(self, run: Path, then: str = "") -> None:
        """Add to the hint how to resume a run whose dataset has moved."""
        near = "; " + self.hint if self.hint and not self.hub else ""
        again = command("resume", run, **{self.option: "SOURCE"})
        self.hint = "give the file's new path: " + again + then + near


def name_of_source(source: str) -> str:
    """Return a source's name without its path, which may be private."""
    if source.startswith(OBJECT):
        return Path(source.removeprefix(OBJECT)).stem
    return source if source.startswith(HUB) else Path(source).expanduser().resolve().name


def kept_source(source: str) -> str:
    """A source as a manifest has it: of rows of a program their name."""
    return f"{OBJECT}{name_of_source(source)}" if source.startswith(OBJECT) else source


def refuse_itself(option: str, sources: Iterable[str], run: Path) -> None:
    """Refuse a run that is to use its own rows.

    Raises:
        UsageError: it is among `sources`, by its folder or its file.
    """
    own = {run.resolve(), (run / "dataset.jsonl").resolve()}
    for source in sources:
        if Path(source).expanduser().resolve() in own:
            raise UsageError(
                f"{flag_of(option)}: {source} is this run itself",
                hint="pass a different dataset, or choose a different --out",
            )


def refuse_sources(option: str, words: Datasets, sources: Iterable[str], run: Path) -> None:
    """Refuse sources that only the manifest of someone else's run names.

    Raises:
        UsageError: with what to type.
    """
    for source in sources:
        if not source.startswith(OBJECT):
            raise UsageError(
                f"this run {words.verb} {source}, but targen did not start it here; someone else's "
                "run could refer to any file or dataset",
                hint="if it is the right dataset, run: "
                + command("resume", run, **{option: source}),
            )


def require_same_sources(there: Lock, now: Lock, run: Path) -> None:
    """Check that a run continues with the datasets that it started with.

    Raises:
        RunConflict: naming what was changed, and what to do.
    """
    for place in {**there.parts, **now.parts}:
        plans = there.parts.get(place), now.parts.get(place)
        before, after = (() if plan is None else plan.sources for plan in plans)
        part = next(plan for plan in plans if plan is not None)
        _require_same(*datasets_of(part.id), before, after, run)


def _require_same(
    option: str, words: Datasets, there: Sequence[SourcePlan], now: Sequence[SourcePlan], run: Path
) -> None:
    before, after = (Counter(plan.digest for plan in plans) for plans in (there, now))
    if before == after:
        return
    gone = [plan for plan in there if before[plan.digest] > after[plan.digest]]
    come = [plan for plan in now if after[plan.digest] > before[plan.digest]]
    if not there:
        raise RunConflict(
            f"{run} {words.verb} no datasets, so {come[0].source} may contain its rows",
            hint=f"generate a new run with {flag_of(option)} and a different --out",
        )
    if not gone:
        raise RunConflict(
            f"{run} was not started with {come[0].source} {words.done}",
            hint="generate a new run with a different --out",
        )
    said = (
        f"{run} {words.verb} {' and '.join(f'{plan.source} with {_size(plan)}' for plan in gone)}"
    )
    said += f", not {come[0].source} with {_size(come[0])}" if come else ""
    raise RunConflict(
        said,
        hint=f"restore the file; or give the new path of each dataset that it {words.verb}: "
        + command("resume", run, **{option: "SOURCE"})
        + "; or generate a new run",
    )


def _size(plan: SourcePlan) -> str:
    return f"{plural(plan.rows, 'row')} (digest {plan.digest[:12]})"
