"""Train in a process of its own, and score: TRAINER OUT FOLDER OPTION..."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from targen_core.plugins.loader import installed_sources, load_registry


def main(trainer: str, out: str, folder: str, *options: str) -> None:
    """Train on the kit's data, and write the scores of others to the file `out`."""
    from targen_testing.folder import sources_with
    from targen_training.testing.suite import as_plain, learnable, options_of

    registry = load_registry(sources_with(Path(folder)) if folder else installed_sources())
    target = registry.get("trainer", trainer)
    with tempfile.TemporaryDirectory(prefix="targen-") as made:
        target.train(learnable(target), options_of(target, options), Path(made))
        scores = target.load(Path(made))(learnable(target, rows=4, seed=1).decisions)
    Path(out).write_text(json.dumps([*map(as_plain, scores)]), encoding="utf-8")
