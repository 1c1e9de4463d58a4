"""Instructions for the corrector, and worked samples: right sets, wrong ones and no sound ones."""

from __future__ import annotations

from targen_core.tasks.judging import CorrectionSample
from targen_tasks_superglue.shared.instructions import load_instructions

ONE_SENTENCE = "one_sentence"
"""The output for a question that one sentence of the passage settles."""

INSTRUCTIONS = load_instructions("targen_tasks_multirc")
INSTRUCTIONS_PAPER = load_instructions("targen_tasks_multirc", "instructions-paper")


def _sample(
    passage: str, question: str, options: str, output: str, actual: str, explanation: str
) -> CorrectionSample:
    """Options are separated by bars, letters of outputs by spaces."""
    lettered = "\n".join(
        f"{letter}) {option.strip()}"
        for letter, option in zip("ABCDEFGH", options.split("|"), strict=False)
    )
    text = f"Passage: {passage}\nQuestion: {question}\nOptions:\n{lettered}"
    return CorrectionSample(text, tuple(output.split()), tuple(actual.split()), explanation)


_CHOIR = (
    "The choir of Hallein was founded by the organist Paul Reiter in 1951. Its first women joined "
    "nine years later, when his daughter Eva took over from him. Under her the choir sang in Rome "
    "and in Lisbon. She retired in 1994, and a former pupil of hers, Milos Janda, has led it since."
)
_BRIDGE = (
    "Engineers closed the Tamar footbridge in March because two of its cables had rusted through. "
    "Until it opened again in October, walkers had to use the road bridge, which is a mile "
    "upstream. The café on the west bank lost half of its guests, whereas the pub beside the road "
    "bridge hired two more cooks."
)

_ANSWERED = (
    _sample(
        _CHOIR,
        "Who has led the choir since women began to sing in it?",
        "Paul Reiter | Eva Reiter | Milos Janda",
        "B C",
        "B C",
        "Women joined when the founder's daughter Eva took over; the last sentence adds her pupil "
        "Milos Janda. Paul Reiter led it before.",
    ),
    _sample(
        _CHOIR,
        "In which years did the choir get a new leader after its founder?",
        "1951 | 1960 | 1985 | 1994",
        "B",
        "B D",
        "The founder began in 1951, and nine years later, in 1960, his daughter took over. Her "
        "pupil followed in 1994. So 1960 and 1994 are right.",
    ),
    _sample(
        _BRIDGE,
        "What did the rust in the cables lead to, at once or in the end?",
        "Longer walks to the other bank | More work in the kitchen of a pub | A new café on the "
        "west bank | A toll on the road bridge",
        "A B D",
        "A B",
        "Because of the rust the footbridge was closed, so that walkers went a mile upstream, and "
        "the pub there needed two more cooks. Of a new café or a toll nothing is said.",
    ),
)

_EASY = _sample(
    _BRIDGE,
    "Why was the footbridge closed in March?",
    "Its cables had rusted | A storm had hit it | The road was flooded",
    "A",
    ONE_SENTENCE,
    "The first sentence alone says that the bridge was closed because two cables had rusted "
    "through, and settles every option.",
)
_UNSOUND = _sample(
    _CHOIR,
    "Which works did the choir sing abroad under its second leader?",
    "Two psalms by her father | A mass by Bruckner | Folk songs of Salzburg",
    "B",
    "no_valid_instance",
    "Eva Reiter, the second leader, went to Rome and Lisbon with the choir, but the passage says "
    "nothing of what was sung there, so that no option answers the question.",
)

SAMPLES = (*_ANSWERED, _EASY, _UNSOUND)
SAMPLES_PAPER = (*_ANSWERED, _UNSOUND)
"""Without the question that one sentence settles."""
