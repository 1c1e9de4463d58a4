"""All errors that targen raises deliberately, in one class tree.

Each error says what happened, and `hint` what to type or change. Options are spelled as in the
command: in Python, the keyword of `--max-cost` is `max_cost`. The command line prints both
without a traceback and exits with `exit_code`: 2 for a mistake in the request, 1 for a failed job.
"""

from __future__ import annotations

from collections.abc import Iterable
from copyreg import __newobj__  # type: ignore[attr-defined]
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from targen_core.hints import is_address, near_path

if TYPE_CHECKING:
    from targen_core.calls.model import RateHeaders


class TargenError(Exception):
    """Base class of all errors. `str(error)` is the message; `hint` is the suggested action, or "".

    Attributes:
        run_path: the directory that `generate` or `resume` kept of a run that ended early; None for
            any other error.
    """

    exit_code = 1
    run_path: Path | None = None
    _notes: tuple[str, ...] = ()

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    @property
    def __notes__(self) -> list[str]:  # type: ignore[override]
        """Return the hint as lines of a traceback, which would otherwise omit it."""
        return [*([f"hint: {self.hint}"] if self.hint else []), *self._notes]

    def add_note(self, note: str) -> None:
        """Add a line to what a traceback shows."""
        self._notes = (*self._notes, note)

    def __reduce__(self) -> tuple[Any, ...]:
        """Copy and pickle the error unchanged: `__init__` would need the message's parts."""
        return __newobj__, (type(self), *self.args), self.__dict__


# --- what was asked for cannot be done -------------------------------------


class UsageError(TargenError):
    """The request itself is wrong, such as an option, a quota, a file or a name.

    Attributes:
        option: the option at fault, by its key, if the message names one of a part; or "".
        known: the keys that there are, if it is unknown.
    """

    exit_code = 2

    def __init__(
        self, message: str, *, hint: str = "", option: str = "", known: Iterable[str] = ()
    ) -> None:
        super().__init__(message, hint=hint)
        self.option = option
        self.known = tuple(known)


class UnknownName(UsageError):
    """No registered object has this name.

    Attributes:
        distribution: the distribution, if the name is a full id; or "".
        package: what provides it, if that is known; or "".
    """

    distribution = ""
    package = ""


class UnreadableFile(UsageError, ValueError):
    """A file is missing, not a regular file, too large, or holds something else than it should.

    `path` is the file, `line` the line at fault or 0, and `reason` describes the problem; `missing`
    says that the file does not exist. It is also a ValueError, which the `load` of a trainer or
    retriever promises to raise.
    """

    missing = False

    def __init__(self, path: object, reason: str, line: int = 0, *, hint: str = "") -> None:
        where = f"{path}, line {line}" if line else str(path)
        super().__init__(f"cannot read {where}: {reason}", hint=hint)
        self.path = path
        self.reason = reason
        self.line = line


def no_such_file(
    path: object, what: str = "file", *, hint: str = "", usual: str = "runs"
) -> UnreadableFile:
    """Return the error for a path that does not exist.

    `hint` only counts if no similar path exists, next to it or in the folder `usual`.
    """
    if is_address(str(path)):
        hint = "targen reads only local files: download it first, and pass the copy"
    else:
        hint = near_path(Path(str(path)), usual=usual) or hint
    error = UnreadableFile(path, "No such file or directory", hint=hint)
    error.args = (f"there is no {what} {path}",)
    error.missing = True
    return error


class RunConflict(UsageError):
    """The run directory belongs to another run, task version or plan."""


# --- plugins ---------------------------------------------------------------


class PluginError(TargenError):
    """A plugin could not be used; `distribution` names its distribution.

    `check` names the rule of `targen plugins` that it breaks, if any.
    """

    def __init__(self, message: str, *, distribution: str, hint: str = "", check: str = "") -> None:
        super().__init__(message, hint=hint)
        self.distribution = distribution
        self.check = check


class MissingDependency(PluginError):
    """A plugin's target needs a package that is not installed."""


# --- the run directory -----------------------------------------------------


class RunDirectoryError(TargenError):
    """A run directory, or another file, cannot be written or read, or another process uses it."""


# --- a job that ended early ------------------------------------------------


class JobFailed(TargenError):
    """The run stopped before its target; all rows so far are kept.

    `cause` is "service" if the service failed for longer than `--max-outage`, or answered no call
    of one kind. It is "answers" if calls wait for replies that `targen answer` gives.
    """

    def __init__(
        self, message: str, *, hint: str = "", cause: Literal["", "service", "answers"] = ""
    ) -> None:
        super().__init__(message, hint=hint)
        self.cause = cause


class QuotaNotMet(JobFailed):
    """At least one label fell short of its quota.

    `lacking` is how many rows all labels lack, of how many `requested`; `reason` explains most
    failed candidates. `used_up` says that the rows or texts which it was to make more of, from a
    file or a dataset, were all used.
    """

    lacking = 0
    requested = 0
    reason = ""
    used_up = False


class BudgetExhausted(JobFailed):
    """The next call might exceed `--max-cost` or `--max-tokens`.

    Attributes:
        shared: whether the cap is that of all parts of a command, not of one run.
        option: the cap, "max_tokens" or "max_cost".
        needed: what the next call may use.
    """

    shared = False
    option = ""
    needed = 0.0


class Interrupted(JobFailed):
    """Ctrl-C: calls in flight finished; the rest is left for resume."""

    exit_code = 130


# --- what a chat model raises ----------------------------------------------


Cause = Literal[
    "unavailable",  # a passing failure, such as HTTP 502 or 504
    "server-error",  # HTTP 500
    "no-reply",  # an answer in no documented form
    "connection",  # it was refused, or it broke
    "no-server",  # this machine says that no server listens there
    "timeout",
    "rate-limit",
    "overloaded",  # HTTP 503 or 529
    "daily-limit",  # a limit that lasts for hours
    "key",  # the key is missing or wrong, or lacks a permission
    "credit",
    "no-model",  # no such model, or no such address
    "unsupported",  # a setting that each call has
    "bad-request",  # perhaps only this call
    "too-long",  # the prompt exceeds the context
    "content-filter",
]


class Implied(NamedTuple):
    """The consequences of a cause of failure.

    Attributes:
        max_startup: seconds for which a service that has never answered is tried; 0: fail at once.
        is_load: the service is up and asks for fewer calls.
        is_transport: a connection or time-out, so that no service judged the call.
        is_own: the call's own content may be the cause, and the service may answer others.
    """

    max_startup: float = 0.0
    is_load: bool = False
    is_transport: bool = False
    is_own: bool = False


_IMPLIED: dict[Cause, Implied] = {
    "unavailable": Implied(60, is_own=True),
    "server-error": Implied(15, is_own=True),
    "no-reply": Implied(10, is_own=True),
    "connection": Implied(10, is_own=True, is_transport=True),
    "no-server": Implied(1.5, is_own=True, is_transport=True),
    "timeout": Implied(60, is_own=True, is_transport=True),
    "rate-limit": Implied(600, is_load=True),
    "overloaded": Implied(120, is_load=True),
    "bad-request": Implied(is_own=True),
    "too-long": Implied(is_own=True),
}


class ServiceError(TargenError):
    """The service did not answer a call; its `cause` decides what happens next.

    Failures that may pass (`retryable`) are retried without any effect on the rows. If the service
    has never answered, it is tried for `implied.max_startup` seconds: a slow start is worth the
    wait, a wrong address is not. A call that fails for what it says (`implied.is_own`), while
    others are answered, rejects its candidate as `unanswered`, and "content-filter" as
    `content-filter`. All other causes end the run.

    Attributes:
        cause: one of `Cause`.
        retry_after: the wait that the service requested, in seconds; or None.
        billed: whether the service may have processed the request, so that the budget counts it.
        request_id: the service's own id of the call, for its support; or "".
        rate: what it said about its limits; or None.
        tokens: the input and output tokens that it reports although it sent no reply; or None.
    """

    def __init__(
        self,
        message: str,
        *,
        cause: Cause = "unavailable",
        hint: str = "",
        retry_after: float | None = None,
        billed: bool = False,
        request_id: str = "",
        rate: RateHeaders | None = None,
        tokens: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        # Ignore a wait that is not a number of seconds.
        sound = retry_after is not None and 0 <= retry_after < float("inf")
        self.retry_after = retry_after if sound else None
        self.cause = cause
        self.rate = rate
        self.billed = billed
        self.request_id = request_id
        self.tokens = tokens

    @property
    def implied(self) -> Implied:
        """What the cause implies."""
        return _IMPLIED.get(self.cause, Implied())

    @property
    def retryable(self) -> bool:
        """Return whether the same call may be answered later."""
        return self.implied.max_startup > 0


# --- verdicts, raised inside a stage ---------------------------------------


class Rejected(TargenError):
    """A typed rejection of one candidate or list item.

    `reason` is a short kebab-case word, which reports count; the message explains it to people.
    `unjudged` says that no reply to a call could be used, which says nothing about the candidate.
    """

    def __init__(self, reason: str, message: str = "", *, unjudged: bool = False) -> None:
        super().__init__(message or reason)
        self.reason = reason
        self.unjudged = unjudged


class BadReply(TargenError):
    """A reply that cannot be used: truncated, empty, off-schema, inconsistent.

    It gets one repair attempt. If that also fails, the candidate is rejected with `reason`.
    """

    def __init__(self, message: str, *, reason: str = "malformed-reply") -> None:
        super().__init__(message)
        self.reason = reason
