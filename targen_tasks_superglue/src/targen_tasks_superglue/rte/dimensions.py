"""Traits in which RTE's topics, premises and hypotheses differ.

The shares of lengths, figures and kinds are those of the original training set (2,490 premises). A
third of them hold several sentences, half of them a figure. Among 60 not-entailed hypotheses, 11 to
18 were contradicted by our reading. Countries that the original often writes about are drawn more
often. The rest is ours, so that rows differ.

Draws never clash. A topic names no place, so that it suits any country. Registers suit any field;
forms of only one field, such as a report of a trial, come with the topic. Figures go with lengths
that can contain them.
"""

from __future__ import annotations

from targen_core.tasks.dimensions import Dimension

_OFTEN = {
    "the United States": 8,
    "England": 4,
    "France": 3,
    "Germany": 3,
    "Iraq": 3,
    "China": 3,
    "Japan": 3,
    "India": 3,
    "Russia": 3,
    "Italy": 2,
    "Israel": 2,
    "Canada": 2,
    "Mexico": 2,
    "Iran": 2,
    "Pakistan": 2,
    "South Africa": 2,
    "Spain": 2,
    "Colombia": 2,
}
_ONCE = (
    "Afghanistan, Algeria, Argentina, Australia, Austria, Bangladesh, Belgium, Bolivia, Brazil, "
    "Bulgaria, Cambodia, Chile, Congo, Croatia, Cuba, Denmark, Egypt, Estonia, Ethiopia, "
    "Finland, Ghana, Greece, Haiti, Hungary, Iceland, Indonesia, Ireland, Jamaica, Jordan, "
    "Kazakhstan, Kenya, Lebanon, Malaysia, Morocco, Mozambique, Nepal, the Netherlands, New "
    "Zealand, Nigeria, Norway, Peru, the Philippines, Poland, Portugal, Romania, Saudi Arabia, "
    "Scotland, Senegal, Serbia, Slovenia, Somalia, South Korea, Sri Lanka, Sudan, Sweden, "
    "Switzerland, Thailand, Turkey, Uganda, Ukraine, Uruguay, Venezuela, Vietnam, Wales, "
    "Zimbabwe"
).split(", ")
_COUNTRIES = _OFTEN | dict.fromkeys(_ONCE, 1)

OF_TOPICS = (
    Dimension(
        name="field",
        values={
            "parliaments and elections": 3,
            "governments and their rows": 2,
            "relations between states": 3,
            "wars, armies and peace talks": 3,
            "terrorism and security": 2,
            "crime and police": 2,
            "courts and law": 2,
            "companies and takeovers": 3,
            "trade and prices": 2,
            "banks and public money": 2,
            "work and unions": 1,
            "oil, power and mines": 2,
            "transport": 1,
            "accidents and disasters": 2,
            "weather and climate": 1,
            "animals and plants": 2,
            "diseases and epidemics": 2,
            "medicines and treatments": 2,
            "food and farming": 1,
            "space": 1,
            "physics, chemistry and materials": 1,
            "computers and telecommunications": 2,
            "excavations and early history": 1,
            "history of the last centuries": 2,
            "countries, peoples and languages": 2,
            "cities and buildings": 1,
            "religion": 1,
            "schools and universities": 1,
            "migration and minorities": 1,
            "newspapers, radio and television": 1,
            "film": 2,
            "music": 2,
            "books and prizes": 2,
            "painting and museums": 1,
            "football": 1,
            "other sports": 2,
            "careers of officials, scientists and artists": 2,
        },
        summary="area of life to which a topic belongs, distributed roughly as in the original",
    ),
    Dimension(
        name="side",
        values=(
            "people and their work",
            "money and business",
            "rules and rights",
            "tools and techniques",
            "buildings and places",
            "quarrels and crimes",
            "nature and health",
            "history",
        ),
        summary="part of that area, so that topics in an area differ",
    ),
)

OF_PREMISES = (
    Dimension(
        name="text_length",
        values={
            "one sentence of 8 to 15 words": 4,
            "one sentence of 16 to 25 words": 6,
            "one sentence of 16 to 25 words, with a figure": 4,
            "one sentence of 26 to 40 words": 5,
            "one sentence of 26 to 40 words, with a figure": 7,
            "two sentences, 25 to 45 words in all": 2,
            "two sentences, 25 to 45 words in all, with a figure": 2,
            "two or three sentences, 41 to 70 words in all": 1,
            "two or three sentences, 41 to 70 words in all, with figures": 3,
            "three or four sentences, 70 to 100 words in all": 2,
            "three or four sentences, 70 to 100 words in all, with figures": 4,
            "four to six sentences, 100 to 140 words in all, with figures": 2,
        },
        summary="number of sentences and words in a premise, and whether it contains numbers; "
        "distributed as in the original",
    ),
    Dimension(
        name="register",
        values={
            "news report": 5,
            "news agency report": 4,
            "encyclopedia entry": 3,
            "magazine article": 2,
            "interview, with a quotation": 2,
            "business news": 1,
            "background article": 1,
            "local paper": 1,
        },
        summary="kind of publication that a premise is an excerpt from",
    ),
    Dimension(
        name="subject",
        values={
            "an event": 2,
            "a person": 2,
            "somebody who has died": 1,
            "an organisation": 2,
            "a place": 2,
            "a product or a work": 2,
            "a finding": 2,
            "a law or a decision": 2,
            "a dispute": 2,
            "a plan": 2,
            "a change over years": 2,
        },
        summary="kind of event that a premise reports",
    ),
    Dimension(name="country", values=_COUNTRIES, summary="where a premise is set"),
)

KIND = Dimension(
    name="kind",
    values={"open": 3, "contradicted": 1},
    in_prompt=False,
    summary="whether the premise leaves open or contradicts a hypothesis that does not follow",
)

OF_HYPOTHESES = (
    Dimension(
        name="about",
        values={
            "what happens or happened": 6,
            "what somebody or something is or does": 4,
            "how people or things are connected": 2,
            "a place": 2,
            "a number or a time": 2,
        },
        summary="what a hypothesis is about, whatever its label",
    ),
    Dimension(
        name="wording",
        values={
            "near to the basis": 5,
            "partly in other words": 4,
            "in wider terms": 1,
            "a small conclusion": 2,
        },
        summary="how a hypothesis is derived from its basis, whatever its label",
    ),
    Dimension(
        name="hypothesis_length",
        values={
            "4 to 6 words": 6,
            "7 to 9 words": 8,
            "10 to 13 words": 4,
            "14 to 20 words": 2,
        },
        summary="number of words in a hypothesis, distributed as in the original",
    ),
    KIND,
)
