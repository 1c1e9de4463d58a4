"""Instructions for the corrector, and worked samples: right and wrong, both labels."""

from __future__ import annotations

from targen_core.tasks.judging import CorrectionSample
from targen_tasks_superglue.shared.instructions import load_instructions

INSTRUCTIONS = load_instructions("targen_tasks_superglue.wsc")


def _sample(
    text: str, pronoun: str, phrase: str, output: str, actual: str, explanation: str
) -> CorrectionSample:
    shown = f"Text: {text}\nPronoun: {pronoun}\nPhrase: {phrase}"
    return CorrectionSample(shown, output, actual, explanation)


SAMPLES = (
    _sample(
        "The referee sent the goalkeeper off in the last minute, although [she] had only pushed "
        "a striker away from the ball.",
        "she",
        "The referee",
        "true",
        "false",
        "Who is sent off is the one who did something on the field. Pushing a striker is what "
        "the goalkeeper did, so the pronoun means the goalkeeper.",
    ),
    _sample(
        "The beekeepers warned the hikers about the open hives. [They] had lost two swarms to "
        "curious visitors that spring.",
        "They",
        "The beekeepers",
        "true",
        "true",
        "Swarms are lost by those who own hives, and the loss is the reason for the warning. "
        "The pronoun means the beekeepers.",
    ),
    _sample(
        "The translator thanked the author for the long letter, in which [he] had explained "
        "every joke of the novel.",
        "he",
        "the author",
        "false",
        "true",
        "The letter explains the jokes, and it came from the author, whom the translator "
        "thanks for it. The pronoun means the author.",
    ),
    _sample(
        "The cyclist had to wait for the mechanic until noon because [his] back wheel was bent.",
        "his",
        "the mechanic",
        "false",
        "false",
        "A bent wheel is why somebody needs a mechanic and waits for one. The wheel belongs to "
        "the cyclist, so the pronoun does not mean the mechanic.",
    ),
    _sample(
        "The dancer met the drummer at the station after [she] had come back from Oslo.",
        "she",
        "The dancer",
        "true",
        "no_valid_instance",
        "Either of the two may have come back from Oslo and been met at the station. Nothing in "
        "the text settles whom the pronoun means.",
    ),
)
