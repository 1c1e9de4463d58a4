"""(2) The conformance kit: your generator in the kit's task, whose rows are a text and a label."""

from targen_testing import GeneratorSuite


class TestGenerator(GeneratorSuite):
    """Good replies and hostile ones, no chance but the run's."""

    generator = "my-demo"
