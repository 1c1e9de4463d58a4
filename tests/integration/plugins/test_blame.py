"""Code of a stranger's package that raises is named as that package's object, whatever called it.

The objects lie in one package, and each has a module of its own, as in a package of many parts.
"""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

ENTRY = "[targen.v1]\nodd = odd\n"
MODULES = {
    "odd": """
        from targen_core import hookimpl
        from targen_core.plugins.adapters import Adapter

        def adapt(thing):
            return thing.nothing

        @hookimpl
        def register_deliveries(register):
            register.register("pigeon", "odd_delivery:PIGEON")
            register.register("snail", "odd_delivery:SNAIL")

        @hookimpl
        def register_executors(register):
            register.register("far", "odd_executor:FAR")
            register.register("near", "odd_executor:NEAR")

        @hookimpl
        def register_embedders(register):
            register.register("torn", "odd_embedder:TORN")

        @hookimpl
        def register_task_readers(register):
            register.register("odd", "odd_reader:READER")

        @hookimpl
        def register_methods(register):
            register.register("bad-way", "odd_method:METHOD")

        @hookimpl
        def register_commands(register):
            register.register("go-wrong", "odd_command:go_wrong")

        @hookimpl
        def register_adapters(register):
            register.register("odd_llm", Adapter(adapt=adapt))
    """,
    "odd_delivery": """
        from targen_core.calls.delivery import Delivery

        class Pigeon(Delivery):
            asked = dropped = "--delivery pigeon"

            def wrap(self, sources, run):
                raise ValueError("the pigeon is lost")

        class Posted:
            structured = seeded = False
            max_concurrency = price = None

            def __init__(self, model):
                self.identity = model.identity

            async def complete(self, request):
                raise ValueError("the snail is slow")

            def count_tokens(self, request):
                return 1

            async def aclose(self):
                pass

        class Snail(Delivery):
            asked = dropped = "--delivery snail"

            def wrap(self, sources, run):
                return [Posted(source.model) for source in sources]

        PIGEON, SNAIL = Pigeon(), Snail()
    """,
    "odd_executor": """
        from targen_core.calls.executor import ModelExecutor

        async def place(sources, workers):
            raise KeyError("nowhere")

        async def near(sources, workers):
            import no_such_module

        FAR = ModelExecutor(summary="far", place=place)
        NEAR = ModelExecutor(summary="near", place=near)
    """,
    "odd_embedder": """
        from targen_core.embedding import Embedder

        def open_it():
            def embed(text):
                return 1 / 0
            return embed

        TORN = Embedder(open=open_it)
    """,
    "odd_reader": """
        from targen_core.task_files import TaskReader

        def read(name):
            return {}["nothing"]

        READER = TaskReader(read=read)
    """,
    "odd_method": """
        from targen_standard.methods.model import Method, MethodOptions

        def task(base, options):
            raise LookupError("no way")

        METHOD = Method(summary="bad", version="1", task=task, options=MethodOptions)
    """,
    "odd_command": """
        def go_wrong():
            '''Go wrong.'''
            import json
            json.loads("{")
    """,
    "odd_llm": "class Client:\n    pass\n",
}
RUN = ("generate", "mail.yaml", "-n", "2", "-b", "scripted")


@pytest.fixture
def odd(install, tmp_path):
    (tmp_path / "mail.yaml").write_text(
        "description: A message.\nlabels: {complaint: angry, praise: pleased}\nseeds: none\n"
    )
    (tmp_path / "mail.odd").write_text("")
    return [install("odd", ENTRY, MODULES)]


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ((*RUN, "--delivery", "pigeon"), "delivery odd:pigeon: ValueError: the pigeon is lost in "),
        (
            (*RUN, "--delivery", "snail"),
            "delivery odd:pigeon or odd:snail: ValueError: the snail is slow in complete ",
        ),
        ((*RUN, "--executor", "far"), "executor odd:far: KeyError: 'nowhere' in place (line 5 of "),
        (
            (*RUN, "--max-cosine", "0.9", "--embedder", "torn"),
            "embedder odd:torn: ZeroDivisionError: division by zero",
        ),
        (("describe", "./mail.odd"), "reader odd:odd: KeyError: 'nothing' in read (line 5 of "),
        (
            ("method", "bad-way", "mail.yaml", "-n", "2", "-b", "scripted"),
            "method odd:bad-way: LookupError: no way in task (line 5 of ",
        ),
        (("go-wrong",), "command odd:go-wrong: JSONDecodeError: "),
    ],
)
def test_the_command_names_package_and_object(odd, targen, typed, words):
    done = targen(*typed, path=odd)
    assert done.returncode == 1
    assert f"error [odd]: {words}" in done.stderr
    assert "report it to the authors of odd" in done.stderr


def test_a_package_that_such_code_lacks_is_to_be_installed(odd, targen):
    done = targen(*RUN, "--executor", "near", path=odd)
    assert "executor odd:near needs the package 'no_such_module'" in done.stderr


def test_a_program_is_told_the_same(odd, tmp_path):
    script = """
        import sys
        import targen_core as tg
        from odd_llm import Client
        for asked in (dict(model=Client()), dict(model="scripted", delivery="pigeon")):
            for call in (tg.generate, tg.estimate):
                try:
                    call("mail.yaml", n=2, **asked)
                except tg.errors.PluginError as error:
                    print(error.distribution, error, type(error.__cause__).__name__)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        cwd=tmp_path,
        env={"PYTHONPATH": str(odd[0]), "TARGEN_CACHE_DIR": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    lines = done.stdout.splitlines()
    assert [line.partition(" in ")[0] for line in lines] == [
        "odd adapter odd:odd_llm: AttributeError: 'Client' object has no attribute 'nothing'",
        "odd adapter odd:odd_llm: AttributeError: 'Client' object has no attribute 'nothing'",
        "odd delivery odd:pigeon: ValueError: the pigeon is lost",
    ]
