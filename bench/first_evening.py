"""What a first evening with targen takes: the figures of `revise.py` and of `real_texts.py`.

    python bench/first_evening.py [DATA]

Prints what a task that is changed costs beside a new run, and which share of real texts a task
file with no rules of its own refuses. DATA is as in `real_texts.py`. Exits 1 if either does.
"""

from __future__ import annotations

import sys
from pathlib import Path

import real_texts
import revise


def main() -> bool:
    """Print both, and return whether all is as it should be."""
    data = Path(sys.argv[1] if len(sys.argv) > 1 else real_texts.DATA).resolve()
    print("Calls of a revision, and their share of those of a new run", flush=True)
    fine = revise.main([])
    print("\nReal texts that a task file refuses", flush=True)
    return real_texts.main(data, shown=False) and fine


if __name__ == "__main__":
    sys.exit(not main())
