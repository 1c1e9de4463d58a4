"""Offline sentences about two people: an opening clause, and a clause that means one of them.

Put together by rule for the dry runs of WSC and AX-g. The form of a clause shows whom it means, so
that a dry-run judge can also know it.
"""

from __future__ import annotations

import random
import re

from targen_core.tasks.parts import DryRunCall

_SINGULAR = (
    "accountant, archivist, baker, barber, bookseller, botanist, carpenter, cellist, chemist, "
    "clerk, client, coach, conductor, cook, critic, cyclist, dentist, diver, doctor, driver, "
    "editor, electrician, engineer, farmer, florist, gardener, geologist, guest, guide, hiker, "
    "historian, inspector, jeweller, journalist, judge, juggler, lawyer, librarian, locksmith, "
    "manager, mechanic, musician, nurse, optician, painter, patient, pharmacist, pianist, pilot, "
    "plumber, porter, potter, printer, puppeteer, referee, reporter, sailor, sculptor, secretary, "
    "singer, student, surgeon, surveyor, swimmer, tailor, teacher, tenant, tourist, translator, "
    "treasurer, vet, violinist, visitor, volunteer, weaver, witness"
).split(", ")
_GREETED = (
    "called on, came back to, caught up with, drove to see, followed, got in touch with, had "
    "lunch with, knocked for, looked for, nodded at, met, phoned, ran after, rang, sat down with, "
    "searched for, sent a note to, sent for, spoke to, stayed behind with, stopped, turned to, "
    "visited, waited for, walked over to, waved at, went to see, wrote to, woke, whispered to"
).split(", ")
_HOW = (
    "abruptly, at once, boldly, briefly, calmly, cheerfully, eagerly, finally, gladly, happily, "
    "hastily, hesitantly, immediately, kindly, meekly, nervously, now, politely, promptly, "
    "quickly, quietly, rarely, reluctantly, sadly, secretly, shyly, sleepily, softly, then, warily"
).split(", ")
_WHEN = (
    "after the storm, at closing time, at dawn, at midnight, at noon, before breakfast, before "
    "the holidays, during the break, early in March, early on Friday, in the afternoon, in the "
    "evening, in the rain, just after ten, last autumn, last week, late in May, late on Monday, "
    "on a Sunday, on the first day, on Tuesday, right after lunch, that morning, twice in June"
).split(", ")
_WHERE = (
    "behind the chapel, behind the stage, beside the lake, by the pond, by the ticket desk, in "
    "front of the bank, in the car park, in the cellar, in the corridor, in the lift, in the old "
    "mill, near the gate, near the quarry, next to the fountain, on the ferry, on the night bus, "
    "on the roof, on the stairs, outside the station, outside the tent, over by the swings, under "
    "the bridge, under the clock, up on the dyke"
).split(", ")
_GOALS = (
    "borrow a ladder, buy an old boat, change the locks, compare two maps, cancel a trip, "
    "complain about the noise, confess a mistake, copy a recipe, deliver a parcel, describe a "
    "rare bird, discuss the rent, explain a delay, find a lost key, hand over a letter, hire a "
    "van, join the choir, leave before dark, learn the tango, move to Norway, offer a reward, "
    "open a small shop, plan a surprise, practise a speech, prove a theory, raise some money, "
    "rent a piano, report a leak, repair a fence, return a book, sell a bicycle, settle a bill, "
    "share good news, sign a contract, start a newspaper, swap two shifts, test a new lamp, "
    "translate a poem, try a new soup, warn about the ice, withdraw a promise"
).split(", ")
_DONE = (
    "beaten the champion, broken a record, built a raft, caught the thief, climbed the tower, "
    "cooked for fifty people, crossed the lake, cured the cough, drawn the plans, escaped from "
    "the lift, fixed the old clock, found the missing dog, grown such tall beans, guessed the "
    "password, kept the secret, learned Finnish, lost the election, made the cheese, missed the "
    "bus, named the new street, opened the safe, painted the ceiling, passed the exam, planted "
    "the hedge, put out the fire, rescued the cat, saved the orchard, slept through the alarm, "
    "solved the puzzle, spotted the comet, survived the winter, taught the parrot, tamed the "
    "horse, trained the team, tuned the organ, walked to Rome, wired the barn, won the raffle, "
    "worked without a map, written the song"
).split(", ")
_THINGS = (
    "bag, basket, bicycle, boat, camera, car, coat, desk, door, drum, fence, flute, garden, gate, "
    "glove, guitar, hat, house, key, kite, ladder, lamp, lantern, letter, oven, passport, pen, "
    "phone, radio, raincoat, report, scarf, shed, shop, suitcase, tent, ticket, tractor, van, "
    "watch"
).split(", ")
_STATES = (
    "broken, covered in mud, dripping wet, empty, frozen, full of sand, gone, hidden under "
    "leaves, in the wrong place, locked, missing, on fire, on the roof, out of order, painted "
    "green, ready at last, ruined, scratched, still in Bergen, stuck, torn, under water"
).split(", ")
_PRONOUN = "he|she|they|it|his|her|their|its"
_FIRST = re.compile(rf"\b(?:because|after finding that) \[?(?:{_PRONOUN})\b")
_SECOND = re.compile(rf"\b(?:to hear how|to ask why) \[?(?:{_PRONOUN})\b")


def dry_run_subjects(call: DryRunCall) -> dict[str, list[dict[str, str]]]:
    """An offline reply to a prompt for pairs: of occupations, one or many, or of things."""
    kind = call.values.get("kind", "")
    plural = kind == "groups" or call.values.get("number") == "plural"
    pairs = []
    for _ in range(int(call.values["count"])):
        first, second = call.rng.sample(_THINGS if kind == "things" else _SINGULAR, 2)
        if plural:
            first, second = _many(first), _many(second)
        pairs.append({"first": first, "second": second})
    return {"pairs": pairs}


def encounter(rng: random.Random) -> tuple[str, dict[str, str]]:
    """An opening clause and clauses that mean the `first` or the `second` subject.

    The opening has the slots `{first}` and `{second}`, each clause one pronoun
    slot, `{he}` or `{his}`, and a full stop.
    """
    how, when, where = rng.choice(_HOW), rng.choice(_WHEN), rng.choice(_WHERE)
    opening = f"The {{first}} {how} {rng.choice(_GREETED)} the {{second}} {when} {where}"
    things, states = rng.sample(_THINGS, 2), rng.sample(_STATES, 2)
    if rng.random() < 0.5:
        first = f"because {{he}} wanted to {rng.choice(_GOALS)}."
    else:
        first = f"after finding that {{his}} {things[0]} was {states[0]}."
    if rng.random() < 0.5:
        second = f"to hear how {{he}} had {rng.choice(_DONE)}."
    else:
        second = f"to ask why {{his}} {things[1]} was {states[1]}."
    return opening, {"first": first, "second": second}


def meant_first(text: str) -> bool | None:
    """Return whether a text of this module means the first-named subject; None for other texts."""
    if _FIRST.search(text):
        return True
    return False if _SECOND.search(text) else None


def _many(noun: str) -> str:
    if noun.endswith(("ss", "ch", "sh", "x")):
        return f"{noun}es"
    return f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2] not in "aeiou" else f"{noun}s"
