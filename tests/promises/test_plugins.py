"""Plugins of strangers: broken ones break only themselves, good ones do all that ours do."""

from __future__ import annotations

import json

import pytest

from .driver import PYTHON_TASK, Shell, generate, install, registering

HOOK = registering(tasks="half half:TASK")
ZOO = {
    "raises": "raise RuntimeError('half a module')",
    "leaves": "import sys; sys.exit(0)",
    "lacks": "import no_such_package_at_all",
    "halfway": HOOK + "    raise RuntimeError('in a hook')",
    "odd_name": HOOK.replace("'half'", "'My Task!'"),
    "twice": HOOK + HOOK.splitlines()[-1],
    "signature": HOOK.replace("(register)", "(register, other)"),
    "misspelt": HOOK.replace("register_tasks", "register_task"),
    "missing": "",
}
RAN = ("raises", "leaves", "lacks", "halfway")
"""Those whose own line is at fault."""


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Shell, dict[str, str]]:
    """A terminal where a good plugin, a loud one and broken ones are installed."""
    shell = Shell(tmp_path_factory.mktemp("zoo"))
    site = shell.folder / "site"
    for name, text in ZOO.items():
        install(site, name, {name: text} if text else {})
    install(site, "astray", {}, entry="astray = no-such module!")
    for name in ("good", "loud", "one", "two"):
        task = "porter" if name in ("one", "two") else name
        modules = {name: registering(tasks=f"{task} {name}_task:TASK"), f"{name}_task": PYTHON_TASK}
        install(site, name, modules)
    with (site / "loud.py").open("a") as file:
        file.write("print('noise')\n")
    return shell, {"PYTHONPATH": str(site)}


def test_broken_plugins_break_only_themselves(zoo: tuple[Shell, dict[str, str]]) -> None:
    shell, env = zoo
    listed = shell("list-tasks", "--json", **env)
    ids = {task["id"] for task in json.loads(listed.out)}
    assert ids >= {"good:good", "loud:loud", "one:porter", "two:porter"}
    assert not ids & {f"{name}:half" for name in ZOO}
    shell(*generate("good", n=4, correct=False), **env)
    assert shell.run("run").counts() == {"alpha": 2, "beta": 2}
    shell("plugins", "--strict", ok=1, **env)
    shown = json.loads(shell("plugins", "--json", **env).out)
    states = {each["distribution"].replace("-", "_"): each for each in shown}
    for name in (*ZOO, "astray"):
        assert states[name]["state"] == "broken" and name.replace("_", "-") in listed.err
        problem = str(states[name]["problems"])
        assert name not in RAN or f"site/{name}.py" in problem, problem
    assert {states[name]["state"] for name in ("good", "one", "two")} == {"ok"}
    assert "noise" in str(states["loud"]["problems"])


def test_two_strangers_with_one_name_are_told_apart(zoo: tuple[Shell, dict[str, str]]) -> None:
    shell, env = zoo
    said = shell(*generate("porter", "x", n=2, correct=False), ok=2, **env).text
    assert "one:porter" in said and "two:porter" in said
    for name in ("one", "two"):
        shell(*generate(f"{name}:porter", name, n=2, correct=False), **env)
        assert len(shell.run(name).rows) == 2
    taken = registering(tasks="rte nowhere:TASK", exporters="csv nowhere:CSV")
    install(shell.folder / "taker", "taker", {"taker": taken})
    taker = {"PYTHONPATH": str(shell.folder / "taker")}
    assert "boolq" in shell("list-tasks", **taker).out
    shell(*generate("rte", "ours", n=2, correct=False), **taker)
    shell("export", "ours", "--as", "csv", "--out", "rows.csv", **taker)


PARTS = """
import json

class Model:
    structured = seeded = True
    max_concurrency = None
    price = tg.Price(1.0, 1.0)

    def __init__(self, options):
        self.identity, self.word, self.calls = f"house:{options.word}", options.word, 0

    async def complete(self, request):
        names = request.schema["properties"] if request.schema else {}
        self.calls += 1
        value = {name: f"A {self.word} note on lamp {self.calls}." for name in names}
        return tg.ChatReply(json.dumps(value), input_tokens=5, output_tokens=7)

    def count_tokens(self, request):
        return sum(len(message.content) for message in request.messages)

    async def aclose(self):
        pass

class Options(tg.BackendOptions):
    word: str = "polite"

HOUSE = tg.Backend(summary="a house", options=Options, create=Model)

def no_seven(instance, seed):
    if "7" in instance.text:
        raise tg.Rejected("seven", "it names a seven")

async def flip(llm, instance, /):
    digits = [int(each) for each in instance.text if each.isdigit()]
    if sum(digits) % 5 == 0:
        return tg.Correction.reject("round", "it sums to a round number")
    return tg.Correction("beta" if sum(digits) % 2 else "alpha", "by its digits")

SHOUT = tg.Prompt("shout", "--- user\\nShout of $seed.")

async def shout(llm, seed):
    reply = await llm.ask(SHOUT, reply=Text, seed=seed)
    return Row(text=reply.text.upper(), label="alpha")

shout.prompts = (SHOUT,)
"""


def test_all_parts_of_a_stranger_run_end_to_end(shell: Shell) -> None:
    modules = {
        "house": registering(
            tasks="porter house_parts:TASK",
            backends="house house_parts:HOUSE",
            checks="no-seven house_parts:no_seven",
            correctors="flip house_parts:flip",
            inverse_generators="shout house_parts:shout",
        ),
        "house_parts": PYTHON_TASK + PARTS,
    }
    install(shell.folder / "site", "house", modules)
    env = {"PYTHONPATH": str(shell.folder / "site")}
    args = ["-b", "house", "-o", "word=brisk", "--near-duplicates", "0", "--max-cost", "1"]
    args += ["--check", "no-seven", "--corrector", "flip", "--generators-from", "alpha=shout"]
    shell("generate", "porter", "-n", 12, "-y", "--out", "run", *args, **env)
    run = shell.run("run")
    assert run.counts() == {"alpha": 6, "beta": 6}
    for row in run.rows:
        digits = [int(each) for each in row["text"] if each.isdigit()]
        assert 7 not in digits and sum(digits) % 5 and "brisk" in row["text"].lower()
        assert row["label"] == ("beta" if sum(digits) % 2 else "alpha")
    assert {"BRISK" in row["text"] for row in run.rows} == {True, False}
    assert {"seven", "round"} <= {*run.report().reasons}
