"""Instructions for the corrector, and worked samples: right and wrong, both labels."""

from __future__ import annotations

from targen_core.tasks.judging import CorrectionSample
from targen_tasks_superglue.copa.rows import ASKED, Question
from targen_tasks_superglue.shared.instructions import load_instructions

INSTRUCTIONS = load_instructions("targen_tasks_superglue.copa")


def _sample(
    premise: str,
    question: Question,
    choices: tuple[str, str],
    output: str,
    actual: str,
    explanation: str,
) -> CorrectionSample:
    text = f"Premise: {premise} {ASKED[question]}\nchoice1: {choices[0]}\nchoice2: {choices[1]}"
    return CorrectionSample(text, output, actual, explanation)


SAMPLES = (
    _sample(
        "The nurse opened all the windows of the ward.",
        "cause",
        ("The nurse came back from her lunch break.", "The ward smelled strongly of paint."),
        "choice1",
        "choice2",
        "People open windows to get rid of a smell; coming back from lunch gives no reason to.",
    ),
    _sample(
        "The goalkeeper slipped on the wet grass.",
        "effect",
        ("The ball rolled past him into the net.", "The ball flew high over the net."),
        "choice1",
        "choice1",
        "A goalkeeper who slips cannot stop the ball. Where a shot over the net goes does not "
        "depend on him.",
    ),
    _sample(
        "Nadia forgot the yeast in the dough.",
        "effect",
        ("The loaf came out as flat as a plate.", "The loaf rose over the edge of the tin."),
        "choice2",
        "choice1",
        "Yeast makes dough rise, so a loaf without yeast stays flat.",
    ),
    _sample(
        "The lamps in the village went out.",
        "cause",
        ("The villagers lit candles in their kitchens.", "Lightning struck the power line."),
        "choice2",
        "choice2",
        "The question is about the cause. Lightning in the power line cuts off the current; "
        "candles in the kitchens are a result of the darkness.",
    ),
    _sample(
        "A jug slid off the sideboard.",
        "effect",
        ("A lorry shook the house.", "A cousin phoned from Malta."),
        "choice1",
        "no_valid_instance",
        "Neither can come of it: a lorry that shakes a house makes a jug slide, so it is a cause, "
        "and a cousin's call has to do with neither.",
    ),
)
