"""Offline domains, titles and paragraphs, put together by rule.

A paragraph is a chain of facts from fixed frames about a small cast, so that
the offline replies of a task can read the facts back (`facts_of`) and ask
about them truthfully.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from targen_core.tasks.parts import DryRunCall


@dataclass(frozen=True, slots=True)
class Frame:
    """One kind of fact: its sentence, and a yes/no question about it.

    Both use slots such as {p}; `swap` names the slot whose value, exchanged
    for another of its kind, turns the question's answer from yes to no.
    """

    text: str
    ask: str
    swap: str


@dataclass(frozen=True, slots=True)
class Fact:
    """A sentence of an offline paragraph, read back: its frame and its slots."""

    frame: Frame
    slots: Mapping[str, str]

    @property
    def others(self) -> tuple[str, ...]:
        """Further values of the kind of the frame's swapped slot, from the word lists."""
        known = _VALUES[_KIND[self.frame.swap]]
        return tuple(value for value in known if value != self.slots[self.frame.swap])


_PEOPLE = tuple(
    "Ada Brenner, Tariq Osei, Mirela Novak, Jonas Whitlock, Sunniva Dahl, Ravi Menon, "
    "Clara Ibsen, Mateo Quispe, Farah Aziz, Pavel Horak, Ngozi Eze, Hana Sato, Emil Lindgren, "
    "Rosa Pinto, Dermot Hale, Leila Haddad, Viktor Szabo, Ines Carvalho, Samuel Adeyemi, "
    "Yuki Tanabe, Marta Kowal, Otto Reimers, Priya Nair, Gwen Probert, Luca Ferrante, "
    "Zainab Bello, Andrei Popa, Ingrid Solberg, Hugo Delacroix, Amara Diallo, Nils Bergstrom, "
    "Teresa Quintana, Kofi Mensah, Olga Petrenko, Rhys Morgan, Salma Rahimi".split(", ")
)
_PLACES = tuple(
    "Elmstead, Port Arden, Karlsvik, Montbrun, San Lazaro, Oberau, Tarnow Hill, Quillan Bay, "
    "Dunmore, Vesterby, Aramoana, Petrel Point, Lindenau, Castleroy, Brackwater, Sant Marti, "
    "Holmfirth, Nordhavn, Villarosa, Kilbrannan, Ostergate, Marrowstone, Pontevale, Wexcombe, "
    "Tamsweg, Fairlight, Brunnen, Calder Bridge, Skarsund, Rosslare, Almeria Vale, Hartwell, "
    "Isla Verde, Novigrad, Ballintoy, Greyfriars".split(", ")
)
_ORGANIZATIONS = tuple(
    "Harbour Trust, Northern Guild, Alder Foundation, Royal Survey, Mercer Bank, Union of Weavers, "
    "Lantern Society, Coastal Board, Ferris Company, Botanical Union, Provincial Council, "
    "Meridian Institute, Workers League, Falcon Press, Highland Railway, Saint Olaf Academy, "
    "Kestrel Theatre, River Commission, National Archive, Orchard Club, Silver Line, "
    "Antiquarian Circle, Tidewater Fund, Polar Committee, Garden Ministry, Stonecutters Lodge, "
    "Atlas Museum, Cordoba Press, Beacon Hospital, Merchant Chamber, Iron Valley Works, "
    "Cathedral Chapter".split(", ")
)
_ROLES = tuple(
    "builder, painter, surgeon, teacher, captain, botanist, lawyer, printer, singer, dentist, "
    "chemist, carpenter, historian, gardener, judge, baker, pilot, sculptor, midwife, surveyor, "
    "weaver, librarian, violinist, geologist".split(", ")
)
_YEARS = tuple(str(year) for year in range(1790, 2020))
_NUMBERS = tuple(str(number) for number in range(21, 990))
_VALUES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "person": _PEOPLE,
        "place": _PLACES,
        "organisation": _ORGANIZATIONS,
        "role": _ROLES,
        "year": _YEARS,
        "number": _NUMBERS,
    }
)
_KIND: Mapping[str, str] = MappingProxyType(
    {
        "p": "person",
        "q": "person",
        "a": "place",
        "b": "place",
        "o": "organisation",
        "r": "organisation",
        "role": "role",
        "y": "year",
        "n": "number",
    }
)

_OPENINGS = (
    Frame(
        "{t} was founded in {y} by the {role} {p}, who had come to {a} from {b} as a young worker.",
        "is {p} the one who set up {t}",
        "p",
    ),
    Frame(
        "When {p} bought an empty mill outside {a} in {y}, few people in {b} expected that {t} "
        "would come of it.",
        "did the purchase of a mill by {p} lead to {t}",
        "p",
    ),
    Frame(
        "In {y} the {o} asked {p}, a {role} from {a}, to draw up the plans for {t}.",
        "were the plans for {t} the work of {p}",
        "p",
    ),
    Frame(
        "{t} takes its name from {p}, a {role} who grew up in {a} and worked in {b} until {y}.",
        "was {t} named after {p}",
        "p",
    ),
    Frame(
        "The first drawings of {t} were made by {p} in {a}, and the {o} paid for them in {y}.",
        "did {p} make drawings of {t} for money from the {o}",
        "p",
    ),
    Frame(
        "Few records of {t} are older than {y}, when {p} of {a} sold some land to the {o}.",
        "was land sold to the {o} by {p} in {y}",
        "p",
    ),
    Frame(
        "A letter that {p} wrote to the {o} in {y} is the oldest source on {t}; it was found in "
        "{a} behind a wall.",
        "is a letter by {p} the oldest source on {t}",
        "p",
    ),
    Frame(
        "Visitors to {a} usually hear of {t} first from the {o}, which {p} has led since {y}.",
        "is {p} the head of the {o}",
        "p",
    ),
)
_MIDDLES = (
    Frame(
        "Money was short, and it took the {o} {n} months to raise what {q} had promised to {b}.",
        "had {q} made a promise to {b}",
        "q",
    ),
    Frame(
        "The {role} {q} joined soon after and brought {n} helpers from {b} along.",
        "did helpers from {b} come with {q}",
        "q",
    ),
    Frame(
        "A fire in {b} destroyed most of the work, but {q} saved {n} pieces of it.",
        "were some pieces kept from the fire in {b} by {q}",
        "q",
    ),
    Frame(
        "Its rules were written down by {q}, a {role} whom the {o} had sent from {b}.",
        "did the {o} send {q} to the place",
        "q",
    ),
    Frame(
        "For {n} weeks {q} refused to sign, because the {o} wanted everything moved to {b}.",
        "was {q} against a move to {b}",
        "q",
    ),
    Frame(
        "At the request of {q} the {o} lent {n} books and two boats, all of which came back from "
        "{b} unharmed.",
        "did the {o} lend its boats because {q} had asked",
        "q",
    ),
    Frame(
        "The council of {b} was against it from the start, whereas {q} spoke for it in {n} towns.",
        "did {q} take the other side than the council of {b}",
        "q",
    ),
    Frame(
        "During the long winter {q} kept a diary in which {n} storms over {b} are described.",
        "are storms over {b} described in a diary by {q}",
        "q",
    ),
)
_TURNS = (
    Frame(
        "The quarrel ended when the {r} bought out the {o} and made {b} its seat.",
        "did the seat of the {r} come to be in {b}",
        "b",
    ),
    Frame(
        "From {b} the news soon reached the {r}, whose members voted {n} to 9 in favour.",
        "did most members of the {r} vote in favour",
        "r",
    ),
    Frame(
        "Both {p} and {q} were given medals by the {r} at a dinner in {b}.",
        "was there a dinner in {b} at which the {r} gave out medals",
        "b",
    ),
    Frame(
        "A second site was opened in {b}, for which the {r} supplied {n} tons of stone.",
        "was stone for the second site in {b} supplied by the {r}",
        "r",
    ),
    Frame(
        "According to the {r}, no fewer than {n} families left {b} on its account.",
        "did families leave {b} according to the {r}",
        "b",
    ),
    Frame(
        "The flood that hit {b} in the next spring did less harm than the {r} had feared.",
        "did the {r} expect more harm from the flood in {b}",
        "b",
    ),
    Frame(
        "A court in {b} later ruled that the {r} had to pay {n} crowns for the damage.",
        "was the {r} ordered by a court to pay for damage",
        "r",
    ),
    Frame(
        "Since the railway came to {b}, the {r} has sent {n} pupils there each summer.",
        "are pupils sent to {b} by the {r} in summer",
        "r",
    ),
)
_CLOSINGS = (
    Frame(
        "Today a small museum in {a} shows the tools of {p}, and entry is free on Sundays.",
        "can visitors see the tools of {p} in {a}",
        "a",
    ),
    Frame(
        "A street in {a} has borne the name of {q} since {y}.",
        "does a street in {a} carry the name of {q}",
        "a",
    ),
    Frame(
        "Its archive, {n} boxes in all, went to {a} after the death of {p}.",
        "are the boxes of the archive in {a} now",
        "a",
    ),
    Frame(
        "Every {y} coin of {a} that has survived shows the face of {p}.",
        "is {p} shown on a coin from {a}",
        "a",
    ),
    Frame(
        "The last witness, a {role} from {a}, spoke about it to the {r} in {y}.",
        "did a witness from {a} talk to the {r}",
        "a",
    ),
    Frame(
        "Some of what {q} had planned was built in {a} by a pupil, {n} years later.",
        "were plans of {q} carried out in {a} after years",
        "a",
    ),
    Frame(
        "A yearly festival in {a} keeps the memory alive, with songs that {p} is said to have "
        "liked.",
        "is a festival held in {a} once a year",
        "a",
    ),
    Frame(
        "Half of the roof was renewed in {y}, and the bill of {n} thousand was settled in {a}.",
        "was the bill for the roof paid in {a}",
        "a",
    ),
)
_SLOT = re.compile(r"\{(\w+)\}")

_SUBJECTS = (
    "harbours, railways, museums, orchards, theatres, hospitals, bakeries, glaciers, libraries, "
    "vineyards, bridges, choirs, canals, observatories, potteries, lighthouses, regattas, markets, "
    "cathedrals, herb gardens, newspapers, shipyards, mountain huts, film studios, spice trade, "
    "chess clubs, botany, law courts, polar travel, folk music"
).split(", ")
_AREAS = (
    "the Baltic, the Alps, West Africa, the Andes, the Adriatic, Wales, the Low Countries, "
    "the Pacific coast, Anatolia, the Hebrides, Bengal, the Danube valley"
).split(", ")
_THINGS = (
    "Observatory, Regatta, Viaduct, Cup, Herald, Festival, Orchard, Lighthouse, Choir, Treaty, "
    "Expedition, Market, Cathedral, Archive, Canal, Theatre, Rebellion, Academy, Ferry, Museum, "
    "Lockout, Collection, Marathon, Mine, Hospital, Almanac, Garden, Bell, Strike, Waltz"
).split(", ")


_PARAGRAPHS = ("paragraphs", "news", "passages")


def dry_run_articles(call: DryRunCall) -> dict[str, list[str]] | None:
    """The offline reply to a prompt of the article lists, or None for another prompt."""
    if call.prompt not in ("domains", "titles", "news-titles", *_PARAGRAPHS):
        return None
    count, have = int(call.values["count"]), str(call.values["have"])
    if call.prompt == "domains":
        every = [f"{subject} of {area}" for subject in _SUBJECTS for area in _AREAS]
        return {"domains": _fresh(every, have, count, call.rng)}
    if call.prompt in ("titles", "news-titles"):
        every = [f"{place} {thing}" for place in _PLACES for thing in _THINGS]
        return {"titles": _fresh(every, have, count, call.rng)}
    title = str(call.values["title"])
    return {"paragraphs": [_paragraph(title, call.rng) for _ in range(count)]}


def facts_of(text: str) -> list[Fact]:
    """The facts of an offline paragraph in order; none if the text is another's."""
    placed: list[tuple[int, Fact]] = []
    for frame in (*_OPENINGS, *_MIDDLES, *_TURNS, *_CLOSINGS):
        match = _pattern(frame).search(text)
        if match:
            placed.append((match.start(), Fact(frame, match.groupdict())))
    return [fact for _, fact in sorted(placed, key=lambda item: item[0])]


def _fresh(every: list[str], have: str, count: int, rng: random.Random) -> list[str]:
    taken = set(have.split("; "))
    fresh = [item for item in every if item not in taken]
    return rng.sample(fresh, min(count, len(fresh)))


def _paragraph(title: str, rng: random.Random) -> str:
    """Five facts about a cast of three people, two places and two organisations."""
    p, q, second = rng.sample(_PEOPLE, 3)
    a, b = rng.sample([place for place in _PLACES if place not in title], 2)
    o, r = rng.sample(_ORGANIZATIONS, 2)
    cast = {"t": title, "p": p, "q": q, "a": a, "b": b, "o": o, "r": r}
    middle, more = rng.sample(_MIDDLES, 2)
    frames = [
        (rng.choice(_OPENINGS), cast),
        (middle, cast),
        (more, {**cast, "q": second}),
        (rng.choice(_TURNS), cast),
        (rng.choice(_CLOSINGS), cast),
    ]
    return " ".join(_sentence(frame, cast, rng) for frame, cast in frames)


def _sentence(frame: Frame, cast: Mapping[str, str], rng: random.Random) -> str:
    drawn = {slot: rng.choice(_VALUES[_KIND[slot]]) for slot in ("role", "y", "n")}
    sentence = frame.text.format(**cast, **drawn)
    return sentence[:1].upper() + sentence[1:]


@lru_cache(maxsize=64)
def _pattern(frame: Frame) -> re.Pattern[str]:
    """Return what finds a frame's sentence in a text, its slots as groups."""
    parts: list[str] = []
    for place, piece in enumerate(_SLOT.split(frame.text)):
        if place % 2 == 0:
            parts.append(re.escape(piece))
        elif piece == "t":
            parts.append(r"(?P<t>[^.;]+?)")
        else:
            values = map(re.escape, _VALUES[_KIND[piece]])
            parts.append(f"(?P<{piece}>{'|'.join(values)})")
    return re.compile("".join(parts))
