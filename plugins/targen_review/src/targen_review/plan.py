"""The plan of a review, with its rows and raters: `review.json`, in a folder next to the data."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    ValidationError,
    field_validator,
)

from targen_core.cli.trust import leaving, placed, require_trust
from targen_core.errors import RunDirectoryError, UsageError, no_such_file
from targen_core.origin import HUB, Named, Typed, is_file
from targen_core.outputs import write_file
from targen_core.plain import kind_of, read_plain, require_possible
from targen_core.signing import is_signed, sign
from targen_core.text import refused
from targen_review.grades import check_name
from targen_review.rubric import PAPER, Rubric

FILE = "review.json"
_MAX_BYTES = 64 << 20


class PlanData(BaseModel):
    """The dataset of a review.

    Attributes:
        path: where it is, absolute, or `hf:OWNER/NAME`; in the file, relative to its folder.
        name: what it is called.
        task: the name of its task, or "".
        rows: how many it had.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Named
    name: str
    task: Named = ""
    rows: int


class Plan(BaseModel):
    """The rows to review, their raters, and the order.

    Attributes:
        data: the dataset.
        encoding: of its text files without a byte order mark.
        sample: the rule by which rows were taken: `all`, `paper`, a share or a number.
        seed: decides which rows, and their order.
        blind: whether labels and the judge's words are hidden until a rater has chosen a label.
        rubric: what the grades mean.
        raters: who grades; empty: anyone, all rows.
        teams: who grades the same rows.
        rows: rater -> ids of their rows in order; the key "" holds the rows of anyone else.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    data: PlanData
    encoding: str = "utf-8"
    sample: str = "all"
    seed: int = 0
    blind: bool = False
    rubric: Rubric = PAPER
    raters: tuple[str, ...] = ()
    teams: tuple[tuple[str, ...], ...] = ()
    rows: Mapping[str, tuple[str, ...]]

    @field_validator("raters", "rows")
    @classmethod
    def _are_names(cls, names: Any) -> Any:
        """Check the names of raters, which in a stranger's folder may name files and addresses."""
        for name in filter(None, names):
            try:
                check_name(name)
            except UsageError as error:
                raise ValueError(str(error)) from error
        return names

    def rows_of(self, rater: str) -> tuple[str, ...]:
        """Return the ids of a rater's rows, in order.

        Raises:
            UsageError: the review is for others.
        """
        rows = self.rows.get(rater, self.rows.get(""))
        if rows is None:
            raise UsageError(
                f"{rater} is not a rater in this review (raters: {', '.join(self.raters)})",
                hint=f"--as {self.raters[0]}" if self.raters else "",
            )
        return rows

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of all rows that anyone reviews, each once."""
        return tuple(dict.fromkeys(row for rows in self.rows.values() for row in rows))


def folder_for(data: Path | str, out: Path | None = None) -> Path:
    """Return the folder of a review: next to its data, or the user's choice.

    Raises:
        UsageError: a dataset of a hub has no place of its own.
    """
    if out is not None:
        return out
    if str(data).startswith(HUB):
        raise UsageError("a review of a dataset on the Hugging Face Hub needs --out FOLDER")
    path = require_possible(Path(data).expanduser()).resolve()
    return path.with_name(f"{path.name}.review")


def review_of(path: Path) -> Path:
    """Return the folder of a review, given that folder or the data next to it.

    Raises:
        UsageError: there is no review.
    """
    for folder in (path, Path(f"{path}.review"), folder_for(path)):
        if is_there(folder):
            return folder
    raise _no_review(path, " or next to it")


def _no_review(path: Path, or_where: str = "") -> UsageError:
    """Return the error for a folder, or data, without a review."""
    hint = "targen review DATA starts one and prints its folder; --out FOLDER starts it in FOLDER"
    if not path.exists():
        return no_such_file(path, "data or review", hint=hint)
    return UsageError(f"there is no review in {path}{or_where}", hint=hint)


def is_there(folder: Path) -> bool:
    """Return whether a folder has a plan, or anything in its place for `load_plan` to refuse."""
    return os.path.lexists(folder / FILE)


def load_plan(folder: Path) -> Plan:
    """The plan of a review.

    Raises:
        UsageError: the folder holds none.
        RunDirectoryError: it cannot be read.
    """
    path = folder / FILE
    try:
        plan = Plan.model_validate_json(read_plain(path, _MAX_BYTES))
        return _with_paths(plan, lambda path: os.path.normpath(folder.resolve() / path))
    except (FileNotFoundError, NotADirectoryError):
        raise _no_review(folder) from None
    except OSError as error:
        raise RunDirectoryError(f"cannot read {path}: {error.strerror}") from error
    except ValidationError as error:
        raise RunDirectoryError(f"{path} cannot be read: {refused(error)}") from error


def _with_paths(plan: Plan, changed: Callable[[str], str]) -> Plan:
    """Return a plan with other paths of its data and of its task's file."""
    data = plan.data
    path = data.path if data.path.startswith(HUB) else changed(data.path)
    task = changed(data.task) if is_file(data.task) else data.task
    return plan.model_copy(update={"data": data.model_copy(update={"path": path, "task": task})})


def data_of(folder: Path, plan: Plan) -> PlanData:
    """Return the dataset of a plan, as it may be opened from here.

    A folder that was copied from another machine is read with the data next to it.

    Raises:
        Untrusted: the plan names code or data elsewhere, and targen did not write it here.
    """
    data = _found(folder, plan.data)
    require_trust(folder / FILE, _reaching(folder, data))
    task = placed(folder, data.task) if is_file(data.task) else data.task
    path = data.path if isinstance(data.path, Typed) else placed(folder, data.path)
    return data.model_copy(update={"path": path, "task": task})


def located(task: str) -> str:
    """The name of a task that was typed, as a plan keeps it: a file by its whole path."""
    if not is_file(task):
        return task
    path, colon, attribute = task.rpartition(":") if ".py:" in task else (task, "", "")
    return f"{Path(path).expanduser().resolve()}{colon}{attribute}"


def _found(folder: Path, data: PlanData) -> PlanData:
    """Return the dataset; if it has moved, the one next to the folder that the user named."""
    place = folder.resolve()
    beside = place.with_name(place.name.removesuffix(".review"))
    if data.path.startswith(HUB) or not beside.exists() or kind_of(beside) == "a link":
        return data
    if data.path != str(beside) and _exists(data.path):
        return data
    return data.model_copy(update={"path": Typed(beside)})


def _exists(path: str) -> bool:
    try:
        return Path(path).exists()
    except (OSError, ValueError):  # no path at all
        return False


def _reaching(folder: Path, data: PlanData) -> dict[str, str]:
    """Return, by place in the file, what a plan names that is code or outside its folder."""
    names: dict[str, str] = {}
    is_typed = isinstance(data.path, Typed)  # next to the folder that the user named
    if not is_typed:
        names["data.path"] = data.path
    is_own = is_typed and ".py" not in data.task and Path(data.task).is_relative_to(data.path)
    if is_file(data.task) and not is_own:
        names["data.task"] = data.task
    return leaving(folder, {key: _relative(folder, name) for key, name in names.items()})


def _relative(folder: Path, path: str) -> str:
    return path if path.startswith(HUB) else os.path.relpath(path, folder.resolve())


def write_plan(folder: Path, plan: Plan) -> None:
    """Put a plan into its folder, whole or not at all.

    Raises:
        RunDirectoryError: it cannot be written.
    """
    file = folder / FILE
    before = _reaching(folder, _found(folder, load_plan(folder).data)) if file.exists() else {}
    was_own = not before or is_signed(file, before)
    saved = _with_paths(plan, lambda path: _relative(folder, path))
    text = json.dumps(saved.model_dump(mode="json"), ensure_ascii=False, indent=1)
    write_file(file, text + "\n")
    if was_own:
        sign(file, _reaching(folder, _found(folder, plan.data)))
