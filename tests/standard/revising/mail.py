"""The task that the tests of revisions change, and what a run of it was answered."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from ...runs import report

MAIL = Path(__file__).with_name("mail.yaml").read_text(encoding="utf-8")
DEFINED = MAIL.replace("asks for no money", "does not ask for money")
MORE = MAIL + "  trade: A trader offers goods.\n"
LESS = MAIL.replace("  refund: The customer wants money back.\n", "")
SAMPLE = """\
samples:
  - {input: 'Where is my rake?', output: refund, actual: order, explanation: It asks where it is.}
"""


def calls(run: Path | str, *counts: str) -> Counter[str]:
    """How many calls a run was answered that no other run had asked, or what else, by step."""
    found: Counter[str] = Counter()
    for of in report(run)["usage"]["by_step"]:
        found[of["step"]] += sum(of[name] for name in counts or ("calls",))
    return +found
