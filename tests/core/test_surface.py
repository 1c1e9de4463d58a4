"""The public surface: the names that plugins may rely on, and the tree of errors."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import targen_core
from targen_core import errors

TREE = {
    "Exception": "TargenError",
    "TargenError": "UsageError PluginError RunDirectoryError JobFailed ServiceError Rejected "
    "BadReply",
    "UsageError": "UnknownName UnreadableFile RunConflict",
    "PluginError": "MissingDependency",
    "JobFailed": "QuotaNotMet BudgetExhausted Interrupted",
}
PARENTS = {name: parent for parent, names in TREE.items() for name in names.split()}


def test_type_checkers_see_what_programs_get():
    tree = ast.parse(Path(targen_core.__file__).read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {
        alias.name: node.module
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen == {name: f"targen_core.{home}" for name, home in targen_core._MODULES.items()}


def test_importing_the_package_imports_nothing_else():
    code = (
        "import sys, targen_core; print([m for m in sys.modules if m.startswith('targen_core.')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_tree_of_errors_is_this():
    defined = [name for name, each in vars(errors).items() if isinstance(each, type)]
    ours = [name for name in defined if issubclass(getattr(errors, name), errors.TargenError)]
    assert sorted(ours) == sorted(PARENTS)
    for name, parent in PARENTS.items():
        error = getattr(errors, name)
        assert error.__bases__[0].__name__ == parent
        usage = issubclass(error, errors.UsageError)
        assert error.exit_code == (2 if usage else 130 if name == "Interrupted" else 1)
