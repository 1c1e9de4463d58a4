"""Put the documentation together in `build/site`, with the pages that the code has the words for.

python scripts/reference.py && zensical serve -f build/site/mkdocs.yml
"""

from __future__ import annotations

import shutil
from pathlib import Path

import cli_reference
import python_reference

ROOT = Path(__file__).parents[1]
SITE = ROOT / "build" / "site"


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
    (SITE / "mkdocs.yml").write_text(menu, encoding="utf-8")


if __name__ == "__main__":
    main()
