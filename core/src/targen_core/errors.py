"""Every error that targen raises on purpose, in one tree.

Each error says what happened; `hint` says what to type or change. The
command line prints both without a traceback and exits with `exit_code`:
2 for a mistake in what was asked, 1 for a job that failed.
"""

from __future__ import annotations

__all__ = [
    "AmbiguousName",
    "AuthenticationFailed",
    "BadReply",
    "BadRequest",
    "BudgetExhausted",
    "ContextTooLong",
    "CorruptJournal",
    "Interrupted",
    "JobFailed",
    "MissingDependency",
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


# --- what was asked for cannot be done -------------------------------------


class UsageError(TargenError):
    """The request itself is wrong: an option, a quota, a file, a name."""

    exit_code = 2


class UnknownName(UsageError):
    """No registered object has this name."""


class AmbiguousName(UsageError):
    """A bare name that more than one distribution registers."""


class RunConflict(UsageError):
    """The run directory belongs to another run, task version or plan."""


# --- plugins ---------------------------------------------------------------


class PluginError(TargenError):
    """A plugin could not be used; `distribution` says whose it is."""

    def __init__(self, message: str, *, distribution: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.distribution = distribution


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
    """Another process is working on this run."""


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
    """The service failed for longer than `--patience`."""


class Interrupted(JobFailed):
    """Ctrl-C: calls in flight were let finish, the rest was left for resume."""

    exit_code = 130


# --- what a chat model raises ----------------------------------------------


class ServiceError(TargenError):
    """The service did not answer; it says nothing about the candidate.

    `retry_after` is the wait that the service asked for, in seconds. `billed`
    tells that the request may have been worked on although its answer was
    lost, so that the budget must count it.
    """

    retryable = False

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        retry_after: float | None = None,
        billed: bool = False,
    ) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after
        self.billed = billed


class RateLimited(ServiceError):
    """HTTP 429 and its like: come back later, more slowly."""

    retryable = True


class ServiceUnavailable(ServiceError):
    """5xx, a refused or dropped connection, a time-out, a broken envelope."""

    retryable = True


class AuthenticationFailed(ServiceError):
    """The key is missing, wrong, or not allowed to do this."""


class BadRequest(ServiceError):
    """The service refuses the request as it stands."""


class ContextTooLong(BadRequest):
    """Prompt and `max_tokens` do not fit the model's context."""


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
