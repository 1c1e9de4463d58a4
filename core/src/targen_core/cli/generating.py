"""Help for commands of plugins that end in `targen generate`, or continue a run.

The first make a task's file, and take the options of `targen generate`:

```python
@goes_on_as_generate(without=("suite", "preset"))
def quiz(subject: str, *, generate: Generate) -> None:
    \"\"\"Generate questions on a subject.\"\"\"
    generate.file(quiz_text(subject), "quiz")
```
"""

from __future__ import annotations

import inspect
import sys
import tempfile
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Any

from targen_core.cli.commands.generate import generate
from targen_core.cli.flags import Said, with_signature
from targen_core.cli.outputs import write_new
from targen_core.errors import QuotaNotMet, UsageError
from targen_core.options import ListOptions
from targen_core.origin import Typed, trusting
from targen_core.outputs import write_file
from targen_core.runs.config import ModelFlags
from targen_core.runs.parsing import parse_labels
from targen_core.runs.shortcuts import rows
from targen_core.task_files import note_own_copy
from targen_core.text import plural

ROWS_DECIDE = (
    *("suite", "preset", "labels", "correct", *ListOptions.declared()),
    *(name for name in rows() if name not in ("seed", "give_up_after")),
)
"""Options without a meaning if a model answers one question about each row of a dataset."""

_MAY_LACK = 0.05  # of rows that a model judges; one unreadable reply does not spoil a run


@dataclass(frozen=True, slots=True)
class Generate:
    """`targen generate` with the options that were typed.

    Attributes:
        options: by their names in `targen generate`; None for one that was not typed.
    """

    options: Mapping[str, Any]

    @property
    def labels(self) -> dict[str, int]:
        """Return the number of rows per label, as `--label` sets it.

        Raises:
            UsageError: an item is not LABEL=ROWS.
        """
        return parse_labels(self.options.get("labels"))

    def __call__(self, task: str, **changes: Any) -> None:
        """Generate the task of that name or file; `changes` take precedence over `options`."""
        generate(task=task, **{**self.options, **changes})

    def file(self, text: str, name: str, **changes: Any) -> None:
        """Generate the task that a JSON file with this text would be, called `name`."""
        with tempfile.TemporaryDirectory(prefix="targen-") as folder:
            path = Path(folder) / f"{name}.json"
            write_file(path, text)
            with trusting(path):  # it contains what the person typed
                self(Typed(path), **changes)

    def each_row(self, text: str, name: str, n: int, what: str) -> None:
        """Have a model say something of each of `n` rows; a few may be without it.

        Args:
            text: see `file`.
            name: see `file`.
            n: how many rows.
            what: what each gets, such as "a rating".

        Raises:
            QuotaNotMet: more than one, and more than 5%, have none.
        """
        try:
            # Every row gets its own, however alike another is.
            self.file(text, name, n=n, near_duplicates=0.0)
        except QuotaNotMet as error:
            lacking, requested = error.lacking, error.requested
            if lacking == requested or lacking > max(1, _MAY_LACK * requested):
                raise
            words = f"{lacking:,} of {plural(requested, 'row')} did not get {what}"
            why = f" ({error.reason})" if error.reason else ""
            run = self.options["out"] or "RUN"
            print(f"{words}{why}; targen show {run} --rejected shows why", file=sys.stderr)


def goes_on_as_generate(
    *, without: Collection[str] = ()
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the options of `targen generate` behind its own.

    The command has a keyword `generate`, which gets a `Generate`. Options that it declares itself,
    and those in `without`, are left out.
    """

    def decorated(command: Callable[..., None]) -> Callable[..., None]:
        signature = inspect.signature(command, eval_str=True)
        own = {n: p for n, p in signature.parameters.items() if n != "generate"}
        others = [
            parameter
            for name, parameter in inspect.signature(generate).parameters.items()
            if name not in own and name not in ("task", *without)
        ]

        def run(**values: Any) -> None:
            mine = {name: values.pop(name) for name in own}
            command(**mine, generate=Generate(values))

        return with_signature(run, command, [*own.values(), *others])

    return decorated


def save_task_file(path: Path, text: str, generate: Generate) -> None:
    """Write a task's file, as `TaskForm.text` returns it, and print the next command.

    This command uses the model of `generate`.

    Raises:
        UsageError: the file exists.
        RunDirectoryError: the operating system refuses.
    """
    if path.suffix != ".json":
        raise UsageError(f"--save {path}: the name must end in .json", hint="FILE.json")
    write_new(path, text)
    note_own_copy(path)
    said = Said({n: v for n, v in generate.options.items() if v is not None}, frozenset())
    print(f"Wrote {path}; next: targen preview {quote(str(path))}{said.typed(ModelFlags)}")
