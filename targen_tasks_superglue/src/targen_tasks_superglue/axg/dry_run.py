"""Offline replies for AX-g: sentences put together by rule, hypotheses read off their clause."""

from __future__ import annotations

import random
import re
from typing import Any

from targen_core.tasks.parts import DryRunCall
from targen_tasks_superglue.shared.encounters import dry_run_subjects, encounter, meant_first
from targen_tasks_superglue.shared.mentions import find
from targen_tasks_superglue.shared.settings import dry_run_settings

_PRONOUN = re.compile(r"\b(?:(?P<subject>he|she)|him|his|her|hers|himself|herself)\b")


def dry_run(call: DryRunCall) -> Any:
    """The reply to one call of AX-g."""
    if call.prompt == "settings":
        return dry_run_settings(call)
    if call.prompt in ("pairs", "subjects"):
        return dry_run_subjects(call)
    if call.prompt in ("sentences", "sentences_paper"):
        return _four(str(call.values["first"]), str(call.values["second"]), call.rng)
    if call.prompt in ("follows", "false"):
        sentence, subject = str(call.values["sentence"]), str(call.values["subject"])
        return {"hypothesis": _hypothesis(sentence, subject, call.prompt == "false")}
    explanation = "The sense of the clause settles whom the pronoun means."
    if call.prompt == "meta":
        actual = str(call.values["output"])
        return {"explanation": explanation, "actual": actual, "verdict": "correct"}
    return {"explanation": explanation, "answer": _solve(str(call.values["input"]), call.rng)}


def _four(first: str, second: str, rng: random.Random) -> dict[str, str]:
    opening, clauses = encounter(rng)
    he, she = {"he": "he", "his": "his"}, {"he": "she", "his": "her"}
    filled = {"opening": opening.format(first=first, second=second)}
    for number, meant in (("1", "first"), ("2", "second")):
        for name, forms in (("he", he), ("she", she)):
            sentence = f"{filled['opening']} {clauses[meant].format(**forms)}"
            filled[f"subject{number}_{name}"] = sentence
    return filled


def _hypothesis(sentence: str, subject: str, false: bool) -> str:
    """Return the clause's statement about the subject, or the contrary."""
    pronoun = _PRONOUN.search(sentence)
    rest = sentence[pronoun.end() :].strip() if pronoun is not None else "was there."
    said = f"The {subject} {rest}" if pronoun and pronoun["subject"] else f"The {subject}'s {rest}"
    if not false:
        return said
    if pronoun and pronoun["subject"]:
        return f"The {subject} denied that anybody {rest}"
    return f"The {subject} denied that any {rest}"


def _solve(text: str, rng: random.Random) -> str:
    """The answer for one of this module's own inputs; for any other text, one at random."""
    premise, _, hypothesis = text.removeprefix("Premise: ").partition("\nHypothesis: ")
    if " denied that any" in hypothesis:
        return "not_entailment"
    means_first = meant_first(premise)
    named = re.match(r"The ([\w' -]+?)(?:'s)? (?:wanted|had|\w+ was)\b", hypothesis)
    places = find(named[1], premise.split()) if named is not None else []
    if means_first is None or not places:
        return rng.choice(("entailment", "not_entailment"))
    # Premises open with "The", so the first-named subject begins at token 1.
    return "entailment" if (places[0] == 1) == means_first else "not_entailment"
