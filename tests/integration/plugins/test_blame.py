"""Code of a stranger's package that raises or gives what it must not is named as that package's.

Each object has a module of its own, as in a package of many parts, and is right but for one place.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

from ...tables import table

ENTRY = "[targen.v1]\nodd = odd\n"
REGISTERED = {
    "tasks": {"parcels": "odd_task:TASK", "wrong": "odd_task:WRONG"},
    "backends": {"acme": "odd_backend:BACKEND", "nobackend": "odd_task:WRONG"},
    "correctors": {"strict": "odd_corrector:strict", "judge": "odd_judge:JUDGE"},
    "contexts": {"own": "odd_list:LIST"},
    "filters": {"picky": "odd_filter:Picky"},
    "checks": {"strictly": "odd_check:strictly"},
    "deliveries": {"pigeon": "odd_delivery:PIGEON"},
    "executors": {"far": "odd_executor:FAR"},
    "exporters": {"sheet": "odd_exporter:SHEET"},
    "task_readers": {"odd": "odd_reader:READER"},
    "task_forms": {"odd-form": "odd_form:FORM"},
    "methods": {"bad-way": "odd_method:METHOD"},
    "adapters": {"odd_llm": "odd_adapter:ADAPTER"},
}
MODULES = {
    "odd_task": """
        from pydantic import BaseModel
        from targen_core import Correction, Judging, Label, ListStep, Task

        class Row(BaseModel):
            text: str
            label: str

        async def propose(llm, parent, existing):
            return [f"thing {len(existing) + i}" for i in range(llm.batch)]

        async def write(llm, seed):
            $write
            return Row(text="The " + seed + " is late.", label="late")

        def check_row(row, seed):
            $check_row

        async def correct(llm, row):
            $correct
            return Correction("late")

        TASK = Task(
            name="parcels", version="1", summary="Parcels", description="A parcel is late.",
            instance=Row, labels=(Label("late"),),
            contexts=ListStep(item=str, propose=propose, batch=5),
            generators={"late": write}, checks=(check_row,), judging=Judging(corrector=correct),
        )
        WRONG = "not a task"
    """,
    "odd_backend": """
        from targen_core import Backend, BackendOptions, ChatReply, Price

        class Model:
            identity = "acme"
            structured = True
            seeded = False
            max_concurrency = None
            price = Price(0, 0)

            async def complete(self, request):
                $complete
                return ChatReply("text")

            def count_tokens(self, request):
                return 1

            async def aclose(self):
                pass

        def create(options):
            $create
            return Model()

        BACKEND = Backend(summary="acme", options=BackendOptions, create=create)
    """,
    "odd_corrector": """
        from targen_core import Correction

        async def strict(llm, row):
            $strict
            return Correction(llm.task.label_of(row))

        strict.parameters = {}
        $parameters
    """,
    "odd_judge": """
        from pydantic import BaseModel
        from targen_core import Correction, Prompt

        ASK = Prompt("odd-ask", "--- user\\nIs this right?\\n" + chr(36) + "text")

        class Reply(BaseModel):
            right: bool

        class Judge:
            prompts = (ASK,)

            async def __call__(self, llm, instance, /):
                await llm.ask(ASK, reply=Reply, text=llm.task.render(instance))
                return Correction(llm.task.label_of(instance), "")

            @staticmethod
            def dry_run(call):
                $dry_run
                return {"right": True}

        JUDGE = Judge()
    """,
    "odd_list": """
        from targen_core import ListStep, UsageError

        async def propose(llm, parent, existing):
            $own_list
            return ["a town"]

        LIST = ListStep(item=str, propose=propose, batch=2, asks=False)
    """,
    "odd_filter": """
        from targen_core import Filter, Refusal

        class Picky(Filter):
            def __init__(self):
                $made

            def find(self, candidate):
                $find

            def add(self, accepted):
                $add
                return b""
    """,
    "odd_check": """
        def strictly(instance, seed):
            $check_typed
    """,
    "odd_delivery": """
        from targen_core.calls.delivery import Delivery

        class Posted:
            structured = seeded = False
            max_concurrency = price = None

            def __init__(self, model):
                self.identity = model.identity

            async def complete(self, request):
                $deliver

            def count_tokens(self, request):
                return 1

            async def aclose(self):
                pass

        class Pigeon(Delivery):
            asked = dropped = "--delivery pigeon"

            def wrap(self, sources, run):
                $wrap
                return [Posted(source.model) for source in sources]

        PIGEON = Pigeon()
    """,
    "odd_executor": """
        from targen_core.calls.executor import ModelExecutor

        async def place(sources, workers):
            $place
            return [source.model for source in sources]

        FAR = ModelExecutor(summary="far", place=place)
    """,
    "odd_exporter": """
        from targen_core import Exporter

        def write(dataset, out):
            out.write_text("half")
            $export

        SHEET = Exporter(write=write, suffix=".x", summary="x", extra="sheets")
    """,
    "odd_reader": """
        from targen_core.task_files import TaskReader

        def read(name):
            $read

        READER = TaskReader(read=read)
    """,
    "odd_form": """
        from pydantic import BaseModel
        from targen_core import TaskForm

        class Spec(BaseModel):
            word: str = ""

        def task(spec, name):
            $form

        FORM = TaskForm(summary="", spec=Spec, task=task)
    """,
    "odd_method": """
        from targen_standard.methods.model import Method, MethodOptions

        def task(base, options):
            $method

        METHOD = Method(summary="bad", version="1", task=task, options=MethodOptions)
    """,
    "odd_adapter": """
        from targen_core.plugins.adapters import Adapter

        def adapt(thing):
            return thing.nothing

        ADAPTER = Adapter(adapt=adapt)
    """,
    "odd_llm": "class Client:\n    pass\n",
}
FILES = {
    "mail.yaml": "description: A message.\nlabels: {complaint: angry, praise: glad}\nseeds: none\n",
    "mail.odd": "",
    "form.yaml": "odd-form:\n  word: late\n",
    "rows.jsonl": '{"text": "It is late.", "label": "complaint"}\n',
}
MAIL = "generate mail.yaml -n 2 -b scripted"
RUNS = {
    "parcels": "generate parcels -n 7 -b scripted",
    "strict": "generate rte -n 2 -b scripted --corrector strict",
    "judge": f"{MAIL} --corrector judge",
    "list": f"{MAIL} --contexts-from own",
    "filter": f"{MAIL} --no-correct --filter picky",
    "check": f"{MAIL} --no-correct --check strictly",
    "model": "generate rte -n 2 -b acme",
    "post": f"{MAIL} --delivery pigeon",
    "far": f"{MAIL} --executor far",
    "export": "export rows.jsonl --task mail.yaml --as sheet",
    "read": "describe ./mail.odd",
    "form": "describe form.yaml --trust",
    "method": "method bad-way mail.yaml -n 2 -b scripted",
}
K = "raise KeyError('nosuch')"
BLAMED = f"""
    parcels | write | {K} | task parcels: KeyError: 'nosuch' in write (line
    parcels | correct | return Correction('late', instance=3) | the corrected instance is an int
    parcels | correct | return Correction('lost', instance=row) | instance is labelled late, but
    parcels | correct | row.text = 'b' | the corrector changed the instance that it was given; rows
    parcels | check_row | row.text = 'b' | a check changed the instance that it was given; it may
    strict | strict | {K} | corrector strict: KeyError: 'nosuch' in strict (line
    judge | dry_run | return dict(right=set((1, 2))) | corrector judge: dry_run failed for
    list | own_list | return existing[99] | IndexError: list index out of range in propose (line
    filter | made | {K} | filter odd:picky could not be created: KeyError: 'nosuch'
    filter | find | {K} | filter picky: KeyError: 'nosuch' in find (line
    filter | find | return Refusal('Too Long', '') | find() returned a Refusal whose reason is 'Too
    filter | add | return 'text' | filter picky: add() returned str; it must return bytes
    check | check_typed | return False | check strictly: strictly (line
    check | check_typed | object.__setattr__(instance, 'text', 'b') | a check changed the instance
    model | complete | {K} | backend odd:acme: KeyError: 'nosuch'
    model | create | raise RuntimeError('no licence') | backend odd:acme
    post | wrap | {K} | delivery odd:pigeon: KeyError: 'nosuch' in wrap (line
    post | deliver | {K} | delivery odd:pigeon: KeyError: 'nosuch' in complete (line
    far | place | {K} | executor odd:far: KeyError: 'nosuch' in place (line
    far | place | return 3 | executor odd:far: place() returned 3, not one model per source
    export | export | {K} | exporter odd:sheet failed: KeyError: 'nosuch'
    read | read | {K} | reader odd:odd: KeyError: 'nosuch' in read (line
    form | form | return 3 | form odd:odd-form: its task() must return a targen_core.Task, not an
    method | method | {K} | method odd:bad-way: KeyError: 'nosuch' in task (line
"""
ASIDE = """
    # what is missing is to be installed, what it refuses is not its fault, and an empty list is told
    1 | model | create | import no_such_sdk | needs the package 'no_such_sdk', which is not installed
    1 | export | export | import no_such_sdk | pip install 'odd[sheets]'
    1 | list | own_list | return [] | the list of contexts (odd:own) is empty
    2 | list | own_list | raise UsageError('no column town') | no column town
    # what is registered is not of its kind, or has settings that cannot be
    1 | generate rte -n 2 -b nobackend | | | backend odd:nobackend is a str, not a targen_core.Backend
    1 | strict | parameters | strict.parameters = dict(temprature=0.5) | there is no sampling parameter 'temprature'; did you mean
    1 | strict | parameters | strict.parameters = ['temperature'] | its parameters are a list, not a mapping
    1 | parcels | async def correct | def correct | is a plain function; targen awaits it, so write `async def`
"""  # noqa: E501


@pytest.fixture
def odd(install, targen, tmp_path):
    """Run a command beside the package, which has this code at one of its places."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    hooks = "from targen_core import hookimpl\n"
    for kind, parts in REGISTERED.items():
        hooks += f"@hookimpl\ndef register_{kind}(register):\n"
        hooks += "".join(
            f"    register.register({n!r}, {target!r})\n" for n, target in parts.items()
        )

    def filled(text, place, code):
        text = (
            text.replace(place, code) if " " in place else text.replace(f"${place}\n", f"{code}\n")
        )
        return re.sub(r"\$\w+\n", "pass\n", text)

    def run(line, place="", code=""):
        modules = {name: filled(text, place or "$", code) for name, text in MODULES.items()}
        site = install("odd", ENTRY, {"odd": hooks, **modules})
        return targen(*RUNS.get(line, line).split(), path=[site])

    return run


@pytest.mark.parametrize(("line", "place", "code", "words"), table(BLAMED, 4))
def test_a_package_and_its_object_are_blamed_for_what_its_code_does(
    line, place, code, words, odd, tmp_path
):
    done = odd(line, place, code)
    assert done.returncode == 1
    (said,) = [each for each in done.stderr.splitlines() if each.startswith("error")]
    assert said.startswith("error [odd]: ")
    assert words in said
    assert "report it to the authors of odd" in done.stderr
    for report in tmp_path.glob("runs/*/report.json"):
        assert json.loads(report.read_text())["status"] == "stopped"
        assert report.with_name("rejects.jsonl").read_text() == "", "and no candidate more"
    assert line not in ("parcels", "strict") or (tmp_path / "runs").exists()


@pytest.mark.parametrize(("code", "line", "place", "text", "words"), table(ASIDE, 5))
def test_what_keeps_a_part_from_working_is_told(code, line, place, text, words, odd, tmp_path):
    done = odd(line, place, text)
    assert done.returncode == int(code)
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "runs").exists() or (code == "1" and place != "create")


PROGRAM = """
import targen_core as tg
from odd_llm import Client

for asked in (dict(model=Client()), dict(model="scripted", delivery="pigeon")):
    for call in (tg.generate, tg.estimate):
        try:
            call("mail.yaml", n=2, **asked)
        except tg.errors.PluginError as error:
            print(error.distribution, error, type(error.__cause__).__name__)
"""


def test_a_program_is_told_the_same(odd, tmp_path):
    odd("list-tasks", "wrap", K)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path / "site"), "TARGEN_CACHE_DIR": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    assert [line.partition(" in ")[0] for line in done.stdout.splitlines()] == [
        "odd adapter odd:odd_llm: AttributeError: 'Client' object has no attribute 'nothing'",
        "odd adapter odd:odd_llm: AttributeError: 'Client' object has no attribute 'nothing'",
        "odd delivery odd:pigeon: KeyError: 'nosuch'",
    ]
