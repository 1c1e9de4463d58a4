"""A dataset to the Hugging Face hub, through its own client.

The client waits and tries again if a service is busy, and sends only what changed. We add three
rules. Data are replaced only on request, a commit is complete or absent, and refusals of the hub
come with a way out.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from targen_core.api.kinds import exported
from targen_core.dataset.model import Dataset
from targen_core.errors import JobFailed, UsageError
from targen_core.extras import hub_without_telemetry, needs
from targen_core.text import printable
from targen_standard.exporting.hub import HF
from targen_standard.exporting.save import save
from targen_standard.splitting import Shares
from targen_standard.splitting import split as split_dataset

if TYPE_CHECKING:
    from huggingface_hub import HfApi

_LOGIN = "run hf auth login, or set HF_TOKEN=hf_...; the token needs write access"
_NAME = re.compile(r"(?!.*(--|\.\.))(?!.*\.git$)[\w.-]+/\w[\w.-]{,95}", re.ASCII)
_TOKEN = re.compile(r"\bhf_\w+|Bearer \S+")
_OURS = re.compile(r"data/[^/]+\.parquet|README\.md")
_UNREADABLE = (json.JSONDecodeError, LookupError, TypeError)
"""Errors of the client if the answer to a commit is not what a hub says."""

_SERVER_ERROR = 500
_LONGEST = 300  # characters of the hub's own words


def check_push(repo: str, *, token: str | None = None) -> None:
    """Check that a push can be tried, before writing any file.

    Raises:
        MissingDependency: huggingface_hub is not installed.
        UsageError: the name is not that of a dataset, or the token is missing.
    """
    hub_without_telemetry()
    with needs("pushing to the hub", extra="hub"):
        import huggingface_hub
    if not _NAME.fullmatch(repo):
        raise UsageError(
            f"{repo!r} is not a valid name for a dataset on the hub", hint="use the form OWNER/NAME"
        )
    if not (token or huggingface_hub.get_token()):
        raise UsageError("you are not logged in to the hub", hint=_LOGIN)


@exported
def publish(
    dataset: Dataset,
    repo: str,
    *,
    split: Shares | None = None,
    seed: int = 0,
    license: str = "",
    private: bool = True,
    force: bool = False,
    token: str | None = None,
) -> str:
    """Put a dataset on the Hugging Face hub, with its card, in one commit.

    Args:
        dataset: the rows, with their card.
        repo: OWNER/NAME; created if it does not exist.
        split: shares of splits, see `Dataset.split`; by default all rows are train.
        seed: decides the split.
        license: for the card, by its name on the hub, such as "cc-by-4.0".
        private: whether a new dataset is private; an existing one keeps its setting.
        force: replace an existing dataset. Files that no export writes are kept.
        token: the hub's token; by default from `hf auth login` or HF_TOKEN.

    Returns:
        The dataset's address.

    Raises:
        MissingDependency: huggingface_hub is not installed.
        UsageError: the token is missing, the name or the shares are invalid, or a dataset exists
            and `force` is false.
        JobFailed: the hub refuses, or cannot be reached; says whether its data may have changed.
    """
    dataset = replace(dataset, license=license or dataset.license)
    parts = split_dataset(dataset, split, seed=seed) if split is not None else None
    return push(dataset, repo, parts=parts, private=private, force=force, token=token)


def push(
    dataset: Dataset,
    repo: str,
    *,
    parts: Mapping[str, Dataset] | None,
    private: bool,
    force: bool,
    token: str | None = None,
) -> str:
    """Put a dataset, whose splits are `parts` by name, on the hub; see `publish`."""
    check_push(repo, token=token)
    with tempfile.TemporaryDirectory(prefix="targen-push-") as above:
        folder = Path(above) / "dataset"
        save(dataset, HF, folder, parts=parts)
        return _push(folder, repo, private=private, force=force, token=token)


def _push(folder: Path, repo: str, *, private: bool, force: bool, token: str | None) -> str:
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi
    from huggingface_hub.utils.tqdm import disable_progress_bars

    disable_progress_bars()
    api = HfApi(token=token, library_name="targen")
    with _explained(repo, "creating the dataset"):
        url = api.create_repo(repo, repo_type="dataset", private=private, exist_ok=True)
    there = _files(api, repo)
    if not force and (held := sorted(there - {".gitattributes"})):
        raise UsageError(
            f"{repo} already exists on the hub, with "
            f"{', '.join(held[:3])}{' and more' if len(held) > 3 else ''}",
            hint="use --force to replace its rows and card, or choose a different name",
        )
    files = {
        str(path.relative_to(folder).as_posix()): path
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    stale = [name for name in sorted(there - files.keys()) if _OURS.fullmatch(name)]
    with _explained(repo, "sending the rows", str(url)):
        api.create_commit(
            repo,
            [
                *(CommitOperationDelete(name) for name in stale),
                *(CommitOperationAdd(name, path) for name, path in files.items()),
            ],
            commit_message="Upload the dataset with targen",
            repo_type="dataset",
        )
    return str(url)


def _files(api: HfApi, repo: str) -> set[str]:
    with _explained(repo, "checking its contents"):
        info = api.dataset_info(repo)
    return {each.rfilename for each in info.siblings or ()}


@contextmanager
def _explained(repo: str, doing: str, url: str = "") -> Iterator[None]:
    """Around what asks the hub: what goes wrong is said in our words.

    `url` is the dataset's if a commit may be sent, which counts even if its answer is lost.

    Raises:
        JobFailed: what the hub or the way to it did.
    """
    from huggingface_hub.errors import HfHubHTTPError

    try:
        yield
    except Exception as error:
        for cause in _causes(error):  # the client wraps some in a RuntimeError
            committing = url != "" and _is_commit(cause)
            if isinstance(cause, HfHubHTTPError) and cause.response is not None:
                refusal = _refused(repo, doing, cause)
                if committing and cause.response.status_code >= _SERVER_ERROR:
                    refusal.hint = _perhaps(url)
                raise refusal from error
            if _is_of_transport(cause):
                raise JobFailed(
                    f"{repo}: the hub cannot be reached, or closed the connection while {doing}: "
                    f"{words_of(cause)}",
                    hint=_perhaps(url)
                    if committing
                    else "no files were committed; run the same command again",
                ) from error
        if url and any(isinstance(each, _UNREADABLE) for each in _causes(error)):
            raise JobFailed(
                f"{repo}: the hub's answer cannot be read ({doing}: {words_of(error)})",
                hint=_perhaps(url),
            ) from error
        if not isinstance(error, (OSError, ValueError)):
            raise
        # ValueError: what the hub finds wrong with a card, before anything is sent.
        raise JobFailed(
            f"{repo}: {doing} failed: {words_of(error)}",
            hint=f"{repo} was not changed: fix the problem, or try again",
        ) from error


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _is_commit(error: BaseException) -> bool:
    """Return whether an error is from a commit that may have reached the hub."""
    if type(error).__name__ in ("ConnectError", "ConnectTimeout"):
        return False
    with suppress(AttributeError, RuntimeError):  # of the HTTP library: there was no request
        asked: Any = getattr(error, "response", None) or error
        return "/commit/" in str(asked.request.url)
    return False


def _perhaps(url: str) -> str:
    return (
        f"the files may have been committed: see {url}/commits/main. If they were not, run "
        "the same command again"
    )


def _is_of_transport(error: BaseException) -> bool:
    """Return whether an error is from the client's HTTP library, which has changed twice so far."""
    return type(error).__module__.partition(".")[0] in ("httpx", "httpx2", "httpcore", "requests")


def _refused(repo: str, doing: str, error: Any) -> JobFailed:
    status = int(getattr(error.response, "status_code", 0))
    owner = repo.partition("/")[0]
    words = words_of(getattr(error, "server_message", None) or error)
    answers: dict[int, tuple[str, str]] = {
        400: (
            "the hub rejected the request as malformed",
            "see the hub's message; --license must be a licence id that the hub knows",
        ),
        401: ("the hub does not accept this token", _LOGIN),
        403: (
            f"this token does not have write access to {owner}",
            f"use a token with write access to {owner}; {_LOGIN}",
        ),
        404: (
            f"{owner} does not exist on the hub, or this token has no access to it",
            "OWNER must be your user name on the hub, or your organisation's name",
        ),
        409: ("somebody else changed the dataset in the meantime", "run the same command again"),
        413: ("the dataset is too large", "export fewer rows, or publish them elsewhere"),
        429: ("the hub is limiting the rate of requests", _later(error.response)),
    }
    unknown = (f"the hub returned status {status}", "run the same command again later")
    why, hint = answers.get(status, unknown)
    return JobFailed(f"{repo}: {why} ({doing}; {status}: {words})", hint=hint)


def _later(response: Any) -> str:
    seconds = response.headers.get("Retry-After", "")
    wait = f"in {seconds} s" if seconds.isdigit() else "in a few minutes"
    return f"run the same command again {wait}"


def words_of(error: object) -> str:
    """Return the message of the hub or the client in one line, without a token."""
    text = _TOKEN.sub("[token]", " ".join(str(error).split()))
    return printable(text[:_LONGEST]) or type(error).__name__
