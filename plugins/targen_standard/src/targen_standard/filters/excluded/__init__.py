"""The exclusion filter, which refuses rows of excluded datasets, and near ones.

Each run reads the excluded datasets and keeps their rows in an index in memory. The keys are those
of `targen_standard.filters.likeness`, with more for parts of rows. A row is entered under its
whole, each of its texts, and runs of eight words. These are chosen so that every run of thirteen
that two texts share leads from one to the other. A candidate looks under all of its own. Its
matches are compared exactly, so a key by itself never causes a rejection.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, RootModel

from targen_core.cli.findings import Cell, Table
from targen_core.cli.markup import markdown
from targen_core.options import Datasets, Flag, Options, RowOptions, several
from targen_core.plugins.configurable import Configurable, Section

if TYPE_CHECKING:  # with numpy
    from targen_core.runs.manifest import Manifest, PartPlan
    from targen_standard.filters.excluded.filter import ExclusionFilter
    from targen_standard.filters.near_duplicates.filter import NearDuplicateFilter

REASONS = {
    "exact": "excluded-exact",
    "normalized": "excluded-normalized",
    "8-gram": "excluded-8-gram",
    "similar": "excluded-similar",
}
"""By the name of each test, the strictest first, the reason that it gives."""


class ExclusionOptions(Options):
    """Datasets whose rows must not recur, and their likeness."""

    panel = RowOptions.panel

    exclude: Annotated[
        Sequence[str],
        BeforeValidator(several),
        Datasets("excludes", "excluded"),
        Flag(
            "Reject rows that are the same, or nearly the same, as a row in SOURCE. SOURCE is a "
            "run, a file, a folder, or hf:OWNER/NAME on the Hugging Face Hub. May be given several "
            "times.",
            metavar="SOURCE",
            repeats=True,
        ),
    ]
    alike: Annotated[
        str, Field(description='the filter whose similarity setting defines "nearly the same"')
    ] = "targen-standard:near-duplicates"


_Count = Annotated[int, Field(ge=0, le=10**15)]


class _Source(BaseModel):
    """Refusals because of one dataset, by test."""

    model_config = ConfigDict(extra="allow", strict=True)

    source: str
    rows: _Count
    digest: str
    columns: list[str]
    refused: dict[str, _Count]


class ExcludedSection(RootModel[list[_Source]]):
    """Its section of a report: the datasets, and what was refused for each."""

    @property
    def table(self) -> Table:
        """Return the refusals of each test."""
        rows: list[tuple[Cell, ...]] = [
            (one.source, one.rows, *(one.refused.get(test, 0) for test in REASONS))
            for one in self.root
        ]
        heads = ("source", "rows", *REASONS)
        return Table("Excluded rows, by the test that found them", heads, rows)


def _counted(plan: PartPlan, rejects: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The section, by the records of a run's rejects."""
    tests = {reason: test for test, reason in REASONS.items()}
    counts: Counter[tuple[str, str]] = Counter()
    for record in rejects:
        if (test := tests.get(str(record.get("reason")))) is not None:
            notes = record.get("notes") or {}
            counts[str(notes.get("excluded_source")), test] += 1
    return [
        {
            **source.model_dump(mode="json"),
            "refused": {test: counts[source.source, test] for test in REASONS},
        }
        for source in plan.sources
    ]


def _card(plan: PartPlan, manifest: Manifest) -> str:
    """Return the promise about excluded datasets, with its tests."""
    from targen_standard.filters.excluded.comparing import GRAM, MIN_ALONE, RUN, SIMILARITY

    lines = "\n".join(
        f"| {markdown(source.source)} | {source.rows:,} | "
        f"{markdown(', '.join(source.columns))} | `{source.digest}` |"
        for source in plan.sources
    )
    runs = [manifest, *(run.manifest for run in manifest.merged)]  # any may be the least strict
    similarity = max(run.usual_options.get("near_duplicates") or SIMILARITY for run in runs)
    return f"""
## Excluded

No row is the same, or nearly the same, as a row of these datasets:

| dataset | rows | columns compared | digest of their texts |
|---|--:|---|---|
{lines}

Four tests find such rows:

- the same text
- the same words, regardless of case, punctuation and spaces
- {RUN} consecutive words in common, or at least {GRAM} that make up half of the excluded text
- whole rows that are at least {similarity:g}% similar (normalised indel similarity)

The first three also apply to single texts of at least {MIN_ALONE} words. The last finds nearly all
such rows among up to 100,000 excluded ones, and fewer among more. Paraphrases and translations are
not found.
"""


def _made(options: ExclusionOptions, alike: NearDuplicateFilter) -> ExclusionFilter:
    from targen_standard.filters.excluded.filter import ExclusionFilter

    return ExclusionFilter(options.exclude, alike.threshold)


EXCLUDED = Configurable(
    ExclusionOptions,
    _made,
    uses={"alike": "filter"},
    section=Section(ExcludedSection, counted=_counted, card=_card),
)
"""The registered filter `excluded`."""
