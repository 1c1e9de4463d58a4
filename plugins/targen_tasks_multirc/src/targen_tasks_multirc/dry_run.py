"""Offline replies for MultiRC: options read back from dry-run paragraphs.

A right option occurs in the passage and a wrong one does not, so the replies are true to their
labels; they are free.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from typing import Any

from targen_core.tasks.parts import DryRunCall
from targen_tasks_multirc.samples import ONE_SENTENCE
from targen_tasks_superglue.shared.dry_run_articles import dry_run_articles, facts_of

_NUMBER = re.compile(r"\((\d+)\) ")
_PLANNED = re.compile(r"(?<!\d)(\d+) options, of which (\d+) right")
_NAME = re.compile(r"\b[A-Z][a-z]+ [A-Z][a-z]+\b")
_FIRST = (
    "Alma, Bjarne, Celia, Darko, Elif, Fergus, Greta, Hamid, Ilse, Janek, Kirsi, Lorenz, Maud, "
    "Nadia, Orhan, Petra, Quirin, Rasmus, Selma, Tibor, Ulla, Vasco, Wilma, Ximena, Yannis, Zora"
).split(", ")
_LAST = (
    "Abel, Bakker, Castro, Duran, Engel, Fuchs, Grieg, Hollis, Ivens, Jensen, Kaya, Lund, Marsh, "
    "Norris, Ortiz, Pires, Quinn, Rossi, Stone, Toth, Unger, Vance, Weiss, Yates, Zeller, Archer"
).split(", ")
_ASKED = (
    "Which of these names belong to people, places or bodies that had a part in the story of {}?",
    "Who or what is named, anywhere in the account of {}, in connection with it?",
    "Read from its beginning to its end, which of these does the story of {} mention?",
    "What does a reader of the whole text on {} come across?",
    "Of which of these does the passage say that they had to do with {}?",
    "Looking at all that is told of {}, which names come up?",
)


def dry_run(call: DryRunCall) -> Any:
    """The reply to one call of MultiRC."""
    values = call.values
    if call.prompt == "questions":
        return {"questions": _questions(str(values["passage"]), str(values["wanted"]), call.rng)}
    if call.prompt == "question-paper":
        return _question_paper(str(values["passage"]), call.rng)
    if call.prompt == "meta":
        return {
            "explanation": "The names that stand in the passage answer it, the others do not.",
            "actual": str(values["output"]).split("; "),
            "verdict": "correct",
        }
    if call.prompt == "solve":
        return _solve(str(values["input"]))
    return dry_run_articles(call)


def _questions(numbered: str, plans: str, rng: random.Random) -> list[Mapping[str, Any]]:
    passage = _NUMBER.sub("", numbered)
    names = list(dict.fromkeys(_NAME.findall(passage)))
    if not names:  # a passage of the user's own
        names = sorted(set(re.findall(r"\w{4,}", passage)), key=len)[-6:]
    rng.shuffle(names)
    topic = next((fact.slots["t"] for fact in facts_of(passage) if "t" in fact.slots), "its topic")
    asked = rng.sample(_ASKED, 2)
    questions: list[Mapping[str, Any]] = []
    for frame, (options, right) in zip(asked, _PLANNED.findall(plans), strict=False):
        chosen = [names.pop() for _ in range(min(int(right), len(names) - 1))] or names[:1]
        size = len(chosen[0].split())
        others = [f"{first} {last}" for first in _FIRST for last in _LAST]
        wrong = rng.sample(others, max(0, int(options) - int(right)))
        questions.append(
            {
                "sentences": [1, _last(numbered)],
                "question": frame.format(topic),
                "right": chosen,
                "wrong": [" ".join(name.split()[:size]) for name in wrong],
            }
        )
    return questions


def _question_paper(passage: str, rng: random.Random) -> Mapping[str, Any]:
    """One question with options in an order of its own."""
    count, right = rng.choice((4, 5, 6)), rng.choice((1, 2, 3))
    plan = f"{count} options, of which {right} right"
    (made,) = _questions(f"(1) {passage}", plan, rng)
    options = [*made["right"], *made["wrong"]]
    rng.shuffle(options)
    letters = ["ABCDEFGH"[options.index(text)] for text in made["right"]]
    return {"question": made["question"], "options": options, "right": sorted(letters)}


def _last(numbered: str) -> int:
    """The number of the last sentence."""
    return int(_NUMBER.findall(numbered)[-1])


def _solve(question: str) -> dict[str, Any]:
    """Return the options that occur in the passage, by their letters."""
    passage, _, options = question.partition("\nOptions:\n")
    pairs = [line.split(") ", 1) for line in options.split("\n")]
    right = [letter for letter, text in pairs if text in passage]
    return {
        "explanation": "The names that stand in the passage answer it, the others do not.",
        "answer": right or [ONE_SENTENCE],
    }
