"""Count what we avoid in English: in pages, docstrings, and the texts of help and messages.

python scripts/prose.py             counts beside their ceilings; exits 1 above one
python scripts/prose.py RULE        also every place of a rule
python scripts/prose.py --lower     lower the ceilings in prose.toml to the counts

A ceiling only falls: who adds a sentence that a rule finds rewrites it, or another one.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
CEILINGS = Path(__file__).with_suffix(".toml")
LONGEST = 25  # words of a sentence
_NAMES = "call|row|minute|second|hour|day|label|task|token|seed|context|line|item|step|run"

RULES = {
    "a-for-per": rf"\b(?:{_NAMES}|dollar|time|request|cent)s an? (?:{_NAMES})\b",
    "fronted-of": r"^Of (?!course)",
    "inversion": r"\b(?:is|are) there\b(?!.*\?$)|^(?:Read|Compared|Shown|Left out) (?:is|are)\b",
    "nothing": r"(?:^(?!None (?:of|if|when|for|unless|until|without)\b)|[;:] (?!None\b))"
    r"(?:[Nn]othing|[Nn]obody|[Nn]one|[Nn]o one)\b(?=.*\.$)"
    r"|\b(?:nothing|nobody|no one) (?:is|was|has|can|may|will|does|needs|knows|says)\b",
    "noun-clause": r"^(?:What|Whatever|Whether|Whoever|Who|How) (?:\S+ ){4,}.*\.$",
    "of-it": r"(?<! all | any |copy |each |half |most |much |none |part |rest |some )"
    r"\bof it\b",
    "of-which": r"\bof which\b",
    "phrase": r"\b(?:likewise|besides|but for|made no row|is as it was|for want of)\b",
    "semicolons": r";.*;",
    "there-none": r"\bthere (?:is|are|was|were) (?:none|nothing|nobody)\b",
    "told": r"\b(?:is|are|was|be) told\b",
    "too": r",? too[.,;:)]",
    "verb": r"\b(?:heeds?|mends?|weighs?|goes on|go on|stands?(?!-| alone| for))\b",
}
"""What a sentence should not match."""

_CELL = 12  # words of a table cell that is a sentence rather than a name
_ROWS = "dry_run|samples|hostile"  # modules of rows, which are quoted rather than said
_SENT = re.compile(
    r"/(?:candidates|constraints|grading|llm|prompt_text|rubric|showing|steps|subjects|targen_tasks_multirc/task|targen_outputs/(?:answer|labels|preference)"
    r")\.py$"
)
"""Modules whose texts models read: runs are compared by them, so they change for a reason only."""
_QUOTED = {
    "Rejected": (),
    "Task": ("description",),
    "asking_task": ("description",),
    "Dimension": ("values",),
}
"""Calls whose texts go into rows or prompts: these keywords, or all."""
_DATA = re.compile(
    r"\s*(?:@\w+\{|:root|import |CREATE |--(?![a-z])|';|\(\?|(?:default|script)-src "
    r"|(?:[^.,:;!?()]|[.,:;!?](?=\S)){75,}$)"
)
"""Strings that say nothing to a reader: BibTeX, CSS, code, SQL, patterns, and lists of words."""
_ITEM = re.compile(r"\n\s*\n|\n(?=[-|#]|\w+: )")  # where a paragraph, item or entry ends
_CODE = re.compile(
    r"^( *)(`{3,}).*?^\1\2 *$|<!-- table.*?<!-- end of table -->|<!--.*?-->",
    re.MULTILINE | re.DOTALL,
)
_SECTION = re.compile(r"\s*(?:Args|Attributes|Raises|Returns|Yields):\n(\s*)")
_MARKUP = re.compile(r"!\[[^\]]*\]\([^)]*\)|\[([^\]]*)\]\([^)]*\)|\*{1,2}")
_END = re.compile(r"(?<=[.?!])[\"')]* +(?=[A-Z\"'(]|\d+ |targen )")


def sentences(text: str) -> Iterator[str]:
    """Yield those of a paragraph; each piece of code is one word."""
    plain = _MARKUP.sub(r"\1", re.sub(r"`[^`]*`", "Code", " ".join(text.split())))
    for sentence in _END.split(plain):
        if " " in sentence:
            yield sentence


def page(path: Path) -> Iterator[tuple[int, str]]:
    """Yield (line, text) of each paragraph, list item and table cell, but no headings."""
    text = _CODE.sub(lambda m: "\n" * m[0].count("\n"), path.read_text(encoding="utf-8"))
    part: list[str] = []
    for number, line in enumerate([*text.splitlines(), ""], 1):
        if line.startswith("|"):
            yield from ((number, cell) for cell in line.split("|") if cell.count(" ") > _CELL)
        elif re.match(r"\s*(?:#|[-*+] |\d+\. |$)", line):
            yield number - len(part), " ".join(part)
            part = [] if line.startswith("#") else [re.sub(r"^\s*(?:[-*+]|\d+\.) +", "", line)]
        else:
            part.append(line)
    yield number, " ".join(part)


def paragraphs(docstring: str) -> Iterator[str]:
    """Yield those of a docstring; an item of a list and an entry of a section are paragraphs."""
    for block in re.split(r"\n\s*\n", docstring):
        section = _SECTION.match(block)
        start = rf"\n{section[1]}(?=\S)" if section else r"\n(?=\s*- )"
        yield from re.split(start, block)


def quoted(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the parts of a module that go into rows or prompts, lists of words, and keys."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):  # whose keys are those of records
            yield from filter(None, node.keys)
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        if name.endswith(".split"):  # "a b c".split()
            yield node.func
        elif name in _QUOTED:
            yield from (k.value for k in node.keywords if k.arg in (_QUOTED[name] or (k.arg,)))
            yield from () if _QUOTED[name] else node.args


def module(path: Path) -> Iterator[tuple[str, int, str]]:
    """Yield (area, line, text) of the docstrings and the other texts of a module."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    inside = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for part in node.values
    }
    inside |= {id(node) for part in quoted(tree) for node in ast.walk(part)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = [str(p.value) if isinstance(p, ast.Constant) else "Code" for p in node.values]
            text = "".join(parts)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        else:
            continue
        if id(node) in docs:
            yield from (("docstrings", node.lineno, part) for part in paragraphs(text))
        elif id(node) not in inside and not _DATA.match(text) and not _SENT.search(str(path)):
            yield from (("messages", node.lineno, part) for part in _ITEM.split(text))


def texts() -> Iterator[tuple[str, str, str]]:
    """Yield (area, place, text) of everything that a reader may meet."""
    files = ("*.md", "docs/**/*.md", "*/src/**/*.py", "plugins/**/src/**/*.py")
    for path in sorted({path for pattern in files for path in ROOT.glob(pattern)}):
        name = path.relative_to(ROOT).as_posix()
        if name.startswith(".") or "/templates/" in name or re.search(_ROWS, path.stem):
            continue
        if path.suffix == ".md":
            if re.search(r"/reference/(?:cli/|api\.md|papers\.md)", f"/{name}"):
                continue  # made of docstrings and help
            yield from (("docs", f"{name}:{line}", text) for line, text in page(path))
        else:
            yield from ((area, f"{name}:{line}", text) for area, line, text in module(path))


def found() -> dict[str, list[tuple[str, str]]]:
    """Return, by "area.rule", where each was found."""
    rules = {name: re.compile(rule) for name, rule in RULES.items()}
    places: dict[str, list[tuple[str, str]]] = {
        f"{area}.{rule}": []
        for area in ("docs", "docstrings", "messages")
        for rule in ("long", *RULES)
    }
    for area, place, text in texts():
        for sentence in sentences(text):
            if len(sentence.split()) > LONGEST:
                places[f"{area}.long"].append((place, sentence))
            for name, rule in rules.items():
                if rule.search(sentence):
                    places[f"{area}.{name}"].append((place, sentence))
    return places


def main(arguments: list[str]) -> int:
    """Print the counts, and return 1 if one is above its ceiling."""
    places = found()
    ceilings = tomllib.loads(CEILINGS.read_text(encoding="utf-8")) if CEILINGS.exists() else {}
    above = 0
    for key, where in places.items():
        ceiling = ceilings.get(key, len(where))
        print(f"{key:24} {len(where):5} {ceiling:5}{'  too many' * (len(where) > ceiling)}")
        above += len(where) > ceiling
        if key in arguments or key.partition(".")[2] in arguments:
            print(*(f"  {place}: {sentence}" for place, sentence in where), sep="\n")
    if "--lower" in arguments:
        lowered = {
            key: min(len(where), ceilings.get(key, len(where))) for key, where in places.items()
        }
        lines = [f'"{key}" = {count}\n' for key, count in lowered.items()]
        CEILINGS.write_text(
            "# What scripts/prose.py may find at most; a number only falls.\n" + "".join(lines)
        )
    if above:
        print("write it otherwise; python scripts/prose.py RULE shows each place", file=sys.stderr)
    return int(above > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
