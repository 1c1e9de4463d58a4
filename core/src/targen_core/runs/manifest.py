"""The manifest: what a user asked for, what that stood for, and how the run was extended."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import importlib_metadata
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from targen_core.engine.events import Target
from targen_core.engine.filters import USUAL
from targen_core.engine.quotas import Shard
from targen_core.errors import RunConflict, RunDirectoryError, UnknownName, UsageError
from targen_core.hints import command, in_python, install, near_path, quoted
from targen_core.origin import TASK_FILE, Typed, is_file, is_trusted
from targen_core.plugins.register import MEMORY
from targen_core.runs.config import RunConfig, references
from targen_core.runs.dimensions import as_typed
from targen_core.runs.files import check_members, read_json, require_format, write_atomically
from targen_core.signing import is_signed, sign
from targen_core.text import plural, printable, refused

COPY = re.compile(r"given-[A-Za-z0-9][\w.-]{0,199}")
"""The name of a run's copy of a file that an option of a part names."""


class ManifestPart(BaseModel):
    """A part of a file that describes a past run: frozen, without unknown fields."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class TaskPlan(ManifestPart):
    """The task: its full id and version, its variants, each prompt's version.

    `dimensions` holds digests by `STEP.NAME`, `definitions` those of the labels' definitions, and
    `instructions` that of the judge's instructions.

    `branches` lists the aim of each branch, unless these are the labels.
    """

    id: str
    version: str
    variants: tuple[str, ...] = ()
    labels: tuple[str, ...]
    branches: Mapping[str, str | None] = {}
    lists: Mapping[str, tuple[str, ...]] = {}
    unit: int
    prompts: dict[str, str]
    dimensions: Mapping[str, str] = {}
    definitions: Mapping[str, str] = {}
    instructions: str = ""

    @property
    def aims(self) -> dict[str, str | None]:
        """Return the aim of each branch: a label, or None if step 4 finds it."""
        return dict(self.branches) or {label: label for label in self.labels}


class StepPlan(ManifestPart):
    """One step's model: backend id, options without secrets, parameters."""

    backend: str
    identity: str
    options: dict[str, Any]
    params: dict[str, Any]


class SourcePlan(ManifestPart):
    """A dataset that an option of a part names: its digest is of the texts in `columns`."""

    source: str
    rows: Annotated[int, Field(gt=0, le=10**12)]
    digest: str
    columns: tuple[str, ...]


class PartPlan(ManifestPart):
    """A registered part in use: its full id, all of its options, its own prompts' versions.

    `files` are its options that are paths, each with the digest of the file, or "" if it does not
    exist. The option then is the name of the run's copy, or an absolute path. `sources` are the
    datasets that its options name, in the order of their digests; these options are not here.
    """

    id: str
    options: Mapping[str, Any] = {}
    prompts: Mapping[str, str] = {}
    files: Mapping[str, str] = {}
    sources: tuple[SourcePlan, ...] = ()

    @property
    def copies(self) -> dict[str, str]:
        """The names of the run's copies of files, by the option that each is for."""
        named = {option: str(self.options.get(option)) for option in self.files}
        return {option: name for option, name in named.items() if COPY.fullmatch(name)}

    @property
    def names(self) -> tuple[str, str]:
        """Return the names by which its options may be typed: its full id, and its name."""
        return self.id, self.id.partition(":")[2]

    @property
    def typed(self) -> dict[str, Any]:
        """Return its options as in a config, by the full id."""
        return {f"{self.id}.{name}": value for name, value in self.options.items()}


class Lock(ManifestPart):
    """The parts that a config's names refer to.

    `batches` holds items a batch for each list of the chain; `given` the
    digests of the user's own contexts or seeds.
    `parts` are by their place in the run, such as "corrector".
    """

    task: TaskPlan
    steps: dict[str, StepPlan]
    corrector: str | None
    batches: tuple[int, ...]
    given: dict[str, str]
    distributions: dict[str, str]
    parts: Mapping[str, PartPlan]


# Backends' names for the option that contains the model; classes of other libraries have several.
_OPTIONS = (
    "model",
    "model_name",
    "model_id",
    "azure_deployment",
    "deployment_name",
    "repo_id",
    "endpoint",
)
_DIGEST = re.compile(r"[0-9a-f]{8,}")
ADAPTED = re.compile(r"[^:]+:[A-Za-z_]\w*(\.\w+)+:[^:]*:")
"""The start of an adapted model's identity: ADAPTER:package.module.Class:NAME:DIGEST."""
_FILE = re.compile(r"\.(gguf|bin|safetensors|pt|pth|onnx|py)$", re.IGNORECASE)
_ADDRESS = re.compile(r"://|^[\w.-]+:\d+(/|$)")


def model_name(plan: StepPlan) -> str:
    """The name of a step's model: neither where it is served nor where its file lies.

    "" if the backend gives none.
    """
    for option in _OPTIONS:
        value = plan.options.get(option)
        if isinstance(value, str) and value:
            return _bare(value)
    # KIND:NAME:DIGEST, as for an embedded model; do not guess if an address may be part of it.
    if "/" in plan.identity or "\\" in plan.identity:
        return ""
    if ADAPTED.match(plan.identity):
        _, kind, name, *_ = plan.identity.split(":")
        return name or kind.rpartition(".")[2]
    parts = [part for part in plan.identity.split(":") if part and not _DIGEST.fullmatch(part)]
    return _bare(parts[1] if len(parts) > 1 else parts[0]) if parts else ""


def backend_name(plan: StepPlan) -> str:
    """The name of a step's backend."""
    distribution, _, name = plan.backend.partition(":")
    return f"{distribution} {name}" if "." in name else name or distribution  # a class


def _bare(name: str) -> str:
    """The last part of a path or an address; OWNER/NAME as on a hub stays."""
    parts = [part for part in re.split(r"[/\\]", name) if part]
    if not parts:
        return ""
    looks_hub = len(parts) == 2 and "\\" not in name and name[0] not in "/.~"
    if looks_hub and not _FILE.search(name) and not _ADDRESS.search(name):
        return name
    return parts[-1]


FORMAT = 2

_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_TASK_ID = re.compile(rf"{_NAME}:{_NAME}")
_ID = re.compile(rf"({_NAME}:)?{_NAME}|{_NAME}:[A-Za-z_][\w.]*(:[A-Za-z_]\w*)?")
_STEP = re.compile(r"[A-Za-z_]\w*")
_OPTION = re.compile(rf"(({_NAME}:)?{_NAME}\.)?[A-Za-z_]\w*")
USUAL_PLACES = frozenset(f"filter {name}" for name in USUAL)
"""Where a lock has the filters that every run has."""

_DECIDING = {
    "contexts_from",
    "contexts_limit",
    "generators_from",
    "seed",
    "seeds_from",
    "unsure",
}


class Manifest(ManifestPart):
    """A run directory's `manifest.json`.

    `config` is the original request with four changes. Secrets are left out, names are full ids,
    files are the run's own copies, and decisions of the models or the task are filled in. `lock` is
    what it came to. A run that is extended has further targets. For merged runs, both are those of
    the first, except for the quotas, and `merged` has all of them. For a replay or a
    revision, `replay_of` is the name of the original run. `kept` is the digest of `kept.jsonl`, the
    rows that a revision kept from that run, and `revision` counts revisions of revisions from 1.
    """

    format: int = FORMAT
    config: RunConfig
    extensions: tuple[Target, ...] = ()
    lock: Lock
    created: str = ""
    merged: tuple[MergedRun, ...] = ()
    replay_of: str = ""
    revision: Annotated[int, Field(ge=0, le=10**6)] = 0
    kept: Annotated[str, Field(pattern="^[0-9a-f]{0,64}$")] = ""

    @property
    def task(self) -> TaskPlan:
        """The task, as it was."""
        return self.lock.task

    @property
    def steps(self) -> dict[str, StepPlan]:
        """The model of each step that asks one."""
        return self.lock.steps

    @property
    def backends(self) -> tuple[str, ...]:
        """Return the full ids of the backends that its steps, or those of merged runs, use."""
        runs = [run.manifest for run in self.merged] or [self]
        return tuple(dict.fromkeys(plan.backend for run in runs for plan in run.steps.values()))

    @property
    def targets(self) -> tuple[Target, ...]:
        """Return the run's targets: at first, and after each extension."""
        return self.config.target, *self.extensions

    @property
    def task_file(self) -> str:
        """The run's copy of a task that was in a file, or ""."""
        return self.config.task if is_file(self.config.task) else ""

    @property
    def objects(self) -> dict[str, Any]:
        """The keywords by which objects of a program are passed again: no run keeps one."""
        passed: dict[str, Any] = {}
        if self.task.id.startswith(f"{MEMORY}:"):
            passed["task"] = "TASK"
        usual = self.config.backend
        if usual.startswith(f"{MEMORY}:"):
            passed["model"] = "MODEL"
        steps = {name: step.backend for name, step in self.steps.items()}
        others = {name for name, used in steps.items() if used.startswith(f"{MEMORY}:")}
        if own := {name: "MODEL" for name in sorted(others) if steps[name] != usual}:
            passed["steps"] = own
        return passed

    def resuming(self, run: Path, **options: Any) -> str:
        """Return how to resume the run in `run`: in Python if it needs objects of a program."""
        if not (objects := {**self.objects, **self._rows}):
            return command("resume", run, **options)
        return in_python("targen_core.resume", str(run), **objects, **options)

    @property
    def _rows(self) -> dict[str, str]:
        """The keywords of rows of a program, which no run stores."""
        return {
            option.rpartition(".")[2]: "ROWS"
            for option, sources in self.config.options.items()
            if isinstance(sources, list | tuple)
            and any(str(source).startswith(f"{MEMORY}:") for source in sources)
        }

    @property
    def usual_options(self) -> dict[str, Any]:
        """Return the options of the filters in every run, by bare name."""
        plans = [plan for place, plan in self.lock.parts.items() if place in USUAL_PLACES]
        return {name: value for plan in plans for name, value in plan.options.items()}

    @property
    def own_filters(self) -> list[PartPlan]:
        """Return the filters that the run has beside those in every run."""
        return [
            plan
            for place, plan in self.lock.parts.items()
            if place.startswith("filter ") and place not in USUAL_PLACES
        ]

    @property
    def to_install(self) -> str:
        """The command that installs the distributions that the run used and that are missing."""
        missing = []
        for name in self.lock.distributions:
            try:
                importlib_metadata.version(name)
            except importlib_metadata.PackageNotFoundError:
                missing.append(name)
        return self.to_install_again(missing)

    @contextlib.contextmanager
    def telling_what_to_install(self) -> Iterator[None]:
        """Have an error about a part of the run that is not installed say how to install it."""
        try:
            yield
        except UsageError as error:
            unknown = error if isinstance(error, UnknownName) else error.__cause__
            if isinstance(unknown, UnknownName):
                lost = self._of_another_version(unknown.distribution)
                error.hint = self.to_install or lost or error.hint
            raise

    def _of_another_version(self, name: str) -> str:
        """Return what to type if the run had another version of a distribution; or ""."""
        was = self.lock.distributions.get(name)
        with contextlib.suppress(importlib_metadata.PackageNotFoundError):
            now = importlib_metadata.version(name) if was else was
            if now != was:
                return (
                    f"{self.to_install_again([name])}; the installed {name} {now} does not have it"
                )
        return ""

    def to_install_again(self, names: Iterable[str]) -> str:
        """Return the command that installs distributions in the run's versions; "" for none."""
        pinned = [f"{name}=={self.lock.distributions[name]}" for name in names]
        ours = " ".join(name for name in pinned if name.startswith("targen-"))
        others = [shlex.quote(name) for name in pinned if not name.startswith("targen-")]
        return " ".join([install(ours) if ours else "pip install", *others]) if pinned else ""

    def run_of(self, record: Mapping[str, Any]) -> MergedRun | None:
        """Return the merged run that a record of provenance or rejects is from, if any."""
        return next((one for one in self.merged if one.name == record.get("run")), None)

    def save(self, path: Path) -> None:
        """Write the manifest atomically."""
        often_empty = ("merged", "replay_of", "revision", "kept")
        empty = {name for name in often_empty if not getattr(self, name)}
        value = self.model_dump(mode="json", exclude=empty)
        write_atomically(path, json.dumps(value, indent=2) + "\n")

    @classmethod
    def load(cls, path: Path) -> Manifest:
        """Read the manifest of a run directory, which may come from anybody.

        Raises:
            UsageError: the directory does not exist, or another command made it.
            RunConflict: another version of targen wrote it.
            RunDirectoryError: it holds no manifest, one that does not read or
                names what no run has, or links and the like in place of files.
        """
        run = path.parent
        if not run.exists():
            raise UsageError(f"there is no run directory {run}", hint=_near(run))
        if not run.is_dir():
            inside = (run.parent / path.name).exists()
            raise UsageError(
                f"{run} is a file, not a run directory",
                hint=shlex.quote(str(run.parent)) if inside else _near(run),
            )
        check_members(run)
        try:
            raw = read_json(path)
        except OSError as error:
            raise RunDirectoryError(
                f"{run} is not a run directory: {path.name}: {error.strerror}",
                hint="targen generate --out creates run directories",
            ) from error
        require_format(run, raw, FORMAT)
        try:
            manifest = cls.model_validate(raw)
        except ValidationError as error:
            raise RunDirectoryError(f"{path} cannot be read: {refused(error)}") from error
        except UsageError as error:  # one of its values
            words = printable(str(error), lines=False)
            raise RunDirectoryError(f"{path} cannot be read: {words}") from error
        for field, why in manifest.odd():
            raise RunDirectoryError(
                f"{path} cannot be read: {field}: {why}",
                hint="targen did not write this; if it came from someone else, do not trust it",
            )
        check_members(run, manifest.copies)
        return manifest

    def odd(self) -> Iterator[tuple[str, str]]:
        """Yield fields that no run has, each with the reason."""
        config, lock = self.config, self.lock
        in_file = bool(TASK_FILE.fullmatch(config.task))
        names = {"lock.task.id": lock.task.id} | ({} if in_file else {"config.task": config.task})
        for field, name in names.items():
            if not _TASK_ID.fullmatch(name) or (is_file(name) and not in_file):
                yield field, f"{name[:80]!r} is not the DISTRIBUTION:NAME of an installed task"
        named = references(config)
        ids = {f"config.{field}": name for field, of, name in named if name or of == "backend"}
        ids |= {"lock.corrector": lock.corrector} if lock.corrector else {}
        ids |= {f"lock.steps.{step}.backend": plan.backend for step, plan in lock.steps.items()}
        for field, name in ids.items():
            if not _ID.fullmatch(name):
                yield field, f"{name[:80]!r} is not a DISTRIBUTION:NAME"
        above = (step for steps in lock.task.lists.values() for step in steps)
        for step in (*config.backend_for, *lock.steps, *above):
            if not _STEP.fullmatch(step):
                yield "steps", f"{step[:80]!r} is not a valid step name"
        for name in config.options:
            if not _OPTION.fullmatch(name):
                yield "config.options", f"{name[:80]!r} is not a valid option name"
        try:
            parts = {name for plan in lock.parts.values() for name in plan.names}
            about = {name.partition(".")[0] for name in config.options} - parts
            for step in {*lock.steps, *about}:
                config.options_of(step)
        except UsageError as error:
            yield "config.options", str(error)
        quotas = [target.quotas for target in self.targets]
        for rows in (*quotas, *([] if config.shard is None else [config.shard.quotas])):
            if unknown := set(rows) - set(lock.task.labels):
                yield "quotas", f"{min(unknown)[:80]!r} is not a label of the task"
        aims = {*lock.task.branches.values()} - {None, *lock.task.labels}
        if aims:
            odd = str(min(map(str, aims)))[:80]
            yield "lock.task.branches", f"{odd!r} is not a label of the task"
        copies = {
            n: path for n in ("contexts", "seeds") if (path := getattr(config, n)) is not None
        }
        for name, path in copies.items():
            if path != Path(given_file(name)):
                yield (
                    f"config.{name}",
                    f"{str(path)[:80]!r} is not the path of a copy in the run directory",
                )
        if copies.keys() != lock.given.keys():
            yield "lock.given", "it must match the contexts or seeds in the config"
        for place, plan in lock.parts.items():
            if not all(isinstance(plan.options.get(name), str) for name in plan.files):
                yield (
                    f"lock.parts.{place}.files",
                    "it may only contain options whose values are paths",
                )
        for number, run in enumerate(self.merged):
            if run.manifest.merged:
                yield f"merged.{number}", "it is itself a merged run"
            yield from ((f"merged.{number}.{at}", why) for at, why in run.manifest.odd())

    def task_name(self, run: Path) -> str:
        """Return what finds the task of the run in `run`: its id, or the copy of its file.

        Raises:
            UsageError: the copy is code that was not run on this machine before.
        """
        return copy_of(run, self.task_file) if self.task_file else self.config.task

    def asked(self, run: Path) -> RunConfig:
        """Return the config as requested again in the directory `run`, for the last target.

        Raises:
            UsageError: as `task_name` does.
        """
        last = self.targets[-1]
        return self.located(run).replace(
            task=self.task_name(run), quotas=last.quotas, give_up_after=last.give_up_after
        )

    def located(self, run: Path, *, typed: bool = False) -> RunConfig:
        """The config with the run's copies of files in place of the files that were given.

        With `typed`, the task's file remains responsible for its own options of parts.
        """
        said = {name.rpartition(":")[2] for name in self.config.options}
        options = {
            f"{part.id}.{option}": str(run.absolute() / copies[option])
            if option in (copies := part.copies)
            else part.options[option]
            for part in self.lock.parts.values()
            for option in part.files
            if not typed or f"{part.names[1]}.{option}" in said
        }
        given = {name: run / given_file(name) for name in self.lock.given}
        config = self.config.also(options).replace(**given)
        if not self.is_permitted(run):
            return config
        others = {step: Typed(name) for step, name in config.backend_for.items()}
        return config.replace(backend=Typed(config.backend), backend_for=others)

    def sign(self, run: Path) -> None:
        """Sign what the run in `run` names: a command of this user made it as it is."""
        sign(run / "manifest.json", self._names)

    def is_own(self, run: Path) -> bool:
        """Return whether a command of this user made the run in `run` as it is."""
        return is_signed(run / "manifest.json", self._names)

    def is_permitted(self, run: Path) -> bool:
        """Return whether everything that a run names may be used: it is own, or trusted now."""
        return is_trusted(run) or self.is_own(run)

    @property
    def _names(self) -> Any:
        parts = {place: plan.model_dump(mode="json") for place, plan in self.lock.parts.items()}
        return [self.config.model_dump(mode="json"), parts]

    @property
    def copies(self) -> tuple[str, ...]:
        """The names of the run's copies of files that were given."""
        of_parts = [name for part in self.lock.parts.values() for name in part.copies.values()]
        return (*map(given_file, self.lock.given), *dict.fromkeys(of_parts))

    def extended(self, quotas: Mapping[str, int], give_up_after: int | None) -> Manifest:
        """Return the manifest with one more target, if a different one is requested.

        Labels that `quotas` does not name keep their target.

        Raises:
            UsageError: fewer rows than before, or a number that cannot be.
        """
        last = self.targets[-1]
        requested = self.config.replace(
            quotas={**last.quotas, **quotas},
            give_up_after=last.give_up_after if give_up_after is None else give_up_after,
        ).target
        counts = {f"label {name}: ": (requested.quotas[name], n) for name, n in last.quotas.items()}
        if quotas.keys() >= last.quotas.keys():  # as for a number without labels
            counts = {"": (requested.quotas.total, last.quotas.total)} | counts
        for of, (rows, target) in counts.items():
            if rows < target:
                raise UsageError(
                    f"{of}{plural(rows, 'row')} requested, but the run's target is {target:,}",
                    hint="a run can only grow; to get a smaller one, generate it with a "
                    "different --out",
                )
        if requested == last:
            return self
        return self.model_copy(update={"extensions": (*self.extensions, requested)})

    def differences(self, other: Manifest) -> list[str]:
        """Return differences that decide the rows, as `field: this -> other`."""
        mine, theirs = self.compared(other), other.compared(self)
        return [
            f"{name}: {as_words(mine.get(name))} -> {as_words(theirs.get(name))}"
            for name in sorted({*mine, *theirs})
            if mine.get(name) != theirs.get(name)
        ]

    def compared(self, other: Manifest) -> dict[str, Any]:
        """Return what decides the rows, by dotted paths, to compare it with that of another run.

        A time-out decides no reply: what of a model's options does is in its identity. The config
        covers a part that only one of them has, unless it is a check or filter.
        """
        parts = {
            place: plan.model_dump(mode="json", exclude={"sources"})
            | ({"sources": sorted(s.digest for s in plan.sources)} if plan.sources else {})
            for place, plan in self.lock.parts.items()
            if place not in USUAL_PLACES
            and (place in other.lock.parts or place.startswith(("check ", "filter ")))
        }
        alike = tuple(
            f"steps.{name}.options"
            for name, step in self.steps.items()
            if name in other.steps and other.steps[name].identity == step.identity
        )
        found = flat({**self.deciding(), "parts": parts} if parts else self.deciding())
        return {name: value for name, value in found.items() if not name.startswith(alike)}

    def digest(self) -> str:
        """All that decides the rows but how many are wanted, in 32 digits."""
        parts = self.lock.model_dump(mode="json", include={"parts"})
        deciding = {**self.deciding(), **parts, "targets": None}
        text = json.dumps(deciding, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def deciding(self) -> dict[str, Any]:
        """Return the fields that decide the rows, by name."""
        return {
            "dimensions": as_typed(self.config.dimensions, keep=self.config.task_dimensions),
            **self.lock.model_dump(mode="json", exclude={"distributions", "parts"}),
            **self.config.model_dump(mode="json", include=_DECIDING),
            **self.usual_options,
            **{
                n: [*getattr(self.config, n)]
                for n in ("checks", "filters")
                if getattr(self.config, n)
            },
            **({} if self.config.shard is None else {"shard": _said(self.config.shard)}),
            **({"kept": self.kept} if self.kept else {}),
            **({"merged": [run.name for run in self.merged]} if self.merged else {}),
            "task_file": self.task_file,
            "targets": [
                {"quotas": dict(t.quotas), "balance": t.balance, "give_up_after": t.give_up_after}
                for t in self.targets
            ],
        }


class MergedRun(ManifestPart):
    """A merged run: its folder's name, its manifest, and the number of its rows.

    `prefix` is what its candidates' ids begin with, where other runs have the same ids.
    """

    name: str
    prefix: str
    rows: int
    manifest: Manifest


Manifest.model_rebuild()


def require_unmerged(manifest: Manifest, run: Path) -> None:
    """Refuse to continue a run that was merged from several.

    Raises:
        RunConflict: with an alternative.
    """
    if not manifest.merged:
        return
    names = [part.name for part in manifest.merged]
    some = ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
    raise RunConflict(
        f"{run} was merged from {plural(len(names), 'run')} ({some}), so it cannot be continued",
        hint="resume each of those runs, with -n or --label for more rows; then: targen merge "
        f"RUN... --out {quoted(run)}",
    )


def _near(run: Path) -> str:
    """Return the runs that may have been meant: those next to it, or in the default folder."""
    near = near_path(run, _is_run) or near_path(run.with_suffix(""), _is_run)
    return near or "targen runs lists runs"


def _is_run(folder: Path) -> bool:
    return (folder / "manifest.json").is_file()


def _said(shard: Shard) -> dict[str, Any]:
    return {"number": shard.number, "count": shard.count, "quotas": dict(shard.quotas)}


def copy_of(folder: Path, name: str) -> Typed:
    """Return what finds the task in a folder's copy of its file, which may come from a stranger.

    Raises:
        RunDirectoryError: the copy is missing.
        UsageError: it is code, and neither own nor trusted.
    """
    from targen_core.task_files import path_of, require_known

    copy, _ = path_of(name)
    if not (folder / copy).exists():
        raise RunDirectoryError(
            f"{folder} has no {copy}, the copy of its task", hint="restore it from a backup"
        )
    require_known(folder / name)
    return Typed(folder / name)


def given_file(name: str) -> str:
    """Return the name of the run's copy of the user's contexts or seeds."""
    return f"given-{name}.jsonl"


def flat(value: Any, path: str = "") -> dict[str, Any]:
    """Nested values by their dotted paths, to compare two manifests by."""
    if isinstance(value, dict) and value:
        parts: dict[str, Any] = {}
        for name, part in value.items():
            parts.update(flat(part, f"{path}.{name}" if path else name))
        return parts
    return {path: value}


def as_words(value: Any) -> str:
    """Format a value of a manifest for people."""
    if value is None:
        return "none"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
