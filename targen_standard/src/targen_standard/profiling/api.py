"""`profile`: how real texts are written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from targen_core.api.request import PathText, SourcesLike, file_of_rows
from targen_core.pages import table
from targen_core.plugins.loader import load_registry
from targen_core.plugins.registry import Registry
from targen_core.runs.preparing.tasks import find_task
from targen_standard.examples.measuring import Figures, Topic, figures_of, topics_of
from targen_standard.examples.profile import Profile
from targen_standard.examples.reading import Example, read_examples
from targen_standard.examples.subjects import closely_measured
from targen_standard.given import TaskLike, task_of
from targen_standard.profiling.writing import section

__all__ = ["Profiled", "profile"]


@dataclass(frozen=True, slots=True)
class Profiled:
    """How some real texts are written.

    Attributes:
        profile: the traits, for `Declaration(profile=...)`.
        figures: lengths, repeats and scripts of the texts.
        topics: what they are about, for people to read.
        name: where they are from.
    """

    profile: Profile
    figures: Figures
    topics: Sequence[Topic]
    name: str

    @property
    def text(self) -> str:
        """The section `profile:` of a task file, which people edit."""
        return section(self.name, self.profile, self.figures, self.topics)

    def _repr_html_(self) -> str:
        rows = [
            (trait, value, weight)
            for trait, values in self.profile.traits.items()
            for value, weight in values.items()
        ]
        head = f"{self.name}: {self.figures.rows:,} texts"
        return table(head, ("trait", "value", "weight"), rows)


def profile(
    examples: SourcesLike | PathText,
    task: TaskLike | None = None,
    *,
    about: Callable[[Sequence[Example]], Sequence[str]] | None = None,
    registry: Registry | None = None,
) -> Profiled:
    """Measure how real texts are written, for rows that read like them; nothing is sent.

    Args:
        examples: real rows, in any form of a dataset, or a list of texts.
        task: the task whose labels they have, if any.
        about: what else is to be said of all texts, a line each, as a model does for
            `targen profile -b BACKEND`.
        registry: finds the task; by default what is installed.

    Raises:
        UsageError: there are too few texts to measure.
    """
    known = load_registry() if registry is None else registry
    whose = task_of(task or None)
    of = find_task(known, whose)[1] if isinstance(whose, str) else whose
    path = file_of_rows(examples)
    rows = read_examples(path, of).rows
    made = closely_measured(rows, of)
    if about is not None:
        made = made.model_copy(update={"about": (*made.about, *about(rows))})
    return Profiled(made, figures_of(rows), topics_of(rows), path.name)
