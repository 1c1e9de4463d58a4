"""The paper's tables as data: `paper.toml`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from targen_core.errors import UsageError
from targen_training.reproduction.printed import printed

ROWS = 240
"""That an arm generates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperTable:
    """A table of the paper, and what its experiment is made of.

    Attributes:
        name: "table6".
        title: what it shows.
        tasks: on which.
        also: tasks that the paper left out, which are done too if their data are at hand.
        columns: "tasks", or "arms".
        arms: the compared arms. An arm has a name. It may be the original data or both together,
            change the paper's own way of generating, and set how rows are read.
        each: "generator": an arm for each, in place of `arms`.
        rows: the figures, a name and values by column, per cent.
        differs: what a repetition cannot have alike, and what is odd in the paper. Some have a
            `text` and the `tasks` to which they apply.
        differs_small: further differences only for small models.
        metrics: tasks whose figure is not the benchmark's first.
        harness: tasks of lm-evaluation-harness that it takes: a name for people, the task, how many
            worked samples it is shown, the figure that counts.
        harness_arms: what is compared on them.
        together: whether one model learns all of its tasks.
        trainings: the table whose trainings it takes, and whose folder: table 6 has the means of
            table 3.
        examples: the folder of the repository's rows that it reads by default.
    """

    name: str
    title: str
    tasks: Sequence[str]
    also: Sequence[str] = ()
    columns: str
    arms: Sequence[Mapping[str, Any]]
    each: str = ""
    rows: Sequence[Mapping[str, Any]]
    differs: Sequence[str | Mapping[str, Any]]
    differs_small: Sequence[str] = ()
    metrics: Mapping[str, str]
    harness: Sequence[Mapping[str, Any]] = ()
    harness_arms: Sequence[Mapping[str, Any]] = ()
    together: bool = False
    trainings: str
    examples: str


@dataclass(frozen=True, slots=True)
class Size:
    """The models that a repetition trains.

    Attributes:
        name: "small" or "paper".
        models: as an experiment declares them.
        seconds: rough time of a training, by the model's name; unknown for some.
        differs: from the paper's. Some have a `text` and the `models` to which they apply.
        differs_together: further differences if one model learns all tasks.
        needs: of a model by its name, the extra that installs what it needs, then the modules.
        together: used instead of `models` if one model learns all tasks; empty: the same.
        before: in place of `models` if a model is pre-finetuned first.
        leaves: tasks that a model by its name is not trained on, unless it is named.
        parameters: of a model by its name, in millions.
        trained: the parameters that LoRA adds, in millions; only these are trained.
        others: tasks that table 8 tests by default, of those available; empty: all.
        rows: of an arm, if a generator that is slow here is among them.
    """

    name: str
    models: Sequence[Mapping[str, Any]]
    seconds: Mapping[str, float]
    differs: Sequence[str | Mapping[str, Any]]
    differs_together: Sequence[str] = ()
    needs: Mapping[str, Sequence[str]] = field(default_factory=dict)
    together: Sequence[Mapping[str, Any]] = ()
    before: Sequence[Mapping[str, Any]] = ()
    leaves: Mapping[str, Sequence[str]] = field(default_factory=dict)
    parameters: Mapping[str, float] = field(default_factory=dict)
    trained: Mapping[str, float] = field(default_factory=dict)
    others: Sequence[str] = ()
    rows: Mapping[str, int] = field(default_factory=dict)

    def rows_of(self, generators: Sequence[str]) -> int:
        """Return how many rows an arm generates by default."""
        return min(
            (self.rows.get(name.partition("/")[0], ROWS) for name in generators), default=ROWS
        )

    def here(
        self, *, together: bool = False, before: bool = False
    ) -> tuple[list[Mapping[str, Any]], dict[str, str]]:
        """The models that can be trained here, and of each other the extra that it lacks."""
        models = (before and self.before) or (together and self.together) or self.models
        called = {each.get("name") for each in models}
        lacking = {
            name: extra
            for name, (extra, *modules) in self.needs.items()
            if name in called and not all(map(find_spec, modules))  # does not import
        }
        return [each for each in models if each.get("name") not in lacking], lacking


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The options of `targen reproduce` for an experiment.

    Attributes:
        original: the folder of the papers' own data.
        synthetic: the folder of synthetic rows, a run or file of each task.
        transformed: the same of transformed rows, for DataTune.
        existing: the same of unchanged rows of existing datasets, for DataTune.
        answers: the same of few-shot answers, for DataTune.
        self_instruct: rows of free instructions, for table 8 in the paper's form.
        tasks: the names of the wanted tasks, with commas between them; None: all that exist.
        generators: the models that generate missing rows or answers.
        variants: of each task, for rows that are generated.
        options: further arguments of `targen_core.generate`, with the number of rows.
        models: those of `--trainer`, as an experiment declares them; empty: by `size`.
        size: the models that are trained otherwise.
        instructions: whether arms that learn from instructions are included.
        repeats: how often each model is trained.
        folder: the folder of all files.
    """

    original: Path
    synthetic: Path | None
    transformed: Path | None
    existing: Path | None
    answers: Path | None
    self_instruct: Path | None
    tasks: str | None
    generators: Sequence[str]
    variants: Sequence[str]
    options: Mapping[str, Any]
    models: Sequence[Mapping[str, Any]]
    size: Size
    instructions: bool
    repeats: int
    folder: Path

    @property
    def data(self) -> Path:
        """Return the folder of rows and task files that are written for the experiment."""
        return self.folder / "data"

    @property
    def generator(self) -> dict[str, str]:
        """Return the model of the first generator as an argument of `generate`; {} without one."""
        return {"model": self.generators[0]} if self.generators else {}


def table_names() -> list[str]:
    """The tables that can be asked for, by their numbers."""
    return sorted(printed("paper")["tables"], key=lambda name: int(name.removeprefix("table")))


def sizes() -> dict[str, Size]:
    """The sizes that can be asked for."""
    known = printed("paper")["models"]
    return {name: Size(name, **values) for name, values in known.items()}


def paper_table(name: str) -> PaperTable:
    """A table by its name or number.

    Raises:
        UsageError: the table is unknown.
    """
    values = printed("paper")
    name = f"table{name}" if name.isdigit() else name
    if name not in values["tables"]:
        raise UsageError(f"unknown reproduction {name}", hint="targen reproduce --list")
    common = values["common"]
    table = {"examples": common["examples"], "trainings": name, **values["tables"][name]}
    table["arms"] = values["tables"][table["trainings"]]["arms"]
    table["differs"] = [*table["differs"], *common["differs"]]
    return PaperTable(name=name, metrics=common["metric"], **table)
