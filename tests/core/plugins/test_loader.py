"""Loading plugins: one that fails is left out as a whole and stops nobody else."""

from __future__ import annotations

import importlib
import re
import signal
import sys

import pytest

from targen_core.errors import UnknownName, UsageError
from targen_core.plugins.loader import installed_sources, load_registry

GOOD = object()


def _good(register):
    register("good", GOOD, summary="it works")


GOOD_TASK = {"register_tasks": _good}


def _names(registry, kind="task"):
    return [item.id for item in registry.all(kind)]


def _only_problem(registry, entry_point="main"):
    (plugin,) = [p for p in registry.plugins if p.entry_point == entry_point]
    return plugin


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("raise ImportError('half a package')", "ImportError: half a package"),
        ("raise RuntimeError('boom')", "RuntimeError: boom"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("raise GeneratorExit", "GeneratorExit"),
        ("class Odd(BaseException): pass\nraise Odd('x')", "Odd: x"),
        ("import asyncio\nraise asyncio.CancelledError", "CancelledError"),
        ("def broken(:", "SyntaxError"),
        ("import no_such_package_at_all", "No module named"),
    ],
)
def test_a_plugin_that_raises_at_import_is_left_out(
    text, words, plugin, source, tmp_path, monkeypatch
):
    name = f"raises_at_import_{abs(hash(text))}"
    (tmp_path / f"{name}.py").write_text(text + "\n")
    monkeypatch.syspath_prepend(tmp_path)
    bad = source(name, entry_point="bad", extras=("fancy",))
    registry = load_registry([bad, source(plugin(**GOOD_TASK), "other")])
    assert name not in sys.modules
    assert _names(registry) == ["other:good"]
    bad = _only_problem(registry, "bad")
    assert bad.state == "broken"
    assert words in bad.problem
    to_install = "pip install 'acme[fancy]'" if "No module" in words else ""
    assert bad.hint == (to_install or "report it to the authors of acme")


@pytest.mark.parametrize("error", [RuntimeError("half-way"), SystemExit(1), GeneratorExit()])
def test_nothing_is_left_of_a_plugin_that_raises_half_way(error, load):
    def half(register):
        register("first", object())
        raise error

    def backends(register):
        register("whole", object())

    broken = {"register_backends": backends, "register_tasks": half}
    registry = load(before=GOOD_TASK, broken=broken, later=GOOD_TASK)
    assert _names(registry) == ["before:good", "later:good"]
    assert _names(registry, "backend") == []
    assert [p.state for p in registry.plugins] == ["ok", "broken", "ok"]
    assert re.search(
        rf" in half \(line \d+ of {re.escape(__file__)}\)$", registry.plugins[1].problem
    )


@pytest.mark.parametrize("where", ["import", "hook"])
def test_ctrl_c_still_stops(where, plugin, source, tmp_path, monkeypatch):
    press = "import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(5)\n"
    (tmp_path / "pressed_at_import.py").write_text(press)
    monkeypatch.syspath_prepend(tmp_path)
    before = signal.getsignal(signal.SIGINT)

    def hook(register):
        importlib.import_module("pressed_at_import")

    module = "pressed_at_import" if where == "import" else plugin(register_tasks=hook)
    with pytest.raises(KeyboardInterrupt):
        load_registry([source(module)])
    assert signal.getsignal(signal.SIGINT) is before


def test_what_a_plugin_prints_goes_to_standard_error(source, tmp_path, monkeypatch, capfd):
    (tmp_path / "writes_to_one.py").write_text(
        "from targen_core import hookimpl\n"
        "print('at import')\n"
        "@hookimpl\n"
        "def register_tasks(register):\n"
        "    print('in the hook')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    registry = load_registry([source("writes_to_one")])
    out, err = capfd.readouterr()
    assert out == ""
    (plugin,) = registry.plugins
    assert plugin.state == "ok"
    for text in (plugin.printed, err):
        for said in ("at import", "in the hook"):
            assert said in text


def test_a_bare_name_in_two_distributions_is_ambiguous(load):
    mine = object()
    registry = load(acme=GOOD_TASK, zeta=_named("good", mine))
    with pytest.raises(UsageError) as caught:
        registry.find("task", "good")
    assert str(caught.value) == "task 'good' is registered by 2 distributions"
    assert caught.value.hint == "use one of these ids: acme:good or zeta:good"
    assert caught.value.exit_code == 2
    assert registry.find("task", "zeta:good").target is mine
    assert registry.find("task", "acme:good").target is GOOD


@pytest.mark.whole
def test_no_stranger_takes_a_name_of_ours(plugin, source):
    """Whatever is installed, a bare name or an alias means what it means without that."""
    alone = load_registry()
    spared = ("targen-plugin-example", "targen-testing")  # a stranger has no command below ours
    ours = [item for item in alone.everything() if item.distribution not in spared]
    meant = {(item.kind, name): item for item in ours for name in (item.name, *item.aliases)}

    def taking(kind):
        def take(register):
            for name in {name for of, name in meant if of == kind}:
                register(name, GOOD)

        return take

    hooks = {kind.hook: taking(name) for name, kind in alone.kinds.items()}
    registry = load_registry([source(plugin(**hooks), "a-taker"), *installed_sources()])
    assert len(registry.everything()) == len(alone.everything()) + len(meant)
    assert {asked: registry.find(*asked).id for asked in meant} == {
        asked: alone.find(*asked).id for asked in meant
    }


def _twice(register):
    register("same", object())
    register("same", object())


def _named(name, target=GOOD):
    return {"register_tasks": lambda register: register(name, target)}


LAZY = "a lazy target must be 'package.module:ATTRIBUTE'"
BROKEN = [
    ({"register_tasks": _twice}, "task 'same' is registered twice by the same plugin"),
    ({"register_task": _good}, "'register_task'; did you mean register_tasks"),
    ({"register_tasks": lambda registry: None}, "(registry): a hook's only argument is `reg"),
    *((_named(name), "") for name in ["", "Upper", "two words", "a:b", "-dash", "ümlaut"]),
    *((_named(name), "") for name in (None, 7)),
    *((_named("bad", target), LAZY) for target in ["", "module", "module:", ":ATTR", "a b:C"]),
    *((_named("bad", target), LAZY) for target in ["a-b:C", "a:b:c"]),
]


@pytest.mark.parametrize(("hooks", "problem"), BROKEN)
def test_a_plugin_that_registers_what_it_cannot_is_left_out_with_the_reason(hooks, problem, load):
    registry = load(acme=hooks)
    assert _names(registry) == []
    bad = _only_problem(registry)
    assert bad.state == "broken"
    assert problem in bad.problem


@pytest.mark.parametrize("value", ["main", "acme", "ACME", "other, main ,,"])
def test_a_plugin_is_disabled_by_entry_point_or_distribution(value, plugin, source, monkeypatch):
    monkeypatch.setenv("TARGEN_DISABLE_PLUGINS", value)
    registry = load_registry(
        [source("no_such_module_whatever"), source(plugin(**GOOD_TASK), "zeta", "z")]
    )
    assert _names(registry) == ["zeta:good"]
    assert _only_problem(registry).state == "disabled"
    assert "TARGEN_DISABLE_PLUGINS" in _only_problem(registry).problem


def test_an_unknown_name_says_what_is_near_and_what_failed(load):
    def fails(register):
        raise RuntimeError

    registry = load(acme=GOOD_TASK, zeta={"register_tasks": fails})
    with pytest.raises(UnknownName) as caught:
        registry.find("task", "goood")
    assert str(caught.value) == "no task named 'goood' is installed"
    assert "did you mean good?" in caught.value.hint
    assert "1 plugin failed to load, see: targen plugins" in caught.value.hint
