"""The budget of a command of experiments for the rows that it generates."""

from __future__ import annotations

from pathlib import Path

from targen_core.cli.account import Account
from targen_core.cli.ahead import Expected, ask_first, threshold
from targen_core.options import Limits


class Money(Account):
    """The account of one command, and what its parts are likely to cost.

    Attributes:
        expected: what the missing parts are likely to cost.
    """

    def __init__(self, limits: Limits, *, yes: bool = False) -> None:
        super().__init__(max_cost=limits.max_cost, max_tokens=limits.max_tokens)
        self.expected: list[Expected] = []
        self._yes = yes

    def expect(self, run: Path, part: Expected | None) -> None:
        """Count what a run has spent; with `part`, what it is still likely to cost."""
        self.include(run)
        if part is not None:
            self.expected.append(part)

    def ask(self) -> None:
        """Ask a person before the first call, if it may cost much.

        Raises:
            Exit: the user refused.
        """
        if not self.expected:
            return
        ask_first(
            "Generating the rows",
            lambda: self.expected,
            cap=self.limits.max_cost,
            ask_above=threshold(),
            yes=self._yes,
            shown="--plan shows the details",
        )

    @property
    def billed(self) -> str:
        """Return the bill in one line; "" if no call was made."""
        spent = self.spent
        return super().billed if spent.calls or spent.lost else ""
