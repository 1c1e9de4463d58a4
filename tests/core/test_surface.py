"""The public surface: the names that plugins may rely on, and the tree of errors."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import targen_core
import targen_standard.plugin
from targen_core import errors

NAMES = """Backend BackendOptions Candidate Case ChatModel ChatReply ChatRequest Check Concern
Configurable Correction CorrectionSample Corrector Credit Dataset Dimension
DryRunCall Filter InverseGenerator Job JobFailed JudgeAnswer JudgeQuestion Judging Kind KindRegister
Label LabelReport Limits ListStep Llm Message Part Price Prompt Quotas Refusal Register
Registration Registry Rejected Report Rows Run RunSpec Scored ScoringModel Step TargenError Task
Texts TokenScore Typed UsageError UsageReport Variant agenerate aresume errors generate hookimpl
load load_registry mean_logprob read_dataset resume trusting vocabulary""".split()

TREE = {
    "Exception": "TargenError",
    "TargenError": "UsageError PluginError DatasetUnavailable RunDirectoryError JobFailed "
    "ServiceError Rejected BadReply",
    "UsageError": "UnknownName UnknownOption AmbiguousName UnreadableFile RunConflict",
    "UnreadableFile": "NoSuchFile",
    "PluginError": "MissingDependency StageFailed",
    "RunDirectoryError": "CorruptJournal RunLocked WriteFailed",
    "JobFailed": "QuotaNotMet BudgetExhausted ServiceGaveUp AnswersAwaited Interrupted",
    "ServiceError": "RateLimited ServiceUnavailable AuthenticationFailed CreditExhausted "
    "ContentFiltered BadRequest BatchFailed",
    "ServiceUnavailable": "Overloaded ConnectionFailed TimedOut MalformedAnswer",
    "AuthenticationFailed": "PermissionDenied",
    "BadRequest": "ContextTooLong",
    "Rejected": "NoUsableReply",
}
PARENTS = {name: parent for parent, names in TREE.items() for name in names.split()}


def test_the_names_for_authors_are_these():
    assert sorted(targen_core.__all__) == sorted(NAMES)
    functions = {item.name for item in targen_core.load_registry().all("function")}
    typed = {name for name in functions if name.isidentifier()}
    assert dir(targen_core) == sorted({*NAMES, *typed})  # what Tab offers
    assert {targen_core.generate.__name__, targen_core.resume.__name__} == {"generate", "resume"}
    assert all(getattr(targen_core, name) is not None for name in NAMES)


def test_functions_for_the_core_are_not_offered():
    assert not set(targen_standard.plugin._FOR_THE_CORE) & set(dir(targen_core))


def test_type_checkers_see_what_programs_get():
    tree = ast.parse(Path(targen_core.__file__).read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {
        alias.name: node.module
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen.pop("errors") == "targen_core"
    assert seen == {name: f"targen_core.{home}" for name, home in targen_core._HOME.items()}


def test_importing_the_package_imports_nothing_else():
    code = (
        "import sys, targen_core; print([m for m in sys.modules if m.startswith('targen_core.')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_tree_of_errors_is_this():
    assert sorted(errors.__all__) == sorted(PARENTS)
    for name, parent in PARENTS.items():
        error = getattr(errors, name)
        assert error.__bases__[0].__name__ == parent
        usage = issubclass(error, errors.UsageError)
        assert error.exit_code == (2 if usage else 130 if name == "Interrupted" else 1)


LATER = """RateLimited ServiceUnavailable Overloaded ConnectionFailed TimedOut
BatchFailed""".split()


def test_only_these_service_errors_can_succeed_later():
    retryable = {
        other for other in PARENTS if getattr(getattr(errors, other), "retryable", False) is True
    }
    assert retryable == {*LATER, "MalformedAnswer"}
    for name in LATER:
        error = getattr(errors, name)("words", hint="do", retry_after=3.0, billed=True)
        shown = (str(error), error.hint, error.retry_after, error.billed)
        assert shown == ("words", "do", 3.0, True)
