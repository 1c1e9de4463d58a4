"""A task that asks for token probabilities."""

from targen_testing.sample import SAMPLE, Review


def writer(label):
    async def write(llm, topic):
        made = await llm.ask_scored(
            "Write a $label review of $topic, in one line.",
            label=label,
            topic=topic,
            sampling={"temperature": 0.3, "max_tokens": 24},
            may_be_cut=True,
        )
        llm.note(mean=made.mean_logprob)
        return Review(text=made.value.replace("\n", " "), label=label)

    return write


def reply(call):
    if call.prompt != "inline":
        return SAMPLE.calls.dry_run(call)
    return " ".join(call.rng.sample("lamp kettle ferry hotel novel garden tunnel".split(), 5))


TASK = SAMPLE.replace(
    name="scored-reviews",
    generators={"good": writer("good"), "bad": writer("bad")},
    calls={"scored": {"generate": 0}, "dry_run": reply},
)
