"""What reads a stranger's files, fuzzed by coverage: only targen's own errors may come out.

    python fuzz_readers.py manifest|report|journal|lines|yaml|toml|json [libFuzzer's options]

Needs `atheris`. The first corpus is made of good files; `-max_total_time=300` ends it after so many
seconds. What crashes is written to a file `crash-*`, which the same command takes as an argument.
"""

from __future__ import annotations

import contextlib
import gc
import os
import sys
import tempfile
from pathlib import Path
from zlib import crc32

import atheris

with atheris.instrument_imports(include=["targen_core", "yaml", "tomllib"]):
    from targen_core.calls.journal import Journal
    from targen_core.calls.usage import Usage
    from targen_core.errors import TargenError
    from targen_core.runs.manifest import Manifest
    from targen_core.runs.report import read_report
    from targen_standard.task_files.reading import read_declaration

from fuzz_strangers import World


def main() -> None:
    """Make a corpus of good files, and fuzz."""
    what, rest = sys.argv[1], sys.argv[2:]
    folder = Path(tempfile.mkdtemp(prefix="fuzz-")).resolve()
    with contextlib.closing(World(folder)) as world:
        runs, tasks = world.good("run"), world.good("declaration")
    gc.enable()
    os.environ["TMPDIR"] = str(folder)
    name = {
        "manifest": "manifest.json",
        "report": "report.json",
        "journal": "journal",
        "lines": "provenance.jsonl",
    }.get(what, f"task.{what}")
    of_a_run = not name.startswith("task.")
    home = runs / "=killed/run" if of_a_run else tasks / f"={what}"
    path = home / name
    corpus = folder / "corpus"
    corpus.mkdir()
    first = runs / "=declared/run/report.json" if what == "report" else path
    (corpus / "good").write_bytes(first.read_bytes())

    def read(data: bytes) -> None:
        if what == "journal":  # with good check sums: else nothing gets any further
            records = data.split(b"\n")[:-1]
            data = b"".join(b"%08x %s\n" % (crc32(r[9:]), r[9:]) for r in records)
        path.write_bytes(data)
        with contextlib.suppress(TargenError):
            if what == "manifest":
                Manifest.load(path).differences(Manifest.load(path))
            elif what in ("report", "lines"):
                read_report(home)
            elif what == "journal":
                usage = Usage()
                Journal(path, on_record=usage.recall, read_only=True).close()
                usage.as_dict()
            else:
                read_declaration(path).task(name="task")

    atheris.Setup([sys.argv[0], *rest, str(corpus)], read)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
