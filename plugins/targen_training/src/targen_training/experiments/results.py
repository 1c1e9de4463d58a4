"""Results of an experiment, as `results.json` has them; `summing` makes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from targen_core.cli.findings import Estimate, Table
from targen_core.cli.tables import printed
from targen_core.pages import safe, table
from targen_core.text import plural


@dataclass(frozen=True, slots=True)
class Trained:
    """One training of a group.

    Attributes:
        seed: its seed.
        figure: the main figure; None if the test rows do not say.
        cell: its folder in `cells/`, which groups that train the same share.
    """

    seed: int
    figure: float | None
    cell: str


@dataclass(frozen=True, slots=True)
class Group:
    """The cells that differ only in their seed.

    Attributes:
        model: what was trained.
        arm: on what.
        kind: what for; see `Cell`.
        rows: how many rows.
        seeds: how many.
        figure: the main figure, the mean over seeds, with its interval over test rows.
        sd: the standard deviation over seeds; None for one seed, or if all trained the same model.
        figures: all figures, in the same form.
        unlearned: test decisions with a label that no training row has, the mean over seeds.
        each: of few real rows, how many of each label.
        trained: each seed's training.
    """

    model: str
    arm: str
    kind: str
    rows: int
    seeds: int
    figure: Estimate
    sd: float | None
    figures: Mapping[str, Estimate]
    unlearned: float
    each: int
    trained: Sequence[Trained]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two arms, compared; an arm with several runs by their mean.

    Attributes:
        model: what was trained.
        kind: at equal sizes, or at natural ones.
        one: the arm, or the first of its runs.
        other: what it is compared with.
        difference: of the main figure, with its interval over test rows, seeds and runs.
        p: two-sided, from the same paired bootstrap.
        holm: the same, made larger for as many tests as there are of this model and kind.
        runs: how many the one and the other have.
    """

    model: str
    kind: str
    one: str
    other: str
    difference: Estimate
    p: float
    holm: float
    runs: tuple[int, int] = (1, 1)


@dataclass(frozen=True, slots=True)
class Few:
    """The gain from few real rows, with and without all synthetic ones.

    Attributes:
        model: what was trained.
        each: real rows of each label; of a rarer label all that there are.
        rows: real rows in all.
        alone: the main figure, with its interval over test rows and draws; None without real rows.
        both: the same with the synthetic rows.
        difference: their paired gain; None without real rows.
        p: two-sided, of the difference.
    """

    model: str
    each: int
    rows: int
    alone: Estimate | None
    both: Estimate
    difference: Estimate | None
    p: float | None


@dataclass(frozen=True, slots=True)
class PartResult:
    """The results of one part of an experiment.

    Attributes:
        key: the part.
        task: whose rows.
        metric: the main figure.
        test: name, digest, rows and unlabelled rows of the test set, and its rows by label.
        arms: of each arm its datasets: names, digests, rows, and what was left out.
        chance: the main figure of always giving the test set's commonest label, or always choosing
            the same option; None if it has no such meaning.
        groups: what was trained.
        pairs: arms against each other.
        few: results with few real rows of each label, with and without synthetic ones.
        unit: a word for what rows are counted by: "label", unless an output is learned.
        runs: arms that were generated in the same way, with different seeds. Their differences are
            chance, so they are not tested.
    """

    key: str
    task: str
    metric: str
    test: Mapping[str, Any]
    arms: Mapping[str, Sequence[Mapping[str, Any]]]
    chance: float | None
    groups: Sequence[Group]
    pairs: Sequence[Pair]
    few: Sequence[Few]
    unit: str
    runs: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Mean:
    """An arm's mean over the parts, or its mean difference from the baseline."""

    model: str
    kind: str
    arm: str
    figure: Estimate
    against: Estimate | None


@dataclass(frozen=True, slots=True)
class Published:
    """The paper's figures for an experiment that repeats one of its tables.

    Attributes:
        title: the table's name and title.
        rows: its figures, per cent unless `differs` says otherwise: "name", then a value by column.
        differs: how the experiment differs from the paper's.
        tables: further figures next to the paper's, such as similarities of prompts.
        means: whether the paper's figures are means over the tasks.
    """

    title: str
    rows: Sequence[Mapping[str, Any]]
    differs: Sequence[str]
    tables: Sequence[Table] = ()
    means: bool = False


@dataclass(frozen=True, slots=True, repr=False)
class Results:
    """The results of an experiment; as text, and in a notebook, the tables of `targen compare`.

    Attributes:
        name: of the experiment.
        baseline: the arm with which others are compared; "" if the parts have different ones.
        seeds: the seeds.
        resamples: of intervals.
        parts: each task.
        means: over tasks; empty of one.
        notes: what was left out, and why.
        made: see `targen_core.cli.provenance`.
        paper: the paper's figures, if the experiment repeats a table; else None.
        folder: where `results.html` is, if it was written.
    """

    name: str
    baseline: str
    seeds: Sequence[int]
    resamples: int
    parts: Sequence[PartResult]
    means: Sequence[Mean] = ()
    notes: Sequence[str] = ()
    made: Mapping[str, Any] = field(default_factory=dict)
    paper: Published | None = None
    folder: Path | None = field(default=None, compare=False)

    def as_json(self) -> dict[str, Any]:
        """Return all results as plain values, without the folder."""
        values = asdict(self)
        del values["folder"]
        if self.paper is None:
            del values["paper"]
        return values

    @property
    def _title(self) -> str:
        arms = {group.arm for part in self.parts for group in part.groups}
        where = "" if self.folder is None else f"; {self.folder / 'results.html'}"
        return f"Results of {self.name}: {plural(len(arms), 'arm')}{where}"

    def __repr__(self) -> str:
        return f"<{self._title}>"

    def __str__(self) -> str:
        from targen_training.comparing import print_tables

        return f"{printed(lambda: print_tables(self))}\n{self._title}"

    def _repr_html_(self) -> str:
        from targen_training.experiments.pages import findings_of, shown

        found = findings_of(self).tables
        rows = ([[shown(cell) for cell in row] for row in each.rows] for each in found)
        tables = [table(each.title, each.columns, of) for each, of in zip(found, rows, strict=True)]
        return "\n".join([*tables, f"<p>{safe(self._title)}</p>"])
