"""Examples as a run uses them: shown in step 3, measured into traits, and repeated by no row."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Any

from targen_core.dataset.kept import called
from targen_core.engine.filters import Candidate, Filter, Refusal
from targen_core.errors import Rejected, UsageError
from targen_core.runs.records.lock import COPY as COPY_OF_FILE
from targen_core.tasks.model import Task
from targen_core.tasks.steps import ListStep
from targen_core.wording import Blank, Option, Unplaced
from targen_standard.checks.languages import find_language
from targen_standard.examples import MEASURED_FROM, ExampleOptions, ExamplesSection
from targen_standard.examples.following import followed, too_few
from targen_standard.examples.forms import forms_of, length_of
from targen_standard.examples.limits import Imitated, imitated
from targen_standard.examples.measuring import Spoken, labelled_alike
from targen_standard.examples.profile import FORM, Kinds, Profile, Trait
from targen_standard.examples.reading import Examples, read_examples
from targen_standard.examples.showing import Hands, shown_to, shown_to_judge
from targen_standard.examples.subjects import OTHER, SUBJECT, revealing
from targen_standard.filters.excluded.comparing import SIMILARITY, texts_of
from targen_standard.filters.excluded.index import ExclusionIndex

COPY = "copy-of-an-example"
"""The reason of its refusals."""

_SHOWN = 50  # examples, which a prompt lists
_log = logging.getLogger("targen.run")
_MOST_LENGTHS = 200  # of seeds that are drawn, of all labels together
_LENGTH = re.compile(r"(?:^|[\s_-])(?:length|words)$", re.IGNORECASE)
_WORDS = re.compile(r"\b\d+ words\b")


class ExampleFilter(Filter):
    """Has rows written in the manner of examples, and refuses those that repeat one."""

    precedence = -20
    stateless = True
    shapes = True

    def __init__(self, options: ExampleOptions) -> None:
        """Use the file and the profile that the options name."""
        self._options = options
        self._examples: Examples | None = None
        self._imitated: Imitated | None = None
        self._aims: Collection[str | None] = ()

    @property
    def shows(self) -> str:
        """See `Filter.shows`."""
        path = self._options.examples
        if path is None or not self._options.show_examples:
            return ""
        keep = Option("show_examples", False)
        return f"Prompts contain texts of {called(path) or path.name}. {keep} prevents this."

    def shaped(self, task: Task[Any, Any]) -> Task[Any, Any]:
        """Add examples to the prompts of step 3, and the traits of their profile to the rows.

        A dimension of the task keeps its name. A dimension for a text's length is removed, since
        the form of real texts includes it.

        Raises:
            UsageError: there is neither a file nor a profile, or the file is of no use.
        """
        path, profile = self._options.examples, self._options.profile
        if path is None and (self._options.close_gap or not isinstance(profile, Profile)):
            raise UsageError(
                "there are no examples and no profile",
                hint="pass " + Option("examples", Blank("FILE")),
            )
        like = None if path is None else self._read(path, task)
        examples = None if like is None else like.examples
        if examples is not None and self._options.show_examples and task.with_examples is not None:
            texts = [
                f"{row.label}: {row.shown}" if row.label else row.shown
                for row in examples.rows[:_SHOWN]
            ]
            return task.replace(**task.with_examples(texts))
        if examples is not None and self._options.show_examples:
            task = shown_to_judge(task, examples)
        known = find_language((examples and self._spoken(examples).language) or "")
        lengths = [
            each
            for each in task.dimensions
            if each.in_prompt
            and (_LENGTH.search(each.name) or (known and known.says_length(each.name, each.values)))
        ]
        kinds = [e for e in task.dimensions if isinstance(e, Kinds)]
        if examples is not None and self._options.show_examples and profile == "pairs":
            few = too_few(task, examples.rows, self._options)
            following = None if few else followed(task, examples.rows, self._options)
            if following is not None:
                # Rows after real texts have their kinds, too.
                if kinds and path is not None and not COPY_OF_FILE.fullmatch(path.name):
                    _warn("rows follow the examples, so they draw none of the task's kinds")
                kept = tuple(e for e in task.dimensions if e not in (*lengths, *kinds))
                return following.replace(dimensions=kept)
            if few and path is not None and not COPY_OF_FILE.fullmatch(path.name):
                _warn(f"rows do not follow pairs of examples: {few}")
        if isinstance(profile, Profile):
            for words in revealing(profile, task):
                _warn(f"profile: {words}, but rows of every label may draw it: reword or remove it")
        else:
            profile = Profile() if examples is None else self._profile(examples, task)
        hands = {}
        if examples is not None and self._options.show_examples:
            aims = frozenset(task.branches.values())
            by_aim = _hands_of(examples, aims, self._options.shown, self._spoken(examples))
            hands = {branch: by_aim[aim] for branch, aim in task.branches.items()}
        # Real texts show the length of such texts better than a task file's usual values.
        own = [
            each
            for each in task.dimensions
            if each not in lengths
            or not (profile.forms or FORM in profile.traits or (hands and isinstance(each, Trait)))
        ]
        there = {each.name.casefold() for each in own}
        traits = (
            replace(each, unsaid=OTHER) if each.name == SUBJECT else each
            for each in profile.drawn
            if each.name.casefold() not in there
        )
        task = task.replace(dimensions=(*own, *traits))
        # Not if a method deals the seeds, whose draws it does not balance.
        column = task.seeds[-1].column if task.seeds and task.balanced_draws else ""
        if examples is not None and column:
            task = _with_lengths(task, examples)
        if hands or profile.about or profile.forms:
            of = examples.measured if examples is not None and examples.has_more else ""
            return shown_to(task, hands, profile.about, profile.forms, column, of)
        return task

    def _read(self, path: Path, task: Task[Any, Any]) -> Imitated:
        """Read the examples, and return those that rows imitate."""
        self._examples = _read(path, task)
        self._aims = {*task.branches.values()}
        limits = task.texts.written.get(self._examples.measured)
        self._imitated = imitated(self._examples, limits)
        return self._imitated

    def _profile(self, examples: Examples, task: Task[Any, Any]) -> Profile:
        """Return the profile of examples; empty if they are too few, or only shown."""
        given = 0 if self._examples is None else len(self._examples.rows)
        enough = self._options.close_gap or given >= MEASURED_FROM
        wanted = enough and self._options.profile != "none"
        return self._measured(examples, task) if wanted else Profile()

    def _measured(self, examples: Examples, task: Task[Any, Any]) -> Profile:
        """Return the profile of examples; filters that draw more, or less, override it."""
        return _profile_of(examples, self._spoken(examples))

    def _spoken(self, examples: Examples) -> Spoken:
        return _spoken_in(examples)

    def check_task(self, task: Task[Any, Any]) -> None:
        """Read the examples, if `shaped` was not called, and warn of other lengths than theirs."""
        path = self._options.examples
        if path is None:
            return
        if self._examples is None:
            self._read(path, task)
        by_name = {each.name: each.values for each in task.dimensions}
        # A run that continues from its own copy of them keeps its dimensions.
        if by_name.pop(FORM, None) and not COPY_OF_FILE.fullmatch(path.name):
            others = [name for name, values in by_name.items() if any(map(_WORDS.search, values))]
            if others:
                switch_off = Option("dimensions", dict.fromkeys(others, ()))
                _warn(
                    f"lengths that {', '.join(others)} and the examples set may contradict each "
                    f"other; to follow only the examples, pass {switch_off}"
                )

    @cached_property
    def _index(self) -> ExclusionIndex:
        index = ExclusionIndex()
        for row in self._examples.rows if self._examples is not None else ():
            index.add(row.texts)
        return index

    def find(self, candidate: Candidate) -> Refusal | None:
        """See `Filter.find`: whether a row equals or nearly equals an example."""
        if self._examples is None:
            return None
        for row in candidate.rows():
            texts = [text for of in texts_of(row, row).values() for text in of]
            match = self._index.find(texts, similarity=SIMILARITY)
            if match is not None:
                line = self._examples.rows[match.row - 1].line
                return Refusal(
                    COPY,
                    f"repeats {self._examples.place} {line} of the examples",
                    facts={"example": line},
                )
        return None

    def _not_shown(self, examples: Examples) -> int | None:
        """Return how many unlabelled examples no prompt shows; None if all have labels."""
        # Only a branch without examples of its own label is shown those without a label.
        labelled = {row.label for row in examples.rows if row.label is not None}
        if not self._options.show_examples or not {*self._aims} <= labelled:
            return None
        return len(examples.rows) - examples.labelled or None

    def report(self, reasons: Mapping[str, int]) -> Mapping[str, Any]:
        """See `Filter.report`."""
        examples = self._examples
        if examples is None:
            return {}
        aside = self._imitated.set_aside if self._imitated is not None else {}
        return ExamplesSection(
            rows=len(examples.rows),
            labelled=examples.labelled,
            left_out={why: len(lines) for why, lines in examples.left_out.items()},
            shown=self._options.show_examples,
            not_shown=self._not_shown(examples),
            copies=reasons.get(COPY, 0),
            set_aside={why: len(lines) for why, lines in aside.items()} or None,
        ).model_dump(mode="json", exclude_none=True)


def _read(path: Path, task: Task[Any, Any]) -> Examples:
    try:
        return read_examples(path.expanduser(), task)
    except UsageError as error:
        error.option = "examples"
        error.args = (Unplaced(Option("examples") + ": ") + str(error),)
        raise


def _with_lengths(task: Task[Any, Any], examples: Examples) -> Task[Any, Any]:
    """Return the task whose seeds, if they are texts of rows, are as long as those of examples."""
    *above, last = task.seeds
    by_label = labelled_alike([row for row in examples.rows if _passes(last, row.seed)])
    if not by_label:
        return task
    most = max(map(len, by_label.values()))
    lengths = Counter(
        length_of(rows[at % len(rows)].seed)
        for rows in by_label.values()
        for at in range(min(most, _MOST_LENGTHS // len(by_label) or 1))
    )
    dimensions = tuple(
        replace(each, values=dict(lengths))
        if isinstance(each, Trait) and each.name == f"{last.column} length"
        else each
        for each in last.dimensions
    )
    return task.replace(seeds=(*above, replace(last, dimensions=dimensions)))


def _passes(seeds: ListStep[Any], text: str) -> bool:
    """Return whether a text could be a seed."""
    try:
        if text and seeds.check is not None:
            seeds.check(text)
    except Rejected:
        return False
    return bool(text)


@cache  # a run is prepared more than once
def _warn(words: str) -> None:
    _log.warning("%s", words)


@lru_cache(maxsize=1)  # a run is prepared more than once
def _spoken_in(examples: Examples) -> Spoken:
    return Spoken.of(row.text for row in examples.rows)


@lru_cache(maxsize=1)  # a run is prepared more than once
def _hands_of(
    examples: Examples, aims: Collection[str | None], size: int, spoken: Spoken
) -> Mapping[str | None, Hands]:
    """Return the examples shown for each aim. Labels without examples share theirs."""
    labels = {row.label for row in examples.rows}

    @cache
    def dealt(aim: str | None) -> Hands:
        return Hands(examples.rows, aim, len(labels), size, spoken)

    known = {None, *labels}
    return {aim: dealt(aim if aim in known else "") for aim in aims}


@lru_cache(maxsize=1)  # a run is prepared more than once
def _profile_of(examples: Examples, spoken: Spoken) -> Profile:
    return Profile(forms=forms_of(examples.rows, spoken))
