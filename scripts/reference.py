"""Put the documentation together in `build/site`, with the pages that the code has the words for.

python scripts/reference.py && zensical serve -f build/site/mkdocs.yml

If the environment variable REPO has the repository's address, pages link to it, to be edited there.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import textwrap
from pathlib import Path

import cli_reference
import python_reference
import reference_tables

from targen_training.reproduction.items import items

ROOT = Path(__file__).parents[1]
SITE = ROOT / "build" / "site"
_LACKING = (
    "*Here, this page lacks its tables. `python scripts/reference.py` writes it with them to "
    "`build/site/docs`.*\n\n"
)
_PAPERS = """# The papers, item by item

Every table, figure and appendix of [TarGEN](https://arxiv.org/abs/2310.17876) and
[DataTune](https://arxiv.org/abs/2404.14361): the command that reproduces it, how our version
differs, and what we ran. `superglue`, `bigbench` and `runs` are your folders. [Reproduce the
papers' tables and figures](../how-to/reproduce-the-paper.md) lists them by number.

"""


def main() -> None:
    """Copy `docs`, add a page for each command and public module, and name them in the menu."""
    shutil.rmtree(SITE, ignore_errors=True)
    shutil.copytree(ROOT / "docs", SITE / "docs")
    menu = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    for folder, module in (("cli", cli_reference), ("api", python_reference)):
        pages = SITE / "docs" / "reference" / folder
        pages.mkdir()
        lines = []
        for name, text in module.pages().items():
            (pages / name).write_text(text, encoding="utf-8")
            lines.append(f"          - reference/{folder}/{name}\n")
        mark = f" reference/{folder}/index.md\n"
        assert menu.count(mark) == 1
        menu = menu.replace(mark, "\n" + "".join(lines))
    (SITE / "docs" / "reference" / "papers.md").write_text(_papers(), encoding="utf-8")
    for page in (SITE / "docs").rglob("*.md"):
        text = reference_tables.filled(page.read_text(encoding="utf-8").replace(_LACKING, ""))
        page.write_text(_described(text), encoding="utf-8")
    if repository := os.environ.get("REPO"):  # pages then get a link to edit them
        menu += f"repo_url: {repository}\nedit_uri: edit/main/docs/\n"
    (SITE / "mkdocs.yml").write_text(menu, encoding="utf-8")


def _described(text: str) -> str:
    """Return a page with its first paragraph as its description, for search engines."""
    paragraphs = re.sub(r"```.*?```|<!--.*?-->", "", text, flags=re.DOTALL).split("\n\n")
    prose = (p for p in paragraphs if re.match(r"[`\[*]*\w", p.lstrip()))
    words = re.sub(r"\[([^\]]*)\]\([^)]*\)|[`*]", r"\1", next(prose, ""))
    described = textwrap.shorten(words, 160, placeholder=" …")
    return f"---\ndescription: {json.dumps(described)}\n---\n\n{text}" if described else text


def _papers() -> str:
    parts = [_PAPERS]
    for item in items().values():
        parts.append(f"## {item.name}\n\n{item.what[0].upper()}{item.what[1:]}.\n\n")
        if item.command:
            parts.append(f"```sh\n{item.command}\n```\n\n")
        if item.install:
            then = f", then `{item.download}`" if item.download else ""
            parts.append(f"- **Needs**: `pip install '{item.install}'`{then}\n")
        parts.append(f"- **Differences**: {item.differs}\n- **What we ran**: {item.ran}.\n\n")
    return "".join(parts)


if __name__ == "__main__":
    main()
