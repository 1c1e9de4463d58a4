"""`profile`: how real texts are written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from targen_core.api.kinds import exported
from targen_core.api.models import ModelLike
from targen_core.api.request import PathText, SourcesLike, TaskLike, asked
from targen_core.dataset.kept import called, file_of_rows
from targen_core.errors import UsageError
from targen_core.folders import replies_folder
from targen_core.pages import table
from targen_core.plugins.blame import blaming
from targen_core.plugins.loader import load_registry
from targen_core.plugins.registry import Registry
from targen_core.runs.preparing.tasks import find_task
from targen_core.text import plural, printable
from targen_standard.examples.forms import forms_of
from targen_standard.examples.limits import imitated
from targen_standard.examples.measuring import (
    Figures,
    Spoken,
    Topic,
    as_spelled,
    figures_of,
    topics_of,
)
from targen_standard.examples.profile import Profile
from targen_standard.examples.reading import Example, read_examples
from targen_standard.examples.subjects import closely_measured
from targen_standard.given import task_of
from targen_standard.profiling.describing import describing
from targen_standard.task_files.adding import as_yaml


@dataclass(frozen=True, slots=True)
class Profiled:
    """The style of some real texts.

    Attributes:
        profile: forms and traits, for `Declaration(profile=...)`.
        figures: lengths, repeats and scripts of the texts.
        topics: what they are about, for people to read.
        name: where they are from.
        set_aside: which texts the profile leaves out, and why; "" if none.
    """

    profile: Profile
    figures: Figures
    topics: Sequence[Topic]
    name: str
    set_aside: str = ""

    @property
    def text(self) -> str:
        """The section `profile:` of a task file, which people edit.

        Comments above it contain what is not drawn.
        """
        figures = self.figures
        least, tenth, half, ninth, most = figures.words
        scripts = ", ".join(f"{script} {share:.0%}" for script, share in figures.scripts)
        lines = [
            f"Style of the {plural(figures.rows, 'text')} of {self.name}.",
            "Each row uses one of these forms. Edit them and their frequencies freely.",
            (
                f"{figures.unit.capitalize()} per text: {least} to {most} "
                f"(half: at most {half}; 80%: {tenth} to {ninth})."
            ),
            f"Repeated texts: {figures.repeated:.0%}. Scripts: {scripts or 'none'}.",
        ]
        if self.set_aside:
            lines.append(f"Rows do not imitate {self.set_aside}.")
        if figures.labelled:
            lines.append("Shares are averages over the labels, so that no value hints at a label.")
        if self.topics:
            lines.append(
                "Topics, with their counts. Words that could give away a label are never drawn:"
            )
            lines += [f"  {', '.join(topic.words)}: {topic.rows}" for topic in self.topics]
        # Names of files and words may contain line feeds: text after one would be a key.
        comments = "".join(f"# {printable(line, lines=False)}\n" for line in lines)
        weights = self.profile.model_dump(mode="json").items()
        return comments + as_yaml({"profile": {name: value for name, value in weights if value}})

    def __repr__(self) -> str:
        forms = plural(len(self.profile.forms), "form")
        return f"<Profiled {self.name}: {forms} of {plural(self.figures.rows, 'text')}>"

    def _repr_html_(self) -> str:
        rows = [
            (trait, value, weight)
            for trait, values in self.profile.weights.items()
            for value, weight in values.items()
        ]
        head = f"{self.name}: {self.figures.rows:,} texts"
        return table(head, ("trait", "value", "weight"), rows)


@exported
def profile(
    examples: SourcesLike | PathText,
    task: TaskLike | None = None,
    *,
    model: ModelLike | None = None,
    options: Mapping[str, Any] | None = None,
    max_cost: float | None = None,
    about: Callable[[Sequence[Example]], Sequence[str]] | None = None,
    encoding: str = "utf-8",
    registry: Registry | None = None,
    **model_options: Any,
) -> Profiled:
    """Measure how real texts are written, for rows that read like them.

    Measuring does not make calls. With `model`, a model also reads up to 40 of the texts. In one
    call, it states what code cannot measure: who writes them, where, and what they never do.

    Args:
        examples: real rows, in any form of a dataset, or a list of texts.
        task: the task whose labels they have, if any.
        model: the model that reads texts, as `generate` takes it; by default none does.
        options: backend options and sampling parameters whose names clash with a keyword here.
        max_cost: stop before spending more than this many dollars.
        about: what else is to be said of all texts, a line each, in place of what a model says.
        encoding: of a text file without a byte order mark.
        registry: finds the task; by default what is installed.
        **model_options: backend options and sampling parameters.

    Raises:
        UsageError: there are too few texts to measure, or the model cannot be asked.
        JobFailed: the model's reply is of no use, or the budget or the service stopped it.
    """
    if (model_options or options or max_cost is not None) and model is None:
        raise UsageError(
            "options for a model were given, but no model",
            hint='pass model="BACKEND/NAME", or omit them',
        )
    known = load_registry() if registry is None else registry
    whose = task_of(task or None)
    of = find_task(known, whose)[1] if isinstance(whose, str) else whose
    path = file_of_rows(examples)
    real = read_examples(path, of, encoding)
    like = imitated(real, of.texts.written.get(real.measured) if of else None)
    rows, every = like.examples.rows, real.rows
    spoken = Spoken.of(row.text for row in rows)
    made = closely_measured(rows, of, Profile(forms=forms_of(rows, spoken)), spoken)
    lines = () if about is None else about(rows)
    if model is not None:
        said = {**model_options, **(options or {})}
        question = describing(rows)
        with (
            blaming(registry),
            asked(
                known, question.task, rows=False, model=model, options=said, max_cost=max_cost
            ) as request,
        ):
            description, _ = question.ask(request.registry, request.spec, cache=replies_folder())
        lines = description.lines
    language = (f"language: {spoken.language}",) if spoken.language else ()
    made = made.model_copy(update={"about": (*language, *made.about, *lines)})
    topics = as_spelled(topics_of(every), every)
    return Profiled(
        made, figures_of(every), topics, called(path) or path.name, real.named(like.set_aside)
    )
