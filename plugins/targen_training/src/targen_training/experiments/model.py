"""An experiment as declared: the models, their training data, the seeds, and the test data."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from targen_core.calls.sampling import is_free
from targen_core.cli.trust import leaving, placed, require_trust
from targen_core.errors import TargenError, UnreadableFile, UsageError
from targen_core.origin import Named, Typed, is_file, leads_elsewhere, texts_in
from targen_core.plain import content_of
from targen_core.reading.typed import read_toml
from targen_core.text import key_path
from targen_training.styles import Style

Size = Literal["matched", "natural"]
_NAME = re.compile(r"[^\s/\\=][^/\\=]*")
_LARGEST = 1 << 20  # bytes of a declaration


class _Declared(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Arm(_Declared):
    """A source of training rows.

    Attributes:
        data: datasets that are learned from together, in any form that targen reads.
        generate: in their place, what `targen_core.generate` is called with, over what the
            experiment says for all.
        task: what generates it where that is not the experiment's task, but another way to make
            the same rows: a name, or a file.
        before: which of the experiment's sets of other tasks is learned first.
        style: how rows are read: unchanged, or as instructions.
    """

    data: tuple[Named, ...] = ()
    generate: Mapping[str, Any] | None = None
    task: Named = ""
    before: str = ""
    style: Style = "plain"

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"data": [value]}
        return {"data": value} if isinstance(value, list) else value

    @model_validator(mode="after")
    def _one_of_two(self) -> Arm:
        if bool(self.data) == (self.generate is not None):
            raise ValueError("an arm needs either data or generate")
        if self.task and self.generate is None:
            raise ValueError("task is only for an arm with generate")
        return self


class ModelChoice(_Declared):
    """A model to train.

    Attributes:
        trainer: its name.
        options: what `-o` sets.
        name: what tables call it; by default the trainer and its options.
        sizes: the sizes of the experiment at which it is trained, such as only "matched" if all
            rows would take too long; by default all.
    """

    trainer: str
    options: Mapping[str, Any] = Field(default_factory=dict)
    name: str = ""
    sizes: tuple[Size, ...] = ("matched", "natural")

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {"trainer": value} if isinstance(value, str) else value

    @property
    def called(self) -> str:
        """Its name in tables."""
        said = " ".join(f"{key}={value}" for key, value in self.options.items())
        return self.name or f"{self.trainer} {said}".strip()


class TaskPart(_Declared):
    """The comparison on the rows of one task.

    Attributes:
        test: labelled rows that are kept from training.
        arms: name -> training rows.
        task: its name or file, or a run of the task; by default the name of the part.
        metric: its figure that counts; by default the experiment's.
        models: names in tables of those that are trained on its rows; by default all.
    """

    test: tuple[Named, ...]
    arms: Mapping[str, Arm]
    task: Named = ""
    metric: str = ""
    models: tuple[str, ...] = ()

    @field_validator("test", mode="before")
    @classmethod
    def _one(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @field_validator("arms")
    @classmethod
    def _named(cls, arms: Mapping[str, Arm]) -> Mapping[str, Arm]:
        if not arms:
            raise ValueError("give at least one arm")
        for name in arms:
            if not _NAME.fullmatch(name):
                raise ValueError(f"{name!r} is not a valid name for an arm")
        return arms


class Experiment(_Declared):
    """An experiment: models, training data, repetitions and test rows.

    Attributes:
        name: what the page is called.
        tasks: name -> rows; a single task may be at the top: `task`, `test`, `arms`.
        models: what is trained.
        seeds: random seeds; a number is that many, from 0. A seed draws the rows that are
            taken of larger datasets and decides the chance of training.
        sizes: "matched": as many rows of each arm as the smallest has; "natural": all.
        rows: sizes of each arm's learning curve; "all" is all.
        shares: parts of the second of two arms in a mixture of one size.
        mixture: those two arms; by default the first two that have one dataset each.
        baseline: the arm that the others are held against, by default the first.
        metric: the figure that counts; by default the benchmark's first.
        match: with "labels", matched arms also have the same labels, as many of each as the arm
            with the fewest. With "rows" each has its own. "auto" does both, if the shares of labels
            differ.
        per_label: numbers of real rows of each label, from the first arm of `mixture`: without the
            rows of the second, and with all of them.
        similarity: the minimum at which a training row counts as near a test row, 0 to 100; 0 only
            looks for the same rows.
        overlap: whether such rows are left out of training, or kept and counted.
        generate: what `targen_core.generate` is called with for all arms that it makes.
        together: whether one model learns all tasks of an arm, each row seen once.
        before: sets of rows of other tasks, by task, for arms that learn them first. The models are
            pre-finetuned on a set, with as many rows per task in each, then fine-tuned.
        encoding: of text files without a byte order mark.
        at_most: rows that a matched arm has at most, and each task of a set that is learned
            before; 0: no limit.
    """

    name: str = "comparison"
    tasks: Mapping[str, TaskPart]
    models: tuple[ModelChoice, ...] = (ModelChoice(trainer="tfidf"),)
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    sizes: tuple[Size, ...] = ("matched", "natural")
    rows: tuple[int | Literal["all"], ...] = ()
    shares: tuple[float, ...] = ()
    mixture: tuple[str, str] | None = None
    baseline: str = ""
    metric: str = ""
    match: Literal["auto", "rows", "labels"] = "auto"
    per_label: tuple[int, ...] = ()
    similarity: float = Field(90.0, ge=0, le=100, allow_inf_nan=False)
    overlap: Literal["leave-out", "keep"] = "leave-out"
    generate: Mapping[str, Any] = Field(default_factory=dict)
    together: bool = False
    before: Mapping[str, Mapping[str, Arm]] = Field(default_factory=dict)
    encoding: str = "utf-8"
    at_most: int = Field(0, ge=0)

    def metric_of(self, part: str) -> str:
        """Return the figure that counts for a part, or "" for the benchmark's first."""
        return self.tasks[part].metric or self.metric

    @model_validator(mode="before")
    @classmethod
    def _one_task(cls, value: Any) -> Any:
        if not isinstance(value, dict) or "tasks" in value:
            return value
        top = {key: value[key] for key in ("task", "test", "arms") if key in value}
        rest = {key: each for key, each in value.items() if key not in top}
        task = top.get("task")
        if not isinstance(task, str) or not task:
            raise ValueError('say which task the rows belong to: task = "NAME", or [tasks.NAME]')
        return {**rest, "tasks": {Path(task).stem: top}}

    @field_validator("seeds", mode="before")
    @classmethod
    def _counted(cls, value: Any) -> Any:
        if isinstance(value, int) and not isinstance(value, bool):
            if not 1 <= value <= 1000:
                raise ValueError("must be between 1 and 1000")
            return tuple(range(value))
        return value

    @field_validator("per_label")
    @classmethod
    def _counts(cls, counts: tuple[int, ...]) -> tuple[int, ...]:
        if not _increase(counts, 0):
            raise ValueError("must be increasing numbers, 0 or more")
        return counts

    @field_validator("models")
    @classmethod
    def _some(cls, value: Any) -> Any:
        if not value:
            raise ValueError("give at least one")
        return value

    @field_validator("seeds")
    @classmethod
    def _distinct(cls, seeds: tuple[int, ...]) -> tuple[int, ...]:
        if not seeds or len(set(seeds)) < len(seeds) or min(seeds) < 0:
            raise ValueError("give at least one number, each only once, and none below 0")
        return seeds

    @field_validator("rows")
    @classmethod
    def _growing(cls, rows: tuple[int | str, ...]) -> tuple[int | str, ...]:
        numbers = [each for each in rows if isinstance(each, int)]
        if not _increase(numbers, 2) or "all" in rows[:-1]:
            raise ValueError('must be increasing numbers of at least 2; "all" must be last')
        return rows

    @field_validator("shares")
    @classmethod
    def _parts(cls, shares: tuple[float, ...]) -> tuple[float, ...]:
        if not _increase(shares, 0, 1):
            raise ValueError("must be increasing numbers from 0 to 1")
        return shares

    @model_validator(mode="after")
    def _known(self) -> Experiment:
        names = [model.called for model in self.models]
        if len(set(names)) < len(names):
            raise ValueError(f"two models have the name {max(names, key=names.count)}")
        for key, part in self.tasks.items():
            if odd := [name for name in part.models if name not in names]:
                raise ValueError(f"tasks.{key}: unknown model {odd[0]}")
            named = {self.baseline, *(self.mixture or ())} - {""}
            for name in sorted(named - set(part.arms)):
                raise ValueError(
                    f"tasks.{key} has no arm {name}; its arms are: {', '.join(part.arms)}"
                )
        return self

    @model_validator(mode="after")
    def _measured(self) -> Experiment:
        if not self.sizes and not self.per_label:
            raise ValueError("sizes: give at least one")
        if self.per_label and any(
            self.mixture is None and sum(len(arm.data) <= 1 for arm in part.arms.values()) < 2
            for part in self.tasks.values()
        ):
            raise ValueError("per_label needs an arm of real rows and one of synthetic rows")
        return self

    @model_validator(mode="after")
    def _alike(self) -> Experiment:
        if not self.together:
            return self
        arms = {tuple(part.arms) for part in self.tasks.values()}
        if len(self.tasks) < 2 or len(arms) > 1:
            raise ValueError("together needs at least two tasks with the same arms")
        if self.rows or self.shares or self.per_label:
            raise ValueError(
                "together cannot be combined with learning curves or mixtures of two arms"
            )
        for name in arms.pop():
            if len({part.arms[name].style for part in self.tasks.values()}) > 1:
                raise ValueError(f"together: arm {name} has two styles")
        return self

    @model_validator(mode="after")
    def _learned_before(self) -> Experiment:
        for key, part in self.tasks.items():
            for name, arm in part.arms.items():
                if not arm.before:
                    continue
                where = f"tasks.{key}.arms.{name}: before = {arm.before!r}"
                if arm.before not in self.before:
                    known = ", ".join(self.before) or "none"
                    raise ValueError(f"{where} is not one of the sets in [before]: {known}")
                if self.task_of(key) in self.before[arm.before]:
                    raise ValueError(f"{where} contains rows of {self.task_of(key)} itself")
                if arm.style != "plain" or self.together:
                    raise ValueError(f"{where} cannot be combined with a style or with together")
        for name, tasks in self.before.items():
            if not tasks or any(arm.before or arm.style != "plain" for arm in tasks.values()):
                raise ValueError(f"before.{name}: each of its tasks needs `data` or `generate`")
        return self

    def task_of(self, key: str) -> str:
        """The name or file of a part's task."""
        return self.tasks[key].task or key


def _increase(numbers: Sequence[float], least: float, most: float = math.inf) -> bool:
    inside = all(least <= number <= most for number in numbers)
    return inside and list(numbers) == sorted({*numbers})


def read_experiment(path: Path) -> Experiment:
    """The experiment of a TOML file; paths in it are from its folder.

    Raises:
        UsageError: what is wrong, and where.
    """
    experiment = validated(read_toml(path, _LARGEST), str(path))
    require_trust(path, reaching(experiment, path.parent))
    return located(experiment, lambda source: placed(path.parent, source))


@contextmanager
def paths_of(source: str) -> Iterator[None]:
    """Explain an error about a missing file that an experiment file names, if `source` is one."""
    try:
        yield
    except UnreadableFile as error:
        if not error.missing:
            raise
        file = Path(source)
        text = content_of(file, _LARGEST).decode() if source.endswith(".toml") else ""
        for number, line in enumerate(text.splitlines(), 1):
            for quoted in re.findall(r'"([^"]*)"|\'([^\']*)\'', line):
                if str(placed(file.parent, "".join(quoted))) == str(error.path):
                    near = str(error.hint) if str(error.hint).startswith("did you") else ""
                    error.hint = f"{file}, line {number}, names it; paths are relative to this file"
                    error.hint += f"; {near}" if near else ""
                    raise
        raise


def read_asked(folder: Path) -> dict[str, Any] | None:
    """Return the request of the comparison in a folder, as data; None without a comparison.

    One that cannot be read asked for something else: {}.
    """
    if not (folder / "experiment.toml").exists():
        return None
    try:
        return dict(read_toml(folder / "experiment.toml", _LARGEST))
    except TargenError:
        return {}


def reaching(experiment: Experiment, folder: Path) -> dict[str, Any]:
    """Return what an experiment in `folder` names that a person has to trust, by its place.

    This covers code, data, tasks and weights elsewhere, and all that decides the model, its
    address, its key and its cost limit.
    """
    arms = {
        **{f"tasks.{key}.arms": part.arms for key, part in experiment.tasks.items()},
        **{f"before.{key}": of for key, of in experiment.before.items()},
    }
    paths = {
        f"tasks.{key}.test.{at}": source
        for key, part in experiment.tasks.items()
        for at, source in enumerate(part.test)
    }
    for key in experiment.tasks:
        if is_file(task := experiment.task_of(key)):
            paths[f"tasks.{key}.task"] = task
    asked = {"generate": experiment.generate}
    for place, of in arms.items():
        for name, arm in of.items():
            paths |= {f"{place}.{name}.data.{at}": each for at, each in enumerate(arm.data)}
            if is_file(arm.task):
                paths[f"{place}.{name}.task"] = arm.task
            asked[f"{place}.{name}.generate"] = arm.generate or {}
    weights = {
        f"models.{at}.options.{key}": value
        for at, model in enumerate(experiment.models)
        for key, value in model.options.items()
        if leads_elsewhere(value)
        or any(key == "model" or {"/", "\\"} & {*text} for text in texts_in(value))
    }
    costs = {
        f"{place}.{key}": value
        for place, values in asked.items()
        for key, value in values.items()
        if not is_harmless(key, value)
    }
    return {**leaving(folder, paths), **weights, **costs}


_HARMLESS = (
    *("n", "labels", "preset", "seed", "variants", "correct", "corrector", "unsure", "balance"),
    *("near_duplicates", "contexts_limit", "contexts_fraction", "progress"),
)
"""Settings of generation that are safe from any author."""


def is_harmless(key: str, value: Any) -> bool:
    """Return whether a keyword of `generate` moves neither money nor keys nor data."""
    if key == "options" and isinstance(value, Mapping):
        return all(is_free(name, each) for name, each in value.items())
    return key in _HARMLESS or (key, value) == ("model", "scripted")  # not a real model, and free


def declared(
    values: Mapping[str, Any],
    where: str,
    *,
    options: Mapping[str, str] = MappingProxyType({}),
) -> Experiment:
    """An experiment that a person typed or a command makes: its names are orders.

    Raises:
        UsageError: what is wrong; the option behind its key is named before it, or `where`.
    """
    return located(validated(values, where, options=options), Typed)


def validated(
    values: Mapping[str, Any],
    where: str,
    *,
    options: Mapping[str, str] = MappingProxyType({}),
) -> Experiment:
    """An experiment of its values, whose names are data.

    Raises:
        UsageError: what is wrong; the option behind its key is named before it, or `where`.
    """
    try:
        return Experiment.model_validate(dict(values))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = key_path(first["loc"])
        said = first["msg"].removeprefix("Value error, ")
        hint = ""
        if first["loc"] and (option := options.get(str(first["loc"][0]))):
            raise UsageError(option + f": {said[:1].lower()}{said[1:]}") from error
        if first["type"] == "extra_forbidden":
            said = "unknown key"
            if len(first["loc"]) == 1:
                hint = f"keys: {', '.join(Experiment.model_fields)}"
        raise UsageError(f"{where}: {place + ': ' if place else ''}{said}", hint=hint) from error


_FILES = ("api_key_file", "contexts", "examples", "exclude", "recorded", "seeds")
"""Keywords of `generate` and options of backends that name files; `script` also may."""


def located(experiment: Experiment, at: Callable[[str], str]) -> Experiment:
    """Return an experiment with `at` of each path and dataset."""

    def task(name: str) -> str:
        return at(name) if is_file(name) else name

    def asked(value: Any, key: str = "") -> Any:
        """Return keywords of `generate`; options are also by STEP and as STEP.OPTION."""
        if isinstance(value, Mapping):
            return {name: asked(each, name.rpartition(".")[2]) for name, each in value.items()}
        if isinstance(value, list | tuple) and key == "exclude":  # other lists are of items
            return [at(each) for each in value]
        if not isinstance(value, str):
            return value
        names_code = key == "script" and ".py" in value  # otherwise it names a module
        return at(value) if key in _FILES or names_code else value

    def put(arms: Mapping[str, Arm]) -> dict[str, Arm]:
        return {
            name: arm.model_copy(
                update={
                    "data": tuple(map(at, arm.data)),
                    "task": task(arm.task),
                    "generate": asked(arm.generate),
                }
            )
            for name, arm in arms.items()
        }

    tasks = {
        key: part.model_copy(
            update={
                "task": task(part.task),
                "test": tuple(map(at, part.test)),
                "arms": put(part.arms),
            }
        )
        for key, part in experiment.tasks.items()
    }
    before = {name: put(of) for name, of in experiment.before.items()}
    return experiment.model_copy(
        update={"tasks": tasks, "before": before, "generate": asked(experiment.generate)}
    )
