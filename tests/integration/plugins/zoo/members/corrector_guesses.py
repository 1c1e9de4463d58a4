"""It throws a coin. kind: corrector; caught by: uses-no-chance-and-no-clock"""

import secrets

from targen_core import Correction


async def PART(llm, instance, /):  # noqa: N802
    return Correction(secrets.choice([label.name for label in llm.task.labels]), "a guess")
