"""(1) The options, which `-o KEY=VALUE` takes, and how a model is made of them."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field
from targen_backends.http.options import HttpOptions, find_key
from targen_core import Backend

from my_demo.model import Model


class Options(HttpOptions):
    """Each field is an option, as are those of the base; `targen describe` lists them."""

    key_variable: ClassVar[str] = Model.key_variable
    address_variable: ClassVar[str] = "MY_DEMO_BASE_URL"
    default_address: ClassVar[str] = "http://localhost:8000/v1"
    path: ClassVar[str] = Model.path

    model: str = Field("default", description="The name that the service knows the model by")


def _create(options: Options) -> Model:
    key = find_key(options.api_key, options.api_key_file, options.key_variable)
    return Model(options.base_url, options.model, **options.arguments(key))


BACKEND = Backend(summary="a service over HTTP", options=Options, create=_create)
