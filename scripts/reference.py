"""Write the parts of the documentation that the code has the words for, into `docs` itself.

python scripts/reference.py [--check]

It writes a page for each command, the page of the Python API, that of the papers' items, and each
table between `<!-- table: WHAT -->` and `<!-- end of table -->`. WHAT is one of these:

- `module:NAME`: the fields and methods of a class, or the keys of a model
- `backend NAME`, `metric NAME`: the options of that part
- `checks KIND`: what the conformance suite of a kind checks, besides what that of a task does
- `papers targen`, `papers datatune`: each table, figure and appendix with its command
- `rules`: what is checked before a plugin runs

With `--check`, it changes nothing, and exits with 1 if a page is not what it would write.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import os
import re
import sys
import textwrap
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path
from types import FunctionType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from typer import _click as click

import targen_core
from targen_core.cli.app import build
from targen_core.options import Limits, ListOptions, Option, RowOptions
from targen_core.plugins.kinds import looked_up
from targen_core.plugins.loader import DISABLE_VARIABLE, load_registry
from targen_core.runs.config import CountOptions
from targen_core.runs.shortcuts import shortcuts
from targen_testing.rules import RULES
from targen_testing.tasks import TaskSuite
from targen_training.reproduction.items import items as items_of_papers

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
REFERENCE = DOCS / "reference"
_TABLE = re.compile(
    r"^<!-- table: ([^\n]+?) -->\n(?:\n\|.*?^<!-- end of table -->\n)?", re.MULTILINE | re.DOTALL
)
_MENU = re.compile(r"(?<=  - Command line:\n)(?: +- reference/cli/.+\n)*")


def llms_page(pages: Mapping[Path, str]) -> str:
    """Return the list of pages for language models: the form of llms.txt, with paths in docs/."""
    lines = ["# targen", "", "> Labelled text datasets from a description of the task.", ""]
    lines += ["Coding agents: run `targen guide` first.", "", "## Docs", ""]
    for page, text in sorted(pages.items()):
        if page.suffix == ".md" and "cli" not in page.parts and text.startswith("# "):
            lines.append(f"- [{text[2:].partition(chr(10))[0]}]({page.relative_to(DOCS)})")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write the pages, or compare them."""
    os.environ[DISABLE_VARIABLE] = "targen-plugin-example"  # its parts are nobody's reference
    commands = {REFERENCE / "cli" / name: text for name, text in command_pages().items()}
    pages = {
        **{page: filled(page.read_text(encoding="utf-8")) for page in DOCS.rglob("*.md")},
        **commands,
        REFERENCE / "api.md": api_page(),
        REFERENCE / "papers.md": papers_page(),
    }
    menu = "".join(f"          - {page.relative_to(DOCS)}\n" for page in commands)
    mkdocs = ROOT / "mkdocs.yml"
    pages[mkdocs] = _MENU.sub(menu, mkdocs.read_text(encoding="utf-8"), count=1)
    pages[DOCS / "llms.txt"] = llms_page(pages)
    gone = {*(REFERENCE / "cli").glob("*.md")} - {*commands}
    for page in gone:
        del pages[page]
    now = {page: page.read_text(encoding="utf-8") if page.exists() else None for page in pages}
    stale = sorted({*(page for page, text in pages.items() if now[page] != text), *gone})
    if "--check" in sys.argv:
        for page in stale:
            print(f"{page.relative_to(ROOT)} is not what the code says", file=sys.stderr)
        if stale:
            print("hint: python scripts/reference.py", file=sys.stderr)
        return 1 if stale else 0
    for page in gone:
        page.unlink()
    (REFERENCE / "cli").mkdir(exist_ok=True)
    for page in {*stale} - gone:
        page.write_text(pages[page], encoding="utf-8")
    return 0


# --- tables ----------------------------------------------------------------


def filled(text: str) -> str:
    """Return a page with its tables as they are today."""
    return _TABLE.sub(
        lambda line: f"<!-- table: {line[1]} -->\n\n{_table(line[1])}\n\n<!-- end of table -->\n",
        text,
    )


def _table(what: str) -> str:
    kind, _, name = what.partition(" ")
    if what == "rules":
        return _rows("check", "what to do if it fails", RULES.items())
    if kind == "papers":
        return _papers(name)
    if kind == "checks":
        suite = looked_up(load_registry().kinds[name].suite)
        tests = [(test, getattr(suite, test)) for test in dir(suite) if test.startswith("test_")]
        if suite is not TaskSuite:
            tests = [pair for pair in tests if getattr(TaskSuite, pair[0], None) is not pair[1]]
        return _rows(
            "test", "what must hold", [(test, _first_paragraph(code)) for test, code in tests]
        )
    if name:
        return _keys(load_registry().get(kind, name).options)
    module, _, name = what.partition(":")
    thing = getattr(importlib.import_module(module), name)
    return _keys(thing) if issubclass(thing, BaseModel) else _members(thing)


def _papers(name: str) -> str:
    lines = ["| item | shows | command |\n|---|---|---|"]
    for item in items_of_papers().values():
        paper, _, short = item.name.rpartition("-")
        if (paper or "targen") == name:
            called = re.sub("^([a-z]+)", lambda found: f"{found[0].capitalize()} ", short)
            page = f"../reference/papers.md#{item.name.replace('.', '').lower()}"
            command = f"`{item.command}`" if item.command else "none"
            lines.append(f"| [{called}]({page}) | {item.what} | {command} |")
    return "\n".join(lines)


def _keys(model: type[BaseModel]) -> str:
    lines = ["| key | default | meaning |\n|---|---|---|"]
    for name, field in model.model_fields.items():
        known = isinstance(field.default, str | bool | int | float) and field.default != ""
        given = f"`{field.default}`".removesuffix(".0`").removesuffix("`") + "`" if known else ""
        given = given if isinstance(field.default, str) else given.lower()
        given = "required" if field.is_required() else given
        lines.append(f"| `{name}` | {given} | {plain(field.description or '')} |")
    return "\n".join(lines)


def _members(kind: type) -> str:
    """Return a class's fields as its docstring has them, and methods by their first paragraph."""
    _, sections = split(inspect.getdoc(kind) or "")
    members = items(sections.get("Attributes", ""))
    if not dataclasses.is_dataclass(kind):
        own = [(name, code) for name, code in vars(kind).items() if not name.startswith("_")]
        documented = [pair for pair in own if isinstance(pair[1], property | FunctionType)]
        members += [(name, _first_paragraph(code)) for name, code in documented]
        return _rows("member", "meaning", members)
    lines = ["| field | default | meaning |\n|---|---|---|"]
    known = {field.name: field for field in dataclasses.fields(kind)}
    for name, text in members:
        field = known[name]
        given = "required" if field.default_factory is dataclasses.MISSING else "empty"
        if field.default is not dataclasses.MISSING:
            given = f"`{default(field.default)}`"
        lines.append(f"| `{name}` | {given} | {plain(text)} |")
    return "\n".join(lines)


def _rows(head: str, meaning: str, rows: Any) -> str:
    lines = [f"| `{name}` | {plain(text)} |" for name, text in rows]
    return "\n".join([f"| {head} | {meaning} |\n|---|---|", *lines])


def _first_paragraph(code: Any) -> str:
    return (inspect.getdoc(code) or "").split("\n\n")[0]


# --- the papers' items -----------------------------------------------------

_PAPERS = """# The papers, item by item

Every table, figure and appendix of [TarGEN](https://arxiv.org/abs/2310.17876) and
[DataTune](https://arxiv.org/abs/2404.14361): the command that reproduces it, how our version
differs, and what we ran. `superglue`, `bigbench` and `runs` are your folders. [Reproduce the
papers' tables and figures](../how-to/reproduce-the-paper.md) lists them by number.

"""


def papers_page() -> str:
    """Return the page of every item of the papers."""
    parts = [_PAPERS]
    for item in items_of_papers().values():
        parts.append(f"## {item.name}\n\n{item.what[0].upper()}{item.what[1:]}.\n\n")
        if item.command:
            parts.append(f"```sh\n{item.command}\n```\n\n")
        if item.install:
            then = f", then `{item.download}`" if item.download else ""
            parts.append(f"- **Needs**: `pip install '{item.install}'`{then}\n")
        parts.append(f"- **Differences**: {item.differs}\n- **What we ran**: {item.ran}.\n\n")
    return "".join(parts)


# --- commands --------------------------------------------------------------

_COMMANDS = """# Command line

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | a job failed |
| 2 | wrong usage |
| 130 | Ctrl-C, SIGTERM or SIGHUP |

`targen COMMAND --help` prints what these pages say. `targen --install-completion` makes bash, zsh
or fish complete commands, options, and the names of installed tasks, backends and other parts.

## Options of every command

"""


def command_pages() -> dict[str, str]:
    """File name -> text; `index.md` first, then the commands in the order of `targen --help`."""
    group = build()
    top = click.Context(group, info_name="targen")
    index, made = [_COMMANDS, *_command_options(group, top)], {"index.md": ""}
    commands = [(name, group.get_command(top, name)) for name in group.list_commands(top)]
    for panel, members in groupby(commands, key=lambda pair: str(pair[1].rich_help_panel)):
        index.append(f"## {panel}\n\n| command | what it does |\n|---|---|\n")
        for name, command in members:
            file = name.replace(" ", "-") + ".md"
            made[file] = "".join(_command_page(name, command, top))
            summary = plain(command.help.split("\n\n")[0])
            index.append(f"| [{name}]({file}) | {summary} |\n")
        index.append("\n")
    made["index.md"] = "".join(index)
    return made


def _command_page(name: str, command: click.Command, top: click.Context) -> Iterator[str]:
    context = click.Context(command, info_name=name, parent=top)
    yield f"# targen {name}\n\n"
    usage = command.get_usage(context).removeprefix("Usage: ")
    yield f"```text\n{' '.join(usage.split())}\n```\n\n"
    for block in command.help.split("\n\n"):
        head, *items = re.split(r"^- ", block, flags=re.MULTILINE)
        if all(item.startswith("targen ") for item in items) and items:
            shown = "\n".join(" ".join(item.split()) for item in items)
            yield f"{plain(head)}\n\n```sh\n{shown}\n```\n\n"
        else:
            yield "\n".join([plain(head), *(f"- {plain(item)}" for item in items), "", ""])
    yield from _command_options(command, context)


def _command_options(command: click.Command, context: click.Context) -> Iterator[str]:
    """Each option below a heading that a link can name, panel by panel."""
    panels: dict[str, list[str]] = {}
    for parameter in command.params:
        if (record := parameter.get_help_record(context)) is None:  # it is hidden
            continue
        flags, words = record
        name = max(parameter.opts or [parameter.name], key=len).lstrip("-")
        panel = getattr(parameter, "rich_help_panel", None) or ""
        text = f"#### `{flags}` {{#{name}}}\n\n{plain(words)}\n\n"
        panels.setdefault(panel, []).append(text)
    for panel, options in panels.items():
        if panel:
            yield f"## {panel}\n\n"
        yield from options


def plain(words: str) -> str:
    """Words of a help as Markdown that shows them as they are."""
    parts = " ".join(words.split()).split("`")
    for number in range(0, len(parts), 2):  # the others are code
        parts[number] = re.sub(r"([*_<\[|])", r"\\\1", parts[number])
    return "`".join(parts)


# --- the Python API --------------------------------------------------------

_API = """# Python API

The names in `targen_core`; each is imported on first use. All others are imported from their
module. [Use targen from Python](../how-to/use-from-python.md) shows them in use; [Hooks](hooks.md)
has the types of everything that a plugin registers.

In signatures, these names stand for the values that an argument accepts:

| name | accepted values |
|---|---|
"""

_LIKE = {
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

_ALIASES = {
    "Script": (
        "Callable[[ChatRequest], Any]",
        "Takes a request and returns the reply: a text, a JSON value or a `ChatReply`; or raises.",
    ),
}

_GROUPS = {
    "Run": "generate resume load read_dataset",
    "Errors": "TargenError Rejected",
    "Write a task": "Task Label ListStep Llm Prompt Judging CorrectionSample Correction",
    "Write a backend": "Backend BackendOptions ChatReply Price",
    "Plugins": "hookimpl Register",
}
_FUNCTIONS = {
    "targen_standard.previewing.api": "preview",
    "targen_standard.comparing.api": "diff",
    "targen_standard.tracing.api": "trace",
    "targen_standard.replaying.api": "replay",
    "targen_standard.revising.api": "revise",
    "targen_standard.merging.api": "merge",
    "targen_standard.correction.api": "correct",
    "targen_standard.validating.api": "validate",
    "targen_standard.exporting.api": "export",
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
_FUNCTIONS_HEAD = """
## Functions of other distributions

Programs may use these functions where their distribution is installed.

"""
_SECTION = re.compile(r"^(Args|Attributes|Returns|Raises):$", re.MULTILINE)
_TITLES = {"Args": "Arguments"}
_ITEM = re.compile(r"^ {4}(\S[^:]*): ", re.MULTILINE)
_WIDE = 88


def api_page() -> str:
    """Return the page of the names in `targen_core`, and of the plugins' functions."""
    grouped = {name for names in _GROUPS.values() for name in names.split()}
    assert grouped == set(dir(targen_core)), grouped ^ set(dir(targen_core))
    parts = [_API, *(f"| `{name}` | {words} |\n" for name, words in _LIKE.items()), "\n"]
    for title, names in _GROUPS.items():
        parts += [f"## {title}\n\n", *(_entry(name) + "\n" for name in names.split())]
    parts.append(_FUNCTIONS_HEAD)
    for path, names in _FUNCTIONS.items():
        module = importlib.import_module(path)
        for name in names.split():
            entry = _described(name, getattr(module, name))
            parts.append(entry.replace(f"### `{name}`", f"### `{path}.{name}`", 1) + "\n")
    return "".join(parts)


def _entry(name: str) -> str:
    value = getattr(targen_core, name)
    if name == "hookimpl":
        return "### `hookimpl`\n\nMarks a hook of a plugin: see [Hooks](hooks.md).\n"
    return _described(name, value)


def _described(name: str, value: Any) -> str:
    """A class, a function or a value, by its own words."""
    lines = [f"### `{name}`\n"]
    if isinstance(value, type):
        lines += _class(value)
    elif inspect.isroutine(value):
        doc = inspect.getdoc(value) or ""
        lines += [_code(_signature(value, name)), _words(doc, _help_of_options(value, doc))]
    elif name in _ALIASES:
        lines += [_code(f"{name} = {_ALIASES[name][0]}"), f"{_ALIASES[name][1]}\n"]
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


if __name__ == "__main__":
    sys.exit(main())
