"""(1) The options, which `-o KEY=VALUE` takes, and how a model is made of them."""

from __future__ import annotations

import os

from pydantic import Field, SecretStr
from targen_core import Backend, BackendOptions

from my_demo.model import HttpModel

_KEY = "MY_DEMO_API_KEY"


class Options(BackendOptions):
    """Each field is an option; `targen describe` prints its description."""

    base_url: str = Field(
        "http://localhost:8000/v1", description="The service, without /chat/completions"
    )
    model: str = Field("default", description="The name that the service knows the model by")
    # A SecretStr never reaches a run directory.
    api_key: SecretStr | None = Field(None, description=f"The key; default: ${_KEY}")
    timeout: float = Field(120.0, gt=0, description="Maximum time for one call, in seconds")


def _create(options: Options) -> HttpModel:
    key = options.api_key.get_secret_value() if options.api_key else os.environ.get(_KEY, "")
    return HttpModel(options.base_url, options.model, key=key.strip(), timeout=options.timeout)


BACKEND = Backend(summary="a service over HTTP", options=Options, create=_create)
