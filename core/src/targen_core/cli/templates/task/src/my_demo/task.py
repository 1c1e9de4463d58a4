"""(1) The task: businesses -> what customers notice -> G(praise, seed), G(complaint, seed)."""

from typing import Literal

from pydantic import BaseModel, Field
from targen_core import CorrectionSample, Judging, Label, ListStep, Llm, Prompt, Rejected, Task


class Row(BaseModel, frozen=True):
    """A row of the dataset, without `idx`, which targen adds."""

    text: str
    label: Literal["praise", "complaint"]


def _prompt(name: str) -> Prompt:
    return Prompt(name, package="my_demo")  # prompts/NAME.md


BUSINESSES = ListStep.asking(_prompt("businesses"), batch=6, words=(1, 6), summary="businesses")
MATTERS = ListStep.asking(_prompt("matters"), batch=4, words=(1, 6), summary="what people notice")
WRITE = {"praise": _prompt("praise"), "complaint": _prompt("complaint")}


class Reply(BaseModel):
    """The reply of step 3; its limits go to the model with the prompt, as a JSON schema."""

    message: str = Field(min_length=20, max_length=200)


async def write(llm: Llm, seed: str) -> Row:
    """G(label, seed): `llm.branch` is the label, and `llm.above` what is above the seed."""
    label = llm.branch or ""
    reply = await llm.ask(WRITE[label], reply=Reply, context=llm.above[0], seed=seed)
    return Row.model_validate({"text": reply.message, "label": label})


def check(row: Row, seed: str) -> None:
    """Raise `Rejected` for a row that cannot be right, whatever its label."""
    if not 4 <= len(row.text.split()) <= 40:
        raise Rejected("odd-length", f"it has {len(row.text.split())} words")


SAMPLES = (  # for step 4: of each label a right output and a wrong one, all made up
    ("The chairs are so soft that I stayed.", "praise", "praise", "They liked the chairs."),
    ("The soup was cold again.", "praise", "complaint", "Cold soup is a reason to complain."),
    ("You have lost my coat.", "complaint", "complaint", "They lost something."),
    ("A haircut that made my week!", "complaint", "praise", "They are pleased."),
)

TASK: Task[str, Row] = Task(
    name="my-demo",
    version="1",  # raise it with every change of prompts, steps, checks or labels
    summary="Messages to shops: praise or complaint?",
    description="Each row is a customer's message; its label says if it praises or complains.",
    instance=Row,
    labels=(Label("praise"), Label("complaint")),
    contexts=BUSINESSES,
    seeds=(MATTERS,),
    generators={"praise": write, "complaint": write},
    checks=(check,),
    judging=Judging(
        instructions="Decide whether a customer's message is a praise or a complaint.",
        samples=tuple(CorrectionSample(*sample) for sample in SAMPLES),
    ),
    prompts=tuple(WRITE.values()),
)
