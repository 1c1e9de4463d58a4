"""No regular expression of ours takes long for a text that somebody made to take long."""

from __future__ import annotations

import random
import re
import subprocess
import sys
from collections import Counter

import pytest

from targen_backends.http import limits
from targen_core.tasks import checks
from targen_datatune.cards import read_card
from targen_datatune.cli import transform
from targen_standard.batches import ledger as batches
from targen_tasks_multirc import dry_run
from targen_tasks_superglue.shared import nli, sentences

# It runs every pattern at the top of a package's modules as that module does, each in a process
# of its own, which the system ends after a second of its own CPU time. One process imports all
# packages, since each would import the core again.
PROBE = r"""
import importlib, inspect, os, pkgutil, re, resource, sys

SIZE, SECONDS = 30_000, 1
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
        text = unit * (SIZE // len(unit)) + "\0"
        text = text.encode() if isinstance(pattern.pattern, bytes) else text
        if how == "finditer":
            for _ in pattern.finditer(text):
                pass
        else:
            getattr(pattern, how)(text)

def is_quick(pattern, how):
    child = os.fork()
    if child == 0:
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        attempt(pattern, how)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0

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

seen = set()
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
                    seen.add(key)
                    print("tried:", module.__name__.split(".")[0])
                    if not is_quick(pattern, how):
                        print("slow:", module.__name__, name, how, repr(pattern.pattern))
"""
PACKAGES = {
    "targen_core": 50,
    "targen_cli": 3,
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


_LABEL = r"(?:not|non)?[\s_-]*entail(?:ment|ed)|contradict(?:ion|ed)|neutral|(?:un)?true|false"
_WORDS = "".join(rf"(?<!\b{word})" for word in checks._ABBREVIATIONS)
BEFORE = {
    "batch": (batches._BATCH, r"[\w.:-]*\w[\w.:-]*", "a 1 _ . : - !".split(" ")),
    "two sentences": (
        checks._TWO_SENTENCES,
        rf"(?:[a-z]{{3,}}|\d){_WORDS}[.!?][\"”’)]*\s+[\"“(]?[A-Z]",
        ["a", "abc", "Capt", "Corp", "1", ".", "!", '"', "”", " ", "\n", "B", "("],
    ),
    "marked": (
        nli._MARKED,
        (
            rf"^\W*(?:{_LABEL}|(?:un)?sound|yes|no|(?:in)?correct|label|answer|output)"
            rf"[\"'”’)*]*\s*(?:[:=\u2013\u2014]|-\s)"
            rf"|[(\[{{]\s*(?:label\W*)?(?:{_LABEL})\s*[)\]}}]"
            rf"|(?:[:=\u2013\u2014]|\s-)\s*(?:{_LABEL})\W*$"
        ),
        ["not", " ", "_", "-", "entailment", "true", "label", "yes", ":", "(", ")", "'", "x", "\n"],
    ),
    "end": (
        sentences._END,
        (
            r"(?P<last>[^\s.!?…]*)(?P<stop>[.!?…]+)[\"”’')\]]*"
            r"(?=\s+[\"“‘'(\[]*(?P<next>[A-ZÀ-ÞĀ-Ž0-9]))"
        ),
        ["a", "Mr", ".", "!", "…", '"', "'", ")", " ", "\n", "A", "1", "("],
    ),
    "planned": (
        dry_run._PLANNED,
        r"(\d+) options, of which (\d+) right",
        ["1", "23", " options, of which ", " right", " ", "x"],
    ),
    "duration": (
        limits._PART,
        r"(\d+(?:\.\d+)?)(ms|s|m|h|d)",
        ["1", "23", ".", "ms", "s", "m", " ", "x"],
    ),
    "form": (
        transform._IS_FORM,
        r'^\s*"?transform"?\s*:|^\[transform\]',
        ["transform", '"', ":", " ", "\n", "[transform]", "x", "\t"],
    ),
}
"""A pattern, what it was when it took long, and pieces of texts."""


@pytest.mark.parametrize("name", BEFORE)
def test_a_quick_pattern_finds_what_the_slow_one_found(name):
    pattern, before, pieces = BEFORE[name]
    slow = re.compile(before, pattern.flags)
    drawn = random.Random(7)
    if name == "form":  # a line break before the colon is no YAML, and was never meant
        slow = re.compile(before.replace(r"\s*:", r"[ \t]*:"), pattern.flags)
    for _ in range(20_000):
        text = "".join(drawn.choice(pieces) for _ in range(drawn.randint(0, 12)))
        assert bool(pattern.fullmatch(text)) == bool(slow.fullmatch(text)) or name != "batch"
        found = [(each.groups(), each.end()) for each in pattern.finditer(text)]
        assert name == "batch" or found == [(e.groups(), e.end()) for e in slow.finditer(text)]


def test_links_and_tags_of_cards_are_still_left_out():
    card = read_card(
        "# Reviews\n\nA set of [reviews of shops](http://x.example/a) with <b>stars</b> in each"
        " row.\n\n<!-- a comment --> Made by people who were paid for that. ```\ncode\n```"
    )
    assert "A set of reviews of shops with stars in each row." in " ".join(card.description.split())
    assert "comment" not in card.description
    assert "code" not in card.description
