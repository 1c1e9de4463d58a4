"""Instructions for the corrector, and worked samples: right and wrong, both labels."""

from __future__ import annotations

from targen_tasks_superglue.shared.instructions import load_instructions
from targen_tasks_superglue.shared.nli import pair_sample

INSTRUCTIONS = load_instructions("targen_tasks_superglue.rte")

SAMPLES = (
    pair_sample(
        "Heavy snow closed the pass above Andermatt on Friday, and 70 drivers spent the night "
        "in the village hall.",
        "Seventy drivers crossed the pass above Andermatt on Friday night.",
        "entailment",
        "not_entailment",
        "The premise says that the pass was closed and that the drivers slept in the village "
        "hall. This contradicts the hypothesis.",
    ),
    pair_sample(
        "The painter Ibrahim Sesay left Freetown for Lisbon at the age of twenty and later "
        "taught the sculptor Rosa Pinto.",
        "Rosa Pinto was born in Lisbon.",
        "not_entailment",
        "not_entailment",
        "The premise says who taught Rosa Pinto but gives no place of birth. The hypothesis "
        "is left open.",
    ),
    pair_sample(
        "Parliament in Wellington voted by 64 to 56 on Thursday to raise the tax on sugar, "
        "which the health minister Aroha Tamati had opposed.",
        "Most of the votes cast in Wellington on Thursday were for a higher tax on sugar.",
        "not_entailment",
        "entailment",
        "The premise says that the vote for the rise was 64 to 56. Sixty-four is more than "
        "half of the votes, so the hypothesis follows.",
    ),
    pair_sample(
        "The bakery on Pell Street, which Greta Nilsen sold to her cousin in 2016, has opened "
        "a second shop in the railway station at Drammen.",
        "Greta Nilsen once owned a bakery.",
        "entailment",
        "entailment",
        "The premise says that Greta Nilsen sold the bakery in 2016. Whoever sells a bakery "
        "has owned it, so the hypothesis follows.",
    ),
)
