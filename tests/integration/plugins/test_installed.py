"""Plugins as they are installed: entry points of distributions on sys.path."""

from __future__ import annotations

import json

import pytest

from ...tables import table

HOOKS = "from targen_core import hookimpl\n@hookimpl\ndef register_tasks(register):\n"
TASK = HOOKS + '    register("{0}", "{1}:TASK", summary="from outside")\n'


def acme(install, name="acme", task="new", folder="site", **modules):
    """Install a distribution with one plugin, which registers a task."""
    entry = f"[targen.v1]\n{name} = {name}_plugin\n"
    code = {f"{name}_plugin": TASK.format(task, f"{task}_task"), **modules}
    return install(name, entry, code, folder=folder)


def plugins(result):
    return {p["entry_point"]: p for p in json.loads(result.stdout)}


def test_an_entry_point_is_found(install, targen):
    modules = {"acme_tickets": TASK.format("parcels", "parcels_task"), "parcels_task": "TASK = 1"}
    site = install("Acme.Tickets_Plugin", "[targen.v1]\ntickets = acme_tickets\n", modules)
    listed = targen("list-tasks", "--json", path=[site])
    assert (listed.returncode, listed.stderr) == (0, "")
    by_name = {task["name"]: task for task in json.loads(listed.stdout)}
    assert by_name["parcels"] == {
        "name": "parcels",
        "id": "acme-tickets-plugin:parcels",
        "version": "1.0",
        "summary": "from outside",
        "aliases": [],
    }
    assert "rte" in by_name
    assert not list((site / "__pycache__").glob("parcels_task*")), "a lazy target was imported"


# A plugin each of one distribution, with what its module holds, its state, and what is found.
# Behind `T:` a task of this name is registered whose module holds this.
PLUGINS = r"""
    good | T:fine: from targen_tasks_superglue.rte.task import RTE as TASK | ok |
    raises | raise RuntimeError('at import') | broken | import-error
    ends | raise SystemExit(0) | broken | exit-at-import
    absent | | broken | entry-point-missing-module
    lacks | T:lazy: TSAK = 1 | broken | target-missing-attribute
    wrong | T:odd: def TASK(): ... | broken | target-wrong-type
    turbo | T:turbo: import a_package_of_the_extra | extra |
    writes | print('noise') | ok | prints-at-import
"""


@pytest.fixture
def sick(install):
    """A distribution with plugins of all kinds of faults, beside one whose metadata is torn."""
    modules, entries = {"acme_later": "raise RuntimeError('imported')"}, ["[targen.v1]"]
    for name, code, *_ in table(PLUGINS, 4):
        entries.append(f"{name} = acme_{name}{' [turbo]' if name == 'turbo' else ''}")
        if code.startswith("T:"):
            task, _, target = code.removeprefix("T:").partition(": ")
            modules |= {f"{task}_task": target, f"acme_{name}": TASK.format(task, f"{task}_task")}
        elif code:
            modules[f"acme_{name}"] = code
    entries += ["odd = no-such module!", "[targen.v2]", "later = acme_later"]
    return [
        install("acme", "\n".join(entries) + "\n", modules),
        install("zeta", "[targen.v1]\njust some words\n", {}, folder="torn"),
        install("bare", "[targen.v1]\nbare = nowhere\n", {}, folder="bare", metadata=False),
    ]


def test_each_broken_plugin_is_named_with_what_to_do(sick, targen):
    result = targen("plugins", "--json", path=sick)
    found = plugins(result)
    for name, _, state, check in table(PLUGINS, 4):
        assert found[name]["state"] == state, found[name]
        checks = [problem["check"] for problem in found[name]["problems"]]
        assert not check or check in checks, (name, checks)
        assert state == "ok" or found[name]["problems"][0]["try"]
    assert found["odd"]["state"] == "broken"
    assert (found["later"]["state"], found["later"]["api"]) == ("incompatible", "targen.v2")
    assert "imported" not in json.dumps(found["later"])
    assert "needs the package 'a_package_of_the_extra'" in found["turbo"]["problems"][0]["problem"]
    assert found["turbo"]["problems"][0]["try"].endswith("pip install 'acme[turbo]'")
    (torn,) = found["entry_points.txt"]["problems"]
    assert torn["check"] == "bad-entry-point"
    assert "line 2, 'just some words'" in torn["problem"]
    assert torn["try"] == "report it to the authors of zeta"
    assert "noise" in result.stderr


def test_strict_exits_1_for_what_is_broken(install, targen):
    site = acme(install, task="lazy", lazy_task="TSAK = 1")
    shown = targen("plugins", "--strict", path=[site])
    words = "target-missing-attribute: task acme:lazy: 'lazy_task' has no attribute"
    assert (shown.returncode, words in shown.stdout) == (1, True), shown.stdout
    assert targen("plugins", path=[site]).returncode == 0
    off = targen("plugins", "--strict", path=[site], TARGEN_DISABLE_PLUGINS="acme")
    assert (off.returncode, "disabled" in off.stdout) == (0, True), off.stdout
