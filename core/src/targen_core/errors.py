"""All errors that targen raises deliberately, in one class tree.

Each error says what happened; `hint` says what to type or change, with options as the command
spells them (in Python, the keyword of `--max-cost` is `max_cost`). The command line prints both
without a traceback and exits with `exit_code`: 2 for a mistake in the request, 1 for a failed job.
"""

from __future__ import annotations

from collections.abc import Iterable
from copyreg import __newobj__  # type: ignore[attr-defined]
from pathlib import Path
from typing import TYPE_CHECKING, Any

from targen_core.hints import instead_of_address, near_path

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
    """

    exit_code = 2
    option = ""


class UnknownName(UsageError):
    """No registered object has this name.

    Attributes:
        distribution: the distribution, if the name is a full id; or "".
        package: what provides it, if that is known; or "".
    """

    distribution = ""
    package = ""


class UnknownOption(UsageError):
    """A model or a part has no such option.

    Attributes:
        option: its key, without a step or a part.
        known: the keys that there are.
    """

    def __init__(
        self, message: str, *, option: str, known: Iterable[str] = (), hint: str = ""
    ) -> None:
        super().__init__(message, hint=hint)
        self.option = option
        self.known = tuple(known)


class UnreadableFile(UsageError, ValueError):
    """A file is missing, not a regular file, too large, or holds something else than it should.

    `path` is the file, `line` the line at fault or 0, and `reason` describes the problem. It is
    also a ValueError, which the `load` of a trainer or retriever promises to raise.
    """

    def __init__(self, path: object, reason: str, line: int = 0, *, hint: str = "") -> None:
        where = f"{path}, line {line}" if line else str(path)
        super().__init__(f"cannot read {where}: {reason}", hint=hint)
        self.path = path
        self.reason = reason
        self.line = line


class NoSuchFile(UnreadableFile):
    """The path does not exist; `hint` only counts if no similar path exists, here or in `usual`."""

    def __init__(
        self, path: object, what: str = "file", *, hint: str = "", usual: str = "runs"
    ) -> None:
        if fetch := instead_of_address(str(path)):
            super().__init__(path, f"it is a URL, not a {what}", hint=fetch)
            scheme, _, rest = str(path).partition(":")
            address = f"{scheme}:{'///' if scheme == 'file' else '//'}{rest.lstrip('/')}"
            self.args = (f"{address} is a URL, and targen reads only local files",)
            return
        near = near_path(Path(str(path)), usual=usual)
        super().__init__(path, "No such file or directory", hint=near or hint)
        self.args = (f"there is no {what} {path}",)


class AmbiguousName(UsageError):
    """A bare name that more than one distribution registers."""


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


class StageFailed(PluginError):
    """Code of a task or a backend raised an unexpected exception."""


# --- datasets of others ----------------------------------------------------


class DatasetUnavailable(TargenError):
    """A dataset of a catalogue cannot be had: it vanished, changed, or is not for this user."""


# --- the run directory -----------------------------------------------------


class RunDirectoryError(TargenError):
    """A run directory cannot be read or written."""


class CorruptJournal(RunDirectoryError):
    """A journal record other than a torn last one cannot be read back."""


class RunLocked(RunDirectoryError):
    """Another process, or this one, is already using the run directory."""


class WriteFailed(RunDirectoryError):
    """The operating system refused a write: disk full, permission denied."""


# --- a job that ended early ------------------------------------------------


class JobFailed(TargenError):
    """The run stopped before its target; all rows so far are kept."""


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


class ServiceGaveUp(JobFailed):
    """The service failed for longer than `--max-outage`, or answered no call of one kind."""


class AnswersAwaited(JobFailed):
    """The run cannot continue without answers from `targen batch import`."""


class Interrupted(JobFailed):
    """Ctrl-C: calls in flight finished; the rest is left for resume."""

    exit_code = 130


# --- what a chat model raises ----------------------------------------------


class ServiceError(TargenError):
    """The service did not answer; this does not concern the candidate.

    `retry_after` is the wait that the service requested, in seconds. `billed` says that the request
    may have been processed although its answer was lost, so that the budget must count it.
    `request_id` is the service's own id of the call, for its support; `rate` is what it said about
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
        request_id: str = "",
        rate: RateHeaders | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        # Ignore a wait that is not a number of seconds.
        sound = retry_after is not None and 0 <= retry_after < float("inf")
        self.retry_after = retry_after if sound else None
        self.rate = rate
        self.billed = billed
        self.request_id = request_id


class RateLimited(ServiceError):
    """HTTP 429 or equivalent: retry later, at a lower rate."""

    retryable = True
    max_startup = 600.0  # the service is up, and says so


class ServiceUnavailable(ServiceError):
    """A temporary failure of the service: a 5xx."""

    retryable = True


class Overloaded(ServiceUnavailable):
    """The service is overloaded (503, 529) or still starting: retry later."""

    max_startup = 120.0  # models take a minute or two to load


class ConnectionFailed(ServiceUnavailable):
    """No connection could be made, or it broke before the answer was complete."""

    max_startup = 10.0


class TimedOut(ServiceUnavailable):
    """No complete answer arrived in time."""


class MalformedAnswer(ServiceUnavailable):
    """The answer does not have the form that the service documents."""

    max_startup = 10.0


class BatchFailed(ServiceError):
    """A batch returned no answer for this call: it expired, failed, or lost a line."""

    retryable = True


class AuthenticationFailed(ServiceError):
    """The key is missing or wrong."""


class PermissionDenied(AuthenticationFailed):
    """The key is valid but does not have permission."""


class CreditExhausted(ServiceError):
    """The account is out of credit or at its spending limit; waiting does not help."""


class BadRequest(ServiceError):
    """The service rejects the request in this form.

    `of_content` says that this may be due to what the one request says, so that the service may
    answer others of its step. The call layer then turns it into a rejection: `unanswered`.
    """

    of_content = False


class ContextTooLong(BadRequest):
    """Prompt and `max_tokens` do not fit the model's context."""

    of_content = True


class ContentFiltered(ServiceError):
    """A filter of the service stopped this prompt or its reply.

    It says something about the candidate: the call layer turns it into a rejection with the
    reason `content-filter`.
    """


# --- verdicts, raised inside a stage ---------------------------------------


class Rejected(TargenError):
    """A typed rejection of one candidate or list item.

    `reason` is a short kebab-case word, which reports count; the message explains it to people.
    """

    def __init__(self, reason: str, message: str = "") -> None:
        super().__init__(message or reason)
        self.reason = reason


class NoUsableReply(Rejected):
    """No reply to a call could be used, which says nothing about the candidate itself."""


class BadReply(TargenError):
    """A reply that cannot be used: truncated, empty, off-schema, inconsistent.

    It gets one repair attempt. If that also fails, the candidate is rejected with `reason`.
    """

    def __init__(self, message: str, *, reason: str = "malformed-reply") -> None:
        super().__init__(message)
        self.reason = reason
