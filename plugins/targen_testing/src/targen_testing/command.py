"""`targen plugins check`: all that a plugin's folder can be tested for, as findings."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import asdict
from json import loads
from pathlib import Path
from typing import Annotated

import typer

from targen_core.cli.options.arguments import JsonArg
from targen_core.cli.tables import print_json
from targen_testing.folder import metadata_problems, read_folder
from targen_testing.rules import (
    DISTRIBUTION_RULES,
    LOADING_RULES,
    RULES,
    Finding,
    broken,
)
from targen_testing.suite import NOT_CHECKED


def check(
    path: Annotated[
        Path, typer.Argument(metavar="PATH", help="The folder to check, with its pyproject.toml.")
    ],
    strict: Annotated[
        bool,
        typer.Option("--strict", help="Exit with 1 if a pip extra that a check needs is missing."),
    ] = False,
    json: JsonArg = False,
) -> None:
    """Test a plugin's folder with the conformance kit.

    Loads a folder under development without installing it. Exits with 1 if a check fails. Checks
    that need an uninstalled extra of the plugin are skipped.

    Example:
    - targen plugins check ./my-plugin
    """
    folder = read_folder(path)
    findings = _findings(path)
    failed = [finding for finding in findings if finding.outcome == "failed"]
    if json:
        print_json(
            {
                "distribution": folder.name,
                "version": folder.version,
                "checks": [asdict(finding) for finding in findings],
            }
        )
    else:
        print(f"{folder.name} {folder.version}  {path}")
        passed = sum(finding.outcome == "passed" for finding in findings)
        if passed:
            print(f"    passed: {passed} checks")
        for line in _skipped(findings):
            print(f"    skipped: {line}")
        for first, others in _failed(failed):
            print(f"    {first.check}: {first.about}: {first.problem}")
            if others:
                print(f"      also: {', '.join(others)}")
            if first.hint:
                print(f"      {'try' if first.check in RULES else 'required'}: {first.hint}")
    unchecked = any(finding.problem.startswith(NOT_CHECKED) for finding in findings)
    if failed or (strict and unchecked):
        raise typer.Exit(1)


def _skipped(findings: list[Finding]) -> list[str]:
    """Return the skipped checks, by subject and reason."""
    checks_by_reason: dict[str, list[str]] = {}
    for finding in findings:
        if finding.outcome == "skipped":
            checks_by_reason.setdefault(f"{finding.about} ({finding.problem})", []).append(
                finding.check
            )
    return [f"{why}: {', '.join(checks)}" for why, checks in checks_by_reason.items()]


def _failed(findings: list[Finding]) -> list[tuple[Finding, list[str]]]:
    """The first finding of each problem, and the other checks that fail with it."""
    met: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        met.setdefault((finding.about, finding.problem), []).append(finding)
    return [(first, [other.check for other in others]) for first, *others in met.values()]


def _findings(path: Path) -> list[Finding]:
    """The findings of all checks; those that need the plugin run in another process."""
    folder = read_folder(path)
    findings = list(metadata_problems(folder))
    if {finding.check for finding in findings} & {"no-entry-point", "api-level"}:
        return findings
    findings += _run(folder.path)
    checks = {finding.check for finding in findings}
    for about, rules in (("distribution", DISTRIBUTION_RULES), ("loading", LOADING_RULES)):
        if rules is DISTRIBUTION_RULES or not checks & rules.keys():  # a plugin that fails, stops
            findings += [Finding(rule, about, "passed") for rule in rules if rule not in checks]
    return findings


def _run(folder: Path) -> list[Finding]:
    """The findings of a process that loads the plugin."""
    with tempfile.TemporaryDirectory(prefix="targen-check-") as scratch:
        results = Path(scratch) / "results.json"
        run = "from targen_testing.check import main; main()"
        done = subprocess.run(  # noqa: S603 - this Python, on a folder that the user names
            [sys.executable, "-P", "-c", run, str(folder), str(results)],
            cwd=folder,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        if not results.exists():
            last = (done.stderr or done.stdout).strip().splitlines()[-1:]
            words = "".join(last) or f"the process ended with exit code {done.returncode}"
            return [broken("import-error", folder.name, words)]
        return [Finding(**entry) for entry in loads(results.read_text(encoding="utf-8"))]
