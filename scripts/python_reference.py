"""The pages of `docs/reference/api/`, made of signatures and docstrings."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import re
import textwrap
from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

import targen_core
from targen_core.options import Limits, ListOptions, Option, RowOptions
from targen_core.runs.config import CountOptions
from targen_core.runs.records.shortcuts import shortcuts

HEAD = """# Python API

The names in `targen_core`; each is imported on first use. All others are imported from their
module. [Use targen from
Python](../../how-to/use-from-python.md) shows them in use.

In signatures, these names stand for the values that an argument accepts:

| name | accepted values |
|---|---|
"""

LIKE = {
    "TaskLike": "a task's name, the path of its file, a `Task`, or a `Declaration`",
    "ModelLike": 'a backend\'s name, such as `"llama"`; a backend with a model, such as '
    '`"chatgpt/gpt-6-luna"`; `"langchain:package.module.Class"`; a `ChatModel`; a model from a '
    "library with an adapter, such as LangChain",
    "StepLike": 'a `ModelLike`, or a mapping of options with `"model"` among them',
    "ItemsLike": "the path of a file, or the items",
    "DataLike": "a `Run`, a `Corrected`, a `Reviewed`, a `Dataset`, the path of one, "
    '`"hf:OWNER/NAME"`, or rows: '
    "mappings, a data frame, a `datasets.Dataset`",
    "PathText": "a text, or a `Path`",
}

ALIASES = {
    "Script": (
        "Callable[[ChatRequest], Any]",
        "Takes a request and returns the reply: a text, a JSON value or a `ChatReply`; or raises.",
    ),
}

GROUPS = {
    "Run": "generate resume load read_dataset",
    "Errors": "TargenError Rejected",
    "Write a task": "Task Label Prompt Correction",
    "Write a backend": "Backend BackendOptions ChatReply Price",
    "Plugins": "hookimpl",
}
MODULES = [
    "targen_core.api.generating",
    "targen_core.api.kinds",
    "targen_core.api.report",
    "targen_core.api.request",
    "targen_core.api.run",
    "targen_core.calls.backend",
    "targen_core.calls.batch",
    "targen_core.calls.delivery",
    "targen_core.calls.descriptors",
    "targen_core.calls.executors",
    "targen_core.calls.model",
    "targen_core.calls.sampling",
    "targen_core.calls.scores",
    "targen_core.calls.secrets",
    "targen_core.cli.account",
    "targen_core.cli.ahead",
    "targen_core.cli.choosing",
    "targen_core.cli.command_line",
    "targen_core.cli.completion",
    "targen_core.cli.describing",
    "targen_core.cli.estimating",
    "targen_core.cli.facts",
    "targen_core.cli.findings",
    "targen_core.cli.flags",
    "targen_core.cli.generating",
    "targen_core.cli.licenses",
    "targen_core.cli.markup",
    "targen_core.cli.options.arguments",
    "targen_core.cli.outputs",
    "targen_core.cli.provenance",
    "targen_core.cli.sources",
    "targen_core.cli.status",
    "targen_core.cli.tables",
    "targen_core.cli.tokens",
    "targen_core.cli.tracing",
    "targen_core.cli.trust",
    "targen_core.dataset.fitting",
    "targen_core.dataset.kept",
    "targen_core.dataset.model",
    "targen_core.dataset.naming",
    "targen_core.dataset.problems",
    "targen_core.dataset.read",
    "targen_core.dataset.source",
    "targen_core.engine.filters",
    "targen_core.engine.quotas",
    "targen_core.extras",
    "targen_core.folders",
    "targen_core.hints",
    "targen_core.options",
    "targen_core.origin",
    "targen_core.outputs",
    "targen_core.pages",
    "targen_core.places",
    "targen_core.plain",
    "targen_core.plugins.adapters",
    "targen_core.plugins.configurable",
    "targen_core.plugins.hookspecs",
    "targen_core.plugins.kinds",
    "targen_core.plugins.loader",
    "targen_core.plugins.register",
    "targen_core.plugins.registry",
    "targen_core.reading.arrays",
    "targen_core.reading.encodings",
    "targen_core.reading.files",
    "targen_core.reading.lines",
    "targen_core.reading.tables",
    "targen_core.reading.texts",
    "targen_core.reading.typed",
    "targen_core.reading.values",
    "targen_core.runs.folder.reporters",
    "targen_core.runs.jobs.job",
    "targen_core.runs.records.reading",
    "targen_core.runs.config",
    "targen_core.runs.parsing",
    "targen_core.signing",
    "targen_core.task_files",
    "targen_core.tasks.cases",
    "targen_core.tasks.dimensions",
    "targen_core.tasks.fields",
    "targen_core.tasks.groups",
    "targen_core.tasks.judging",
    "targen_core.tasks.letters",
    "targen_core.tasks.model",
    "targen_core.tasks.parts",
    "targen_core.tasks.prompt",
    "targen_core.tasks.replies",
    "targen_core.tasks.steps",
    "targen_core.tasks.vocabularies",
    "targen_core.tasks.words",
    "targen_core.text",
    "targen_standard.asking",
    "targen_standard.batches.api",
    "targen_standard.batches.files",
    "targen_standard.checks.copies",
    "targen_standard.checks.languages",
    "targen_standard.checks.patterns",
    "targen_standard.checks.placeholders",
    "targen_standard.checks.prose",
    "targen_standard.checks.remarks",
    "targen_standard.comparing.api",
    "targen_standard.comparing.difference",
    "targen_standard.correction.api",
    "targen_standard.correction.outcome",
    "targen_standard.correction.result",
    "targen_standard.correction.versions",
    "targen_standard.correctors.blind",
    "targen_standard.correctors.meta",
    "targen_standard.datasets.bigbench",
    "targen_standard.datasets.weighing",
    "targen_standard.embedding",
    "targen_standard.error_patterns",
    "targen_standard.examples.shown",
    "targen_standard.exporting.api",
    "targen_standard.exporting.conversations",
    "targen_standard.exporting.model",
    "targen_standard.exporting.push",
    "targen_standard.filters.excluded.comparing",
    "targen_standard.filters.excluded.index",
    "targen_standard.filters.near_duplicates.index",
    "targen_standard.findings",
    "targen_standard.finishing.api",
    "targen_standard.given",
    "targen_standard.langchain.chat",
    "targen_standard.langchain.model",
    "targen_standard.looking",
    "targen_standard.made_up",
    "targen_standard.merging.api",
    "targen_standard.methods.columns",
    "targen_standard.methods.form",
    "targen_standard.methods.model",
    "targen_standard.pretrained",
    "targen_standard.previewing.api",
    "targen_standard.refilling",
    "targen_standard.replaying.api",
    "targen_standard.reporting.card",
    "targen_standard.revising.api",
    "targen_standard.revising.plan",
    "targen_standard.scripted",
    "targen_standard.splitting",
    "targen_standard.task_files.files",
    "targen_standard.task_files.forms",
    "targen_standard.task_files.model",
    "targen_standard.task_files.outputs",
    "targen_standard.tracing.api",
    "targen_standard.validating.api",
]
OWNED = [
    "targen_analysis.metrics",
    "targen_training.trainers",
    "targen_datatune.retrieval",
]
FUNCTIONS = {
    "targen_review.api": "review apply_review Reviewed ReviewReport",
    "targen_training.api": "train evaluate predict compare",
    "targen_training.models": "Trained",
    "targen_training.evaluation": "Evaluation",
    "targen_analysis.api": "analyze",
    "targen_analysis.analysis": "Analysis",
    "targen_datatune.api": "retrieve",
    "targen_datatune.finding": "Findings Match",
}
"""Functions of other distributions, and what they return."""
MODULES_HEAD = """
## Modules

Plugins may also use the names in these modules. Ours use nothing else.

"""
FUNCTIONS_HEAD = """
## Functions of other distributions

Programs may use these functions where their distribution is installed.

"""
OWNED_HEAD = """
## Modules of kinds in other distributions

What plugins import to bring a metric, a trainer, a catalogue or a retriever.

"""
_SECTION = re.compile(r"^(Args|Attributes|Returns|Raises):$", re.MULTILINE)
_TITLES = {"Args": "Arguments"}
_ITEM = re.compile(r"^ {4}(\S[^:]*): ", re.MULTILINE)
_WIDE = 88


def pages() -> dict[str, str]:
    """File name -> text; `index.md` first, then a page for each module."""
    grouped = {name for names in GROUPS.values() for name in names.split()}
    assert grouped == set(dir(targen_core)), grouped ^ set(dir(targen_core))
    index = [HEAD, *(f"| `{name}` | {words} |\n" for name, words in LIKE.items()), "\n"]
    for title, names in GROUPS.items():
        index += [f"## {title}\n\n", *(_entry(name) + "\n" for name in names.split())]
    made = {"index.md": ""}
    for head, paths in ((MODULES_HEAD, MODULES), (FUNCTIONS_HEAD, FUNCTIONS), (OWNED_HEAD, OWNED)):
        index.append(head)
        for path in sorted(paths):
            module = importlib.import_module(path)
            summary = (inspect.getdoc(module) or "").splitlines()[0]
            names = FUNCTIONS[path].split() if path in FUNCTIONS else list(_own_names(path))
            entries = [_described(name, getattr(module, name)) for name in names]
            made[f"{path}.md"] = "\n".join([f"# `{path}`\n\n{summary}\n", *entries])
            index.append(f"- [`{path}`]({path}.md): {summary}\n")
    made["index.md"] = "".join(index)
    return made


def promised() -> dict[str, set[str]]:
    """Module -> the names of it that plugins may import."""
    others = {path: {*_own_names(path)} for path in (*MODULES, *OWNED)}
    return {"targen_core": {*dir(targen_core)}, **others}


def _own_names(path: str) -> Iterator[str]:
    """The public names that a module defines, in order."""
    module = importlib.import_module(path)
    for node in ast.parse(inspect.getsource(module)).body:
        names: list[str] = []
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names = [node.name]
        elif isinstance(node, ast.Assign):
            targets = [each for target in node.targets for each in ast.walk(target)]
            names = [each.id for each in targets if isinstance(each, ast.Name)]
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names = [node.target.id]
        yield from (name for name in names if not name.startswith("_") and len(name) > 1)


def _entry(name: str) -> str:
    value = getattr(targen_core, name)
    if name == "hookimpl":
        return "### `hookimpl`\n\nMarks a hook of a plugin: see [Hooks](../hooks.md).\n"
    return _described(name, value)


def _described(name: str, value: Any) -> str:
    """A class, a function or a value, by its own words."""
    lines = [f"### `{name}`\n"]
    if isinstance(value, type):
        lines += _class(value)
    elif inspect.isroutine(value):
        doc = inspect.getdoc(value) or ""
        lines += [_code(_signature(value, name)), _words(doc, _help_of_options(value, doc))]
    elif name in ALIASES:
        lines += [_code(f"{name} = {ALIASES[name][0]}"), f"{ALIASES[name][1]}\n"]
    else:
        lines.append(_code(f"{name}: {type(value).__name__}"))
    return "\n".join(lines)


def _class(kind: type) -> Iterator[str]:
    whole = inspect.getdoc(kind) or ""
    fields = _fields(kind)
    if fields:
        yield _code("\n".join([f"class {kind.__name__}:", *(f"    {line}" for line in fields)]))
    elif "__init__" in vars(kind) and not getattr(kind, "_is_protocol", False):
        yield _code(_signature(kind.__init__, kind.__name__).removesuffix(" -> None"))
    if not whole.startswith(f"{kind.__name__}("):  # what dataclasses make where there is none
        yield _words(whole)
    for name, member in vars(kind).items():
        if name.startswith("_") and name != "__call__":
            continue
        plain = member.__func__ if isinstance(member, classmethod | staticmethod) else member
        if isinstance(plain, property):
            doc = inspect.getdoc(plain) or ""
            returned = _text(inspect.signature(plain.fget).return_annotation)  # type: ignore[arg-type]
            yield f"#### `{kind.__name__}.{name}`\n\n{_code(f'{name}: {returned}')}\n{_words(doc)}"
        elif hasattr(plain, "func") and hasattr(plain, "attrname"):  # a cached property
            returned = _text(inspect.signature(plain.func).return_annotation)
            doc = inspect.getdoc(plain.func) or ""
            yield f"#### `{kind.__name__}.{name}`\n\n{_code(f'{name}: {returned}')}\n{_words(doc)}"
        elif inspect.isfunction(plain):
            doc = inspect.getdoc(plain) or ""
            yield (
                f"#### `{kind.__name__}.{name}`\n\n{_code(_signature(plain, name))}\n{_words(doc)}"
            )


def _fields(kind: type) -> list[str]:
    if dataclasses.is_dataclass(kind):
        return [
            f"{field.name}: {_text(field.type)}"
            + ("" if field.default is dataclasses.MISSING else f" = {default(field.default)}")
            for field in dataclasses.fields(kind)
            if not field.name.startswith("_")
        ]
    hints = vars(kind).get("__annotations__", {})
    known = kind.model_fields if issubclass(kind, BaseModel) else {}
    return [
        f"{name}: {_text(known[name].annotation if name in known else hint)}"
        + ("" if name not in known or known[name].is_required() else _default_of(known[name]))
        for name, hint in hints.items()
        if not name.startswith("_") and "ClassVar" not in str(hint)
    ]


def _default_of(field: Any) -> str:
    return " = ..." if field.default_factory else f" = {default(field.default)}"


def _signature(function: Any, name: str) -> str:
    """A function's signature on lines that fit."""
    signature = inspect.signature(function)
    parts: list[str] = []
    star = False
    for parameter in signature.parameters.values():
        if parameter.name in ("self", "cls"):
            continue
        if parameter.kind is parameter.KEYWORD_ONLY and not star:
            parts.append("*")
            star = True
        star = star or parameter.kind is parameter.VAR_POSITIONAL
        before = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}
        text = before.get(parameter.kind, "") + parameter.name
        if parameter.annotation is not parameter.empty:
            text += f": {_text(parameter.annotation)}"
        if parameter.default is not parameter.empty:
            text += f" = {default(parameter.default)}"
        parts.append(text)
    word = "async def" if inspect.iscoroutinefunction(function) else "def"
    end = (
        ""
        if signature.return_annotation is signature.empty
        else (f" -> {_text(signature.return_annotation)}")
    )
    word = "class" if name[0].isupper() else word
    line = f"{word} {name}({', '.join(parts)}){end}"
    if len(line) <= _WIDE:
        return line
    inside = "".join(f"    {part},\n" for part in parts)
    return f"{word} {name}(\n{inside}){end}"


def _text(annotation: Any) -> str:
    if isinstance(annotation, str):
        return annotation.strip("'\"")
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _text(parts[0])
    if origin in (Union, UnionType):
        return " | ".join(_text(part) for part in parts)
    if origin is not None and origin is not Literal and isinstance(origin, type):
        return f"{origin.__name__}[{', '.join(_text(part) for part in parts)}]"
    special = {type(None): "None", Ellipsis: "..."}
    if annotation in special:
        return special[annotation]
    return re.sub(r"\b(?:[a-z_]+\.)+(?=[A-Z])", "", inspect.formatannotation(annotation))


def default(value: Any) -> str:
    """Return a default as code, or "..." if it is long."""
    text = repr(value)
    return "..." if " at 0x" in text or len(text) > 40 or text.startswith("<") else text


def _code(text: str) -> str:
    text = text.replace("'", '"')  # as the linter has it
    return f"```python\n{text}\n```\n"


def split(doc: str) -> tuple[str, dict[str, str]]:
    """Return what a docstring says before its sections, and each section by its title."""
    head, *rest = _SECTION.split(doc)
    return head, dict(zip(rest[::2], rest[1::2], strict=True))


def items(body: str) -> list[tuple[str, str]]:
    """Return the names that a section of a docstring explains, each with its text."""
    parts = _ITEM.split("\n" + body)[1:]
    return list(zip(parts[::2], parts[1::2], strict=True))


def _help_of_options(function: Any, doc: str) -> str:
    """Return an Args entry for each keyword that is an option and that the docstring lacks."""
    if "The other keywords are the options" not in doc:
        return ""
    groups = [of.declared() for of in (CountOptions, RowOptions, ListOptions, Limits)]
    options = {name: each for group in (*groups, shortcuts()) for name, each in group.items()}
    explained = {name.lstrip("*") for name, _ in items(split(doc)[1]["Args"])}
    others = [name for name in inspect.signature(function).parameters if name not in explained]
    lines = (f"    {name}: {_help(options[name])}" for name in others if name in options)
    return "\n" + "\n".join(lines)


def _help(option: Option) -> str:
    usual = option.flag.default or option.default
    is_shown = isinstance(usual, str | int | float) and usual not in ("", False)
    return f"{option.flag.help} By default {usual}." if is_shown else option.flag.help


def _words(doc: str, more_args: str = "") -> str:
    """A docstring as Markdown: its sections as lists."""
    head, sections = split(doc)
    if more_args:
        sections["Args"] = sections["Args"].rstrip() + more_args
    parts = [head.strip(), *(_section(*pair) for pair in sections.items())]
    return "\n\n".join(part for part in parts if part) + "\n"


def _section(title: str, body: str) -> str:
    heading = f"**{_TITLES.get(title, title)}**\n\n"
    if title == "Returns":
        return heading + textwrap.dedent(body.strip("\n")).strip()
    return heading + "\n".join(
        f"- `{name}`: {' '.join(text.split())}" for name, text in items(body)
    )
