"""Traits in which articles differ: fields of life, lengths and manners.

The shares of lengths are those of the original passages. A model left to itself writes four or five
sentences of history. Fields and manners are ours, so that the present comes up as often as among
the original questions.
"""

from __future__ import annotations

from targen_core.tasks.dimensions import Dimension

FIELDS = Dimension(
    name="field",
    values=tuple(
        "road traffic and driving licences; laws about property and family; citizenship, passports "
        "and borders; courts and trials; crime and punishment; parliaments and elections; heads of "
        "state and government; taxes and public money; coins and banknotes; banks, cards and "
        "loans; insurance and pensions; schools and exams; universities and degrees; armed forces; "
        "police and emergency services; flags, holidays and national symbols; religions and their "
        "rules; weddings and funerals; parts of the human body; illnesses and cures; medicines and "
        "drugs; food and cooking; fruit and vegetables; drinks; restaurants and shops; products of "
        "everyday use; clothes and shoes; cars and motorcycles; trains and buses; aircraft and "
        "airports; ships and harbours; roads, bridges and tunnels; telephones and the internet; "
        "computers and software; video games; board games and card games; rules of team sports; "
        "leagues and tournaments; sports for one; toys and hobbies; television series; films and "
        "their sequels; novels and their characters; songs and bands; comics and animation; actors "
        "and singers of today; mammals; birds; fish and insects; trees and flowers; the weather; "
        "oceans, rivers and lakes; mountains and deserts; countries and their neighbours; cities "
        "and their districts; islands; rocks, metals and gems; chemistry of everyday things; "
        "physics of everyday things; energy and fuels; the sky and space; numbers and measures; "
        "words, languages and alphabets; houses and buildings; firms and brands; awards and "
        "records; ancient peoples; wars and treaties".split("; ")
    ),
    summary="the area of life to which a domain belongs",
)

NEWS_FIELDS = Dimension(
    name="field",
    values=tuple(
        "crime and police; trials and prisons; accidents and rescues; storms, floods and "
        "earthquakes; national politics; town councils; elections abroad; diplomacy and summits; "
        "wars and ceasefires; security and terrorism; migration and borders; royal families; film "
        "stars; pop music; television shows; fashion and beauty; football clubs; football "
        "transfers; tennis; cricket and rugby; golf; athletics; boxing; motor racing; basketball "
        "and American football; cycling and swimming; hospitals and health services; medical "
        "research; schools and universities; parents and children; animals in the news; "
        "archaeology and finds; space and science; technology firms; social media; shops and "
        "supermarkets; banks and money; energy and the climate; airlines and airports; railways "
        "and roads; ships and the sea; armed forces; churches and religion; food and restaurants; "
        "houses and neighbours; travel and holidays; art and museums; books and writers; charities "
        "and volunteers; consumers and complaints; press and broadcasting; work and strikes".split(
            "; "
        )
    ),
    summary="the area of the news to which a domain belongs",
)

OF_ENTRIES = (
    Dimension(
        name="length",
        values={
            "one or two sentences, 30 to 45 words": 3,
            "two or three sentences, 45 to 65 words": 4,
            "three or four sentences, 65 to 85 words": 4,
            "three to five sentences, 85 to 110 words": 4,
            "four to six sentences, 110 to 140 words": 3,
            "six to ten sentences, 140 to 200 words": 2,
        },
        summary="number of sentences and words in a paragraph, distributed as in BoolQ",
    ),
    Dimension(
        name="manner",
        values={
            "what it is": 2,
            "how it works or is made": 2,
            "what is allowed or required, of whom and when": 2,
            "what is forbidden or impossible, and what is excepted": 1,
            "what kinds there are and how they differ": 1,
            "what belongs to it and what does not": 1,
            "what it is often taken for, and in what it differs": 1,
            "who has, uses or does it today": 1,
            "where it is found": 1,
            "an episode of its history": 2,
            "its story in outline, from its beginning to today": 1,
        },
        summary="what a paragraph says about its topic",
    ),
)

OF_NEWS = (
    Dimension(
        name="length",
        values={
            "six to eight sentences, 100 to 130 words": 2,
            "six to nine sentences, 130 to 160 words": 2,
            "eight to eleven sentences, 160 to 200 words": 1,
        },
        summary="number of sentences and words in a report",
    ),
    Dimension(
        name="manner",
        values={
            "what happened and what those concerned say of it": 2,
            "what somebody said, and who answered": 2,
            "a dispute between two sides": 1,
            "what is planned, and who is for it or against it": 1,
            "a match, a contest or a comparison and who did well": 1,
            "a portrait of somebody in the news": 1,
            "what came of an earlier case": 1,
        },
        summary="the kind of report",
    ),
    Dimension(
        name="register",
        values={
            "a news agency: short, dry, the main thing first": 3,
            "a local paper: plain, with streets, ages and what people paid": 3,
            "a popular paper: strong words, short sentences, feelings": 3,
            "a paper of record: long sentences with subordinate clauses, and background": 2,
            "the website of a broadcaster: simple, in the present perfect and the present": 3,
            "a magazine: it begins in the middle of a scene": 2,
            "a trade or business page: figures, terms of the trade, no feelings": 1,
            "a column of mixed news: light, with some irony": 1,
        },
        summary="the kind of newspaper that a report is from",
    ),
    Dimension(
        name="begins_with",
        values=(
            "what happened",
            "a person's name",
            "an organisation's name",
            "a place or a time",
            "words that were said, in quotation marks",
            "a figure or an amount",
            "a reaction to what happened",
        ),
        summary="what the first sentence of a report begins with",
    ),
)

OF_PASSAGES = (
    Dimension(
        name="length",
        values={
            "11 to 13 sentences, 160 to 210 words": 1,
            "12 to 15 sentences, 210 to 260 words": 2,
            "14 to 18 sentences, 260 to 330 words": 2,
        },
        summary="number of sentences and words in a passage, distributed as in MultiRC",
    ),
)
