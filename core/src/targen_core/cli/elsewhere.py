"""Hints for names that are not installed, such as the package that provides them.

The names of packages are only for hints, never imported, and a part works the same whether it is
listed here or not.
"""

from __future__ import annotations

from targen_core.errors import UnknownName
from targen_core.plugins.register import FILE
from targen_core.plugins.registry import Registry
from targen_core.suggestions import and_also, did_you_mean
from targen_core.text import plural
from targen_core.unknown_tasks import no_task
from targen_core.wording import Action, Option, install


def _by(package: str, names: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), package)


ELSEWHERE = {
    "task": {
        "": "targen-tasks-superglue",
        **_by("targen-tasks-superglue", "axg boolq cb copa record rte wic wsc"),
        "multirc": "targen-tasks-multirc",
    },
    "backend": {
        "": "targen-backends[local]",
        **{name: f"targen-backends[{name}]" for name in ["chatgpt", "claude", "llama", "local"]},
        "scripted": "targen-standard",
        "openai": "targen-backends[chatgpt]",
        "anthropic": "targen-backends[claude]",
        "openai-compatible": "targen-backends[llama]",
    },
    "method": {
        "": "targen-methods",
        **_by("targen-methods", "attrprompt coda loop selfinstruct supergen zerogen"),
        "progen": "targen-methods[progen]",
        "sungen": "targen-methods[sungen]",
    },
    "reader": _by("targen-standard", "json py toml yaml yml"),
    "executor": {"": "targen-ray", "ray": "targen-ray"},
    "delivery": {"": "targen-standard", **_by("targen-standard", "batch files")},
    "embedder": {"minilm": "targen-analysis[embeddings,minilm]", "words": "targen-standard"},
    "corrector": _by("targen-standard", "blind meta meta-paper vote"),
    "filter": _by("targen-standard", "distance examples excluded near-duplicates"),
    "option": _by(
        "targen-standard",
        "close_gap embedder examples exclude max_cosine max_refused near_duplicates show_examples",
    ),
    "metric": {"": "targen-analysis"},
    "output": {"": "targen-outputs"},
    "trainer": {"": "targen-training"},
    "catalogue": {"": "targen-datatune"},
    "retriever": {"": "targen-datatune"},
    "command": {
        **_by("targen-analysis", "analyze list-metrics rate sample"),
        **_by("targen-datatune", "catalogue list-catalogues list-retrievers retrieve transform"),
        **_by("targen-methods", "compare-methods import-rows list-methods select"),
        **_by("targen-review", "review view"),
        **_by(
            "targen-training",
            "ablate answer compare evaluate list-trainers predict reproduce reweigh train",
        ),
    },
    "adapter": _by("targen-standard", "langchain langchain_core"),
    "function": {
        **_by(
            "targen-standard",
            "Declaration RevisionPlan TaskForm acorrect aplan_revision areplay arevise correct "
            "diff export merge plan_revision preview profile publish replay revise trace validate "
            "Script ScriptedModel ScriptedOptions export_batch import_batch",
        ),
        **_by("targen-core", "CostEstimate estimate show-progress"),
        "analyze": "targen-analysis",
        "check-plugin": "targen-testing",
        "retrieve": "targen-datatune",
        "review-figures": "targen-review",
        "reviewed": "targen-review",
    },
}
"""Kind -> name -> the package to install; the name "" matches any of the kind."""


_MAKERS = {
    "gpt-": "chatgpt",
    "o1": "chatgpt",
    "o3": "chatgpt",
    "o4": "chatgpt",
    "claude-": "claude",
}


def package_of(kind: str, name: str = "") -> str:
    """Return what to install for a name of a kind, or for any of the kind; "" if unknown."""
    ours = "targen-standard" if kind == "function" and "-" in name else ""  # for other plugins
    return ELSEWHERE.get(kind, {}).get(name, ours)


def backend_serving(model: str) -> str:
    """Return the backend that serves a model of this name; any server's, if no maker has it."""
    return next((_MAKERS[start] for start in _MAKERS if model.startswith(start)), "llama")


def explain(error: UnknownName, registry: Registry, kind: str, name: str) -> None:
    """Add the hint to an error: what to install for an unknown name, or what was meant."""
    bare = name.rpartition(":")[2]
    package = package_of(kind, bare if kind in registry.kinds else "") if bare else ""
    if kind == "backend" and ":" in name:
        package = package or package_of("adapter", name.partition(":")[0])
    names = [
        item.name for item in registry.all(kind) if kind != "function" or item.name.isidentifier()
    ]
    aliases = [alias for item in registry.all(kind) for alias in item.aliases]
    lame = [plugin for plugin in registry.plugins if plugin.state in ("broken", "incompatible")]
    disabled = [plugin for plugin in registry.plugins if plugin.state == "disabled"]
    theirs = [p for p in registry.plugins if p.distribution == name.rpartition(":")[0]]
    if kind == "task" and not (package or theirs) and (unknown := no_task(registry, name)):
        error.args, error.hint = unknown.args, unknown.hint
        return
    error.package = package
    package = package or ("" if names else package_of(kind))
    ours = [p for p in registry.plugins if package and p.distribution == package.split("[")[0]]
    states = {plugin.state for plugin in ours}
    before, colon, after = name.partition(":")
    if kind == "task" and name.startswith(f"{FILE}:"):
        hint = f"pass the path of the task's file, such as ./{bare}.yaml"
    elif package and not ours:
        hint = install(package)
    elif states == {"ok"}:
        there = f"{ours[0].distribution} {ours[0].version}"
        hint = (
            f"pip install --upgrade {ours[0].distribution}; the installed {there} does not "
            "have it yet"
        )
    elif states == {"incompatible"}:
        hint = ours[0].hint
    elif theirs:
        its = [item.name for item in registry.all(kind) if item.distribution == before]
        hint = f"the installed {before} {theirs[0].version} does not have it"
        if any(plugin.state != "ok" for plugin in theirs):
            hint = f"{before} is installed, but not all of it is loaded"
        elif its:
            hint = and_also(hint, did_you_mean(bare, its, "it has"))
    elif kind == "backend" and colon and before in (*names, *aliases):
        hint = f"did you mean {before}/{after}?"
    elif kind == "backend" and name and (serves := backend_serving(name)) in names:
        model = Option("model", f"{serves}/{name}")
        hint = f"give the backend and its model: {model}"
        if serves == "llama":
            hint = did_you_mean(bare, [*names, *aliases], f"{hint}; one of")
    elif names:
        hint = did_you_mean(bare, [*names, *aliases], "one of")
    elif kind not in registry.kinds:
        hint = did_you_mean(kind, [*registry.kinds], "kinds")
    else:
        hint = "omit it: no installed plugin provides one"
    if lame:
        hint = and_broken(registry, hint)
    elif names and kind in registry.kinds and registry.kinds[kind].listing:
        hint = and_also(hint, f"see: {Action(registry.kinds[kind].listing)}")
    if disabled:
        left_out = ", ".join(f"{p.distribution} ({p.entry_point})" for p in disabled)
        hint = and_also(hint, f"disabled by TARGEN_DISABLE_PLUGINS: {left_out}")
    error.hint = hint


def and_broken(registry: Registry, hint: str) -> str:
    """Return a hint that also mentions the plugins that failed to load, if any did."""
    broken = sum(plugin.state in ("broken", "incompatible") for plugin in registry.plugins)
    said = f"{plural(broken, 'plugin')} failed to load, see: {Action('plugins')}"
    return and_also(hint, said) if broken else hint
