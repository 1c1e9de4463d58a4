"""Tasks whose lists are of pairs, of no seeds, and of seeds alone."""

from pydantic import BaseModel

from targen_core.tasks.steps import ListStep
from targen_testing.sample import SAMPLE


class Pair(BaseModel):
    one: str
    two: str


async def propose(llm, parent, existing):
    return []


TASK = SAMPLE.replace(name="pairs", contexts=ListStep(item=Pair, propose=propose, batch=2))
ALONE = SAMPLE.replace(name="alone", seeds=())
SEEDS = SAMPLE.replace(name="seeds", contexts=None, seeds=(SAMPLE.contexts,))
