"""Completion, as shells ask for it: the command in a process of its own, with their variables."""

from __future__ import annotations

import os

import pytest

SHELLS = ("bash", "zsh", "fish")


def asked(shell: str, line: str) -> dict[str, str]:
    """What the script of a shell puts into the environment for a line that is being typed."""
    if shell == "bash":
        variables = {"COMP_WORDS": line, "COMP_CWORD": str(len(line.split(" ")) - 1)}
    else:
        variables = {"_TYPER_COMPLETE_ARGS": line, "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    return {**variables, "_TARGEN_COMPLETE": f"complete_{shell}"}


LINES = {
    "targen gen": ["generate"],
    "targen generate rt": ["rte"],
    "targen generate rte --backend scr": ["scripted"],
    "targen generate rte --corrector meta": ["meta", "meta-paper"],
    "targen describe targen-standard:vo": ["targen-standard:vote"],
    "targen describe x --kind co": ["contexts", "corrector", "command"],
}


@pytest.fixture
def targen(tmp_path, forked):
    """Run the command to its end, in a process of its own with a shell's variables."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TARGEN_")}
    own = {"TARGEN_CACHE_DIR": str(tmp_path / "cache"), "COLUMNS": "200", "NO_COLOR": "1"}
    return lambda variables, *args: forked(*args, env={**kept, **own, **variables})


@pytest.mark.parametrize("line", LINES)
def test_names_are_completed(line, targen):
    done = targen(asked("bash", line))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == LINES[line]


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_get_summaries_too(shell, targen):
    done = targen(asked(shell, "targen generate rt"))
    assert (done.returncode, done.stderr) == (0, "")
    assert "rte" in done.stdout
    assert "does the hypothesis follow from the premise?" in done.stdout


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_of_a_shell_is_shown_and_installed(shell, targen, tmp_path):
    own = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1", "HOME": str(tmp_path)}
    shown = targen(own, "--show-completion", shell)
    assert shown.returncode == 0
    assert f"_TARGEN_COMPLETE=complete_{shell}" in shown.stdout
    assert targen(own, "--install-completion", shell).returncode == 0
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(f"complete_{shell}" in path.read_text() for path in written)
