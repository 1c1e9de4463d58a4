"""The hooks of this distribution."""

from __future__ import annotations

from typing import TYPE_CHECKING

from targen_core import Register, hookimpl
from targen_core.plugins.kinds import Kind

if TYPE_CHECKING:
    from targen_core.plugins.kinds import KindRegister

_COMMANDS = {
    "guide": ("", "guide", "Print what a coding agent needs to know."),
    "init-task": ("", "drafting", "Write a task file for targen generate."),
    "preview": ("", "previewing", "Generate a few rows and show their prompts and replies."),
    "revise": (
        "",
        "revising",
        "Apply a changed task to a run, and pay only for the affected rows.",
    ),
    "export": ("", "exporting", "Export a dataset in another tool's format."),
    "next": ("Runs", "answering", "Print the open prompts of a run that an agent answers."),
    "answer": ("Runs", "answering", "Take answers to a run's open prompts, and print the next."),
    "mcp": ("Runs", "mcp", "Serve targen to an agent by the Model Context Protocol."),
    "merge": ("Runs", "merging", "Merge several runs of a task into one."),
    "replay": ("Runs", "replaying", "Rebuild a run from its journal."),
    "trace": (
        "Runs",
        "tracing",
        "Show how a row was generated, with its prompts, replies and checks.",
    ),
    "diff": ("Runs", "comparing", "Compare two runs."),
    "validate": ("Data", "validating", "Check a dataset against its task's schema."),
    "correct": ("Data", "correction", "Correct the labels of a dataset."),
    "method": ("Methods and papers", "methods", "Generate rows with a different method."),
    "finish": (
        "Methods and papers",
        "finishing",
        "Select or weight the rows of a method's run.",
    ),
}
"""Command -> panel of `targen --help`, folder, and summary."""


@hookimpl
def register_kinds(register: KindRegister) -> None:
    """Embedders, exporters, and forms of task files."""
    register(
        Kind(
            "embedder",
            "register_embedders",
            "targen_standard.embedding:Embedder",
            "list-embedders",
            "targen_testing.embedders:EmbedderSuite",
            "targen_standard.kinds",
        )
    )
    register(
        Kind(
            "form",
            "register_task_forms",
            "targen_standard.task_files.forms:TaskForm",
            "list-forms",
            "targen_testing.forms:FormSuite",
            "targen_standard.kinds",
        )
    )
    register(
        Kind(
            "output",
            "register_outputs",
            "targen_standard.task_files.outputs:OutputType",
            "list-outputs",
            "targen_testing.outputs:OutputSuite",
            "targen_standard.kinds",
        )
    )
    register(
        Kind(
            "exporter",
            "register_exporters",
            "targen_standard.exporting.model:Exporter",
            "list-exporters",
            "targen_testing.exporters:ExporterSuite",
            "targen_standard.kinds",
        )
    )


@hookimpl
def register_commands(register: Register) -> None:
    """One command for each folder."""
    for name, (panel, folder, summary) in _COMMANDS.items():
        target = f"targen_standard.{folder}.command:{name.replace('-', '_')}"
        register(name, target, summary=summary, panel=panel)


@hookimpl
def register_correctors(register: Register) -> None:
    """Step 4 by the paper's prompt, without its sight of the output, and by votes."""
    register(
        "meta",
        "targen_standard.correctors.meta:meta",
        summary="asks for an explanation, the label and a verdict, with the paper's meta-prompt",
    )
    register(
        "meta-paper",
        "targen_standard.correctors.meta:meta_paper",
        summary="like meta, but cannot reject: every instance gets a label",
    )
    register(
        "blind",
        "targen_standard.correctors.blind:blind",
        summary="solves the task without seeing the output that it checks",
    )
    register(
        "vote",
        "targen_standard.correctors.vote:vote",
        summary="the majority of several blind answers (by default 3); rejects rows without a "
        "majority",
    )
    register(
        "together",
        "targen_standard.correctors.together:TOGETHER",
        summary="judges all rows of a call in one call, without their labels; for contrast sets",
    )


@hookimpl
def register_embedders(register: Register) -> None:
    """Register an embedder that compares rows by their words only."""
    register(
        "words",
        "targen_standard.embedding:WORDS",
        summary="counts shared words and word pairs; does not need a model",
    )


@hookimpl
def register_deliveries(register: Register) -> None:
    """Batches, of services and in files."""
    register(
        "batch",
        "targen_standard.batches.delivery:BATCH",
        summary="the service's batch API, which is cheaper but takes up to a day",
    )
    register(
        "files",
        "targen_standard.batches.delivery:FILES",
        summary="prompts that targen next prints and targen answer answers",
    )


@hookimpl
def register_backends(register: Register) -> None:
    """Replies without a model: from a script or the task, and from agents."""
    register(
        "scripted",
        "targen_standard.scripted:BACKEND",
        summary="calls no model: replies come from a script or the task; for dry runs and tests",
    )
    register(
        "agent",
        "targen_standard.answering.backend:BACKEND",
        summary="no model: an agent, a person or a program answers, by targen next and targen "
        "answer",
    )


@hookimpl
def register_filters(register: Register) -> None:
    """Rows that differ, in their letters and in what they say."""
    register(
        "near-duplicates",
        "targen_standard.filters.near_duplicates:NEAR_DUPLICATES",
        summary="rejects rows that nearly repeat another row; used in every run",
        flags=True,
    )
    register(
        "excluded",
        "targen_standard.filters.excluded:EXCLUDED",
        summary="rejects rows that are the same, or nearly the same, as a row in given datasets",
        flags=True,
    )
    register(
        "distance",
        "targen_standard.filters.distance:DISTANCE",
        summary="rejects rows whose embedding is too similar to another row's",
        flags=True,
    )
    register(
        "examples",
        "targen_standard.examples:EXAMPLES",
        summary="shows your own real rows to the model, and rejects rows that repeat one of them",
        flags=True,
    )


@hookimpl
def register_exporters(register: Register) -> None:
    """The forms that most tools read."""
    register(
        "jsonl",
        "targen_standard.exporting.lines:JSONL",
        summary="the task's official file, one JSON object per line",
    )
    register(
        "hf",
        "targen_standard.exporting.hub:HF",
        summary="a folder for datasets.load_dataset: Parquet and a card",
    )
    register(
        "parquet",
        "targen_standard.exporting.hub:PARQUET",
        summary="one file with typed columns",
    )
    register(
        "instructions",
        "targen_standard.exporting.lines:INSTRUCTIONS",
        summary="prompt and completion for instruction tuning, as JSON lines",
    )
    register(
        "openai",
        "targen_standard.exporting.lines:OPENAI",
        summary="chat messages for fine-tuning, as JSON lines",
    )
    register(
        "csv",
        "targen_standard.exporting.table:CSV",
        summary="a table, with nested values as JSON",
    )


@hookimpl
def register_adapters(register: Register) -> None:
    """Any LangChain chat model."""
    register(
        "langchain",
        "targen_standard.langchain.classes:LANGCHAIN",
        summary="a LangChain BaseChatModel",
        aliases=["langchain_core"],
    )


@hookimpl
def register_task_readers(register: Register) -> None:
    """Declarations and modules."""
    register("py", "targen_standard.task_files.files:PYTHON", summary="Python modules")
    for name, others in {"yaml": ["yml"], "toml": [], "json": []}.items():
        target = "targen_standard.task_files.files:DECLARED"
        register(name, target, aliases=others, summary=f"declarations in {name.upper()}")


@hookimpl
def register_task_forms(register: Register) -> None:
    """Register the task file of a method."""
    register(
        "method",
        "targen_standard.methods.form:METHOD",
        summary="rows of a task, generated by a different method",
    )


@hookimpl
def register_dataset_readers(register: Register) -> None:
    """Register readers of other commands' outputs, BIG-bench's tasks, and plain texts."""
    register(
        "left",
        "targen_standard.datasets.readers:LEFT",
        summary="corrected, imported and weighted rows",
    )
    register(
        "bigbench", "targen_standard.datasets.readers:BIGBENCH", summary="BIG-bench's task.json"
    )
    register(
        "texts",
        "targen_standard.datasets.readers:TEXTS",
        summary="one text per line, in a .txt file",
    )


@hookimpl
def register_reporters(register: Register) -> None:
    """The card of a run, and what looks wrong with its rows."""
    register(
        "standard",
        "targen_standard.reporting.reporter:STANDARD",
        summary="the dataset card, figures of the texts, and possible problems",
    )
    register(
        "outputs",
        "targen_standard.task_files.output_report:OUTPUTS",
        summary="statistics on the outputs, and on step 4's corrections to them",
    )
