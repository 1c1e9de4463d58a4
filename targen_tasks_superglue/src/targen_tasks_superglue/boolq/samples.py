"""Instructions for the corrector, and worked samples: right and wrong, both labels."""

from __future__ import annotations

from targen_core.tasks.judging import CorrectionSample
from targen_tasks_superglue.shared.instructions import load_instructions

_PACKAGE = "targen_tasks_superglue.boolq"
INSTRUCTIONS = load_instructions(_PACKAGE)
INSTRUCTIONS_PAPER = load_instructions(_PACKAGE, "instructions-paper")


def _sample(
    passage: str, question: str, *, output: str, actual: str, explanation: str
) -> CorrectionSample:
    text = f"Passage: {passage}\nQuestion: {question}"
    return CorrectionSample(text, output, actual, explanation)


_CHEESE = (
    "Vello cheese -- Vello is a soft cheese from the Auber valley, made from the evening milk of "
    "goats. It is wrapped in chestnut leaves and eaten within nine days, so that hardly any of it "
    "leaves the valley. The dairy of Pont-Sauve began to make it again in 1983, after the last "
    "farm that knew the recipe had closed."
)
_FERRY = (
    "Kalla ferry -- The Kalla ferry links the island of Brisk with the mainland at Torrin. It "
    "takes twelve cars and sails at every full hour from six in the morning to nine at night. On "
    "Sundays the first crossing is at ten. The ship, built in Gdynia in 1992, replaced a wooden "
    "one on which the harbour master Una Grieg had learned her trade."
)
_CLIMBER = (
    "Adil Rahmani -- Adil Rahmani was the first climber from his country to reach the top of Mount "
    "Serak, in May 2011. His partner, Ken Obara, turned back at the second camp because of a "
    "frozen hand and watched the last hours through a telescope. Rahmani has run a school for "
    "mountain guides in Darvaz since 2014."
)

_DECIDED = (
    _sample(
        _CHEESE,
        "was vello cheese made throughout the twentieth century",
        output="true",
        actual="false",
        explanation="The passage says that it was made again from 1983, after the last farm had "
        "closed. So there was a time in which it was not made.",
    ),
    _sample(
        _FERRY,
        "can you take a car to brisk at eight on a tuesday morning",
        output="true",
        actual="true",
        explanation="The ferry takes cars and sails at every full hour from six on days other "
        "than Sunday. Eight on a Tuesday is one of them.",
    ),
    _sample(
        _FERRY,
        "is the present kalla ferry the ship on which una grieg was trained",
        output="false",
        actual="false",
        explanation="Una Grieg learned on the wooden ship, which the present one replaced.",
    ),
    _sample(
        _CLIMBER,
        "did ken obara see adil rahmani on mount serak from below",
        output="false",
        actual="true",
        explanation="Obara turned back at the second camp and watched Rahmani's last hours of the "
        "climb through a telescope.",
    ),
)

SAMPLES = (
    *_DECIDED,
    _sample(
        _CLIMBER,
        "has ken obara taught at the school for mountain guides in darvaz",
        output="true",
        actual="undecided",
        explanation="The passage says who runs the school, but nothing about who else teaches "
        "there. Obara may or may not.",
    ),
    _sample(
        _CHEESE,
        "is vello cheese sold in",
        output="false",
        actual="no_valid_instance",
        explanation="The question breaks off before it says what it asks for.",
    ),
)

SAMPLES_PAPER = (
    *_DECIDED,
    _sample(
        _CLIMBER,
        "has ken obara taught at the school for mountain guides in darvaz",
        output="true",
        actual="false",
        explanation="The passage says who runs the school. It offers nothing that confirms that "
        "Obara taught there.",
    ),
    _sample(
        _CHEESE,
        "is vello cheese sold in",
        output="false",
        actual="no_valid_instance",
        explanation="The question breaks off before it says what it asks for.",
    ),
)
