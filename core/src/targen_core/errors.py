"""All errors that targen raises deliberately, in one class tree.

Each error says what happened, and `hint` what to type or change. Options are spelled as in the
command: in Python, the keyword of `--max-cost` is `max_cost`. The command line prints both
without a traceback and exits with `exit_code`: 2 for a mistake in the request, 1 for a failed job.
"""

from __future__ import annotations

from collections.abc import Iterable
from copyreg import __newobj__  # type: ignore[attr-defined]
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

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
    of one kind. It is "answers" if calls wait for replies that `targen batch import` brings.
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


class ServiceError(TargenError):
    """The service did not answer; this does not concern the candidate.

    `retry_after` is the wait that the service requested, in seconds. `billed` says that the request
    may have been processed although its answer was lost, so that the budget must count it.
    `broken` says that no answer came, since the connection was refused or broke. `request_id` is
    the service's own id of the call, for its support; `rate` is what it said about
    its limits. If the service has never answered, the call is retried for `max_startup` seconds by
    default. A slow start is worth the wait; a wrong address is not.
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
        broken: bool = False,
        request_id: str = "",
        rate: RateHeaders | None = None,
        max_startup: float | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        # Ignore a wait that is not a number of seconds.
        sound = retry_after is not None and 0 <= retry_after < float("inf")
        self.retry_after = retry_after if sound else None
        self.rate = rate
        self.billed = billed
        self.broken = broken
        self.request_id = request_id
        if max_startup is not None:
            self.max_startup = max_startup


class ServiceUnavailable(ServiceError):
    """A temporary failure: a 5xx, a broken connection, an answer in no documented form."""

    retryable = True


class RateLimited(ServiceUnavailable):
    """HTTP 429, or an overloaded service (503, 529): retry later, at a lower rate."""

    max_startup = 600.0  # the service is up, and says so


class TimedOut(ServiceUnavailable):
    """No complete answer arrived in time."""


class AuthenticationFailed(ServiceError):
    """The key is missing or wrong, has no permission, or its account has no credit."""


class BadRequest(ServiceError):
    """The service rejects the request in this form.

    `of_content` says that this may be due to what the one request says, so that the service may
    answer others of its step. The call layer then turns it into a rejection: `unanswered`.
    """

    def __init__(self, message: str, *, of_content: bool = False, **about: Any) -> None:
        super().__init__(message, **about)
        self.of_content = of_content


class ContentFiltered(ServiceError):
    """A filter of the service stopped this prompt or its reply.

    It says something about the candidate: the call layer turns it into a rejection with the
    reason `content-filter`.
    """


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
