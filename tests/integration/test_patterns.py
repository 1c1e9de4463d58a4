"""No regular expression of ours takes long for a text that somebody made to take long."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter

# It runs every pattern at the top of a package's modules as that module does, in a forked process.
# The system kills the process if one text takes 0.2 s of CPU time, and a new process continues with
# the next text. Given 30,000 characters, a pattern that reads each of them once needs 0.02 s. One
# that reads the rest at each of them needs 0.5 s or more, and 0.014 s or more for 5,000 characters:
# so what takes less than 0.004 s for those is not given more.
PROBE = r"""
import importlib, inspect, os, pkgutil, re, signal, sys, time

SIZE, SECONDS = 30_000, 0.2
FEW, SOON = 5_000, 0.004
UNITS = [
    "a", "A", "1", "_", " ", "\n", "\t", '"', "'", ".", ",", ":", "-", "*", "!", "[", "(", "<", "`",
    "{", "|", "\\", "&", "A b", "Ab ", "x ", "1,", "a'", "a-", " .", " -", ". ", "\n ", "](",
    "![](", "<!--", "```", "%41", "\x1b[", "sk-", "://", "a://", "[a](", "not ", "label", ": ",
]

def patterns(value):
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, dict):
        yield from patterns(list(value.values()))
    elif isinstance(value, (list, tuple, set, frozenset)):
        for each in value:
            yield from patterns(each)

def attempt(pattern, how):
    for unit in UNITS:
        for size in (FEW, SIZE):
            text = unit * (size // len(unit)) + "\0"
            text = text.encode() if isinstance(pattern.pattern, bytes) else text
            begun = time.process_time()
            signal.setitimer(signal.ITIMER_PROF, SECONDS)
            if how == "finditer":
                for _ in pattern.finditer(text):
                    pass
            else:
                getattr(pattern, how)(text)
            if time.process_time() - begun < SOON:
                break

def slow(tries):
    while tries:
        told, tell = os.pipe()
        child = os.fork()
        if child == 0:
            for pattern, how in tries:
                attempt(pattern, how)
                os.write(tell, b".")
            os._exit(0)
        os.close(tell)
        with open(told, "rb") as done:
            count = len(done.read())
        if os.waitpid(child, 0)[1]:
            yield tries[count]
        tries = tries[count + 1 :]

def modules(top):
    package = importlib.import_module(top)
    yield package
    for found in pkgutil.walk_packages(package.__path__, top + "."):
        if "templates" in found.name or found.name.endswith("__main__"):
            continue
        try:
            yield importlib.import_module(found.name)
        except ImportError:  # of an extra that is not installed
            continue

seen = {}
for module in (module for top in sys.argv[1:] for module in modules(top)):
    source = inspect.getsource(module)
    for name, value in vars(module).items():
        if not any(patterns(value)):
            continue
        uses = set(re.findall(rf"\b{name}\.(match|fullmatch)\b", source))
        if re.search(rf"\b{name}\.(search|find|sub|split)", source) or not uses:
            uses.add("finditer")
        for pattern in patterns(value):
            for how in uses:
                key = (pattern.pattern, pattern.flags, how)
                if key not in seen:
                    seen[key] = (pattern, how), module.__name__, name
                    print("tried:", module.__name__.split(".")[0])
places = {each: where for each, *where in seen.values()}
for each in slow([*places]):
    print("slow:", *places[each], each[1], repr(each[0].pattern))
"""
PACKAGES = {
    "targen_core": 53,
    "targen_backends": 1,
    "targen_tasks_superglue": 10,
    "targen_tasks_multirc": 1,
    "targen_analysis": 1,
    "targen_datatune": 5,
    "targen_methods": 1,
    "targen_review": 1,
    "targen_training": 1,
}


def test_patterns_take_no_longer_than_their_text_is_long():
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *PACKAGES], capture_output=True, text=True, check=False
    )
    said = done.stdout.splitlines()
    assert done.returncode == 0, done.stderr
    assert [line for line in said if not line.startswith("tried:")] == []
    tried = Counter(line.split()[1] for line in said)
    assert all(tried[package] >= least for package, least in PACKAGES.items()), tried
