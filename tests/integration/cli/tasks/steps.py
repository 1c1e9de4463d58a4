"""A task whose list has a name of its own: a fifth step."""

from dataclasses import replace

from targen_testing.sample import SAMPLE

topics = SAMPLE.contexts
TASK = SAMPLE.replace(
    name="reviews",
    seeds=(replace(topics, name="passages"), replace(topics, once=True)),
    calls={"parameters": {"passages": {"max_tokens": 77}}},
)
