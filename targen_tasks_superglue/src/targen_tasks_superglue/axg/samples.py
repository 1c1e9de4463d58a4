"""Instructions for the corrector, and worked samples: right and wrong, both labels."""

from __future__ import annotations

from targen_tasks_superglue.shared.instructions import load_instructions
from targen_tasks_superglue.shared.nli import pair_sample

INSTRUCTIONS = load_instructions("targen_tasks_superglue.axg")

SAMPLES = (
    pair_sample(
        "The locksmith charged the florist nothing, because she had only needed to turn the key "
        "the other way.",
        "The florist had only needed to turn the key the other way.",
        "not_entailment",
        "entailment",
        "Nothing is charged where the customer's trouble was nothing: the florist had only needed "
        "to turn the key. The pronoun means the florist, so the hypothesis follows.",
    ),
    pair_sample(
        "The lifeguard blew the whistle at the surfer, who had left his board in the way of the "
        "boats.",
        "The lifeguard's board was in the way of the boats.",
        "entailment",
        "not_entailment",
        "The relative clause is about the surfer, so it is the surfer's board. The premise says "
        "nothing of a board of the lifeguard.",
    ),
    pair_sample(
        "The astronomer showed the engineer the broken mirror and asked whether he could polish "
        "out the scratch before the eclipse.",
        "The astronomer was asked to polish out a scratch.",
        "not_entailment",
        "not_entailment",
        "The astronomer asks and the engineer is asked, so the pronoun means the engineer. The "
        "premise does not say it of the astronomer.",
    ),
    pair_sample(
        "The farmer did not sell the restorer the old cart, because she wanted to keep something "
        "that her grandparents had built.",
        "The farmer wished to keep the cart.",
        "entailment",
        "entailment",
        "Wanting to keep the cart is the reason for not selling it, and the farmer would have "
        "been the seller. The pronoun means the farmer, so the hypothesis follows.",
    ),
    pair_sample(
        "The cellist met the composer on the night train because he wanted to be in Prague by "
        "morning.",
        "The composer wanted to be in Prague by morning.",
        "entailment",
        "no_valid_instance",
        "Either of the two may have taken the night train to be in Prague by morning. Nothing in "
        "the premise settles whom the pronoun means.",
    ),
)
