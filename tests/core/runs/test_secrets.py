"""Secrets: in no file of a run, in no error, in no report."""

from __future__ import annotations

import json
import traceback

import pytest
from pydantic import BaseModel, Field, SecretStr

from targen_core import BackendOptions
from targen_core.errors import ServiceError, TargenError
from targen_core.runs.step_options import public_options

pytestmark = pytest.mark.usefixtures("virtual_time")

KEY = "sk-very-secret-4711"
WORD = "hunter2pass"
OPTIONS = {
    "api_key": KEY,
    "base_url": f"https://me:{WORD}@models.example:8443/v1?a=b@c",
    "mirrors": [f"https://me:{WORD}@one.example/v1", "https://two.example/x@y"],
}


def leaks(path):
    names = []
    for file in sorted(path.rglob("*")):
        if file.is_file():
            text = file.read_bytes()
            names += [file.name for secret in (KEY, WORD) if secret.encode() in text]
    return names


def test_no_file_of_a_run_holds_a_secret(lab, tmp_path):
    world = lab.World(bad=0.2)
    cache = tmp_path / "cache"
    ran = lab.run(world, tmp_path / "run", {"yes": 5, "no": 5}, options=OPTIONS, cache=cache)
    assert ran.error is None
    assert leaks(tmp_path) == []
    manifest = (tmp_path / "run" / "manifest.json").read_text()
    assert "https://models.example:8443/v1?a=b@c" in manifest
    assert "https://one.example/v1" in manifest
    assert "https://two.example/x@y" in manifest
    again = lab.run(
        world, tmp_path / "run", grow={"yes": 8, "no": 8}, resuming={"options": {"api_key": KEY}}
    )
    assert again.error is None
    assert leaks(tmp_path) == []


@pytest.mark.parametrize("known", ["an option", "the environment", "the model"])
def test_a_model_of_others_that_repeats_its_key_gets_it_into_no_file(
    known, lab, tmp_path, monkeypatch
):
    long = f"{KEY}-of-a-service"
    options = {"api_key": long} if known == "an option" else {}
    if known == "the environment":
        monkeypatch.setenv("SOME_SERVICE_API_KEY", long)
    world = lab.World(bad=0.2, malformed=0.1)

    def reply(request):
        made = world.reply(request)
        text = made if isinstance(made, str) else json.dumps(made)
        return text.replace('": "', f'": "{long} ') if request.key[0] in "0123" else text

    def fail(number, request, job):
        if number == 3:
            raise ServiceError(f"not for {long}", hint=long)

    model = lab.ToyModel(reply)
    if known == "the model":
        model.secrets = (long,)
    quotas = {"yes": 5, "no": 5}
    ran = lab.run(world, tmp_path / "run", quotas, options=options, model=model, hook=fail)
    assert ran.error is None
    assert "***" in (tmp_path / "run" / "journal").read_text()
    for file in sorted((tmp_path / "run").rglob("*")):
        assert not file.is_file() or long not in file.read_bytes().decode("latin-1"), file


@pytest.mark.parametrize("error", [ValueError, ServiceError])
def test_a_model_of_others_that_fails_tells_no_key(error, lab, tmp_path):
    long = f"{KEY}-of-a-service"

    def stop(number, request, job):
        if number > 1:  # a run without an answer leaves no files
            raise error(f"the header was {long}") from OSError(long)

    ran = lab.run(lab.World(), tmp_path / "run", {"yes": 5}, options={"api_key": long}, hook=stop)
    assert isinstance(ran.error, TargenError)
    shown = "".join(traceback.format_exception(ran.error))
    assert long not in shown


def test_public_options_leave_out_what_is_secret_and_what_was_not_given(lab):
    class Inner(BaseModel):
        token: SecretStr
        url: str

    class Options(BackendOptions):
        key: SecretStr = SecretStr("")
        inner: Inner | None = None
        hosts: dict[str, str] = Field(default_factory=dict)
        keys: tuple[SecretStr, ...] = ()
        plain: str = "default"

    given = Options(
        key=SecretStr(KEY),
        inner=Inner(token=SecretStr(KEY), url="https://host.example"),
        hosts={"a": f"http://u:{WORD}@h.example/"},
        keys=(SecretStr(KEY),),
    )
    shown = public_options(given)
    assert "key" not in shown
    assert "plain" not in shown
    assert shown["hosts"] == {"a": "http://h.example/"}
    assert KEY not in str(shown)
    assert WORD not in str(shown)
