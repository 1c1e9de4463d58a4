"""Offline replies for WiC: made-up words, so that any definition is true of them.

They are free and follow the form of real replies in length and kind, so that `targen estimate`, dry
runs and tests go through every step.
"""

from __future__ import annotations

import random
import re
from typing import Any

from targen_core.tasks.parts import DryRunCall
from targen_tasks_superglue.shared.irregular import VERBS
from targen_tasks_superglue.wic.forms import forms

_STARTS = "br bl d dr f fl g gr gl h j k kr l m n p pl r s sk sn st t tr v".split()
_VOWELS = "a e i o u".split()
_MIDDLES = "b d g l m n r v lm nd rl rm".split()
_ENDS = "el in om ar ock ust".split()

_PEOPLE = (
    "Ada, Tariq, Mirela, Jonas, Sunniva, Ravi, Clara, Mateo, Farah, Pavel, Ngozi, Hana, Bruno, "
    "Ines, Kofi, Leila, Marta, Nils, Olga, Paulo, Quentin, Rosa, Samir, Tove, Umar, Vera, Wanda, "
    "Xenia, Yusuf, Zita"
).split(", ")
_PLACES = (
    "Elmstead, Karlsvik, Montbrun, Oberau, Dunmore, Vesterby, Aramoana, Quillan, Tarnow, Petrel, "
    "Lazaro, Arden, Bergamo, Cadiz, Dakar, Esbjerg, Funchal, Galway, Haifa, Izmir, Jaffna, Kazan, "
    "Lima, Malmo, Nantes, Odessa, Porto, Quito, Riga, Sofia"
).split(", ")
_TIMES = (
    "Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday, January, February, March, "
    "April, June, July, August, September, October, November, December, Easter, Christmas, "
    "midnight, noon, dawn, dusk, summer, autumn, winter, breakfast, lunchtime, harvest"
).split(", ")
_THINGS = (
    "ladder, kettle, motor, piano, saddle, candle, mirror, bottle, carpet, pulley, blanket, "
    "barrel, compass, curtain, drawer, fence, garden, hammer, jacket, lantern, magnet, needle, "
    "cellar, pillow, rudder, shovel, tunnel, trumpet, violin, window"
).split(", ")
_TRADES = (
    "sailors, bakers, surgeons, miners, weavers, gardeners, pilots, jurors, plumbers, dancers, "
    "farmers, teachers, nurses, cooks, painters, tailors, masons, porters, judges, poets, singers, "
    "joiners, divers, drivers, clerks, brewers, grocers, vets, guards, scouts"
).split(", ")
_QUALITIES = "small heavy round hollow narrow costly clumsy rough sweet bright".split()
_MANNERS = "slowly, by hand, in secret, with care, at once, by force, in turns, aloud".split(", ")

# Possible meanings, and sentences to put the word in. Each has its own words: two that are drawn
# together must share none.
_NOUN_MEANINGS = (
    "a {quality} tool that {trade} use to mend a {thing}",
    "the part of a {thing} that is replaced first",
    "a feeling of sudden relief, as after {time}",
    "a sum of money that {trade} pay for a place",
    "the noise that comes out of a broken {thing}",
    "a meeting of {trade} that is held before {time}",
    "a {quality} animal that lives under bridges",
    "a mistake made when copying the plan of a {thing}",
)
_VERB_MEANINGS = (
    "to take a {thing} to pieces {manner}",
    "to talk about {trade} behind their backs",
    "to fall asleep shortly before {time}",
    "to cover a wall or floor with {quality} stones",
    "to win a race {manner}",
    "to refuse food that was cooked by {trade}",
    "to become {quality} when wet",
    "to lose the way while carrying a {thing}",
)
_NOUN_SENTENCES = (
    "{person} brought her {noun} to {place} by {time}.",
    "Nobody expected such a {noun} from the {trade}.",
    "There were {count} {nouns} beside the {thing}.",
    "Have you asked {person} about his {noun}?",
    "Our {noun} cost less than any {thing} sold in {place}.",
    "Two {nouns} kept the {trade} busy until {time}.",
    "I know a {noun} when I see one, said {person}.",
    "Before {time} their {noun} had become famous all over {place}.",
    "With a {noun} like that, {person} could start a museum.",
    "All the {nouns} near {place} belong to {person}.",
)
_VERB_SENTENCES = (
    "{person} promised to {verb} before {time}.",
    "Most {trade} {verb} when they are in {place}.",
    "The twins {verbed} again, and {person} laughed.",
    "Why was {person} {verbing} beside the {thing}?",
    "It is not easy to {verb} if one lives among {trade}.",
    "She {verbed} for {count} minutes and then went to {place}.",
    "Please do not {verb} near the {thing} after {time}.",
    "Whoever {verbs} first gets a {thing} from {person}.",
    "{person} has been {verbing} since she moved to {place}.",
    "Some people {verb} badly, as the {trade} found out.",
)
_NOUN_PHRASES = (
    "{person}'s {quality} {noun}.",
    "A {noun} from {place}.",
    "{nouns} for the {trade}.",
    "The {noun} behind the {thing}.",
    "No {noun} until {time}.",
    "{count} lost {nouns}.",
)
_VERB_PHRASES = (
    "{verb} a {thing}.",
    "{verbing} with {person}.",
    "To have {verbed} before {time}.",
    "Never {verb} in {place}.",
    "{verbing} {manner}.",
    "{trade} who {verb}.",
)


def dry_run(call: DryRunCall) -> Any:
    """The reply to one call of WiC."""
    rng, values = call.rng, call.values
    if call.prompt in ("words", "words_paper"):
        letters = [draw.get("begins_with", "") for draw in call.draws]
        letters += [""] * int(values["count"])
        return {"words": [_word(rng, begin) for begin in letters[: int(values["count"])]]}
    if call.prompt in ("definitions", "definitions_paper"):
        return {"definitions": _definitions(int(values["count"]), rng)}
    if call.prompt == "sentences":
        drawn = call.draws[0] if call.draws else {}
        short = ["phrase" in drawn.get(f"sentence_{n}", "") for n in (1, 2)]
        parts = [str(values[f"part{n}"]) for n in (1, 2)]
        return _sentences(str(values["word"]), parts, short, rng)
    if call.prompt in ("true_paper", "false_paper"):
        parts = re.findall(r"\((noun|verb)\)$", str(values["definitions"]), re.MULTILINE)
        if call.prompt == "false_paper":
            written = _sentences(str(values["word"]), parts, [False] * len(parts), rng)
            return {"sentences": list(written.values())}
        chosen = rng.randrange(len(parts))
        pair = _sentences(str(values["word"]), [parts[chosen]] * 2, [False, False], rng)
        return {"definition": chosen + 1, **pair}
    if call.prompt == "solve":
        # The words are made up, so they do not show which answer is right.
        answer = rng.choice(["true", "false"])
        return {"explanation": "The two uses were compared with each other.", "answer": answer}
    return {
        "explanation": "What is said around the word in both sentences settles its meaning.",
        "actual": str(values["output"]),
        "verdict": "correct",
    }


def _word(rng: random.Random, begin: str) -> str:
    """One of 9,000 words that English lacks but might have, with one of these letters in front."""
    starts = [start for start in _STARTS if start[0] in begin] or _STARTS
    return "".join(rng.choice(part) for part in (starts, _VOWELS, _MIDDLES, _ENDS))


def _definitions(count: int, rng: random.Random) -> list[dict[str, str | int]]:
    """Meanings of one part of speech, or two of each: every one has a partner."""
    nouns = rng.choice([0, count // 2, count]) if count > 3 else rng.choice([0, count])
    frames = [("noun", frame) for frame in rng.sample(_NOUN_MEANINGS, nouns)]
    frames += [("verb", frame) for frame in rng.sample(_VERB_MEANINGS, count - nouns)]
    return [
        {
            "part_of_speech": part,
            "family": rng.choice((1, 2)),
            "definition": frame.format(**_fillers(rng)[0]),
        }
        for part, frame in frames
    ]


def _sentences(
    word: str, parts: list[str], short: list[bool], rng: random.Random
) -> dict[str, str]:
    frames = {
        ("noun", False): list(_NOUN_SENTENCES),
        ("verb", False): list(_VERB_SENTENCES),
        ("noun", True): list(_NOUN_PHRASES),
        ("verb", True): list(_VERB_PHRASES),
    }
    written = {}
    for number, (kind, fillers) in enumerate(
        zip(zip(parts, short, strict=True), _fillers(rng, len(parts)), strict=True), 1
    ):
        frame = frames[kind].pop(rng.randrange(len(frames[kind])))
        sentence = frame.format(**fillers, **_inflected(word))
        written[f"sentence{number}"] = sentence[0].upper() + sentence[1:]
    return written


def _fillers(rng: random.Random, frames: int = 2) -> list[dict[str, str]]:
    """Return different fillers for up to four frames."""
    lists = {"person": _PEOPLE, "place": _PLACES, "time": _TIMES, "thing": _THINGS}
    lists |= {"trade": _TRADES, "quality": _QUALITIES, "manner": _MANNERS}
    drawn = {name: rng.sample(items, frames) for name, items in lists.items()}
    counts = ((12, 99), (100, 980), (1000, 1900), (2000, 9000))[:frames]
    drawn["count"] = [str(rng.randint(*bounds)) for bounds in counts]
    return [{name: items[which] for name, items in drawn.items()} for which in range(frames)]


def _inflected(word: str) -> dict[str, str]:
    """The forms that a frame may ask for, of a user's own word too."""
    noun, verb = sorted(forms(word, "noun")), sorted(forms(word, "verb"))
    past = VERBS[word][:1] if word in VERBS else [form for form in verb if form.endswith("ed")]
    return {
        "noun": word,
        "nouns": next((form for form in noun if form != word), word),
        "verb": word,
        "verbs": next((form for form in verb if form != word and form.endswith("s")), word),
        "verbed": next(iter(past), word),
        "verbing": next((form for form in verb if form != word and form.endswith("ing")), word),
    }
