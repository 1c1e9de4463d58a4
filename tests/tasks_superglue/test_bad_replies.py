"""What every task makes of replies that break a rule: no row, and the rule's name is counted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from targen_tasks_superglue.axg import Sentences
from targen_tasks_superglue.copa import Event
from targen_tasks_superglue.rte import Premise
from targen_tasks_superglue.shared.articles import Paragraph
from targen_tasks_superglue.shared.subjects import PronounPair
from targen_tasks_superglue.wic import Definition, Sense

FERRY = Paragraph(
    title="Marisol Ferry",
    text="The Marisol Ferry has crossed the strait between Punta Brava and Isla Honda since 1934. "
    "Its first captain, Aurelio Nunez, lost the ship in a storm in 1951 and was cleared by a court "
    "in Punta Brava. The second ship was paid for by the fishermen of Isla Honda, who had carried "
    "the mail without pay for two winters. Since 1990 the crossing has taken forty minutes.",
)
HIVE = Sentences(
    first="beekeeper",
    second="teacher",
    meant="second",
    opening="The beekeeper lent the teacher a veil",
    he="The beekeeper lent the teacher a veil because he had never stood near a hive.",
    she="The beekeeper lent the teacher a veil because she had never stood near a hive.",
)
COOK = PronounPair(first="cook", second="guest", number="singular", pronoun="she")
CRANE = Sense(
    word="crane",
    number=0,
    definitions=(
        Definition(part_of_speech="noun", definition="a tall grey bird with long legs and neck"),
        Definition(
            part_of_speech="noun", definition="a machine that lifts heavy loads on building sites"
        ),
    ),
)
MUSEUM = Premise(
    premise="After the dispute over museum wages in Oberau ended in March 1998, the mayor Ada "
    "Brenner hired 211 people and asked Hana Sato to lead the work."
)
BREAD = "The baker took the bread out early."
BOY = "The ticket inspector woke the sleeping boy and asked him twice for his name."
LIKELY = "The oven was far too hot."
BIRD = "Two cranes danced in the shallow water at dawn."
HIDING = (
    "The cook hid when the guest came to the kitchen door. [She=guest] wanted to complain about "
    "the soup again."
)


FIRST = (
    "The cook asked the guest to wait a little longer, because [she=cook] had only just lit the "
    "oven."
)
GIVEN = {
    "axg": HIVE,
    "boolq": FERRY,
    "copa": Event(event=BREAD),
    "record": FERRY,
    "rte": MUSEUM,
    "wic": CRANE,
    "wsc": COOK,
}


def _choices(likely: str, unlikely: str) -> dict[str, str]:
    return {"likely": likely, "unlikely": unlikely, "other_event": "It rained."}


def _pairs(premise: str, hypothesis: str) -> dict[str, Any]:
    return {"pairs": [{"premise": premise, "hypothesis": hypothesis}] * 5}


ASLEEP = "The boy was asleep when the inspector came."
REPLY: dict[str, Callable[[str], Any]] = {
    "axg": lambda text: {"hypothesis": text},
    "boolq": lambda text: {"question": text},
    "cb": lambda text: _pairs(BOY, text),
    "cb, premise": lambda text: _pairs(text, ASLEEP),
    "copa": lambda text: _choices(LIKELY, text),
    "copa, likely": lambda text: _choices(text, LIKELY),
    "record": lambda text: {"name": "Aurelio Nunez", "statement": text},
    "record, paper": lambda text: {"query": text, "answer": "Aurelio Nunez"},
    "rte": lambda text: {"basis": "It is said there.", "hypothesis": text},
    "wic": lambda text: {"sentence1": BIRD, "sentence2": text},
    "wic, first": lambda text: {"sentence1": text, "sentence2": BIRD},
    "wsc": lambda text: {"passages": [text, HIDING]},
}
"""What step 3 replies, by the task and, behind a comma, the place of the text."""

GOOD = {
    "axg": "The teacher had never been close to a hive.",
    "boolq": "Was the first ship of the ferry ever found?",
    "cb": ASLEEP,
    "cb, premise": BOY,
    "copa": "Some flour was damp.",
    "copa, likely": "Some flour was damp.",
    "record": "Sailors who had helped Aurelio Nunez with the ropes came to the court every day.",
    "record, paper": "Sailors who had helped [X] with the ropes came to the court every day.",
    "rte": "More than two hundred people were hired by a mayor.",
    "wic": "From our window we watched the crane swing a bundle of pipes.",
    "wic, first": "From our window we watched the crane swing a bundle of pipes.",
    "wsc": FIRST,
}


@pytest.fixture
def ran(run, tmp_path, installed):
    """Run a task whose every call of step 3 gets this text, for each of its labels."""

    def go(place: str, text: str, *, repaired: str | None = None, **spec: Any) -> Any:
        task, _, part = place.partition(", ")
        if part == "paper":
            spec["variants"] = ("paper",)
        if task in GIVEN:
            spec["seeds"] = tmp_path / "seeds.jsonl"
            spec["seeds"].write_text(GIVEN[task].model_dump_json() + "\n", encoding="utf-8")
        names = installed.get("task", task).quota_names

        def bend(step: str, good: Any, repair: bool) -> Any:
            if step != "generate":
                return good
            return REPLY[place](repaired if repair and repaired is not None else text)

        quotas = dict.fromkeys(names, 2 if task in ("axg", "wsc") else 1)
        return run(bend, task=task, **{"quotas": quotas, "give_up_after": 3, **spec})

    return go


# --- rules of several tasks ---------------------------------------------------

_NO_END = {"boolq": ""}
_MAY_ASK = {"boolq": "", "wic": "", "wic, first": "", "wsc": ""}
BREAKS: dict[str, tuple[Callable[[str], str], str, dict[str, str]]] = {
    "a number": (lambda text: f"1. {text}", "markup", {}),
    "a dash": (lambda text: f"- {text}", "markup", {}),
    "bold": (lambda text: f"**{text}**", "markup", {}),
    "a preamble": (lambda text: f"Sure! Here is what you asked for: {text}", "meta-text", {}),
    "a heading": (lambda text: f"Sentence 1: {text}", "meta-text", {}),
    "a placeholder": (
        lambda text: f"At [TOWN NAME], {text}",
        "placeholder",
        {"boolq": "markup", "wsc": "malformed-mark"},
    ),
    "an open end": (lambda text: text.rstrip(".?"), "cut-off", _NO_END),
    "its half": (
        lambda text: text[: len(text) * 2 // 3],
        "cut-off",
        {"wsc": "malformed-mark"} | _NO_END,
    ),
    "a question": (lambda text: text.rstrip(".?") + "?", "question", _MAY_ASK),
    "several sentences": (
        lambda text: f"{text} It was small. It was quiet.",
        "several-sentences",
        {
            "boolq": "several-questions",
            "cb, premise": "",
            "copa": "",
            "copa, likely": "",
            "wic": "",
            "wic, first": "",
            "wsc": "too-many-sentences",
        },
    ),
    "no text": (
        lambda text: "",
        "too-short",
        {
            "cb": "missing",
            "cb, premise": "missing",
            "record": "no-mask",
            "record, paper": "no-mask",
            "wic": "word-missing",
            "wic, first": "word-missing",
            "wsc": "no-mark",
        },
    ),
    "endless": (lambda text: text[:-1] + " and so it went on" * 30 + text[-1], "too-long", {}),
    "another script": (
        lambda text: f"{text[:-1]} это было очень давно и никто уже не помнит.",
        "not-latin",
        {},
    ),
}
"""Name -> what is done to a good text, the reason, and the tasks that tell another or allow it."""


@pytest.mark.parametrize("place", GOOD)
def test_a_good_text_makes_rows_of_every_label(place, ran):
    done = ran(place, GOOD[place], near_duplicates=0.0, give_up_after=12)
    assert done.problem == ""
    assert done.rows


@pytest.mark.parametrize("how", BREAKS)
@pytest.mark.parametrize("place", GOOD)
def test_a_text_that_breaks_a_common_rule_makes_no_row(place, how, ran):
    change, reason, others = BREAKS[how]
    if expected := others.get(place, reason):
        done = ran(place, change(GOOD[place]))
        assert done.rows == []
        assert done.reasons == {expected}


@pytest.mark.parametrize("how", ["a number", "a heading", "no text"])
@pytest.mark.parametrize("place", "axg boolq copa record rte wsc".split())
def test_it_is_asked_for_once_more_and_a_repaired_one_is_used(place, how, ran):
    change, _, _ = BREAKS[how]
    done = ran(place, change(GOOD[place]), repaired=GOOD[place], near_duplicates=0.0)
    assert done.rows
    assert done.repairs
    assert "could not be used" in done.repairs[0].messages[-1].content


# --- rules of one task --------------------------------------------------------

OWN: dict[str, dict[str, list[str]]] = {
    "axg": {
        "gendered-pronoun": [
            "The teacher had brought her own hive.",
            "She was the teacher who never saw a hive.",
            HIVE.he,
        ],
        "gendered-noun": ["The teacher was a woman who had never stood near a hive."],
        "subject-missing": [
            "Nobody there had ever stood near a hive.",
            "The teachers had never stood near a hive.",
        ],
        "names-both": ["The beekeeper lent the teacher a veil."],
        "repeated-subject": ["The teacher was a teacher who never stood near a hive."],
        "wrong-subject": ["The beekeeper had never stood near a hive."],
        "no-article": [
            "Teacher had never stood near a hive.",
            "A teacher had never stood near a hive.",
        ],
    },
    "cb": {
        "copy-of-premise": [
            BOY,
            BOY.replace("twice ", ""),
            "The ticket inspector woke the sleeping boy.",
        ],
        "meta-text": [
            "The premise says that the boy was asleep.",
            "Contradiction: The boy was awake.",
            "The boy was asleep (entailment).",
        ],
        "repetitive": ["The boy the boy the boy the boy the boy slept."],
        "unrelated": ["Three swans crossed a frozen lake."],
    },
    "copa": {
        "choices-alike": ["the oven was far too hot!"],
        "connective": [
            "Because it snowed.",
            "So it snowed all night.",
            "As a result, it snowed.",
        ],
        "copy-of-premise": [
            BREAD,
            "The baker took the bread out.",
            "The baker took the breads out early.",
        ],
        "label-word": [
            "It is unlikely that it snowed.",
            "Snow was probably the cause of this.",
        ],
        "unlike-lengths": ["The baker had sold every one of his loaves, rolls and cakes by ten."],
    },
    "record": {"no-mask": ["Nobody came to the court in the morning."]},
    "rte": {
        "copy-of-premise": [
            MUSEUM.premise,
            MUSEUM.premise.lower().capitalize(),
            MUSEUM.premise.replace(",", ""),
            MUSEUM.premise.replace("hired", "took on"),
            "The mayor Ada Brenner hired 211 people and asked Hana Sato to lead the work.",
            "211 people and asked Hana Sato to lead the work.",
        ],
        "meta-text": [
            "The premise says that a mayor hired people.",
            "According to the text, a mayor hired people.",
            "The hypothesis of the dispute follows from what was said.",
            "not_entailment - a mayor hired people.",
            "A mayor hired people (entailment).",
        ],
        "repetitive": ["The museum the museum the museum the museum the work."],
        "unrelated": ["Quarks bind gluons inside every proton."],
    },
    "wic": {
        "compound": ["He paid the crane-driver in cash last week."],
        "definition-copied": ["A crane is a machine that lifts heavy loads on building sites."],
        "mention": ["The word “crane” comes from Old English."],
        "repeated-word": [
            "One crane called and another crane answered.",
            "Craning his neck, he saw the crane at last.",
        ],
        "same-sentence": [BIRD, BIRD.replace("dawn", "dusk")],
        "shared-words": [
            "The crane fell into deep water near Cadiz.",
            "At dawn, a crane was brought from Hamburg.",
        ],
        "too-short": ["Crane!"],
        "word-missing": [
            "The banker paid for it in cash.",
            "Sie sah den Kranich am Ufer stehen.",
            "He craned his neck to see the stage.",
        ],
    },
    "wsc": {
        "malformed-mark": [
            FIRST.replace("[she=cook]", mark)
            for mark in ("[she=]", "she [cook]", "[she: cook]", "[she=cook")
        ],
        "no-mark": [FIRST.replace("[she=cook]", "the boss")],
        "no-pronoun": [
            FIRST.replace("[she=cook]", "[she=guest]"),
            FIRST.replace("[she=cook] had", "[she=cook]'d"),
            "The cook told the guest about the fire and blamed [herself=cook] for all of it.",
            "When [she=cook] had lit the oven at last, the cook called the guest back in.",
            "The cook said that [she=cook] would not wait for the guest any longer.",
        ],
        "phrase-missing": [
            FIRST.replace("the guest", "somebody"),
            FIRST.replace("the guest", "the guests"),
            FIRST.replace("The cook", "The chef"),
        ],
        "too-short": ["The cook hit the guest; [she=cook] ran."],
        "unknown-referent": [
            FIRST.replace("[she=cook]", mark)
            for mark in ("[she=waiter]", "[she=cook and guest]", "[she=cooks]")
        ],
        "unmarked-pronoun": [
            FIRST.replace("[she=cook]", "she (=cook)"),
            FIRST.replace("the oven", "her oven"),
            FIRST.replace("the oven", "his oven"),
            FIRST.replace("because", "until they both laughed, because"),
        ],
        "wrong-pronoun": [
            FIRST.replace("[she=cook]", mark) for mark in ("[cook=she]", "[he=cook]", "[they=cook]")
        ],
    },
}


@pytest.mark.parametrize(
    ("task", "reason", "text"),
    [
        (task, why, text)
        for task, reasons in OWN.items()
        for why, texts in reasons.items()
        for text in texts
    ],
)
def test_a_text_that_breaks_a_rule_of_its_task_makes_no_row(task, reason, text, ran):
    # AX-g writes the other label's hypothesis itself; of the two labels of WSC, one is asked
    # about a pair with its subjects turned.
    quotas = {"wsc": {"quotas": {"true": 2, "false": 0}}}.get(task, {})
    done = ran(task, text, **quotas)
    assert done.rows == []
    assert done.reasons == {reason}
    assert {record["verdict"] for record in done.rejects} == {"rejected"}


PASSES: dict[str, list[str]] = {
    "axg": [
        "The Teacher had never been close to a hive.",
        "It was the teacher's first time near a hive.",
        "Hives were something new to the teacher.",
        "The teacher was a complete novice.",
        "The “teacher” had never stood near a hive — until then.",
    ],
    "cb": ["The boy’s café — in Umeå — was “closed”."],
    "rte": [
        "“The dispute was long,” said a visitor to the museum.",
        "A visitor said that the dispute was ‘long and bitter’.",
        "The mayor’s café in Umeå was closed by the dispute — for weeks.",
        'A visitor called the dispute "long and bitter."',
    ],
    "wic": ["Zoë’s crane — so the rector — hung in Müller’s café for years."],
}


@pytest.mark.parametrize(
    ("task", "text"), [(task, text) for task in PASSES for text in PASSES[task]]
)
def test_texts_that_keep_the_rules_come_through_as_they_are(task, text, ran):
    done = ran(task, f"  {text} ", near_duplicates=0.0, give_up_after=12)
    field = "sentence2" if task == "wic" else "hypothesis"
    written = {row[field] for row in done.rows}
    assert text in written
    if task != "axg":  # it writes the other label's hypothesis itself
        assert written == {text}


# --- items of lists -----------------------------------------------------------

DROPPED: dict[tuple[str, str], dict[str, list[Any]]] = {
    ("rte", "texts"): {
        "too-short": ["Too short to be used."],
        "markup": ["1. The mill of Dunmore was rebuilt by Ada Brenner in 1993 after a storm."],
        "cut-off": ["The mill of Dunmore was rebuilt by Ada Brenner in 1993 after a"],
        "question": ["Was the mill of Dunmore rebuilt by Ada Brenner in 1993 after a storm?"],
        "meta-text": [
            "Sentence 1: The mill of Dunmore was rebuilt by Ada Brenner in 1993.",
            "Here are five sentences about the mill of Dunmore and its builder.",
        ],
        "not-latin": ["Мельница в Данморе была восстановлена Адой Бреннер в 1993 году."],
        "repetitive": ["The mill, the mill, the mill and the mill were the mill of the mill."],
        "placeholder": [
            "The mill of [TOWN NAME] was rebuilt by Ada Brenner in 1993 after a storm."
        ],
        "too-long": [f"The mill of Dunmore burned {'and it burned again ' * 50}in 1993."],
    },
    ("copa", "events"): {
        "too-short": ["It rained."],
        "markup": ["1. The cook burned the soup."],
        "cut-off": ["The cook burned the"],
        "question": [
            "Did the cook burn the soup?",
            "The cook burned the soup. What happened as a result.",
        ],
        "several-sentences": ["The cook burned the soup. The guests left the room."],
        "names-cause": [
            "The cook burned the soup because he slept.",
            "The soup was burned, so that it had to be thrown out.",
            "As a result the cook burned the soup.",
        ],
        "meta-text": ["Event 1: The cook burned the soup.", "Here are five sentences about soup."],
        "not-latin": ["Повар сжёг суп в столовой."],
        "placeholder": ["The [PERSON NAME] burned the soup."],
    },
    ("copa", "settings"): {
        "markup": ["1. a night market", "- a night market"],
        "meta-text": ["Here are ten settings:"],
        "not-latin": ["ночной рынок в городе"],
        "too-long": [
            "a night market where people of all ages meet to eat, drink and talk of football"
        ],
        "no-words": ["..."],
    },
    ("axg", "pairs"): {
        "gendered-subject": [("waitress", "guest"), ("nurse", "policeman")],
        "number-mismatch": [("nurses", "patients")],
        "same-subject": [("captain", "captain")],
        "overlapping": [("captain", "ship captain")],
        "names-another": [("nurse", "her patient")],
    },
    ("wsc", "pairs"): {
        "same-subject": [("nurse", "nurse"), ("nurse", "the Nurse")],
        "overlapping": [("captain", "team captain")],
        "number-mismatch": [("nurses", "doctor"), ("crew", "captain")],
        "several-subjects": [("guards and visitors", "clerk")],
        "names-another": [("her brother", "clerk")],
        "markup": [("1. nurse", "patient"), ("nurse (tired)", "patient"), ("**nurse**", "patient")],
        "no-words": [("", "patient")],
        "too-long": [("nurse who has been at work since dawn", "patient")],
        "not-latin": [("медсестра", "patient")],
        "gendered-subject": [("widower", "pawnbroker"), ("clerk", "landlord")],
    },
    ("wic", "words"): {
        "no-single-word": (
            "1. bank|- bank|bank (noun)|to run|hot dog|check-in|**bank**|банк|café|a|Here are 50:"
        ).split("|"),
    },
    ("wic", "definitions"): {
        "part-of-speech": [("adjective", "grey and tall"), ("noun phrase", "a tall grey bird")],
        "markup": [("noun", "1. a tall grey bird"), ("noun", "- a tall grey bird")],
        "meta-text": [("noun", "Definition 1: a tall grey bird"), ("verb", "verb: to stretch")],
        "too-short": [("noun", "bird")],
        "no-words": [("noun", "")],
        "not-latin": [("noun", "eine Art großer Vogel, птица с длинными серыми ногами и шеей")],
    },
}
ITEM: dict[str, Callable[[Any], Any]] = {
    "pairs": lambda item: dict(zip(("first", "second"), item, strict=True)),
    "definitions": lambda item: dict(zip(("part_of_speech", "definition"), item, strict=True)),
}


@pytest.mark.parametrize(
    ("task", "key", "reason", "item"),
    [
        (task, key, reason, item)
        for (task, key), reasons in DROPPED.items()
        for reason, items in reasons.items()
        for item in items
    ],
)
def test_an_item_that_breaks_a_rule_is_left_out_of_its_list(task, key, reason, item, run):
    spoilt = []

    def bend(step: str, good: Any, repair: bool) -> Any:
        if key not in good or step not in ("contexts", "seeds"):
            return good
        first = good[key][0]
        if key == "pairs" and first["first"].endswith("s"):
            return good  # a list of groups
        spoilt.append(first)
        return {key: [ITEM.get(key, str)(item), *good[key][1:]]}

    done = run(bend, task=task, rows=8)
    assert spoilt
    assert len(done.rows) == 8
    dropped = [record for record in done.rejects if record["verdict"] == "dropped"]
    assert reason in {record["reason"] for record in dropped}
    step = "contexts" if key == "settings" else "seeds"
    assert {reason} >= {r["reason"] for r in dropped if r["step"] == step} - {
        "repeated",
        "no-partner",
    }
    assert done.report["dropped_list_items"]


@pytest.mark.parametrize(
    ("task", "keys"),
    [("rte", "topics texts"), ("copa", "settings events"), ("wic", "words"), ("boolq", "domains")],
)
def test_an_item_that_is_repeated_in_other_spellings_is_used_once(task, keys, run):
    def bend(step: str, good: Any, repair: bool) -> Any:
        key = next((key for key in keys.split() if key in good), "")
        items = good.get(key, [])
        return {key: [*(f"  {item.upper()} " for item in items), *items]} if key else good

    done = run(bend, task=task, rows=20)
    assert len(done.rows) == 20
    dropped = {record["reason"] for record in done.rejects if record["verdict"] == "dropped"}
    assert dropped == {"repeated"}
    for at in (0, 1):
        above = [str(entry["above"][at]) for entry in done.provenance if len(entry["above"]) > at]
        assert len({text.lower() for text in above}) == len(set(above))
