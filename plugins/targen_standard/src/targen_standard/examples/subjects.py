"""The subjects of examples that reveal no label, and the features that examples never have.

A subject that belongs to one label must not be drawn for the rows of all labels. The rows would not
fit their label, and a reader of the draws would think of that label. So words of the labels and
their definitions are not subjects; nor are those that hardly any but one label of the examples has.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from targen_core.tasks.letters import plain_words
from targen_core.tasks.model import Task
from targen_core.tasks.parts import Label
from targen_standard.examples.measuring import (
    Spoken,
    Topic,
    as_spelled,
    parted,
    telling_words,
    topics_of,
    weights_of,
)
from targen_standard.examples.profile import Profile
from targen_standard.examples.reading import Example
from targen_standard.examples.telltales import habits

SUBJECT = "may touch on"
"""The trait for subjects."""

OTHER = "anything else"
"""Its value for rows that may have any subject."""

_SLOTS = 20
_FEWEST = 3  # texts of a subject: that two share a word is chance
_WORTH = 0.25  # minimum share of the texts with a subject, from which rows are assigned one
_OF_FORMS = frozenset(
    "about address at behind brackets capital capitals case casual code colon dash dots emoji end "
    "exclamation first form greeting haste heading hesitations in last letter line lines list long "
    "lower mark marks name names no number numbers oh on one point price question questions "
    "quotation several sentence sentences short slips smiley space speakers speech start turns two "
    "web well with word words yes you".split()
)
"""Words that the forms of any texts contain, and labels may be called."""
_LETTERS = 5  # of a word's beginning, by which two forms of one are known


def closely_measured(
    rows: Sequence[Example],
    task: Task[Any, Any] | None,
    profile: Profile,
    spoken: Spoken,
) -> Profile:
    """Their profile with what they are about and what they never do: some of their words."""
    traits = {}
    subjects = as_spelled(subjects_of(rows, task), rows)
    weights = weights_of(rows)
    shares = {
        f"“{', '.join(topic.words)}”": sum(weights[at] for at in topic.members)
        for topic in subjects
    }
    rest = max(0.0, 1 - sum(shares.values()))
    if 1 - rest >= _WORTH:
        traits = {SUBJECT: parted({**shares, OTHER: rest}, _SLOTS)}
    about = habits(rows, spoken)
    return profile.model_copy(update={"traits": {**profile.traits, **traits}, "about": about})


def subjects_of(rows: Sequence[Example], task: Task[Any, Any] | None) -> list[Topic]:
    """Return the subjects of texts, by words that do not hint at a label."""
    topics = topics_of(rows, frozenset(_telling_a_label(rows, task)))
    return [topic for topic in topics if topic.rows >= max(_FEWEST, len(rows) / _SLOTS)]


def _telling_a_label(rows: Sequence[Example], task: Task[Any, Any] | None) -> Iterator[str]:
    """The words of texts that are of the labels of a task, or of hardly any row but of one label.

    Each label counts alike. One has a word for itself if half of what is more than its due is its.
    """
    said = " ".join(
        f"{label.name} {label.official} {label.summary}" for label in (task.labels if task else ())
    )
    own = [word for word in plain_words(said.replace("_", " ")).split() if len(word) > 1]
    labels = {row.label for row in rows} - {None}
    most = (1 + 1 / len(labels)) / 2 if labels else 1.0
    shares: dict[str, dict[str | None, float]] = defaultdict(lambda: defaultdict(float))
    for row, weight in zip(rows, weights_of(rows), strict=True):
        for word in telling_words(row.text):
            shares[word][row.label] += weight if row.label is not None else 0.0
    for word, by_label in shares.items():
        for_itself = len(labels) > 1 and max(by_label.values()) > most * sum(by_label.values())
        if for_itself or any(_alike(word, other) for other in own):
            yield word


def revealing(profile: Profile, task: Task[Any, Any]) -> Iterator[str]:
    """Yield what is wrong with values of a profile that name or describe a label of the task.

    Rows of all labels draw each value, so rows of other labels would contradict it.
    """
    meant = {label.name: telling_words(label.summary) - _OF_FORMS for label in task.labels}
    for name, values in profile.weights.items():
        for value in values:
            said = plain_words(value)
            words = {*said.split()} - _OF_FORMS
            for label in task.labels:
                others = (meant[each] for each in meant if each != label.name)
                is_named = any(
                    said == each or {*each.split()} <= words for each in _names_of(label)
                )
                if is_named or len(words & meant[label.name].difference(*others)) > 1:
                    how = "names" if is_named else "describes"
                    yield f"the {name} “{value}” {how} the label {label.name}"
                    break


def _names_of(label: Label) -> list[str]:
    """Return what a label is called, without numbers."""
    names = (plain_words(f"{each}".replace("_", " ")) for each in (label.name, label.official))
    return [words for words in names if len(words) > 1 and not words.isdigit()]


def _alike(one: str, other: str) -> bool:
    """Return whether words are forms of one, as `arrival` and `arrives` are."""
    return one.startswith(other[:_LETTERS]) or other.startswith(one[:_LETTERS])
