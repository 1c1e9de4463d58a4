"""Instructions for the corrector, and worked samples: right and wrong, each label."""

from __future__ import annotations

from targen_tasks_superglue.shared.instructions import load_instructions
from targen_tasks_superglue.shared.nli import pair_sample

_PACKAGE = "targen_tasks_superglue.cb"
INSTRUCTIONS = load_instructions(_PACKAGE)
INSTRUCTIONS_2 = load_instructions(_PACKAGE, "instructions_2")
INSTRUCTIONS_3 = load_instructions(_PACKAGE, "instructions_3")
INSTRUCTIONS_COMMITMENT = load_instructions(_PACKAGE, "instructions_commitment")


SAMPLES = (
    pair_sample(
        "Dario waited at the tram stop until midnight, then walked the nine kilometres home with "
        "his cello on his back.",
        "Dario went home by tram with his cello.",
        "entailment",
        "contradiction",
        "The premise says that Dario walked all the way home. Whoever walks home does not go "
        "there by tram.",
    ),
    pair_sample(
        "After the second bell Mrs Okonjo locked the gate of the school yard, and two boys who "
        "were late climbed over it.",
        "Two boys got into the school yard over a locked gate.",
        "entailment",
        "entailment",
        "The gate was locked at the second bell, and the two boys climbed over it. The hypothesis "
        "puts this in other words.",
    ),
    pair_sample(
        "Halima sold her stall at the flea market in spring and began to study law.",
        "Halima likes the study of law better than her work at the stall.",
        "contradiction",
        "neutral",
        "The premise tells what Halima did, and nothing about which of the two she likes better.",
    ),
    pair_sample(
        '"Nobody has touched the piano since my brother went to sea," said Ilse, and blew the '
        "dust from the keys.",
        "Ilse's brother has played the piano every day since he went to sea.",
        "contradiction",
        "contradiction",
        "Ilse says that nobody has touched the piano since then, and the dust bears her out. So "
        "nobody has played it.",
    ),
    pair_sample(
        "Of the five climbers who set out at dawn, three turned back at the hut; the others stood "
        "on the summit by noon.",
        "Two of the climbers reached the summit.",
        "neutral",
        "entailment",
        "Five set out and three turned back, so the others were two, and they stood on the summit.",
    ),
    pair_sample(
        "The gardener told the judges that her pumpkin weighed ninety kilos. They had left their "
        "scales in the van.",
        "The gardener's pumpkin weighed ninety kilos.",
        "neutral",
        "neutral",
        "The weight is what the gardener told the judges, who had no scales at hand. Whether it "
        "is right stays open.",
    ),
)

SAMPLES_COMMITMENT = (
    pair_sample(
        "Vera put the letter back into the drawer. If her uncle really owns the mill, the whole "
        "family is rich.",
        "Vera's uncle owns the mill.",
        "entailment",
        "neutral",
        'The clause stands behind "if", and nothing else in the premise says whether it is so.',
    ),
    pair_sample(
        "The band had already unpacked their drums. Did the landlord forget that the hall was "
        "booked for a wedding?",
        "The hall was booked for a wedding.",
        "entailment",
        "entailment",
        "One can only forget that something is so if it is so. The question takes the booking "
        "for a fact.",
    ),
    pair_sample(
        "Rain ran down Igor's collar. Had he listened to Paula, he would have taken an umbrella.",
        "Igor had taken an umbrella.",
        "neutral",
        "contradiction",
        "Igor would have taken it if he had listened. He did not, and the rain ran down his "
        "collar: he had none.",
    ),
    pair_sample(
        "A: Was it a good match? B: We lost by nine. I don't think that our keeper was awake.",
        "The keeper was awake.",
        "contradiction",
        "contradiction",
        "B says that they lost by nine and does not think that the keeper was awake. B takes the "
        "hypothesis for false.",
    ),
    pair_sample(
        "In the office nobody said a word. They were not happy that the director had sold the "
        "building.",
        "The director had sold the building.",
        "contradiction",
        "entailment",
        "They were unhappy about the sale. One is unhappy about what has taken place, so the "
        "building was sold.",
    ),
    pair_sample(
        "The inspector tapped the wall twice and listened. She suspected that there was a room "
        "behind it.",
        "There was a room behind the wall.",
        "neutral",
        "neutral",
        "The inspector suspects that there is a room; the premise does not say whether she is "
        "right.",
    ),
)
