"""Settings in which events take place and people interact: step 1 of four tasks.

COPA, CommitmentBank, WSC and AX-g begin with such a list (paper, appendix D.1, D.2, D.5, D.8:
"domains or settings in which events can take place"). They share this list step with its sampling
parameters and dimensions, so that in one suite run their calls are identical and paid once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from targen_core import Prompt, Rejected
from targen_core.tasks.dimensions import Dimension
from targen_core.tasks.parts import DryRunCall
from targen_core.tasks.replies import line, list_of
from targen_core.tasks.steps import ListStep, Llm
from targen_core.tasks.words import normalized
from targen_standard.checks.prose import phrase

SETTINGS_PROMPT = Prompt("settings", package="targen_tasks_superglue.shared")

SETTINGS_PARAMETERS: Mapping[str, Any] = MappingProxyType({"temperature": 1.0, "max_tokens": 400})
"""Sampling parameters of the step: part of a call's key, so the same for all tasks."""

_DIMENSIONS = (
    Dimension(
        name="part_of_life",
        values=(
            "family life",
            "rooms and furniture",
            "cooking and eating at home",
            "restaurants and bars",
            "neighbours and the street",
            "parties and weddings",
            "childhood and play",
            "school",
            "university and exams",
            "offices and meetings",
            "factories and warehouses",
            "building and repairs",
            "crafts",
            "shops and markets",
            "money and banks",
            "roads, cars and bicycles",
            "trains and buses",
            "ferries and boats",
            "airports and hotels",
            "hospitals and doctors",
            "sickness and care at home",
            "team sports",
            "swimming, running and climbing",
            "parks and gardens",
            "farming and fishing",
            "woods, mountains and the sea",
            "weather and disasters",
            "pets and wild animals",
            "music and dance",
            "theatre, film and television",
            "books and newspapers",
            "clothes and beauty",
            "courts and the police",
            "politics and elections",
            "religion and ceremonies",
            "computers and telephones",
            "science and invention",
            "friendship and love",
            "arguments and making up",
            "moving house and emigrating",
        ),
        summary="the area of life that a setting is from",
    ),
    Dimension(
        name="sort",
        values={
            "a place": 3,
            "an occasion that comes once": 1,
            "an occasion that comes again": 1,
            "a trade or a kind of work": 1,
            "a contest or a celebration": 1,
            "a time of day or of the year": 1,
        },
        summary="the kind of setting",
    ),
)
_SHOWN = 40  # earlier settings that the prompt names; more would crowd out the request
_SETTING = line(4, 60)
_ARTICLES = ("a", "an", "the")


def check_setting(setting: str) -> None:
    """A setting is a phrase of 1 to 10 words in Latin script.

    Raises:
        Rejected: `no-words`, `too-long`, `markup`, `meta-text` (it announces
            a list) or `not-latin`.
    """
    phrase(setting, max_words=10, what="setting")
    if setting.endswith(":"):
        raise Rejected("meta-text", f"the setting announces something: {setting!r}")
    letters = [char for char in setting if char.isalpha()]
    if sum(char < "\u0250" for char in letters) < 0.8 * len(letters):
        raise Rejected("not-latin", f"the setting is not in Latin script: {setting!r}")


def _same(setting: str) -> str:
    """Two settings that only differ in their article are the same."""
    first, _, rest = normalized(setting).partition(" ")
    return rest if first in _ARTICLES and rest else f"{first} {rest}".strip()


async def _propose(llm: Llm, parent: None, existing: Sequence[str]) -> Sequence[str]:
    have = "; ".join(existing[-_SHOWN:]) or "no others"
    model = list_of("settings", _SETTING, llm.batch)
    reply = await llm.ask(SETTINGS_PROMPT, reply=model, count=llm.batch, have=have)
    return [" ".join(item.split()).rstrip(".;,") for item in reply.items if item.strip()]


# --- offline replies --------------------------------------------------------

_KINDS = (
    "busy, crowded, quiet, small, remote, seaside, riverside, lakeside, hillside, village, "
    "suburban, rural, temporary, newly built, family-run, student-run, half-empty, snowbound, "
    "well-lit, draughty, volunteer-run, mountain, harbour, desert"
).split(", ")
_PLACES = (
    "bakery, hospital ward, chess club, bus depot, sawmill, riding school, courtroom, "
    "recording studio, fish market, allotment, weather station, primary school, dance class, "
    "ski lift, laundry, pottery workshop, radio station, campsite, fire station, film set, "
    "dairy farm, boxing gym, tram stop, botanical garden, toy shop, printing works, "
    "rowing club, police station, wedding party, airport lounge"
).split(", ")


def dry_run_settings(call: DryRunCall) -> dict[str, list[str]]:
    """An offline reply to the settings prompt, out of 720 settings."""
    every = [f"a {kind} {place}" for kind in _KINDS for place in _PLACES]
    have = str(call.values["have"]).split("; ")
    fresh = [setting for setting in every if setting not in have]
    return {"settings": call.rng.sample(fresh, min(int(call.values["count"]), len(fresh)))}


SETTINGS: ListStep[str] = ListStep(
    item=str,
    propose=_propose,
    batch=10,
    check=check_setting,
    key=_same,
    summary="settings in which events take place and people interact",
    prompts=(SETTINGS_PROMPT,),
    dimensions=_DIMENSIONS,
    dry_run=dry_run_settings,
)
PAPER_SETTINGS: ListStep[str] = replace(SETTINGS, dimensions=())
"""The same list without draws, of the variants `paper`."""
