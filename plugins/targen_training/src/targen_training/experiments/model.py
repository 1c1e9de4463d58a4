"""An experiment as declared: the models, their training data, the seeds, and the test data."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from targen_core.cli.trust import leaving, placed, require_trust
from targen_core.errors import TargenError, UsageError
from targen_core.origin import Named, Typed, is_file
from targen_core.reading.typed import read_toml
from targen_core.text import key_path
from targen_training.trainers import Style

Size = Literal["matched", "natural"]
_NAME = re.compile(r"[^\s/\\=][^/\\=]*")
_LARGEST = 1 << 20  # bytes of a declaration


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _counted(value: Any) -> Any:
    """A number of seeds as that many, from 0."""
    if isinstance(value, int) and not isinstance(value, bool):
        if not 1 <= value <= 1000:
            raise ValueError("must be between 1 and 1000")
        return tuple(range(value))
    return value


def _increasing(numbers: Sequence[int | str]) -> Any:
    known = [each for each in numbers if isinstance(each, int)]
    if any(one >= other for one, other in pairwise(known)) or "all" in numbers[:-1]:
        raise ValueError('must be increasing numbers; "all" must be last')
    return numbers


class _Declared(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Arm(_Declared):
    """A source of training rows.

    Attributes:
        data: datasets that are learned from together, in any form that targen reads.
        generate: in their place, what `targen_core.generate` is called with, over what the
            experiment says for all; only commands declare such arms.
        task: what generates it if that is not the experiment's task: a name, or a file.
        style: how rows are read: unchanged, or as instructions.
    """

    data: Annotated[tuple[Named, ...], BeforeValidator(_listed)] = ()
    generate: Mapping[str, Any] | None = None
    task: Named = ""
    style: Style = "plain"

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {"data": value} if isinstance(value, str | list) else value

    @model_validator(mode="after")
    def _one_of_two(self) -> Arm:
        if bool(self.data) == (self.generate is not None):
            raise ValueError("an arm needs either data or generate")
        return self


class ModelChoice(_Declared):
    """A model to train.

    Attributes:
        trainer: its name.
        options: what `-o` sets.
        name: what tables call it; by default the trainer and its options.
        sizes: the sizes of the experiment at which it is trained; by default all.
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
        options = " ".join(f"{key}={value}" for key, value in self.options.items())
        return self.name or f"{self.trainer} {options}".strip()


class TaskPart(_Declared):
    """The comparison on the rows of one task.

    Attributes:
        test: labelled rows that are kept from training.
        arms: name -> training rows.
        task: its name or file, or a run of the task; by default the name of the part.
        metric: its figure that counts; by default the experiment's.
    """

    test: Annotated[tuple[Named, ...], BeforeValidator(_listed)]
    arms: Annotated[Mapping[str, Arm], Field(min_length=1)]
    task: Named = ""
    metric: str = ""

    @model_validator(mode="after")
    def _names(self) -> TaskPart:
        for name in self.arms:
            if not _NAME.fullmatch(name):
                raise ValueError(f"{name!r} is not a valid name for an arm")
        return self


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
        baseline: the arm with which the others are compared, by default the first.
        metric: the figure that counts; by default the benchmark's first.
        match: with "labels", matched arms also have the same labels, as many of each as the arm
            with the fewest. With "rows" each has its own. "auto" matches labels if their shares
            differ.
        per_label: numbers of real rows of each label, from the first arm: without the rows of the
            second, and with all of them.
        generate: what `targen_core.generate` is called with for all arms that it makes.
        together: whether one model learns all tasks of an arm.
        encoding: of text files without a byte order mark.
    """

    name: str = "comparison"
    tasks: Mapping[str, TaskPart]
    models: Annotated[tuple[ModelChoice, ...], Field(min_length=1)] = (
        ModelChoice(trainer="tfidf"),
    )
    seeds: Annotated[
        tuple[Annotated[int, Field(ge=0)], ...], BeforeValidator(_counted), Field(min_length=1)
    ] = (0, 1, 2, 3, 4)
    sizes: tuple[Size, ...] = ("matched", "natural")
    rows: Annotated[
        tuple[Annotated[int, Field(ge=2)] | Literal["all"], ...], AfterValidator(_increasing)
    ] = ()
    baseline: str = ""
    metric: str = ""
    match: Literal["auto", "rows", "labels"] = "auto"
    per_label: Annotated[tuple[Annotated[int, Field(ge=0)], ...], AfterValidator(_increasing)] = ()
    generate: Mapping[str, Any] = Field(default_factory=dict)
    together: bool = False
    encoding: str = "utf-8"

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

    @model_validator(mode="after")
    def _consistent(self) -> Experiment:
        names = [model.called for model in self.models]
        if len(set(names)) < len(names):
            raise ValueError(f"two models have the name {max(names, key=names.count)}")
        if len(set(self.seeds)) < len(self.seeds):
            raise ValueError("seeds: give each number only once")
        for key, part in self.tasks.items():
            if self.baseline and self.baseline not in part.arms:
                raise ValueError(
                    f"tasks.{key} has no arm {self.baseline}; its arms are: {', '.join(part.arms)}"
                )
            if self.per_label and len(part.arms) < 2:
                raise ValueError("per_label needs an arm of real rows and one of synthetic rows")
        if not self.sizes and not self.per_label:
            raise ValueError("sizes: give at least one")
        if self.together:
            arms = {tuple((n, a.style) for n, a in p.arms.items()) for p in self.tasks.values()}
            if len(self.tasks) < 2 or len(arms) > 1:
                raise ValueError("together needs at least two tasks with the same arms")
            if self.rows or self.per_label:
                raise ValueError("together cannot be combined with learning curves")
        return self

    def metric_of(self, part: str) -> str:
        """Return the figure that counts for a part, or "" for the benchmark's first."""
        return self.tasks[part].metric or self.metric

    def task_of(self, key: str) -> str:
        """The name or file of a part's task."""
        return self.tasks[key].task or key

    def baseline_of(self, key: str) -> str:
        """The arm with which the others of a part are compared."""
        return self.baseline or next(iter(self.tasks[key].arms))


def read_experiment(path: Path) -> Experiment:
    """The experiment of a TOML file; paths in it are from its folder.

    Raises:
        UsageError: what is wrong, and where.
    """
    experiment = validated(read_toml(path, _LARGEST), str(path))
    arms = [arm for part in experiment.tasks.values() for arm in part.arms.values()]
    if experiment.generate or any(arm.generate is not None for arm in arms):
        raise UsageError(
            f"{path} has arms to generate, but a file may not spend money",
            hint="generate the rows first, and name them with data; or use targen ablate",
        )
    require_trust(path, reaching(experiment, path.parent))
    return located(experiment, lambda source: placed(path.parent, source))


def read_request(folder: Path) -> dict[str, Any] | None:
    """Return the request of the comparison in a folder, as data; None without a comparison.

    One that cannot be read requested something else: {}.
    """
    if not (folder / "experiment.toml").exists():
        return None
    try:
        return dict(read_toml(folder / "experiment.toml", _LARGEST))
    except TargenError:
        return {}


def reaching(experiment: Experiment, folder: Path) -> dict[str, Any]:
    """Return what an experiment in `folder` names that a person has to trust, by its place.

    This covers data and tasks elsewhere, and all text options of models, such as weights.
    """
    paths: dict[str, str] = {}
    for key, part in experiment.tasks.items():
        paths |= {f"tasks.{key}.test.{at}": source for at, source in enumerate(part.test)}
        if is_file(task := experiment.task_of(key)):
            paths[f"tasks.{key}.task"] = task
        for name, arm in part.arms.items():
            place = f"tasks.{key}.arms.{name}.data"
            paths |= {f"{place}.{at}": source for at, source in enumerate(arm.data)}
    options = {
        f"models.{at}.options.{key}": value
        for at, model in enumerate(experiment.models)
        for key, value in model.options.items()
        if not isinstance(value, int | float)
    }
    return {**leaving(folder, paths), **options}


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
        reason = first["msg"].removeprefix("Value error, ")
        if first["loc"] and (option := options.get(str(first["loc"][0]))):
            raise UsageError(f"{option}: {reason[:1].lower()}{reason[1:]}") from error
        hint = ""
        if first["type"] == "extra_forbidden":
            reason = "unknown key"
            hint = f"keys: {', '.join(Experiment.model_fields)}" if len(first["loc"]) == 1 else ""
        place = f"{key_path(first['loc'])}: " if first["loc"] else ""
        raise UsageError(f"{where}: {place}{reason}", hint=hint) from error


def located(experiment: Experiment, at: Callable[[str], str]) -> Experiment:
    """Return an experiment with `at` of each path and dataset."""

    def task(name: str) -> str:
        return at(name) if is_file(name) else name

    tasks = {
        key: part.model_copy(
            update={
                "task": task(part.task),
                "test": tuple(map(at, part.test)),
                "arms": {
                    name: arm.model_copy(
                        update={"data": tuple(map(at, arm.data)), "task": task(arm.task)}
                    )
                    for name, arm in part.arms.items()
                },
            }
        )
        for key, part in experiment.tasks.items()
    }
    return experiment.model_copy(update={"tasks": tasks})
