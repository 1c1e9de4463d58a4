"""Offline replies for RTE: sentences put together by rule, true to their label.

They are free and follow the form of real replies in length and kind, so that `targen estimate`, dry
runs and tests go through every step.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from targen_core.tasks.parts import DryRunCall

_FIELDS = "harbour railway museum orchard theatre hospital bakery glacier library vineyard".split()
_MATTERS = "repairs wages visitors safety history funding storms exports apprentices noise".split()
_PEOPLE = (
    "Ada Brenner, Tariq Osei, Mirela Novak, Jonas Whitlock, Sunniva Dahl, Ravi Menon, "
    "Clara Ibsen, Mateo Quispe, Farah Aziz, Pavel Horak, Ngozi Eze, Hana Sato"
).split(", ")
_PLACES = (
    "Elmstead, Port Arden, Karlsvik, Montbrun, San Lazaro, Oberau, Tarnow Hill, "
    "Quillan Bay, Dunmore, Vesterby, Aramoana, Petrel Point"
).split(", ")
_ROLES = "director engineer mayor curator captain surgeon founder gardener".split()
_MONTHS = "January March April May June August October November".split()
_MORE = (
    "Neighbours had asked for this for a long time.",
    "A local paper called it the end of an era.",
    "Two older plans had come to nothing.",
    "The council paid for the tools, and a bank for the rest.",
    '"Nobody expected it to be easy," a visitor said.',
)
_WHY = "The premise settles what the hypothesis says, read word by word."


def dry_run(call: DryRunCall) -> Any:
    """The reply to one call of RTE."""
    rng = call.rng
    if call.prompt in ("themes", "topics"):
        pairs = [f"{field} {matter}" for field in _FIELDS for matter in _MATTERS]
        fresh = [pair for pair in pairs if pair not in str(call.values["have"])]
        return {"topics": rng.sample(fresh, min(int(call.values["count"]), len(fresh)))}
    if call.prompt in ("premises", "sentences"):
        topic, count = str(call.values["topic"]), int(call.values["count"])
        name = "texts" if call.prompt == "premises" else "sentences"
        draws = [*call.draws, *[{}] * count][:count]
        return {name: [_premise(topic, rng, drawn) for drawn in draws]}
    if call.prompt == "meta":
        actual = str(call.values["output"])
        return {"explanation": _WHY, "actual": actual, "verdict": "correct"}
    if call.prompt == "solve":
        answer = rng.choice(("entailment", "not_entailment"))
        return {"explanation": _WHY, "answer": answer}
    if call.prompt == "pair":
        premise = _premise(str(call.values["topic"]), rng, call.draws[0] if call.draws else {})
        hypothesis = _hypothesis(_kind(call), premise, rng)
        return {"premise": premise, "basis": hypothesis, "hypothesis": hypothesis}
    hypothesis = _hypothesis(call.prompt, str(call.values["premise"]), rng)
    if call.prompt in ("sound", "unsound"):
        return {"hypothesis": hypothesis}
    return {"basis": hypothesis, "hypothesis": hypothesis}


def _kind(call: DryRunCall) -> str:
    relation = str(call.values["relation"])
    false = "contradicted" if "must be false" in relation else "open"
    return "entailment" if "must be true" in relation else false


def _premise(topic: str, rng: random.Random, draws: Mapping[str, str]) -> str:
    """A sentence, or several where several were drawn."""
    person, other = rng.sample(_PEOPLE, 2)
    place = rng.choice(_PLACES)
    text = (
        f"After the dispute over {topic} in {place} ended in {rng.choice(_MONTHS)} "
        f"{rng.randint(1951, 2024)}, the {rng.choice(_ROLES)} {person} hired "
        f"{rng.randint(12, 980)} people and asked {other} to lead the work for "
        f"{rng.randint(2, 40)} weeks."
    )
    more = {"two": 1, "three": 2, "four": 3}.get(draws.get("text_length", "").partition(" ")[0], 0)
    return " ".join([text, *rng.sample(_MORE, more)])


def _hypothesis(kind: str, premise: str, rng: random.Random) -> str:
    words = premise.replace(",", "").rstrip(".").split()
    # A user's premise does not contain our names: use its longest words.
    longest = sorted(words, key=len)[-2:]
    person = next((name for name in _PEOPLE if name in premise), longest[-1])
    place = next((name for name in _PLACES if name in premise), longest[0])
    number = next((word for word in reversed(words) if word.isdigit()), "12")
    if kind in ("entailment", "sound"):
        return rng.choice(
            [
                f"{person} had a part in what followed the dispute in {place}.",
                f"The work in {place} was planned to last {number} weeks.",
                f"There was once a dispute in {place} that ended before {person} acted.",
            ]
        )
    if kind in ("contradicted", "unsound"):
        return (
            f"The dispute in {place} went on after {person} had hired {rng.randint(2, 9)} people."
        )
    return f"{person} was born near {place} and had worked there for {rng.randint(3, 30)} years."
