"""Nothing that a reader may meet is missing from the documentation, and no link is dead."""

from __future__ import annotations

import inspect
import re
import shlex
import textwrap
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import targen_analysis.metrics as model
from targen_core import Task, errors
from targen_core.calls.sampling import SAMPLING
from targen_core.calls.usage import Counts
from targen_core.cli.app import build
from targen_core.cli.command_line import read_words
from targen_core.cli.findings import Findings, Plot, Table
from targen_core.engine.events import Target
from targen_core.engine.quota_tracker import Flow, QuotaTracker
from targen_core.options import Limits
from targen_core.plugins.kinds import looked_up
from targen_core.plugins.loader import load_registry
from targen_core.runs.config import RunConfig
from targen_core.runs.manifest import Lock, Manifest, StepPlan, TaskPlan
from targen_core.tasks.groups import Judging, Rows, Texts
from targen_core.tasks.parts import Case
from targen_core.tasks.steps import ListStep
from targen_standard.task_files import model as declared
from targen_testing.rules import RULES
from targen_training.reproduction.items import items

DECLARED = [part for name, part in vars(declared).items() if name.endswith(("Part", "Declaration"))]
ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
REFERENCE = DOCS / "reference"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *DOCS.rglob("*.md")]
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)


def names(model: object) -> list[str]:
    return list(getattr(model, "model_fields", None) or getattr(model, "__dataclass_fields__", ()))


def missing(words: list[str], page: Path) -> list[str]:
    text = page.read_text(encoding="utf-8")
    return [word for word in words if not re.search(rf"(?<![\w-]){re.escape(word)}(?![\w])", text)]


REGISTRY = load_registry()
KINDS = REGISTRY.kinds.values()
OWNERS = {
    "register_kinds": "targen-core",
    **{kind.hook: REGISTRY.owner_of(kind.name) for kind in KINDS},
}
SPECS = {kind.hook: looked_up(kind.specification) for kind in KINDS}
SPECS["register_kinds"] = looked_up("targen_core.plugins.hookspecs:register_kinds")


def test_every_hook_has_its_section_and_signature() -> None:
    text = (REFERENCE / "hooks.md").read_text(encoding="utf-8")
    for hook in SPECS:
        assert re.search(rf"^#+ `{hook}`$", text, re.MULTILINE), hook
        assert f"def {hook}(register" in text, hook
        (row,) = (line for line in text.splitlines() if line.startswith(f"| `{OWNERS[hook]}` |"))
        assert f"[`{hook}`](#{hook})" in row, hook


def test_the_section_of_a_hook_says_where_its_type_is() -> None:
    text = (REFERENCE / "hooks.md").read_text(encoding="utf-8")
    for kind in (kind for kind in KINDS if ":" in kind.type):
        section = text.partition(f"\n## `{kind.hook}`\n")[2].partition("\n## ")[0]
        where = kind.type.replace(":", ".")
        assert f"`{where}`" in section, kind.hook


def test_the_example_of_a_hook_is_that_of_its_specification() -> None:
    text = (REFERENCE / "hooks.md").read_text(encoding="utf-8")
    for hook, spec in SPECS.items():
        match = re.search(r"```python\n(.*?)```", inspect.getdoc(spec) or "", re.DOTALL)
        assert match is not None, hook
        assert f"```python\n{textwrap.dedent(match[1]).strip()}\n```" in text, hook


def commands(page: Path) -> list[str]:
    """The `targen` commands of the blocks that nothing runs, since they ask a model or the net."""
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    parts = [part.strip() for line in lines for part in line.split("&&")]
    return [part for part in parts if part.startswith("targen ")]


def test_every_command_that_is_shown_can_be_typed() -> None:
    group = build()
    context = click.Context(group, info_name="targen")
    shown = [(page.name, text) for page in PAGES for text in commands(page)]
    assert len(shown) > 40
    shown += [(item.name, item.command) for item in items().values() if item.command]
    for page, text in shown:
        _, name, *words = shlex.split(text, comments=True)
        if name.startswith("-"):
            continue
        if words and (command := group.get_command(context, f"{name} {words[0]}")) is not None:
            words = words[1:]  # of two words, such as "review apply"
        else:
            command = group.get_command(context, name)
        assert command is not None, f"{page}: {text}"
        inner = click.Context(command, info_name=name, parent=context)
        try:
            command.make_parser(inner).parse_args(read_words(words).words)
        except click.UsageError as error:
            pytest.fail(f"{page}: {text}: {error.format_message()}")


def options_of_backends() -> Iterator[str]:
    registry = load_registry()
    for item in registry.all("backend"):
        if item.distribution in ("targen-core", "targen-backends"):
            yield from names(registry.resolve(item).options)


MANIFEST = (Manifest, Limits, Target, Lock, TaskPlan, StepPlan)
REPORT = (
    "by_step priced task task_version seed status problem balance usage unused_calls retries "
    "models prices given_answers copied_from"
).split()
METRICS = (model.Metric, model.Study, model.Corpus, Findings, Plot, Table)
CHECKS = {name for kind in KINDS for name in dir(kind.resolve("suite")) if name.startswith("test_")}
EXPLAINED = {
    "reference/run-directory.md": [
        *(name for part in (*MANIFEST, Counts) for name in names(part)),
        *QuotaTracker(["a"], {"a": "a"}).as_dict(),
        *Flow().as_dict(),
        *REPORT,
    ],
    "reference/errors.md": [
        name
        for name, each in vars(errors).items()
        if isinstance(each, type) and issubclass(each, errors.TargenError)
    ],
    "reference/options.md": [*SAMPLING, *options_of_backends()],
    "reference/hooks.md": [name for kind in METRICS for name in names(kind)],
    "reference/declaration.md": [key for part in DECLARED for key in names(part)],
    "reference/task.md": [
        name for kind in (Task, Judging, Rows, Texts, Case, ListStep) for name in names(kind)
    ],
    "reference/python.md": names(RunConfig),
    "plugins/conformance.md": [*CHECKS, *RULES],
}
"""What each page explains: keys of files, errors, options, fields and checks."""


@pytest.mark.parametrize("page", EXPLAINED)
def test_every_name_is_explained(page: str) -> None:
    assert missing([*EXPLAINED[page]], DOCS / page) == []


def ours(kind: str, distribution: str) -> set[str]:
    """What one of our distributions registers."""
    found = load_registry().all(kind)
    return {item.name for item in found if item.distribution == distribution}


def test_every_metric_has_its_section() -> None:
    text = (REFERENCE / "metrics.md").read_text(encoding="utf-8")
    assert ours("metric", "targen-analysis") <= {*re.findall(r"^## `(.+)`$", text, re.MULTILINE)}


def test_every_task_has_its_page() -> None:
    pages = {path.stem for path in (REFERENCE / "tasks").glob("*.md")}
    assert ours("task", "targen-tasks-superglue") <= pages


@pytest.mark.parametrize("page", PAGES[:3], ids=lambda page: page.name)
def test_links_of_pages_beside_the_site_lead_somewhere(page: Path) -> None:
    """What builds the site checks those of its own pages."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    for link in _LINK.findall(text):
        path, _, anchor = link.partition("#")
        if path.startswith(("http://", "https://", "mailto:")):
            continue
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def anchors(page: Path) -> set[str]:
    """The ids that MkDocs gives to a page's headings."""
    headings = _HEADING.findall(page.read_text(encoding="utf-8"))
    plain = (re.sub(r"[^\w\s-]", "", heading).strip().lower() for heading in headings)
    return {re.sub(r"[-\s]+", "-", heading) for heading in plain}
