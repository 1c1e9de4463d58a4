"""Every error that targen raises on purpose, in one tree.

Each error says what happened; `hint` says what to type or change. The
command line prints both without a traceback and exits with `exit_code`:
2 for a mistake in what was asked, 1 for a job that failed.
"""

from __future__ import annotations

from copyreg import __newobj__  # type: ignore[attr-defined]
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from targen_core.calls.model import RateHeaders

__all__ = [
    "AmbiguousName",
    "AnswersAwaited",
    "AuthenticationFailed",
    "BadReply",
    "BadRequest",
    "BatchFailed",
    "BudgetExhausted",
    "ConnectionFailed",
    "ContentFiltered",
    "ContextTooLong",
    "CorruptJournal",
    "CreditExhausted",
    "Interrupted",
    "JobFailed",
    "MalformedAnswer",
    "MissingDependency",
    "Overloaded",
    "PermissionDenied",
    "PluginError",
    "QuotaNotMet",
    "RateLimited",
    "Rejected",
    "RunConflict",
    "RunDirectoryError",
    "RunLocked",
    "ServiceError",
    "ServiceGaveUp",
    "ServiceUnavailable",
    "StageFailed",
    "TargenError",
    "TimedOut",
    "UnknownName",
    "UsageError",
    "WriteFailed",
]


class TargenError(Exception):
    """Root of the tree. `str(error)` is the message; `hint` the way out, or ""."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    def __reduce__(self) -> tuple[Any, ...]:
        """Copied and pickled as it is: `__init__` would want what made the message."""
        return __newobj__, (type(self), *self.args), self.__dict__


# --- what was asked for cannot be done -------------------------------------


class UsageError(TargenError):
    """The request itself is wrong: an option, a quota, a file, a name.

    `field` is what of it is wrong where the message begins with its name: a
    keyword in Python, and an option of the command.
    """

    exit_code = 2
    field = ""


class UnknownName(UsageError):
    """No registered object has this name."""


class AmbiguousName(UsageError):
    """A bare name that more than one distribution registers."""


class RunConflict(UsageError):
    """The run directory belongs to another run, task version or plan."""


# --- plugins ---------------------------------------------------------------


class PluginError(TargenError):
    """A plugin could not be used; `distribution` says whose it is.

    `check` names the rule that it breaks, where `targen plugins` has one.
    """

    def __init__(self, message: str, *, distribution: str, hint: str = "", check: str = "") -> None:
        super().__init__(message, hint=hint)
        self.distribution = distribution
        self.check = check


class MissingDependency(PluginError):
    """A plugin's target needs a package that is not installed."""


class StageFailed(PluginError):
    """Code of a task or a backend raised something that is no verdict."""


# --- the run directory -----------------------------------------------------


class RunDirectoryError(TargenError):
    """A run directory cannot be read or written."""


class CorruptJournal(RunDirectoryError):
    """A journal record other than a torn last one does not read back."""


class RunLocked(RunDirectoryError):
    """Another process is working on this run, or this one is already."""


class WriteFailed(RunDirectoryError):
    """The operating system refused a write: a full disk, a lost permission."""


# --- a job that ended early ------------------------------------------------


class JobFailed(TargenError):
    """The run stopped before its target; what it committed is kept."""


class QuotaNotMet(JobFailed):
    """At least one label fell short after the bounded refill."""


class BudgetExhausted(JobFailed):
    """The next call might pass `--max-cost` or `--max-tokens`."""


class ServiceGaveUp(JobFailed):
    """The service failed for longer than `--max-outage`."""


class AnswersAwaited(JobFailed):
    """The run goes no further without answers that `targen batch import` brings."""


class Interrupted(JobFailed):
    """Ctrl-C: calls in flight were let finish, the rest was left for resume."""

    exit_code = 130


# --- what a chat model raises ----------------------------------------------


class ServiceError(TargenError):
    """The service did not answer; it says nothing about the candidate.

    `retry_after` is the wait that the service asked for, in seconds. `billed`
    tells that the request may have been worked on although its answer was
    lost, so that the budget must count it. `request_id` is the service's own
    name for the call, by which its support finds it; `rate` is what it said of
    its limits.

    `max_startup` is for how many seconds it is tried again by default where
    the service never answered: what is slow to start is waited for, what is
    wrong is not.
    """

    retryable = False
    max_startup = 60.0

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        retry_after: float | None = None,
        billed: bool = False,
        request_id: str = "",
        rate: RateHeaders | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        # A wait that is no number of seconds is none.
        sound = retry_after is not None and 0 <= retry_after < float("inf")
        self.retry_after = retry_after if sound else None
        self.rate = rate
        self.billed = billed
        self.request_id = request_id


class RateLimited(ServiceError):
    """HTTP 429 and its like: come back later, more slowly."""

    retryable = True
    max_startup = 600.0  # it is there, and says so


class ServiceUnavailable(ServiceError):
    """The service failed at something that it can do at another time: a 5xx."""

    retryable = True


class Overloaded(ServiceUnavailable):
    """The service has more to do than it can (503, 529), or is not up yet: come back later."""

    max_startup = 120.0  # models take a minute or two to load


class ConnectionFailed(ServiceUnavailable):
    """No connection came about, or it broke before the answer was whole."""

    max_startup = 10.0


class TimedOut(ServiceUnavailable):
    """No whole answer came in time."""


class MalformedAnswer(ServiceUnavailable):
    """An answer came that is not what the service promises: a broken envelope."""

    max_startup = 10.0


class BatchFailed(ServiceError):
    """A batch gave no answer to this call: it expired, failed, or lost a line."""

    retryable = True


class AuthenticationFailed(ServiceError):
    """The key is missing or wrong."""


class PermissionDenied(AuthenticationFailed):
    """The key is good, and may not do this."""


class CreditExhausted(ServiceError):
    """The account is out of credit or at its own spending limit; waiting does not help."""


class BadRequest(ServiceError):
    """The service refuses the request as it stands."""


class ContextTooLong(BadRequest):
    """Prompt and `max_tokens` do not fit the model's context."""


class ContentFiltered(ServiceError):
    """A filter of the service stopped this prompt or its reply.

    The one service error that says something about the candidate: the call
    layer makes a rejection of it, with the reason `content-filter`.
    """


# --- verdicts, raised inside a stage ---------------------------------------


class Rejected(TargenError):
    """A typed rejection of one candidate or list item.

    `reason` is a short kebab-case word that reports count by; the message
    tells a person what was wrong.
    """

    def __init__(self, reason: str, message: str = "") -> None:
        super().__init__(message or reason)
        self.reason = reason


class BadReply(TargenError):
    """A reply that cannot be used as it is: cut, empty, off-schema, inconsistent.

    It gets one repair attempt; if that fails too, the candidate is rejected
    for `reason`.
    """

    def __init__(self, message: str, *, reason: str = "malformed-reply") -> None:
        super().__init__(message)
        self.reason = reason
