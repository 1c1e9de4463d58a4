"""Code lines of each distribution and room: without docstrings, comments and blank lines.

python scripts/size.py          # the core's rooms, then the other distributions
python scripts/size.py --files  # each file of the core, too
"""

from __future__ import annotations

import argparse
import ast
import io
import tokenize
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
CORE = ROOT / "core/src/targen_core"
_SILENT = (
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
)


def code_lines(source: str) -> int:
    """Lines of Python that hold code."""
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in _SILENT:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Expr(value=ast.Constant(value=str())):  # a docstring, also of an attribute
                lines.difference_update(range(node.lineno, (node.end_lineno or 0) + 1))
    return len(lines)


def counted(folder: Path) -> dict[Path, int]:
    """The code lines of each file below a folder."""
    files = sorted(folder.rglob("*.py"))
    return {path: code_lines(path.read_text(encoding="utf-8")) for path in files}


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", action="store_true", help="each file of the core, too")
    options = parser.parse_args()
    files = counted(CORE)
    rooms: Counter[str] = Counter()
    for path, lines in files.items():
        inside = path.relative_to(CORE).parts
        rooms[inside[0] if len(inside) > 1 else "(modules)"] += lines
    print(f"{sum(files.values()):7,}  core")
    for room, lines in rooms.most_common():
        print(f"{lines:7,}    {room}")
        if options.files:
            for path, own in sorted(files.items(), key=lambda item: -item[1]):
                inside = path.relative_to(CORE).parts
                if (inside[0] if len(inside) > 1 else "(modules)") == room:
                    print(f"{own:7,}      {path.relative_to(CORE)}")
    others = sorted([*ROOT.glob("targen_*"), *ROOT.glob("plugins/*")])
    for folder in others:
        if (folder / "src").is_dir():
            print(f"{sum(counted(folder / 'src').values()):7,}  {folder.name}")
    print(f"{sum(counted(ROOT / 'tests').values()):7,}  tests")


if __name__ == "__main__":
    main()
