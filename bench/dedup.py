"""What a row costs in the near-duplicate filter, and what the filter finds.

Cost: microseconds of this process's CPU per row (`find`, then `add`; and `restore`) and
bytes per row, up to 1,000, 10,000 and 100,000 rows of two labels, of texts made up here.
Recall: texts edited on purpose until they are 90 to 100 alike to a row that is there, made-up
ones and with `--shared FOLDER` those of JSONL files; which of them are found? Texts of under 40
letters are left out: the words of these decide. Exit 1 if 100,000 rows take more than 300 MB,
if fewer than 50,000 rows per second are restored, if the filter finds fewer than 99 of 100
edits of words, or 60 of letters, or if it finds something that is not alike.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from memory import resident
from rapidfuzz import fuzz

from targen_core.tasks.words import normalized
from targen_standard.filters.near_duplicates.index import NearDuplicates

LETTERS = "abcdefghijklmnopqrstuvwxyz"
SIZES = {"short": (50, 80), "middle": (100, 400), "long": (1000, 2000)}


class Language:
    """Made-up words, some usual and most rare, as in a real text; names and numbers."""

    def __init__(self, rng: random.Random, words: int = 30_000) -> None:
        self.rng = rng
        # As many as a natural language has: of few, texts share most of their runs of letters.
        onsets = (
            "b c d f g h j k l m n p r s t v w br ch cl dr fl gr pl pr sh sl st th tr wh".split()
        )
        codas = ["", *"n r s l t d m ck ll nd ng nt rd rn rt ss st th".split()]
        vowels = "a e i o u y ai ea ee ie oo ou".split()
        syllables = [a + b + c for a in onsets for b in vowels for c in codas]
        self.words = list(
            {"".join(rng.choices(syllables, k=rng.choice((1, 2, 2, 3)))) for _ in range(words)}
        )
        self.words.sort()
        rng.shuffle(self.words)
        total, self.weights = 0.0, []
        for rank in range(len(self.words)):
            total += 1 / (rank + 30)  # so that texts share as many runs as 30,000 real ones do
            self.weights.append(total)

    def text(self, letters: int) -> str:
        """Sentences of about so many letters together."""
        made: list[str] = []
        size = 0
        while size < letters:
            words = self.rng.choices(
                self.words, cum_weights=self.weights, k=self.rng.randint(6, 16)
            )
            if self.rng.random() < 0.3:
                words[self.rng.randrange(len(words))] = str(self.rng.randrange(3, 2030))
            made.append(" ".join(words).capitalize() + ".")
            size += len(made[-1]) + 1
        return " ".join(made)[:letters].rsplit(" ", 1)[0]


def _letter(rng: random.Random, text: str) -> str:
    at = rng.randrange(len(text))
    kind = rng.randrange(3)
    return text[:at] + rng.choice(LETTERS) * (kind > 0) + text[at + (kind < 2) :]


def _left_out(rng: random.Random, text: str) -> str:
    at = rng.randrange(len(text))
    return text[:at] + text[at + 1 :]


def _swap(rng: random.Random, text: str) -> str:
    words = text.split(" ")
    if len(words) > 2:
        at = rng.randrange(len(words) - 1)
        words[at : at + 2] = words[at + 1], words[at]
    return " ".join(words)


def _replaced(rng: random.Random, text: str) -> str:
    words = text.split(" ")
    words[rng.randrange(len(words))] = "".join(rng.choices(LETTERS, k=rng.randint(2, 8)))
    return " ".join(words)


def _omitted(rng: random.Random, text: str) -> str:
    words = text.split(" ")
    if len(words) > 2:
        del words[rng.randrange(len(words))]
    return " ".join(words)


def _put_in(rng: random.Random, text: str) -> str:
    words = text.split(" ")
    words.insert(rng.randrange(len(words) + 1), "".join(rng.choices(LETTERS, k=rng.randint(1, 6))))
    return " ".join(words)


def _number(rng: random.Random, text: str) -> str:
    words = text.split(" ")
    numbers = [at for at, word in enumerate(words) if word.isdigit()]
    at = rng.choice(numbers) if numbers else rng.randrange(len(words))
    words[at] = str(rng.randrange(3, 2030))
    return " ".join(words)


def _appended(rng: random.Random, text: str) -> str:
    return f"{text} {''.join(rng.choices(LETTERS, k=rng.randint(1, 5)))}"


LETTERS_HIT = ("letters", "letters left out", "letters, evenly")
EDITS: dict[str, Callable[[random.Random, str], str]] = {
    "letters": _letter,
    "letters left out": _left_out,
    "words swapped": _swap,
    "words replaced": _replaced,
    "words put in": _put_in,
    "words omitted": _omitted,
    "numbers": _number,
    "clause appended": _appended,
}


def edited(rng: random.Random, text: str, kind: str, minimum: float) -> str | None:
    """The text, edited until it is just `least` alike or more; None where one edit is too many."""
    text = before = normalized(text)
    made = None
    for _ in range(len(text)):
        after = EDITS[kind](rng, before)
        if fuzz.ratio(text, normalized(after)) < minimum:
            break
        made = before = after
    return made if made != text else None


def spread(rng: random.Random, text: str) -> str | None:
    """Every so-many-th letter replaced, as widely apart as 90 allows."""
    text = normalized(text)
    for apart in range(9, 14):
        letters = list(text)
        for at in range(rng.randrange(apart), len(text), apart):
            letters[at] = rng.choice(LETTERS)
        made = "".join(letters)
        if fuzz.ratio(text, normalized(made)) >= 90:
            return made
    return None


def recall(texts: list[str], name: str, count: int, rng: random.Random) -> list[dict]:
    """What is found of `count` edited texts of each kind, in an index of all texts."""
    index = NearDuplicates(90)
    kept = []
    for number, text in enumerate(texts):
        if index.find(f"{number}", text, text) is None:
            index.add(f"{number}", text, text)
            kept.append(text)
    lines: list[dict] = []
    for kind in [*EDITS, "letters, evenly"] if kept else ():
        for minimum in (90, None):
            hits = tried = wrong = 0
            for _ in range(3 * count):
                if tried == count:
                    break
                text = rng.choice(kept)
                if kind == "letters, evenly":
                    made = spread(rng, text) if minimum else None
                else:
                    made = edited(rng, text, kind, minimum or rng.uniform(90, 99))
                if made is None or fuzz.ratio(normalized(text), normalized(made)) < 90:
                    continue
                if min(len(normalized(text)), len(normalized(made))) < 40:
                    continue
                tried += 1
                row = index.find("another", made, made)
                if row is not None:
                    hits += 1
                    wrong += fuzz.ratio(normalized(kept[row]), normalized(made)) < 90
            if tried:
                lines.append(
                    {"texts": name, "kind": kind, "least": minimum or "90 to 99"}
                    | {"tried": tried, "found": hits / tried, "wrong": wrong}
                )
    return lines


def cost(rows: Iterator[tuple[str, str, str, str]], marks: Iterable[int]) -> list[dict]:
    """CPU and memory per row, over the tenth of the rows before each mark."""
    index = NearDuplicates(90)
    lines = []
    started = resident()
    clock = time.process_time
    entries: list[bytes] = []
    done = letters = 0
    for mark in marks:
        spent = floor = 0.0
        fallen = 0
        start = mark - mark // 10
        for seed, text, written, label in itertools.islice(rows, mark - done):
            begun = clock()
            if index.find(seed, text, written, label) is None:
                entries.append(index.add(seed, text, written, label))
            elif done >= start:
                fallen += 1
            ended = clock()
            letters += len(text)
            done += 1
            if done > start:
                spent += ended - begun
                normalized(text)
                floor += clock() - ended
        if done < mark:
            break
        lines.append(
            {
                "rows": mark,
                "us": spent / (mark - start) * 1e6,
                "floor": spent / floor,
                "fallen": fallen / (mark - start),
                "bytes": (resident() - started - sum(map(sys.getsizeof, entries))) / mark,
                "letters": letters / mark,
            }
        )
    begun = clock()
    NearDuplicates(90).restore(entries)
    lines[-1]["restored"] = len(entries) / (clock() - begun)
    return lines


def real_texts(shared: Path) -> dict[str, list[str]]:
    """Texts of a folder of JSONL files: all values of a row that are text, joined."""
    by_task: dict[str, list[str]] = {}
    for path in sorted(shared.rglob("*.jsonl")):
        if path.name in ("provenance.jsonl", "rejects.jsonl"):
            continue
        texts = by_task.setdefault(path.parent.name, [])
        for line in path.read_text(encoding="utf-8").split("\n"):
            row = json.loads(line) if line.startswith("{") else {}
            text = " ".join(value for value in row.values() if isinstance(value, str))
            if len(text) > 20:
                texts.append(text)
    return {name: list(dict.fromkeys(texts)) for name, texts in by_task.items() if texts}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--edited", type=int, default=200, help="texts of each kind")
    parser.add_argument("--texts", type=int, default=5_000, help="rows in the index of recall")
    parser.add_argument("--shared", type=Path, action="append", default=[], help="real JSONL files")
    parser.add_argument("--only", choices=["cost", "recall"])
    args = parser.parse_args()
    failed = False
    rng = random.Random(11)
    language = Language(rng)
    if args.only != "recall":
        rows = (
            (f"{n // 10}.{n % 10}", text, text, f"{n % 2}")
            for n, text in ((n, language.text(rng.randint(120, 280))) for n in range(10**9))
        )
        marks = [mark for mark in (1_000, 10_000, 30_000, 100_000) if mark <= args.rows]
        lines = cost(rows, marks)
        for line in lines:
            print(
                f"{line['rows']:>7} rows of {line['letters']:.0f} letters: {line['us']:.0f} us CPU "
                f"({line['floor']:.1f} times normalising them), {line['fallen']:.1%} fell, "
                f"{line['bytes']:5.0f} bytes a row with its text",
                flush=True,
            )
        print(f"restored at {lines[-1]['restored']:,.0f} rows per second of CPU")
        failed |= lines[-1]["bytes"] > 3000 or lines[-1]["restored"] < 50_000
    if args.only != "cost":
        corpora = {
            name: [language.text(rng.randint(*size)) for _ in range(args.texts)]
            for name, size in SIZES.items()
        }
        for folder in args.shared:
            for name, texts in real_texts(folder).items():
                corpora[f"{folder.name}/{name}"] = texts[: args.texts]
        lines_found = []
        for name, texts in corpora.items():
            lines = recall(texts, name, args.edited, rng)
            lines_found += lines
            if not texts:
                continue
            length = statistics.mean(map(len, texts))
            print(f"{name}: {len(texts)} texts of {length:.0f} letters")
            for line in lines:
                failed |= line["wrong"] > 0
                print(
                    f"  {line['kind']:18} {line['least']!s:>8} alike: "
                    f"{line['found']:6.1%} of {line['tried']}, wrong {line['wrong']}",
                    flush=True,
                )
        for name, least in (("words", 0.99), ("letters", 0.6)):
            of = [x for x in lines_found if (x["kind"] in LETTERS_HIT) == (name == "letters")]
            share = sum(x["found"] * x["tried"] for x in of) / sum(x["tried"] for x in of)
            print(f"{name}: found {share:.2%} of all")
            failed |= share < least
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
