"""Offline replies for COPA: events and choices put together by rule, true to their label.

They are free and follow the form of real replies in length and kind, so that `targen estimate`, dry
runs and tests go through every step.
"""

from __future__ import annotations

import random
import re
from typing import Any, NamedTuple

from targen_core import Rejected
from targen_core.tasks.parts import DryRunCall
from targen_tasks_superglue.copa.checks import check_unlike
from targen_tasks_superglue.copa.rows import ASKED
from targen_tasks_superglue.shared.settings import dry_run_settings

_NAMES = (
    "Ada Tariq Mirela Jonas Sunniva Ravi Clara Mateo Farah Pavel Ngozi Hana Emil Zofia Idris Lena "
    "Omar Petra Kofi Ines Yusuf Greta Bruno Amara Viktor Salma Anton Noor Felix Dora Hugo Leila "
    "Marek Tessa Samir Ewa Lars Nadia Tomas Bea"
).split()
_LOOKS = (
    "copper, wooden, striped, dented, borrowed, heavy, purple, antique, plastic, folded, yellow, "
    "oversized, silver, chipped, rusty, homemade"
).split(", ")
_THINGS = (
    "lamp, ladder, teapot, suitcase, trumpet, clock, birdcage, mirror, bucket, globe, parcel, "
    "toolbox, guitar, wheelbarrow, blanket, telescope, radio, basket, umbrella, typewriter, vase, "
    "kettle, drum, lantern, rocking chair, sewing machine, picture frame, coat, hammer, map"
).split(", ")
_BEFORE = (
    "a moment before, that morning, the night before, on Monday, an hour earlier, at dawn, "
    "all week long, during the break, before lunch, the day before, at the gate, on the stairs"
).split(", ")
_AFTER = (
    "a moment later, that evening, the next day, on Friday, an hour later, after dark, "
    "within minutes, during the break, before supper, the week after, at the gate, on the stairs"
).split(", ")


class _Kind(NamedTuple):
    """A verb phrase, and the words that may and may not precede and follow it."""

    event: str
    likely_cause: tuple[str, ...]
    unlikely_cause: tuple[str, ...]
    likely_effect: tuple[str, ...]
    unlikely_effect: tuple[str, ...]


_KINDS = (
    _Kind(
        "dropped the {o}",
        ("{m} bumped into {n}'s arm {t}.", "The grip of the {o} was greasy {t}."),
        ("{m} shook {n}'s hand {t}.", "The grip of the {o} was polished {t}."),
        ("The {o} lay in pieces {t}.", "{m} swept the floor around {n} {t}."),
        ("The {o} was full of cash {t}.", "{m} gave {n} a prize for care {t}."),
    ),
    _Kind(
        "repaired the {o}",
        ("{m} found a crack in the {o} {t}.", "The {o} fell apart under {m}'s hands {t}."),
        ("{m} found no fault in the {o} {t}.", "The {o} won a beauty prize for {m} {t}."),
        ("{m} could use the {o} again {t}.", "The {o} held firm for {m} {t}."),
        ("{m} threw the {o} into a skip {t}.", "The {o} was of no use to {m} {t}."),
    ),
    _Kind(
        "sold the {o}",
        ("{m} offered {n} a high price {t}.", "{n} owed {m} some rent {t}."),
        ("{m} asked {n} for a song {t}.", "{n} had plenty of money left {t}."),
        ("{m} carried the {o} home {t}.", "{n} had cash to lend {m} {t}."),
        ("{m} saw the {o} on {n}'s shelf {t}.", "{n} gave the {o} to {m} as a gift {t}."),
    ),
    _Kind(
        "hid the {o}",
        ("{m} tried to steal the {o} {t}.", "{n} heard about a thief from {m} {t}."),
        ("{m} showed no interest in the {o} {t}.", "{n} put up a sign for {m} to read {t}."),
        ("{m} searched for the {o} in vain {t}.", "{m} asked {n} where it was {t}."),
        ("{m} tripped over the {o} in the open {t}.", "{m} painted what {n} had on show {t}."),
    ),
    _Kind(
        "painted the {o} green",
        ("{m} disliked the old colour of the {o} {t}.", "{n} found rust on the {o} {t}."),
        ("{m} begged {n} to keep the old colour {t}.", "{n} ran out of brushes {t}."),
        ("{m} got green stains from the {o} {t}.", "{n} had to wash both hands {t}."),
        ("{m} praised the {o} for being red {t}.", "{n} had no paint left to open {t}."),
    ),
    _Kind(
        "carried the {o} outside",
        ("{m} needed more room indoors {t}.", "{n} smelled smoke coming from it {t}."),
        ("{m} locked every door on {n} {t}.", "{n} felt drops of rain on it {t}."),
        ("{m} had space to dance indoors {t}.", "The {o} got wet in the rain {t}."),
        ("{m} stumbled over the {o} indoors {t}.", "The {o} warmed the kitchen of {m} {t}."),
    ),
    _Kind(
        "lost the {o}",
        ("{n} had a hole in the bag {t}.", "{n} left the {o} on a bus {t}."),
        ("{n} tied a label to the {o} {t}.", "{n} locked the {o} in a safe {t}."),
        ("{m} helped {n} to look for it {t}.", "{n} had to buy another from {m} {t}."),
        ("{m} borrowed the {o} from {n} {t}.", "{n} lent the {o} to {m} {t}."),
    ),
    _Kind(
        "laughed at the {o}",
        ("{m} put a wig on the {o} {t}.", "The {o} made a rude noise {t}."),
        ("{m} told {n} some sad news {t}.", "The {o} fell on {n}'s toes {t}."),
        ("{m} felt offended by {n} {t}.", "{m} began to giggle with {n} {t}."),
        ("{m} felt honoured by {n} {t}.", "{m} mistook {n} for a mourner {t}."),
    ),
    _Kind(
        "bought the {o}",
        ("{m} broke the old one {t}.", "{n} saw it at half price {t}."),
        ("{m} gave {n} a better one {t}.", "{n} read that it was unsafe {t}."),
        ("{n} had less money in the purse {t}.", "{m} found the {o} in {n}'s hall {t}."),
        ("{n} had more money in the purse {t}.", "{m} saw the {o} in the shop window {t}."),
    ),
    _Kind(
        "woke up under the {o}",
        ("{m} knocked on {n}'s door {t}.", "A tram shook {n}'s bed {t}."),
        ("{m} left {n} in silence {t}.", "A pill made {n} drowsy {t}."),
        ("{n} made coffee for {m} {t}.", "{n} stretched both arms {t}."),
        ("{n} snored beside {m} {t}.", "{n} went on with a dream {t}."),
    ),
)


def dry_run(call: DryRunCall) -> Any:
    """The reply to one call of COPA."""
    rng, values = call.rng, call.values
    if call.prompt == "settings":
        return dry_run_settings(call)
    if call.prompt == "events":
        setting = str(values["setting"])
        return {"events": [_event(setting, rng) for _ in range(int(values["count"]))]}
    if call.prompt == "meta":
        return {"explanation": _WHY, "actual": values["output"], "verdict": "correct"}
    if call.prompt == "solve":
        return {"explanation": _WHY, "answer": _solved(str(values["input"]), rng)}
    question, _, construction = call.prompt.partition("_")
    pair = _choices(question, str(values["premise"]), rng)
    return pair if construction else {**pair, "other_event": _event(str(values["setting"]), rng)}


_WHY = "By everyday experience the one brings the other about, and the other choice does not."


def _event(setting: str, rng: random.Random) -> str:
    thing = f"{rng.choice(_LOOKS)} {rng.choice(_THINGS)}"
    done = rng.choice(_KINDS).event.format(o=thing)
    return f"In {setting}, {rng.choice(_NAMES)} {done}."


def _choices(question: str, premise: str, rng: random.Random) -> dict[str, str]:
    kind, name, thing = _read(premise)
    times = _BEFORE if question == "cause" else _AFTER
    others = [other for other in _NAMES if other != name]

    def say(frame: str) -> str:
        other, time = rng.choice(others), rng.choice(times)
        return frame.format(n=name, m=other, o=thing, t=time)

    if question == "cause":
        likely, unlikely = kind.likely_cause, kind.unlikely_cause
    else:
        likely, unlikely = kind.likely_effect, kind.unlikely_effect
    pairs = [(right, wrong) for right in likely for wrong in unlikely]
    rng.shuffle(pairs)
    made = [(say(right), say(wrong)) for right, wrong in pairs]
    right, wrong = next((pair for pair in made if _is_fair(premise, pair)), made[0])
    return {"likely": right, "unlikely": wrong}


def _is_fair(premise: str, choices: tuple[str, str]) -> bool:
    try:
        check_unlike(premise, choices)
    except Rejected:
        return False
    return True


def _read(premise: str) -> tuple[_Kind, str, str]:
    """The kind of an event, and the name and the thing in it.

    An event of the user's own is of no kind: it gets one, and its longest
    words, so that the choices are about it.
    """
    for kind in _KINDS:
        match = re.search(rf"(\w+) {kind.event.format(o='(.+?)')}\.", premise)
        if match:
            return kind, match[1], match[2]
    longest = sorted(re.findall(r"\w+", premise), key=len)[-2:]
    return _KINDS[len(premise) % len(_KINDS)], longest[0], longest[-1]


def _solved(text: str, rng: random.Random) -> str:
    """Return the choice that was written as the likely one, if it can be recognised."""
    question = "cause" if ASKED["cause"] in text else "effect"
    lines = dict(line.partition(": ")[::2] for line in text.split("\n"))
    kind, name, thing = _read(lines.get("Premise", ""))
    frames = kind.likely_cause if question == "cause" else kind.likely_effect
    for choice in ("choice1", "choice2"):
        for frame in frames:
            pattern = frame.format(n=name, o=re.escape(thing), m=r"\w+", t="[^.]+")
            if re.fullmatch(pattern.removesuffix(".") + r"\.", lines.get(choice, "")):
                return choice
    return rng.choice(("choice1", "choice2"))
