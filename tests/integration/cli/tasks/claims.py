"""Tasks whose branches are not their labels: one without a label, and finer ones."""

from typing import Literal

from pydantic import BaseModel

from targen_testing.sample import SAMPLE

SAID = {"supported": "good", "doubted": "bad", "open": "bad"}


class Claim(BaseModel):
    text: str
    label: Literal["good", "bad"] | None = None


def writer(branch, label):
    async def write(llm, topic):
        tone = llm.alternate("glad", "sorry") if label is None else branch
        made = await llm.ask("write $tone of $topic", tone=tone, topic=topic)
        return Claim(text=made, label=label)

    return write


def reply(call):
    if call.prompt != "inline":
        if call.prompt == "meta" and call.values["output"] == "None":
            raise AssertionError("nothing was claimed")
        return SAMPLE.calls.dry_run(call)
    words = " ".join(call.rng.sample("lamp kettle ferry hotel novel garden tunnel".split(), 5))
    return f"{call.values['tone']} {call.values['topic']} {words}"


PARTS = {
    "instance": Claim,
    "calls": {"dry_run": reply},
    "judging": {"samples": ()},
    "prompts": SAMPLE.prompts,
}

ONE = SAMPLE.replace(
    **PARTS,
    name="one",
    generators={"claim": writer("claim", None)},
    seeding={"branch_labels": {"claim": None}},
)
FINER = SAMPLE.replace(
    **PARTS,
    name="finer",
    generators={name: writer(name, label) for name, label in SAID.items()},
    seeding={"branch_labels": SAID},
)
