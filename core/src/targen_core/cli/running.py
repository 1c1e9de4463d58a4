"""Run the `targen` command: an error becomes one clear message and an exit code."""

from __future__ import annotations

import atexit
import errno
import gc
import os
import shlex
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from itertools import pairwise
from typing import Any

from targen_core.cli.command_line import CommandLine, is_debugging, read_words
from targen_core.display.streams import ClosedPipe, mute, sound_streams
from targen_core.display.terminal import guarded, print_traceback
from targen_core.errors import Interrupted, PluginError, TargenError, UsageError
from targen_core.origin import of_a_command
from targen_core.text import printable

_LONGEST = 4000
"""The most characters of an error to print; more would not help."""

_CLOSED_PIPE = 128 + 13
"""The exit code if the reader of the output leaves: a shell shows the same for SIGPIPE."""

_MACHINES = frozenset(
    getattr(errno, name, errno.EIO)
    for name in (
        "ENOSPC",
        "EDQUOT",
        "EIO",
        "EROFS",
        "EACCES",
        "EPERM",
        "EMFILE",
        "ENFILE",
        "ESTALE",
        "ENAMETOOLONG",
    )
)
"""Errors of a disk, a file system or a limit, wherever they come up."""


def run() -> None:
    """Run the command line; exit as the reference of errors says."""
    # Pydantic would read every distribution's entry points, and fail if one cannot be read.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    # To look for cycles in all that was imported takes longer than most commands.
    atexit.register(gc.freeze)
    with sound_streams(), guarded(), of_a_command():
        try:
            _main()
        finally:
            _flush()


def _flush() -> None:
    """Write what is still to be written, or say that it is lost."""
    try:
        sys.stdout.flush()
    except ClosedPipe:
        sys.exit(_CLOSED_PIPE)
    except OSError as error:
        sys.exit(_lost(error))


def _lost(error: OSError) -> int:
    """Report that the output is lost, as on a full disk; return the exit code."""
    mute(sys.stdout)
    print(f"error: cannot write to standard output: {error.strerror}", file=sys.stderr)
    print("  note: files that the command already wrote are unaffected", file=sys.stderr)
    return 1


def _refused(error: OSError) -> int:
    """Print a refusal by the machine, which is not targen's fault; return the exit code."""
    if error.errno == errno.ENOSPC and error.filename is None:
        return _lost(error)
    from targen_core.plain import way_out

    where = f"{error.filename}: " if error.filename else ""
    print(f"error: {printable(where)}{error.strerror}", file=sys.stderr)
    print(f"  try: {way_out(error, 'type the same command again')}", file=sys.stderr)
    return 1


def _main() -> None:
    if debug := is_debugging():
        sys.excepthook = print_traceback
    words = sys.argv[1:]
    try:
        while True:
            try:
                _dispatch(read_words(words))
                break
            except UsageError as error:
                words = [*_answer_to(error), *words]
    except TargenError as error:
        if debug:
            raise
        sys.exit(_say(_reblamed(error) or error))
    except KeyboardInterrupt:
        sys.exit(_say(Interrupted("stopped")))
    except ClosedPipe:
        sys.exit(_CLOSED_PIPE)
    except Exception as error:
        if debug:
            raise
        if isinstance(error, OSError) and error.errno in _MACHINES:
            sys.exit(_refused(error))
        if isinstance(error, MemoryError):
            print("error: this machine does not have enough memory", file=sys.stderr)
            print(
                "  try: use smaller files, or JSON Lines or Parquet, which targen reads in chunks",
                file=sys.stderr,
            )
            sys.exit(1)
        if theirs := _reblamed(error):
            sys.exit(_say(theirs))
        print(f"error: targen failed: {type(error).__name__}: {_short(error)}", file=sys.stderr)
        print("  try: repeat the command with --debug, and report its output", file=sys.stderr)
        sys.exit(1)


def _answer_to(error: UsageError) -> list[str]:
    """Ask a person which column is meant, and return their choice as options.

    Raises:
        UsageError: the command has no terminal, or the error has no choices.
    """
    from targen_core.cli.asking import answered, can_ask

    choices = getattr(error, "choices", ())
    if not choices or not can_ask():
        raise error
    print(_short(error), file=sys.stderr)
    for number, choice in enumerate(choices, 1):
        print(f"  {number}  {printable(choice)}", file=sys.stderr)
    said = answered(f"Which one? [1-{len(choices)}]") or ""
    if not said.isdigit() or not 1 <= int(said) <= len(choices):
        raise error
    option = ["--map", choices[int(said) - 1]]
    print(f"to skip this question: {shlex.join(option)}", file=sys.stderr)
    return option


def _say(error: TargenError) -> int:
    """Print an error, whose it is and what to do; the exit code."""
    whose = f" [{error.distribution}]" if isinstance(error, PluginError) else ""
    print(f"error{whose}: {_short(error)}", file=sys.stderr)
    if error.hint:
        print(f"  try: {error.hint}", file=sys.stderr)
    return error.exit_code


def _reblamed(error: Exception) -> PluginError | None:
    """The error that names the plugin whose code raised another; None for the command itself."""
    from targen_core.plugins.blame import blamed

    return blamed(error)


def _short(error: Exception) -> str:
    return printable(str(error), max_length=_LONGEST)


def _is_new(words: str, known: set[str]) -> bool:
    """Return whether words are said for the first time, and note them."""
    is_new = words not in known
    known.add(words)
    return is_new


def _dispatch(line: CommandLine) -> None:
    args = line.words
    # Listing is what people type first and most: it goes past typer, which
    # imports pydantic to run any command and would take most of the time.
    if args and args[0].startswith("list-") and args[1:] in ([], ["--json"]):
        from targen_core.cli.commands.inventory import show_registered

        if show_registered(args[0], json=bool(args[1:])):
            return
    if "--out=" in line.options or ("--out", "") in pairwise(line.options):
        # A shell variable that is not set; a path would be this folder.
        raise UsageError("--out is empty", hint="give a folder or a file, or omit --out")
    import logging

    from targen_core.cli.app import build
    from targen_core.origin import trusting

    words = logging.StreamHandler()  # standard error: downloads, Ctrl-C, a cache that fails
    words.setFormatter(logging.Formatter("%(message)s"))
    read: set[str] = set()  # a command may read a dataset several times
    words.addFilter(lambda said: said.name != "targen.dataset" or _is_new(said.getMessage(), read))
    log = logging.getLogger("targen")
    log.addHandler(words)
    log.setLevel(logging.INFO)
    try:
        with (
            trusting(*line.trusted) if line.trusted else nullcontext(),
            _laid_out(line.layout) if line.layout else nullcontext(),
        ):
            build()(args, prog_name="targen")
    finally:
        log.removeHandler(words)


@contextmanager
def _laid_out(said: Mapping[str, Any]) -> Iterator[None]:
    """Read files as the person says; a command that reads none says so."""
    from targen_core.dataset.layout import is_used, layout_of, reading_as

    with reading_as(layout_of(**said)):
        try:
            yield
        finally:
            if not is_used():
                print("note: no file of rows was read by --map and the like", file=sys.stderr)
