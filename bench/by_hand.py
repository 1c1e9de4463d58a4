"""What a person's answers come to: how many were asked for, how many were used, in how many sheets.

A task of five labels, 60 rows, all of whose calls go into files that a made-up person answers. For
each share of seeds that the person refuses (`{"unsuitable": true}`), prints the answers, those that
no row, rejection or list rests on, and the sheets that were exported. `--agree` is the share of
texts for which the person who judges finds the label that was claimed.

Exits 1 if more answers than `MOST` were wasted.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from revise import TASK, WORDS

import targen_core as tg
from targen_core.api.request import reopened
from targen_core.errors import AnswersAwaited
from targen_core.runs.folder.report import read_report
from targen_standard.batches.exchange import export_batch, import_batch

ROWS = {"order_status": 20, "refund": 12, "complaint": 12, "advice": 10, "other": 6}
MOST = {0.0: 1, 0.1: 2, 0.3: 2}  # per cent of the answers, by the share that is refused


def answer(request: dict[str, Any], rng: random.Random, refuse: float, agree: float) -> Any:
    """What the person writes for a call, in short."""
    asked, reply = request["messages"][-1]["content"], request["reply"]

    def text(words: int) -> str:
        said = " ".join(rng.choice(WORDS) for _ in range(words))
        return f"{said.capitalize()} {rng.randrange(10**6)}."

    for name, what in (("contexts", "List"), ("seeds", "Write")):
        if f'"{name}"' in reply:
            return [text(6) for _ in range(int(re.findall(rf"{what} (\d+)", asked)[0]))]
    if '"verdict"' not in reply:
        return {"unsuitable": True} if rng.random() < refuse else text(16)
    claimed = asked.rpartition("Worker's output: ")[2].strip(' "\n')
    others = [one for one in ROWS if one != claimed]
    return claimed if rng.random() < agree else rng.choice(others)


def by_hand(folder: Path, person: int, refuse: float, agree: float) -> tuple[int, int, int]:
    """Answers, those that were wasted, and sheets, of one person."""
    task, out, file = folder / "mail.yaml", folder / f"{person}-{refuse}", folder / "calls.jsonl"
    task.write_text(TASK)
    with contextlib.suppress(AnswersAwaited):
        tg.generate(
            task,
            labels=ROWS,
            model="people",
            out=out,
            progress=False,
            cache=False,
        )
    rounds = 0
    while True:
        job, _ = reopened(out)
        with job:
            if not export_batch(job, file).total():
                break
        rounds += 1
        lines: list[str] = []
        for line in file.read_text().splitlines():
            request = json.loads(line)
            rng = random.Random(f"{person} {request['custom_id']}")
            said = answer(request, rng, refuse, agree)
            lines.append(json.dumps({"custom_id": request["custom_id"], "content": said}))
        file.write_text("\n".join(lines))
        job, _ = reopened(out)
        with job:
            taken = import_batch(job, file)
            assert not taken.bad and taken.good == len(lines), taken
    report = read_report(out)
    answered = report["usage"]["total"]["calls"]
    return answered, report["unused_calls"], rounds


def main(words: Sequence[str] | None = None) -> bool:
    """Print the table, and return whether all is as it should be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agree", type=float, default=1.0)
    parser.add_argument("--people", type=int, default=5)
    asked = parser.parse_args(words)
    missed: list[str] = []
    print(f"{'refused':>8}{'answers':>9}{'wasted':>8}{'share':>7}{'sheets':>8}")
    with tempfile.TemporaryDirectory() as folder:
        for refuse in (0.0, 0.1, 0.3):
            each = [by_hand(Path(folder), n, refuse, asked.agree) for n in range(asked.people)]
            answers, wasted, rounds = (
                sum(column) / len(each) for column in zip(*each, strict=True)
            )
            print(f"{refuse:8.0%}{answers:9.1f}{wasted:8.1f}{wasted / answers:7.1%}{rounds:8.1f}")
            if asked.agree == 1 and 100 * wasted > MOST[refuse] * answers:
                missed.append(f"{refuse:.0%} refused: at most {MOST[refuse]}% may be wasted")
    for one in missed:
        print(f"missed: {one}")
    return not missed


if __name__ == "__main__":
    sys.exit(not main())
