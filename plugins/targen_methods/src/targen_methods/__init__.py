"""Other methods than TarGEN's to make rows of any task, on the same engine."""

from __future__ import annotations

from targen_core import Register, hookimpl
from targen_core.plugins.kinds import Kind, KindRegister


@hookimpl
def register_kinds(register: KindRegister) -> None:
    """Methods: other ways than TarGEN's to make rows of a task."""
    register(
        Kind(
            "method",
            "register_methods",
            "targen_standard.methods.model:Method",
            "list-methods",
            "targen_methods.testing:MethodSuite",
            "targen_methods.kinds",
        )
    )


@hookimpl
def register_commands(register: Register) -> None:
    """`targen import-rows`, `targen compare-methods` and `targen select`."""
    register(
        "import-rows",
        "targen_methods.import_rows:import_rows",
        summary="Import rows that the authors of another method published.",
        panel="Methods and papers",
    )
    register(
        "compare-methods",
        "targen_methods.cli.compare_methods:compare_methods",
        summary="Compare methods on one task, with equal numbers of rows or equal budgets.",
        panel="Methods and papers",
    )
    register(
        "select",
        "targen_methods.supergen:select",
        summary="Keep each label's best rows, ranked by a recorded number.",
        panel="Data",
    )


@hookimpl
def register_tasks(register: Register) -> None:
    """Register the task that Self-Instruct makes without a given task."""
    register(
        "free-instructions",
        "targen_methods.instructions.task:INSTRUCTIONS",
        summary="Free instructions with inputs and answers, in the style of Self-Instruct",
    )


@hookimpl
def register_methods(register: Register) -> None:
    """Register methods for `targen method NAME TASK`."""
    register(
        "loop",
        "targen_methods.loop.method:LOOP",
        summary="asks for many rows of a label in one plain call, until there are enough",
    )
    register(
        "attrprompt",
        "targen_methods.attrprompt.method:ATTRPROMPT",
        summary="generates attributes and values, then rows with values drawn at random",
    )
    register(
        "coda",
        "targen_methods.coda.method:CODA",
        summary="generates rows that satisfy constraints taken from given rows",
    )
    register(
        "selfinstruct",
        "targen_methods.selfinstruct.method:SELFINSTRUCT",
        summary="generates instructions in rounds from a pool, then rows for each instruction, "
        "starting from the label",
    )
    register(
        "zerogen",
        "targen_methods.zerogen:ZEROGEN",
        summary="generates texts that complete a prompt that states the label and then breaks off",
    )
    register(
        "sungen",
        "targen_methods.sungen:SUNGEN",
        summary="generates rows as ZeroGen does, and weights each by its effect on a model",
    )
    register(
        "progen",
        "targen_methods.progen.method:PROGEN",
        summary="generates rows in rounds; prompts show the earlier rows that help a model most",
    )
    register(
        "supergen",
        "targen_methods.supergen:SUPERGEN",
        summary="generates texts for a label, scored by probability; targen finish keeps the best",
    )
