"""Readers of task files that plugins register, by the suffix of the file."""

from __future__ import annotations

import json
from configparser import ConfigParser
from pathlib import Path
from types import ModuleType

import pytest

from targen_core import generate, hookimpl, task_files
from targen_core.errors import UsageError
from targen_core.plugins import loader
from targen_core.plugins.loader import load_registry
from targen_core.runs.config import RunConfig
from targen_core.runs.job import Job
from targen_core.task_files import TaskFile, TaskReader, task_file
from targen_standard.task_files.model import Declaration

TEXT = "[task]\ndescription = Notes of a porter.\n[labels]\ncalm = quiet\nalarm = at once\n"


def read(name):
    config = ConfigParser()
    config.read(name)
    keys = {**config["task"], "labels": {**config["labels"]}}
    declaration = Declaration.model_validate({**keys, "name": Path(name).stem})
    return TaskFile(declaration.task(), "task.json", declaration.as_json())


READER = TaskReader(read=read)


@pytest.fixture
def sources(alone, monkeypatch):
    """What is installed, with a reader of INI files."""
    module = ModuleType("ini_tasks")
    module.register_task_readers = hookimpl(lambda register: register("ini", READER))
    sources = [*loader.installed_sources(), loader.Source("targen-ini", "1.0", "main", module)]
    monkeypatch.setattr(loader, "installed_sources", lambda: sources)
    Path("porter.ini").write_text(TEXT, encoding="utf-8")
    task_files._reader.cache_clear()
    yield sources
    task_files._reader.cache_clear()


def test_a_run_of_such_a_file_goes_on_without_it(sources):
    assert task_file("./porter.ini").distributions == ("targen-ini",)
    config = RunConfig(task="./porter.ini", quotas={"calm": 1, "alarm": 1}, backend="scripted")
    with Job.create(load_registry(), config, Path("run")) as job:
        assert job.run()["task"] == "file:porter"
    manifest = json.loads(Path("run/manifest.json").read_text())
    assert manifest["config"]["task"] == "task.json"
    assert "targen-core" in manifest["lock"]["distributions"]
    Path("porter.ini").unlink()
    with Job.resume(load_registry(), Path("run"), quotas={"calm": 2, "alarm": 2}) as job:
        assert job.run()["rows"] == {"calm": 2, "alarm": 2}


def test_other_files_are_refused_with_those_that_are_read(sources):
    Path("porter.txt").touch()
    with pytest.raises(UsageError, match=r"porter\.txt is a file that does not contain") as caught:
        task_file("./porter.txt")
    assert (
        caught.value.hint == "a task file's name must end in one of .py, .yaml, .toml, .json, .ini"
    )


def test_a_plugin_registers_such_a_file_of_its_package(sources, tmp_path, monkeypatch):
    package = tmp_path / "harbour"
    package.mkdir()
    (package / "__init__.py").write_text("", encoding="utf-8")
    (package / "porter.ini").write_text(TEXT, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)

    def packaged(path, name):
        return read(path).task.replace(name=name)

    module = sources[-1].module
    reader = TaskReader(read=read, packaged=packaged)
    module.register_task_readers = hookimpl(lambda register: register("ini", reader))
    module.register_tasks = hookimpl(lambda register: register("notes", "harbour:porter.ini"))
    task = load_registry().get("task", "notes")
    assert (task.name, [*task.quota_names]) == ("notes", ["calm", "alarm"])
    assert len(generate("notes", n=2, model="scripted", out="run")) == 2
