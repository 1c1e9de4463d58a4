"""In what RTE's topics, premises and hypotheses are made to differ.

The shares of lengths, figures and kinds are those of the original training set (2,490 premises):
a third of them hold several sentences, half of them a figure; of 60 not-entailed hypotheses that
were read, 11 to 18 were contradicted. The rest is ours, so that rows differ.
"""

from __future__ import annotations

from targen_core import Dimension

__all__ = ["KIND", "OF_HYPOTHESES", "OF_PREMISES", "OF_TOPICS"]

_COUNTRIES = tuple(
    "Argentina, Australia, Austria, Bangladesh, Belgium, Bolivia, Brazil, Bulgaria, Canada, Chile, "
    "China, Colombia, Croatia, Denmark, Egypt, England, Estonia, Ethiopia, Finland, France, "
    "Germany, Ghana, Greece, Hungary, Iceland, India, Indonesia, Iran, Ireland, Italy, Jamaica, "
    "Japan, Kenya, Malaysia, Mexico, Morocco, Mozambique, Nepal, the Netherlands, New Zealand, "
    "Nigeria, Norway, Pakistan, Peru, the Philippines, Poland, Portugal, Romania, Scotland, "
    "Senegal, Slovenia, South Africa, South Korea, Spain, Sri Lanka, Sweden, Switzerland, "
    "Thailand, Turkey, Ukraine, the United States, Uruguay, Vietnam, Wales".split(", ")
)

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
            "lives of well-known people": 2,
        },
        summary="field of life of a topic, in about the original's shares",
    ),
    Dimension(
        name="subject",
        values=(
            "an event",
            "a person",
            "an organisation",
            "a place",
            "a product or a work",
            "a finding",
            "a law or a decision",
            "a dispute",
            "a plan",
            "a change over years",
        ),
        summary="what sort of thing a topic is about",
    ),
)

OF_PREMISES = (
    Dimension(
        name="text_length",
        values={
            "one sentence of 8 to 15 words": 2,
            "one sentence of 16 to 25 words": 5,
            "one sentence of 26 to 40 words": 6,
            "two sentences, 25 to 45 words in all": 2,
            "two or three sentences, 41 to 70 words in all": 2,
            "three or four sentences, 70 to 100 words in all": 3,
            "four to six sentences, 100 to 140 words in all": 1,
        },
        summary="sentences and words of a premise, in the original's shares",
    ),
    Dimension(
        name="register",
        values={
            "news report": 4,
            "business news": 2,
            "encyclopedia entry": 2,
            "summary of an interview, with a quotation": 2,
            "science news": 2,
            "obituary": 1,
            "report of a trial": 1,
            "sports report": 1,
            "history book": 1,
            "travel guide": 1,
            "column of a local paper": 1,
            "arts review": 1,
            "notice of an authority": 1,
        },
        summary="kind of publication that a premise is cut from",
    ),
    Dimension(
        name="figures",
        values=("none", "one or more"),
        summary="whether a premise holds a figure, as half of the original ones do",
    ),
    Dimension(name="country", values=_COUNTRIES, summary="where a premise is set"),
)

KIND = Dimension(
    name="kind",
    values={"open": 3, "contradicted": 1},
    in_prompt=False,
    summary="what a hypothesis that does not follow is: left open by the premise, or contradicted",
)

OF_HYPOTHESES = (
    Dimension(
        name="about",
        values={
            "what happens or happened": 5,
            "what somebody or something is": 3,
            "who or what belongs to whom": 2,
            "a place": 2,
            "a number or an amount": 2,
            "a time or a duration": 2,
            "a cause or a result": 1,
        },
        summary="what a hypothesis is about, under both labels",
    ),
    Dimension(
        name="wording",
        values={"near to the premise": 3, "partly in other words": 2, "in other words": 1},
        summary="how much of its premise's wording a hypothesis keeps, under both labels",
    ),
    Dimension(
        name="hypothesis_length",
        values={
            "4 to 6 words": 6,
            "7 to 9 words": 8,
            "10 to 13 words": 4,
            "14 to 20 words": 2,
        },
        summary="words of a hypothesis, in the original's shares",
    ),
    KIND,
)
