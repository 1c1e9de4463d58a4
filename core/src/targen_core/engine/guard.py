"""The guard: a plugin's own failures, told apart from verdicts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from targen_core.calls.layer import Halted
from targen_core.errors import StageFailed, TargenError

__all__ = ["Guard"]


class Guard:
    """Runs a plugin's code: anything but a verdict or our own errors is its bug."""

    def __init__(self, task: str, distribution: str) -> None:
        self.task = task
        self.distribution = distribution

    async def wait(self, work: Awaitable[Any]) -> Any:
        """Await a stage.

        Raises:
            StageFailed: naming the distribution and the line.
        """
        try:
            return await work
        except (TargenError, Halted):
            raise
        except Exception as error:
            raise self._failed(error) from error

    def call(self, function: Callable[..., Any], *args: Any) -> Any:
        """Call a plain function, likewise."""
        try:
            return function(*args)
        except TargenError:
            raise
        except Exception as error:
            raise self._failed(error) from error

    def fault(self, message: str) -> StageFailed:
        """An error that says what the plugin did wrong."""
        return StageFailed(
            f"task {self.task}: {message}",
            distribution=self.distribution,
            hint=f"a bug in {self.distribution}, not in the run: fix it and resume",
        )

    def _failed(self, error: Exception) -> StageFailed:
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        where = ""
        if trace is not None:
            code = trace.tb_frame.f_code
            where = f" in {code.co_qualname} (line {trace.tb_lineno} of {code.co_filename})"
        return self.fault(f"{type(error).__name__}: {error}{where}")
