"""A task with dimensions of its rows and of its list."""

from dataclasses import replace

from targen_core.tasks.dimensions import Dimension
from targen_testing.sample import SAMPLE

LENGTH = Dimension(name="length", values=("short", "long"), summary="how long the text is")
KIND = Dimension(name="kind", values={"open": 3, "closed": 1}, in_prompt=False)
PLACE = Dimension(name="place", values=[f"place {n}" for n in range(9)])
TASK = SAMPLE.replace(
    name="varied",
    contexts=replace(SAMPLE.contexts, dimensions=(PLACE,)),
    dimensions=(LENGTH, KIND),
)
