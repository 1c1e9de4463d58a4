"""It finds a label that the task lacks. kind: corrector; caught by: labels-come-from-the-set"""

from targen_core import Correction


async def PART(llm, instance, /):  # noqa: N802
    return Correction("unclear", "who knows?")
