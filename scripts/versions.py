"""The one version of all distributions.

python scripts/versions.py                  print it; exit 1 where they disagree
python scripts/versions.py --expect v0.1.0  and where it is not that of a tag
python scripts/versions.py --set 0.2.0      write it
python scripts/versions.py --folders        the folders that are published
"""

from __future__ import annotations

import argparse
import re
import sys
import tomllib
from pathlib import Path

PUBLISHED = (
    "core",
    "targen_tasks_superglue",
    "targen_backends",
    "plugins/targen_standard",
    "plugins/targen_testing",
    "plugins/targen_tasks_multirc",
    "plugins/targen_outputs",
    "plugins/targen_analysis",
    "plugins/targen_training",
    "plugins/targen_datatune",
    "plugins/targen_ray",
    "plugins/targen_review",
    "plugins/targen_methods",
)
BESIDE = (
    "plugins/targen_plugin_example",
    "plugins/examples/targen_contract_clauses",
    "plugins/examples/targen_setfit",
)
"""To be read and copied: they have the same version, and stay in the repository."""

_ROOT = Path(__file__).parent.parent
_CODE = _ROOT / "core/src/targen_core/__init__.py"
_IN_TOML = re.compile(r'^version = "(.*)"$', re.MULTILINE)
_IN_CODE = re.compile(r'^__version__ = "(.*)"$', re.MULTILINE)


def places() -> list[tuple[Path, re.Pattern[str]]]:
    """The files that hold the version, each with the line that does."""
    toml = [(_ROOT / folder / "pyproject.toml", _IN_TOML) for folder in (*PUBLISHED, *BESIDE)]
    return [*toml, (_CODE, _IN_CODE)]


def read() -> dict[Path, str]:
    """The version that each file holds."""
    versions = {}
    for path, pattern in places():
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".toml":
            versions[path] = tomllib.loads(text)["project"]["version"]
        else:
            (versions[path],) = pattern.findall(text)
    return versions


def write(version: str) -> None:
    """Write a version into all of them."""
    for path, pattern in places():
        text = path.read_text(encoding="utf-8")
        line = pattern.pattern[1:].split("(")[0] + version + '"'
        path.write_text(pattern.sub(line, text, count=1), encoding="utf-8")


def main() -> int:
    """Do what the arguments say; 1 where versions disagree."""
    parser = argparse.ArgumentParser(description="The one version of all distributions.")
    parser.add_argument("--set", metavar="VERSION", help="write this version")
    parser.add_argument("--expect", metavar="TAG", help="the version, or v and the version")
    parser.add_argument("--folders", action="store_true", help="print what is published")
    asked = parser.parse_args()
    if asked.folders:
        print("\n".join(PUBLISHED))
        return 0
    if asked.set:
        write(asked.set)
    versions = read()
    if len(set(versions.values())) > 1:
        for path, version in versions.items():
            print(f"{path.relative_to(_ROOT)}: {version}", file=sys.stderr)
        return 1
    (version,) = set(versions.values())
    print(version)
    if asked.expect and asked.expect.removeprefix("v") != version:
        print(f"the tag is {asked.expect}, the version {version}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
