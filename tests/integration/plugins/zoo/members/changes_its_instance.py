"""It writes into what it judges. kind: corrector; caught by: changes-no-instance"""

from targen_core import Correction


async def PART(llm, instance, /):  # noqa: N802
    label = llm.task.label_of(instance)
    instance.text = "checked"
    return Correction(label, "as it says")
