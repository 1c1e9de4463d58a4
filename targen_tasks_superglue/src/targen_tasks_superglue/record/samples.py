"""Instructions for the corrector, and worked samples: right, wrong and ambiguous."""

from __future__ import annotations

from targen_core.tasks.judging import CorrectionSample
from targen_tasks_superglue.shared.instructions import load_instructions

_PACKAGE = "targen_tasks_superglue.record"
INSTRUCTIONS = load_instructions(_PACKAGE)
INSTRUCTIONS_PAPER = load_instructions(_PACKAGE, "instructions-paper")


def _sample(
    passage: str,
    query: str,
    entities: str,
    *,
    output: str,
    actual: str | tuple[str, ...],
    explanation: str,
) -> CorrectionSample:
    text = f"Passage: {passage}\nQuery: {query}\nEntities: {entities}"
    return CorrectionSample(text, (output,), actual, explanation)


SAMPLES = (
    _sample(
        "Customs officers in Ystad opened a lorry of the haulier Brandt & Lund on Sunday night and "
        "found 31 parrots. The driver, Milan Kovac, said that a stranger in Szczecin had paid him "
        "to take a crate along. The vet Sofia Ekman is looking after the birds.",
        "@placeholder has asked farmers nearby for millet and for cages that are tall enough.",
        "Ystad; Brandt & Lund; Milan Kovac; Szczecin; Sofia Ekman",
        output="Milan Kovac",
        actual=("Sofia Ekman",),
        explanation="Food and cages are needed by whoever cares for the parrots, and the passage "
        "says that the vet Sofia Ekman does.",
    ),
    _sample(
        "The Tallis Hall in Wetherby lost its organ in the fire of 1934. Its builder, August "
        "Riedel, had died by then, so the town turned to his pupil Nora Finch, who had a workshop "
        "in Durham. She needed six years for the new one.",
        "Riedel's drawings, which @placeholder had kept since her apprenticeship, were of great "
        "help with the wooden pipes.",
        "Tallis Hall; Wetherby; August Riedel; Nora Finch; Durham",
        output="Nora Finch",
        actual=("Nora Finch",),
        explanation="The gap is a woman who learned from Riedel and built pipes after him. That "
        "is his pupil Nora Finch.",
    ),
    _sample(
        "Rosalind Hay and Denise Okoro rowed from Tenerife to Antigua in 49 days. They had met in "
        "Plymouth, where both taught at a school, and had trained on the Tamar every morning. The "
        "voyage raised 80,000 pounds for the charity Blue Ward.",
        "When the boat came in, @placeholder said that she wanted nothing but a bed that stood "
        "still.",
        "Rosalind Hay; Denise Okoro; Tenerife; Antigua; Plymouth; Tamar; Blue Ward",
        output="Denise Okoro",
        actual=("Rosalind Hay", "Denise Okoro"),
        explanation="A woman who was on the boat is meant. Both rowers were, and nothing tells "
        "one from the other.",
    ),
    _sample(
        "The museum in Aabenraa has bought a letter by the whaler Jens Thomsen from the dealer "
        "Felix Moreau in Antwerp. It describes the winter of 1777, which he spent on Jan Mayen "
        "with eleven men of the ship Haabet.",
        "The wine harvest of the next autumn was the best that @placeholder had seen for years.",
        "Aabenraa; Jens Thomsen; Felix Moreau; Antwerp; Jan Mayen; Haabet",
        output="Antwerp",
        actual="no_valid_instance",
        explanation="Nothing in the passage has to do with wine or a harvest, so it gives no "
        "reason to believe the query of any entity.",
    ),
    _sample(
        "Hillcrest Dairy will close its plant in Orrin Falls in March and move the work to Denby. "
        "The works council, led by Carla Munoz, has called the 140 workers to a meeting on "
        "Friday. Mayor Ted Pruitt hopes that a cheese maker will take over the halls.",
        "Shopkeepers in @placeholder fear that they will lose some of their best customers when "
        "the wages stop.",
        "Hillcrest Dairy; Orrin Falls; Denby; Carla Munoz; Ted Pruitt",
        output="Orrin Falls",
        actual=("Orrin Falls",),
        explanation="The shopkeepers are in a town whose workers lose their wages. The plant that "
        "closes is in Orrin Falls, while Denby gains work.",
    ),
)

SAMPLES_PAPER = tuple(
    sample for sample in SAMPLES if isinstance(sample.actual, str) or len(sample.actual) == 1
)
"""Those whose answer is one entity: here no query is ambiguous."""
