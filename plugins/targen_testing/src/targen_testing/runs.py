"""`RunSuite`: the checks of everything that takes part in generating rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest

from targen_testing import trials
from targen_testing.chance import Nondeterminism, watching
from targen_testing.suite import Suite, fail
from targen_testing.trials import HOSTILE, Trial

Watched = tuple[Trial, Nondeterminism]
"""A run with good replies, and the chance and clocks that the plugin used in it."""


class RunSuite(Suite):
    """Checks of a part by runs that use it, with good replies and with hostile ones.

    Attributes:
        rows: how many rows of each label are made.
    """

    rows: ClassVar[int] = 6

    def trial(self, folder: Path, *, order: int | None = None, **values: Any) -> Trial:
        """Make rows on the scripted backend; what stops the run is kept.

        Args:
            folder: the run directory.
            order: shuffles the order in which replies arrive.
            **values: fields of the `RunConfig`.
        """
        raise NotImplementedError

    def homes(self) -> tuple[str, ...]:
        """Return where the plugin's code is."""
        raise NotImplementedError

    @pytest.fixture
    def watched(self, tmp_path_factory: pytest.TempPathFactory) -> Watched:
        """The run with good replies."""

        def make() -> Watched:
            with watching(self.homes()) as seen:
                trial = self.trial(tmp_path_factory.mktemp("good") / "run")
            return trial, seen

        return self.kept("watched", make)

    @pytest.fixture
    def good(self, watched: Watched) -> Trial:
        """The same, for checks that need it to have ended well."""
        trial, seen = watched
        if seen or trial.error is not None:
            pytest.skip("there is no run to check: see makes-rows")
        return trial

    @pytest.fixture
    def hostile(self, tmp_path_factory: pytest.TempPathFactory) -> Trial:
        """A run with hostile replies, which may fall short."""
        folder = tmp_path_factory.mktemp("hostile") / "run"
        return self.kept("hostile", lambda: self.trial(folder, options=HOSTILE, give_up_after=40))

    # --- what must hold ---

    def test_makes_rows(self, watched: Watched) -> None:
        """With good replies, a run gets all its rows."""
        trial, seen = watched
        if seen:
            return  # see uses-no-chance-and-no-clock
        if trial.error is not None:
            fail(f"a run with good replies fails: {trial.error}")

    def test_uses_no_chance_and_no_clock(self, watched: Watched) -> None:
        """Randomness comes only from `llm.rng` or `call.rng`, and clocks are not used."""
        _, seen = watched
        seen.require_none()

    def test_raises_only_rejections(self, watched: Watched, hostile: Trial) -> None:
        """Hostile replies lead to rejections, not to other exceptions."""
        if not watched[0].has_ended:
            pytest.skip("even good replies fail: see makes-rows")
        if not hostile.has_ended:
            fail(f"a run with hostile replies fails: {hostile.error}")

    def test_reasons_are_slugs(self, watched: Watched, hostile: Trial) -> None:
        """Rejection reasons are short slugs, such as `too-long`."""
        trials.require_slugs([*watched[0].reasons, *hostile.reasons])

    def test_same_rows_again(self, watched: Watched, tmp_path: Path) -> None:
        """The same replies give the same rows, at any concurrency and in any order."""
        trial, seen = watched
        if seen or not trial.has_ended:
            pytest.skip("there is no run to compare with: see makes-rows")
        for concurrency, order in ((1, None), (16, 1)):
            again = self.trial(tmp_path / f"{concurrency}", concurrency=concurrency, order=order)
            if files := trials.differing(trial.folder, again.folder):
                fail(
                    f"{' and '.join(files)} differ with {concurrency} calls at once: steps may use "
                    "only the replies and `llm`, not what other calls or runs leave behind"
                )
