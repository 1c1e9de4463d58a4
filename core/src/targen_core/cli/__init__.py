"""The `targen` command. It imports the rest when it runs, so that Ctrl-C also ends the imports."""

from __future__ import annotations

import os
import sys

_STOPPED = 130


def main() -> None:
    """Run the command line; exit as the reference of errors says."""
    try:
        from targen_core.cli.running import run

        run()
    except KeyboardInterrupt:
        print("error: stopped", file=sys.stderr)
        sys.exit(_STOPPED)


def script() -> None:
    """Run the command line as a process of its own, whose end does not wait for hanging threads.

    A backend may wait in a thread for a service that never answers. Python would also wait for it.
    """
    try:
        main()
    except SystemExit as ended:
        if ended.code == _STOPPED:
            import threading

            leaving = threading.Timer(1.0, os._exit, (_STOPPED,))
            leaving.daemon = True
            leaving.start()
        raise
