"""(1) The service: OpenAI's chat completions at an address, with a key and a price.

For a service with other forms, derive from `targen_backends.http.model.HttpModel`: give it `path`,
and the methods `body(request)` and `read(answer, request)`.
"""

from targen_backends.http.completions import CompletionsModel
from targen_core import Price


class Model(CompletionsModel):
    """A model of the service; see `CompletionsModel` for what may be overridden."""

    kind = "my-demo"  # begins `identity`, a part of every call's key
    key_variable = "MY_DEMO_API_KEY"
    price = Price(0.15, 0.60)  # dollars per million tokens, in and out; None if unknown


BACKEND = Model.backend("a service over HTTP", base_url="http://localhost:8000/v1", model="default")
