"""What changing a task costs: calls of `targen revise` beside those of a new run.

A task of five labels, 60 rows, against a service on loopback whose replies follow from what it is
asked, so that all that is asked alike is answered alike. `--agree` is the share of candidates with
which its judge agrees. Prints, for each change, the calls that were sent and their share of those
of a new run of the changed task; and whether the rows of a revision that judges all rows again are
those of a new run, byte for byte.

Exits 1 if the rows differ, or a share is above what `MOST` says, which is what the how-to of
revisions prints. The shares hold for 60 rows and a judge that agrees with all of them.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from targen_testing.fault_server import FaultServer, Response, Seen
from targen_testing.wire import OPENAI

TASK = """\
name: mail
description: E-mails that customers send to a small shop for garden tools.
labels:
  order_status: The customer asks where an order is or when it will arrive.
  refund: The customer wants money back for something that was bought.
  complaint: The customer is unhappy about goods or service and asks for no money.
  advice: The customer asks which product to buy or how to use one.
  other: Anything else, such as press enquiries, job applications or greetings.
"""
DEFINED = ("asks for no money.", "does not ask for any money, not even for a part of it.")
SAMPLE = """\
samples:
  - input: Where is my parcel with the rake?
    output: complaint
    actual: order_status
    explanation: It asks where a parcel is, and complains of nothing.
"""
NEW = "  trade: A trader offers goods or asks for wholesale prices.\n"

MOST = {  # per cent of the calls of a new run, in the order of the columns
    "a definition": (51, 42, 17, 8),
    "a sample": (42, 42, 17, 17),
    "a label more": (51, 51, 14, 14),
    "a label less": (58, 58, 26, 26),
    "three counts raised": (17, 17, 17, 17),
}

WORDS = (
    "spade rake shears pump hose barrow gloves trowel mower axe ladder seeds pots fence shed lamp "
    "saw bucket net glue paint rope tray bench gate nails tiles soil bark bulbs"
).split()


class Service:
    """Answers any call of a declared task, and counts the calls by step."""

    def __init__(self, agree: float) -> None:
        self.agree = agree
        self.calls: Counter[str] = Counter()

    def __call__(self, seen: Seen) -> Response:
        """The reply to a request: a function of its messages alone."""
        schema = seen.body["response_format"]["json_schema"]["schema"]["properties"]
        messages = seen.body["messages"]
        asked = messages[-1]["content"]
        rng = random.Random(hashlib.sha256(json.dumps(messages).encode()).digest())
        step, reply = self._reply(schema, asked, rng)
        self.calls[step] += 1
        return Response(OPENAI.answer(json.dumps(reply), "stop"))

    def _reply(self, schema: Any, asked: str, rng: random.Random) -> tuple[str, dict[str, Any]]:
        def text(words: int) -> str:
            said = " ".join(rng.choice(WORDS) for _ in range(words))
            return f"{said.capitalize()} {rng.randrange(10**6)}."

        def several(what: str) -> list[str]:
            return [text(6) for _ in range(int(re.findall(rf"{what} (\d+)", asked)[0]))]

        if "contexts" in schema:
            return "contexts", {"contexts": several("List")}
        if "seeds" in schema:
            return "seeds", {"seeds": several("Write")}
        if "verdict" not in schema:
            return "generate", {name: text(16) for name in schema}
        # By the text alone: a judge whose mind no definition changes.
        own, claimed = random.Random(asked), asked.rpartition("Worker's output: ")[2].strip()
        options = [one for one in schema["actual"]["enum"] if one != "unsure"]
        actual = claimed if own.random() < self.agree else own.choice(options)
        return "correct", {
            "explanation": "The text says plainly what the customer wants.",
            "actual": actual,
            "verdict": "correct" if actual == claimed else "incorrect",
        }


def main(words: Sequence[str] | None = None) -> bool:
    """Print the table, and return whether all is as it should be.

    `words` are in place of those of the command line.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agree", type=float, default=1.0)
    parser.add_argument("-n", type=int, default=60)
    asked = parser.parse_args(words)
    is_usual, missed = (asked.agree, asked.n) == (1.0, 60), list[str]()
    service = Service(asked.agree)
    with tempfile.TemporaryDirectory() as folder, FaultServer(service) as server:
        os.chdir(folder)
        os.environ["TARGEN_CACHE_DIR"] = f"{folder}/cache"
        model = ("-b", "llama", "-o", f"base_url={server.url}/v1", "-o", "model=any")

        def targen(*args: str) -> int:
            """The calls that a command sends."""
            service.calls.clear()
            done = subprocess.run(["targen", *args, "-q"], capture_output=True, text=True)
            if done.returncode:
                sys.exit(done.stderr)
            return service.calls.total()

        def made(text: str, out: str, rows: str = str(asked.n)) -> int:
            """The calls of a new run, which shares nothing."""
            Path("mail.yaml").write_text(text)
            return targen("generate", "mail.yaml", "-n", rows, *model, "--no-cache", "--out", out)

        made(TASK, "run")
        each = asked.n // 5
        counts = [f"--label={name}={each + 4}" for name in ("refund", "advice", "other")]
        changes: list[tuple[str, str, int, list[str]]] = [
            ("a definition", TASK.replace(*DEFINED), 0, []),
            ("a sample", TASK + SAMPLE, 0, []),
            ("a label more", TASK + NEW, each, []),
            ("a label less", TASK.replace("  other: Anything else", "  # other: "), -each, []),
            ("three counts raised", TASK, 0, counts),
        ]
        ways = {
            "all judged again": [],
            "and texts kept": ["--no-rewrite"],
            "only what is touched": ["--judge", "changed"],
            "likewise, texts kept": ["--judge", "changed", "--no-rewrite"],
        }
        heads = "".join(f"{way:>24}" for way in ways)
        print(f"{'':24}{'a new run':>12}{heads}")
        for change, text, more, labels in changes:
            new = made(text, f"{change}, new", str(asked.n + more))
            cells = ""
            for (way, options), most in zip(ways.items(), MOST[change], strict=True):
                words = [*options, *labels, "--out", f"{change}, {way}"]
                sent = targen("revise", "run", "--task", "mail.yaml", *words)
                cells += f"{f'{sent} ({sent / new:.0%})':>24}"
                if is_usual and round(100 * sent / new) > most:
                    missed.append(f"{change}, {way}: {sent / new:.0%}, and at most {most}%")
            print(f"{change:24}{new:>12}{cells}")
            if not labels and not more:  # the prompts of a new run name other labels
                sides = (f"{change}, {which}/dataset.jsonl" for which in ("new", next(iter(ways))))
                one, other = (Path(side).read_bytes() for side in sides)
                print(f"  all judged again: {'' if one == other else 'NOT '}the rows of a new run")
                if one != other:
                    missed.append(f"{change}: not the rows of a new run")
    for each in missed:
        print(f"missed: {each}")
    return not missed


if __name__ == "__main__":
    sys.exit(not main())
