"""The rules that a plugin keeps before it runs, by name, and what its author does about each.

A rule of the suites is named after its test: see `targen_testing`. All
are listed in docs/plugins/conformance.md.
"""

from __future__ import annotations

from dataclasses import dataclass

DISTRIBUTION_RULES = {
    # what pyproject.toml says
    "no-entry-point": 'add [project.entry-points."targen.v1"] with NAME = "package.module"',
    "core-version-pin": 'put "targen-core>=0.1,<0.2" into [project] dependencies',
    "bare-targen-dependency": "remove `targen` from the dependencies: the core is `targen-core`, "
    "and `targen` on the package index is someone else's",
}
LOADING_RULES = {
    # what happens when it is loaded
    "api-level": "declare the entry points of an API level that targen-core supports",
    "bad-entry-point": "write each line of a section as NAME = package.module",
    "entry-point-missing-module": "correct the module in the entry point, or create it",
    "missing-package": "add the package to the dependencies, or import it where it is used",
    "import-error": "fix the module; it must not import anything that may fail",
    "exit-at-import": "remove the exit from the module: importing it must not "
    "register or run anything",
    "slow-import": "import large packages inside functions: every command imports the plugin",
    "prints-at-import": "remove the print: standard output belongs to the command",
    "unknown-hook": "correct the hook's name or its argument, `register`",
    "async-hook": "write `def`, not `async def`: an async hook does not register anything",
    "hook-returns": "do not return anything from the hook: call register(name, target)",
    "hook-raises": "fix the hook; it must only call register(name, target)",
    "bad-name": "use lower-case letters, digits, '.', '_' and '-'",
    "bad-target": 'write the target as "package.module:ATTRIBUTE"',
    "duplicate-name": "give each part of a kind a different name",
    "bad-kind": "correct the field of the Kind, or create the object that it names",
    "duplicate-kind": "give the kind, its hook and its listing names that no other kind has",
    "reserved-name": "give the command a name that targen --help does not already list",
    "flag-taken": "give the option a name that no other option has",
    "option-taken": "give the option a name that is neither a sampling parameter nor batch, "
    "candidates, price_in or price_out",
    "name-taken": "give the part a name that targen list KIND does not already list",
    "unknown-section": "give the command a panel that targen --help has, or none",
    "registers-nothing": "mark the plugin's hooks with @targen_core.hookimpl",
    "module-not-loaded": 'add a line NAME = "package.module" to '
    '[project.entry-points."targen.v1"], or import the hooks in a module that has one',
    # what its lazy targets stand for
    "target-missing-module": "correct the module in the target, or create it",
    "target-missing-attribute": "correct the attribute in the target, or create it",
    "target-import-error": "fix the module that the target names",
    "target-wrong-type": "register an object of the kind that the hook is for",
}
RULES = {
    **DISTRIBUTION_RULES,
    **LOADING_RULES,
    "suite-without-a-name": "in the suite's class, set the registered name of the part to check",
    "tests-not-collected": "fix the tests until `python -m pytest tests` collects them",
}
"""Name -> what the author does."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check.

    Attributes:
        check: its name.
        about: what was checked: a file, an entry point, a registered thing.
        outcome: "passed", "failed" or "skipped".
        problem: what is wrong, or why it was skipped.
        hint: what to do.
    """

    check: str
    about: str
    outcome: str
    problem: str = ""
    hint: str = ""


def broken(check: str, about: str, problem: str) -> Finding:
    """A rule that is not kept."""
    return Finding(check, about, "failed", problem, RULES[check])
