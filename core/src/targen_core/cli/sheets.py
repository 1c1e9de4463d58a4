"""Names for the sheets on which people answer a run's calls."""

from __future__ import annotations

import re
from itertools import count
from pathlib import Path


def next_sheet(path: Path = Path("calls-0.md")) -> Path:
    """Return a name for the next sheet that is not taken, such as `calls-2.md` after `calls.md`."""
    number = re.search(r"\d{0,6}$", path.stem, re.ASCII)
    last = "" if number is None else number[0]
    stem = path.stem.removesuffix(last) if last else f"{path.stem}-"
    numbers = count(int(last or 1) + 1)
    names = (path.with_name(f"{stem or 'calls-'}{n}{path.suffix}") for n in numbers)
    return next(name for name in names if not name.exists())
