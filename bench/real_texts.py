"""How many real texts a task file with no rules of its own refuses, and why.

    python bench/real_texts.py [DATA]

Prints a line for each set in the folder DATA (by default ../shared/data): its texts, how many the
defaults of a field refuse, and the reasons with their counts. Exits 1 if that is above 1%.
"""

from __future__ import annotations

import csv
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from targen_core.errors import Rejected
from targen_standard.task_files.checks import check_text
from targen_standard.task_files.model import FieldPart

DATA = Path(__file__).parents[1] / ".." / "shared" / "data"
FIELDS = {  # of each set of SuperGLUE, the paths of its texts
    "AX-b": ("sentence1", "sentence2"),
    "AX-g": ("premise", "hypothesis"),
    "BoolQ": ("question", "passage"),
    "CB": ("premise", "hypothesis"),
    "COPA": ("premise", "choice1", "choice2"),
    "MultiRC": ("passage.text",),
    "RTE": ("premise", "hypothesis"),
    "ReCoRD": ("passage.text", "qas"),
    "WSC": ("text",),
    "WiC": ("sentence1", "sentence2"),
}
Texts = Iterator[tuple[str, str]]


def jsonl(folder: Path, paths: tuple[str, ...]) -> Texts:
    """Texts of JSONL files by their paths, with the last key as the field's name."""
    for file in sorted(folder.glob("*.jsonl")):
        for line in file.read_text(encoding="utf-8").split("\n"):
            row = json.loads(line) if line else {}
            for path in paths if row else ():
                value: Any = row
                for key in path.split("."):
                    value = value[key]
                for text in (
                    [value] if isinstance(value, str) else [each["query"] for each in value]
                ):
                    yield path.rpartition(".")[2], text


def banking77(folder: Path) -> Texts:
    for name in ("train.csv", "test.csv"):
        with (folder / name).open(encoding="utf-8", newline="") as file:
            yield from (("text", row["text"]) for row in csv.DictReader(file))


def trec(folder: Path) -> Texts:
    for name in ("train.txt", "test.txt"):
        for line in (folder / name).read_text(encoding="latin-1").splitlines():
            yield "text", line.partition(" ")[2]


def sick(folder: Path) -> Texts:
    for name in ("train.txt", "trial.txt", "test.txt"):
        for line in (folder / name).read_text(encoding="utf-8").splitlines():
            cells = line.split("\t")
            if len(cells) > 2 and cells[0].isdigit():
                yield from (("sentence", text) for text in cells[1:3])


def wnut17(folder: Path) -> Texts:
    """Tweets and posts, their tokens joined by spaces."""
    for name in ("train.conll", "test.conll"):
        for block in (folder / name).read_text(encoding="utf-8").split("\n\n"):
            if text := " ".join(line.partition("\t")[0] for line in block.split("\n")).strip():
                yield "text", text


SETS: dict[str, Callable[[Path], Texts]] = {
    **{
        f"superglue/{name}": lambda folder, paths=paths: jsonl(folder, paths)
        for name, paths in FIELDS.items()
    },
    "unseen/banking77": banking77,
    "unseen/scitail": lambda folder: jsonl(folder, ("premise", "hypothesis")),
    "unseen/sick": sick,
    "unseen/trec": trec,
    "unseen/wnut17": wnut17,
}


def refused(texts: Texts) -> tuple[int, dict[str, list[str]]]:
    """How many different texts there are, and those that the defaults refuse, by reason."""
    seen, found = set(), dict[str, list[str]]()
    for field, text in texts:
        if (field, text) in seen or not text.strip():
            continue
        seen.add((field, text))
        try:
            check_text(text, FieldPart(), field, "English")
        except Rejected as error:
            found.setdefault(error.reason, []).append(text)
    return len(seen), found


def main(data: Path, *, shown: bool) -> bool:
    """Print a line for each set, and return whether each is below 1%.

    With `shown` the texts that are refused are printed, too.
    """
    fine = True
    for name, read in SETS.items():
        if not (data / name).is_dir():
            print(f"{name:20} skipped: {data / name} is absent")
            continue
        total, found = refused(read(data / name))
        count = sum(map(len, found.values()))
        fine &= count <= 0.01 * total
        reasons = Counter({reason: len(texts) for reason, texts in found.items()})
        why = ", ".join(f"{reason} {n}" for reason, n in reasons.most_common())
        print(f"{name:20} {total:7,} texts {count:5,} refused {count / max(1, total):7.2%}  {why}")
        for reason, texts in found.items() if shown else ():
            for text in texts:
                print(f"    {reason}: {text[:200]!r}")
    return fine


if __name__ == "__main__":
    given = [word for word in sys.argv[1:] if word != "--show"]
    sys.exit(not main(Path(given[0]) if given else DATA, shown="--show" in sys.argv))
