"""Offline replies for BoolQ: questions about the facts of offline paragraphs."""

from __future__ import annotations

import random
from typing import Any

from targen_core.tasks.parts import DryRunCall
from targen_core.tasks.words import words
from targen_tasks_superglue.boolq.rows import SEPARATOR
from targen_tasks_superglue.shared.dry_run_articles import Fact, dry_run_articles, facts_of


def dry_run(call: DryRunCall) -> Any:
    """The reply to one call of BoolQ."""
    articles = dry_run_articles(call)
    if articles is not None:
        return articles
    if call.prompt == "meta":
        return {
            "explanation": "The passage names who did what, and the question asks for that.",
            "actual": str(call.values["output"]),
            "verdict": "correct",
        }
    if call.prompt == "solve":
        return _solve(str(call.values["input"]), call.rng)
    return {"question": _question(call.prompt, str(call.values["passage"]), call.rng)}


def _question(prompt: str, passage: str, rng: random.Random) -> str:
    title, _, text = passage.partition(SEPARATOR)
    facts = facts_of(text)
    if not facts:
        # A passage that is not ours: its longest words serve.
        longest = sorted(set(words(text)), key=lambda word: (-len(word), word))[:6]
        first, second = rng.sample(longest, 2) if len(longest) > 1 else (title, title)
        return f"Is the {first} of {title} connected with its {second}?"
    # The two labels ask about different facts, or one question would nearly repeat the other.
    no = prompt.startswith("no-")
    fact = rng.choice(facts[(len(text) + no) % 2 :: 2] or facts)
    slots = dict(fact.slots)
    if no:
        slots[fact.frame.swap] = rng.choice(_instead(fact, text))
    return _ask(fact, title, slots)


def _instead(fact: Fact, text: str) -> list[str]:
    """Values that make a fact's question false: of the passage, so that no word tells."""
    return [value for value in fact.others if value in text] or list(fact.others)


def _ask(fact: Fact, title: str, slots: dict[str, str]) -> str:
    question = fact.frame.ask.format(**{"t": title, **slots})
    return question[0].upper() + question[1:] + "?"


def _solve(text: str, rng: random.Random) -> dict[str, str]:
    """True if a fact of the passage answers the question with yes, else false."""
    passage, _, question = text.removeprefix("Passage: ").rpartition("\nQuestion: ")
    title, _, text = passage.partition(SEPARATOR)
    facts = facts_of(text)
    asked = (_ask(fact, title, dict(fact.slots)).rstrip("?").lower() for fact in facts)
    answer = "true" if question in asked else "false"
    return {
        "explanation": "The passage names who did what, and the question asks for that.",
        "answer": answer if facts else rng.choice(["true", "false"]),
    }
