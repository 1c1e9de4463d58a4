"""Plugins as they are installed: entry points of distributions on sys.path."""

from __future__ import annotations

import json
import textwrap

PLUGIN = """
from targen_core import hookimpl

@hookimpl
def register_tasks(register):
    register.register("{name}", "{name}_task:TASK", summary="{summary}")
"""


def _plugin(name: str, summary: str = "from outside") -> str:
    return PLUGIN.format(name=name, summary=summary)


def _plugins(result) -> dict[str, dict]:
    return {p["entry_point"]: p for p in json.loads(result.stdout)}


def test_an_entry_point_is_found(install, targen):
    site = install(
        "Acme.Tickets_Plugin",
        "[targen.v1]\ntickets = acme_tickets\n",
        {"acme_tickets": _plugin("parcels"), "parcels_task": "TASK = 1"},
    )
    listed = targen("list-tasks", "--json", path=[site])
    assert listed.returncode == 0
    assert listed.stderr == ""
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


def test_the_first_on_the_path_wins(install, targen):
    first = install(
        "acme", "[targen.v1]\nacme = acme_one\n", {"acme_one": _plugin("new")}, folder="first"
    )
    second = install(
        "acme",
        "[targen.v1]\nacme = acme_two\nolder = acme_two\n",
        {"acme_two": _plugin("old")},
        version="0.9",
        folder="second",
    )
    names = json.loads(targen("list-tasks", "--json", path=[first, second]).stdout)
    assert [task["name"] for task in names if task["id"].startswith("acme:")] == ["new"]
    names = json.loads(targen("list-tasks", "--json", path=[second, first]).stdout)
    assert [task["name"] for task in names if task["id"].startswith("acme:")] == ["old"]


def test_a_later_copy_of_a_distribution_adds_no_entry_point(install, targen):
    """What Python imports is the first copy: entry points of another are not its own."""
    first = install(
        "acme", "[targen.v1]\nacme = acme_one\n", {"acme_one": _plugin("new")}, folder="first"
    )
    second = install(
        "acme",
        "[targen.v1]\nrenamed = acme_two\n",
        {"acme_two": _plugin("old")},
        version="0.9",
        folder="second",
    )
    plugins = _plugins(targen("plugins", "--json", path=[first, second]))
    assert "acme" in plugins
    assert "renamed" not in plugins


def test_broken_plugins_never_take_the_command_down(install, targen):
    site = install(
        "acme",
        """
        [targen.v1]
        good = acme_good
        raises = acme_raises
        exits = acme_exits
        absent = acme_absent
        misspelt = acme_misspelt
        twice = acme_twice

        [targen.v2]
        later = acme_later
        """,
        {
            "acme_good": _plugin("fine"),
            "fine_task": "from targen_tasks_superglue.rte import RTE as TASK",
            "acme_raises": "raise RuntimeError('at import')",
            "acme_exits": "raise SystemExit(0)",
            "acme_misspelt": PLUGIN.replace("register_tasks", "register_task").format(
                name="x", summary=""
            ),
            "acme_twice": _plugin("a") + "    register.register('a', 'b:C')\n",
            "acme_later": "raise RuntimeError('imported')",
        },
    )
    listed = targen("list-tasks", path=[site])
    assert listed.returncode == 0
    assert "fine" in listed.stdout
    assert "rte" in listed.stdout
    assert "see: targen plugins" in listed.stderr
    assert "acme (raises)" in listed.stderr
    assert "Traceback" not in listed.stderr

    plugins = _plugins(targen("plugins", "--json", path=[site]))
    states = {
        name: plugins[name]["state"]
        for name in ("good", "raises", "exits", "absent", "misspelt", "twice", "later")
    }
    assert states == {
        "good": "ok",
        "raises": "broken",
        "exits": "broken",
        "absent": "broken",
        "misspelt": "broken",
        "twice": "broken",
        "later": "incompatible",
    }
    assert all(
        plugins[name]["problems"][0]["try"] for name, state in states.items() if state != "ok"
    )
    assert "imported" not in json.dumps(plugins["later"])
    assert plugins["later"]["api"] == "targen.v2"
    checks = {name: plugins[name]["problems"][0]["check"] for name in states if name != "good"}
    assert checks == {
        "raises": "import-error",
        "exits": "exit-at-import",
        "absent": "entry-point-missing-module",
        "misspelt": "unknown-hook",
        "twice": "duplicate-name",
        "later": "api-level",
    }

    generated = targen("generate", "rte", "-n", "2", "-b", "scripted", "-q", path=[site])
    assert generated.returncode == 0


def test_an_extra_that_is_not_installed_is_no_fault(install, targen):
    site = install(
        "acme",
        "[targen.v1]\nlazy = acme_lazy [turbo]\n",
        {"acme_lazy": _plugin("lazy"), "lazy_task": "import a_package_of_the_extra"},
    )
    shown = targen("plugins", "--strict", path=[site])
    assert shown.returncode == 0
    assert "acme 1.0  lazy  targen.v1  extra\n" in shown.stdout
    assert "needs the package 'a_package_of_the_extra'" in shown.stdout
    assert "try: pip install 'acme[turbo]'" in shown.stdout


def test_strict_exits_1_and_says_what_to_do(install, targen):
    site = install(
        "acme",
        "[targen.v1]\nlazy = acme_lazy\n",
        {"acme_lazy": _plugin("lazy"), "lazy_task": "TSAK = 1"},
    )
    plain = targen("plugins", path=[site])
    assert plain.returncode == 0
    assert "acme 1.0  lazy  targen.v1  broken" in plain.stdout
    said = "target-missing-attribute: task acme:lazy: 'lazy_task' has no attribute 'TASK'"
    assert said in plain.stdout
    assert "try: report it to the authors of acme" in plain.stdout
    assert targen("plugins", "--strict", path=[site]).returncode == 1
    # A missing attribute shows there and not in the listing.
    listed = targen("list-tasks", path=[site])
    assert (listed.returncode, listed.stderr) == (0, "")
    assert "lazy" in listed.stdout


def test_strict_finds_what_is_nothing_of_its_kind(install, targen):
    plugin = _plugin("odd") + textwrap.dedent("""
        @hookimpl
        def register_correctors(register):
            register.register("five", "odd_task:FIVE")
    """)
    site = install(
        "acme",
        "[targen.v1]\nodd = acme_odd\n",
        {"acme_odd": plugin, "odd_task": "def TASK(): ...\nFIVE = 5"},
    )
    result = targen("plugins", "--strict", path=[site])
    assert result.returncode == 1
    assert "task acme:odd is a function, not a targen_core.Task" in result.stdout
    assert "corrector acme:five is a int, not something to call" in result.stdout


def test_a_plugin_that_prints_spoils_no_json(install, targen):
    site = install(
        "acme",
        "[targen.v1]\nloud = acme_loud\n",
        {
            "acme_loud": "print('hello')\n" + _plugin("loud"),
            "loud_task": "print('hello again')\nTASK = 1",
        },
    )
    result = targen("plugins", "--json", path=[site])
    assert "loud" in _plugins(result)
    assert result.stderr == "hello\nhello again\n"


def test_strict_counts_an_incompatible_plugin_and_forgives_a_disabled_one(install, targen):
    site = install("acme", "[targen.v2]\nlater = acme_later\n", {})
    assert targen("plugins", "--strict", path=[site]).returncode == 1
    site = install("zeta", "[targen.v1]\nbad = zeta_absent\n", {}, folder="other")
    result = targen("plugins", "--strict", path=[site], TARGEN_DISABLE_PLUGINS="zeta")
    assert "zeta 1.0  bad  targen.v1  disabled" in result.stdout
    assert result.returncode == 0


def test_a_lazy_target_that_exits_does_not_end_the_command(install, targen):
    site = install(
        "acme",
        "[targen.v1]\nlazy = acme_lazy\n",
        {"acme_lazy": _plugin("lazy"), "lazy_task": "raise SystemExit(0)"},
    )
    result = targen("plugins", "--strict", path=[site])
    assert result.returncode == 1
    assert "importing lazy_task raised SystemExit" in result.stdout


def test_a_malformed_entry_point_is_that_plugin_s_problem_alone(install, targen):
    site = install("acme", "[targen.v1]\nodd = no-such module!\n", {})
    result = targen("list-tasks", path=[site])
    assert result.returncode == 0
    assert "rte" in result.stdout
    assert _plugins(targen("plugins", "--json", path=[site]))["odd"]["state"] == "broken"


def test_a_line_that_is_no_entry_point_is_that_distribution_s_problem_alone(install, targen):
    bad = install("acme", "[targen.v1]\ngood = acme_good\njust some words\n", {})
    good = install(
        "zeta", "[targen.v1]\nzeta = zeta_good\n", {"zeta_good": _plugin("fine")}, folder="other"
    )
    listed = targen("list-tasks", "--json", path=[bad, good])
    assert listed.returncode == 0
    assert {"rte", "fine"} <= {task["name"] for task in json.loads(listed.stdout)}
    assert "acme (entry_points.txt)" in listed.stderr
    plugin = _plugins(targen("plugins", "--json", path=[bad, good]))["entry_points.txt"]
    assert (plugin["distribution"], plugin["state"]) == ("acme", "broken")
    (problem,) = plugin["problems"]
    assert problem["check"] == "bad-entry-point"
    assert "line 3, 'just some words'" in problem["problem"]
    assert problem["try"] == "report it to the authors of acme"
    for typed in (["--help"], ["generate", "fine", "--help"]):  # which build models of pydantic
        assert targen(*typed, path=[bad, good]).returncode == 0


def test_a_plugin_that_would_end_every_command_is_named(install, targen):
    site = install(
        "acme",
        "[targen.v1]\nstops = acme_stops\nwrites = acme_writes\n",
        {
            "acme_stops": "raise KeyboardInterrupt\n",
            "acme_writes": "import os\nos.write(1, b'noise ')\n" + _plugin("loud"),
            "loud_task": "TASK = 1",
        },
    )
    listed = targen("list-tasks", "--json", path=[site])
    assert listed.returncode == 0
    assert {"rte", "loud"} <= {task["name"] for task in json.loads(listed.stdout)}
    assert "not loaded: acme (stops)" in listed.stderr
    assert "noise" in listed.stderr
    plugins = _plugins(targen("plugins", "--json", path=[site]))
    assert plugins["stops"]["problems"][0]["check"] == "exit-at-import"
    assert "prints-at-import" in [problem["check"] for problem in plugins["writes"]["problems"]]
    summary = install(
        "zeta",
        "[targen.v1]\nzeta = zeta_odd\n",
        {"zeta_odd": _plugin("odd", "\\x1b[2Jclean\\u202e")},
        folder="other",
    )
    shown = targen("list-tasks", path=[summary]).stdout
    assert "\\x1b[2Jclean\\u202e" in shown and "\x1b" not in shown


def test_a_distribution_without_metadata_does_not_take_the_command_down(install, targen):
    site = install(
        "acme", "[targen.v1]\nodd = acme_odd\n", {"acme_odd": _plugin("odd")}, metadata=False
    )
    result = targen("list-tasks", path=[site])
    assert result.returncode == 0
    assert "rte" in result.stdout


def test_a_bare_name_of_two_distributions(install, targen):
    sites = [
        install(
            name, f"[targen.v1]\n{name} = {name}_p\n", {f"{name}_p": _plugin("same")}, folder=name
        )
        for name in ("acme", "zeta")
    ]
    result = targen("generate", "same", "-n", "2", "-b", "scripted", path=sites)
    assert result.returncode == 2
    assert "task 'same' is registered by 2 distributions" in result.stderr
    assert "say which: acme:same or zeta:same" in result.stderr
    assert result.stdout == ""


def test_a_plugin_with_our_task_s_name_does_not_replace_it(install, targen, tmp_path):
    """Installing a plugin changes the meaning of no name that targen has."""
    site = install("acme", "[targen.v1]\nacme = acme_p\n", {"acme_p": _plugin("rte")})
    result = targen("generate", "rte", "-n", "2", "-b", "scripted", "--out", "run", path=[site])
    assert result.returncode == 0, result.stderr
    report = json.loads((tmp_path / "run/report.json").read_text())
    assert report["task"] == "targen-tasks-superglue:rte"
    note = "task rte is targen-tasks-superglue:rte; acme:rte has that name too: "
    note += "type the full id for it"
    assert note in result.stderr
    assert report["notes"] == [note]
    theirs = ("generate", "acme:rte", "-n", "2", "-b", "scripted", "--out", "theirs")
    result = targen(*theirs, path=[site])
    assert "that name too" not in result.stderr


def test_a_bare_name_of_any_kind_means_the_kind_s_own(install, targen, tmp_path):
    text = (
        "from targen_core import Correction, hookimpl\n"
        "from targen_standard import Exporter\n"
        "async def meta(llm, instance):\n"
        "    return Correction.reject('never')\n"
        "@hookimpl\n"
        "def register_correctors(register):\n    register.register('meta', meta)\n"
        "@hookimpl\n"
        "def register_exporters(register):\n"
        "    register.register('csv', Exporter(write=print, suffix='.x'))\n"
    )
    site = [install("acme", "[targen.v1]\nacme = acme_p\n", {"acme_p": text})]
    run = ("generate", "rte", "-n", "2", "-b", "scripted", "--corrector")
    result = targen(*run, "meta", "--out", "run", path=site)
    assert result.returncode == 0, result.stderr
    manifest = json.loads((tmp_path / "run/manifest.json").read_text())
    assert manifest["lock"]["corrector"] == "targen-core:meta"
    assert "corrector meta is targen-core:meta; acme:meta has that name too" in result.stderr
    assert "never" in targen(*run, "acme:meta", "--out", "other", path=site).stdout
    done = targen("export", "run", "--as", "csv", "--out", "rows.csv", path=site)
    assert done.returncode == 0, done.stderr
    assert "label" in (tmp_path / "rows.csv").read_text().splitlines()[0]
