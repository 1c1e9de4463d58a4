"""Offline replies for CommitmentBank: pairs put together by rule, true to their label.

The three hypotheses that fit a premise share its words to the same extent, so
that overlap does not tell them apart. They are free and follow the form of real replies in length
and kind, so that `targen estimate`, dry runs and tests go through every step.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from targen_core.tasks.parts import DryRunCall
from targen_tasks_superglue.shared.settings import dry_run_settings

_NAMES = (
    "Ada, Tariq, Mirela, Jonas, Sunniva, Ravi, Clara, Mateo, Farah, Pavel, Ngozi, Hana, Emil, "
    "Zofia, Idris, Lena, Omar, Petra, Kofi, Ines, Yusuf, Greta, Bruno, Amara, Viktor, Salma, "
    "Anton, Noor, Felix, Dora, Hugo, Leila, Marek, Tessa, Samir, Ewa, Lars, Nadia, Tomas, Bea"
).split(", ")
_ROLES = (
    "porter, plumber, cook, nurse, painter, guide, drummer, clerk, baker, driver, cleaner, "
    "teacher, tailor, pilot, gardener, carpenter, dentist, referee, juggler, waiter, hunter, "
    "welder, singer, mechanic, librarian, sculptor, beekeeper, typist, barber, shepherd"
).split(", ")
_DONE = (
    "sold, counted, carried, washed, mended, painted, hid, stacked, wrapped, borrowed, sorted, "
    "ordered, unpacked, polished, photographed, burned, weighed, drew, measured, collected"
).split(", ")
_PARTICIPLES = {"hid": "hidden", "drew": "drawn"}
_THINGS = (
    "lanterns, ladders, teapots, suitcases, trumpets, clocks, birdcages, mirrors, buckets, "
    "globes, parcels, baskets, umbrellas, blankets, radios, hammers, maps, kettles, drums, "
    "cushions, helmets, candles, brooms, vases, posters, saddles, whistles, stools, ropes, jars"
).split(", ")
_MEANWHILE = (
    "argued with a visitor, slept on a bench, telephoned a cousin, waited for the doctor, "
    "played the harmonica, wrote a long letter, searched for a key, talked to a journalist, "
    "fed a stray cat, watched the rain, read a newspaper, peeled some apples, sang an old tune, "
    "argued over a bill, looked for a ticket, cut a loaf of bread, dug a hole, lit a small fire, "
    "filled in a form, practised a speech"
).split(", ")
_TIMES = (
    "on Monday, before dawn, after lunch, on the first of May, during the storm, last winter, "
    "around midnight, on Good Friday, late in August, after the speech, all morning, that week"
).split(", ")
_RELATIVES = "sister, uncle, neighbour, cousin, daughter, grandmother, partner, brother".split(", ")

_PREMISES = (
    "{n} the {r} {d} {i} {t} {w}, while {o} {b} in {s}.",
    "In {s}, {o} {b} {w}. Meanwhile {n} the {r} {d} {i} {t}.",
    '"It was {w}," said {n} the {r}. "{o} {b} in {s}, and I {d} {i} {t}."',
)
_TALK = "A: {o} {b} in {s}, I hear. B: Yes, {w}. A: And {n}, the {r}? B: {n} {d} {i} {t} meanwhile."

_CLAUSES = {
    "question": {
        "entailment": ("Did {m} ever find out that {c}?", "Why was {m} so sad that {c}?"),
        "contradiction": (
            "Who on earth told {m} the lie that {c}?",
            "Since when is it so that {c}?",
        ),
        "neutral": ("Had {m} been told that {c}?", "Is it what {m} believed, that {c}?"),
    },
    "negation": {
        "entailment": ("{m} had not forgotten that {c}.", "{m} could not forgive that {c}."),
        "contradiction": ("{m} knew it was not so that {c}.", "It is just not true that {c}."),
        "neutral": ("{m} did not know whether {c}.", "Nobody had told {m} whether {c}."),
    },
    "modal": {
        "entailment": ("{m} must accept the fact that {c}.", "{m} could see that {c}."),
        "contradiction": ("It could never be that {c}.", "{m} could prove it was a lie that {c}."),
        "neutral": (
            "As far as {m} knew, it might be that {c}.",
            "{m} thought it could be that {c}.",
        ),
    },
    "conditional": {
        "entailment": (
            "If {m} finds out that {c}, there will be a row.",
            "{m} would laugh if the news spread that {c}.",
        ),
        "contradiction": (
            "If it were so that {c}, {m} would be glad.",
            "{m} would be calm had it been so that {c}.",
        ),
        "neutral": (
            "If it turns out that {c}, {m} will be glad.",
            "{m} will be calm if it is so that {c}.",
        ),
    },
    "attitude": {
        "entailment": ("{m} was glad that {c}.", "{m} regretted that {c}."),
        "contradiction": ("{m} only pretended that {c}.", "{m} wrongly believed that {c}."),
        "neutral": ("{m} suspected that {c}.", "{m} hoped that {c}."),
    },
}


def dry_run(call: DryRunCall) -> Any:
    """The reply to one call of CommitmentBank."""
    rng, values = call.rng, call.values
    if call.prompt == "settings":
        return dry_run_settings(call)
    if call.prompt == "meta":
        return {"explanation": _WHY, "actual": values["output"], "verdict": "correct"}
    if call.prompt == "solve":
        answer = rng.choice(("entailment", "contradiction", "neutral"))
        return {"explanation": _WHY, "answer": answer}
    setting, count = str(values["setting"]), int(values["count"])
    style, _, label = call.prompt.rpartition("_")
    label = str(values.get("output", label))
    if style == "commitment":
        pairs = [_clause(setting, label, rng, draws) for draws in _padded(call, count)]
    else:
        pairs = [_pair(setting, label, style, rng, draws) for draws in _padded(call, count)]
    return {"pairs": pairs}


def _padded(call: DryRunCall, count: int) -> list[Mapping[str, str]]:
    """Return the draws of `count` pairs; empty if a call has none."""
    return [*call.draws, *[{}] * count][:count]


_WHY = "The premise says who did what, and the hypothesis is read against it word by word."


def _pair(
    setting: str, label: str, style: str, rng: random.Random, draws: Mapping[str, str]
) -> dict[str, str]:
    name, other, stranger = rng.sample(_NAMES, 3)
    role, done, thing = rng.choice(_ROLES), rng.choice(_DONE), rng.choice(_THINGS)
    busy, time = rng.choice(_MEANWHILE), rng.choice(_TIMES)
    number = rng.randint(20, 90)
    less = number - rng.randint(5, 15)
    premise = rng.choice(_PREMISES).format(
        n=name, r=role, d=done, i=number, t=thing, o=other, b=busy, w=time, s=setting
    )
    if draws.get("register") == "conversation":
        premise = _TALK.format(
            n=name, r=role, d=done, i=number, t=thing, o=other, b=busy, w=time, s=setting
        )
    if label == "neutral" and style == "paper":
        premise = f"{name} the {role} {done} {number} {thing} {time} in {setting}."
        seldom = rng.choice(_THINGS)
        return {
            "premise": premise,
            "hypothesis": f"{stranger} and {other} wrote a play about {seldom} in Peru.",
        }
    relative = rng.choice(_RELATIVES)
    amount, company, order = {
        "entailment": ("more", "in the same place as", "while"),
        "contradiction": ("fewer", "in another town than", "long before"),
        "neutral": ("more", "a good friend of", "because"),
    }[label]
    hypotheses = [
        f"{name} {done} {amount} than {less} {thing} {time}.",
        f"{name} was {company} {other} {time} and {done} some {thing}.",
        f"{other} {busy} {order} {name} {done} the {thing}.",
    ]
    if label == "neutral":  # how many is settled by the premise; for whom is not
        hypotheses[0] = f"{name} {done} {thing} for {other}'s {relative} {time}."
    return {"premise": premise, "hypothesis": rng.choice(hypotheses)}


def _clause(
    setting: str, label: str, rng: random.Random, draws: Mapping[str, str]
) -> dict[str, str]:
    name, other = rng.sample(_NAMES, 2)
    done, thing = rng.choice(_DONE), rng.choice(_THINGS)
    under = draws.get("under", "")
    if under not in _CLAUSES:  # there was no draw, or it is the user's own
        under = rng.choice(list(_CLAUSES))
    clause = f"{name} had {_PARTICIPLES.get(done, done)} {rng.randint(20, 90)} {thing}"
    last = rng.choice(_CLAUSES[under][label]).format(m=other, c=clause)
    time = rng.choice(_TIMES)
    opening = (
        f"{time[0].upper()}{time[1:]}, {other} the {rng.choice(_ROLES)} "
        f"{rng.choice(_MEANWHILE)} in {setting}."
    )
    if draws.get("register") in ("conversation", "talk of strangers"):
        opening, last = f"A: {opening} B: Uh-huh.", f"A: {last}"
    return {"premise": f"{opening} {last}", "hypothesis": f"{clause}."}
