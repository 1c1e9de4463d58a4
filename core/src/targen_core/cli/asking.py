"""Questions to the person at a terminal. Every command reads this module, so it reads little."""

from __future__ import annotations

import sys


def can_ask() -> bool:
    """Return whether a person can answer: both ends are a terminal."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))


def answered(question: str) -> str | None:
    """Return a person's answer; None at the end of the input, as by Ctrl-D."""
    print(question, end=" ", file=sys.stderr, flush=True)
    try:
        line = sys.stdin.readline()
    except KeyboardInterrupt:
        print(file=sys.stderr)  # behind the question
        raise
    if line:
        return line.strip()
    print(file=sys.stderr)
    return None


def confirmed(question: str) -> bool:
    """Return whether a person says yes; no answer is a no."""
    while True:
        answer = (answered(f"{question} [y/N]:") or "no").lower()
        if answer in ("y", "yes", "n", "no"):
            return answer in ("y", "yes")
        print("type y for yes, or n for no", file=sys.stderr)
