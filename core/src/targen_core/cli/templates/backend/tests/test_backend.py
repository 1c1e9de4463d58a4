"""(2) The conformance kit: your backend against a server that does what services do."""

from targen_testing import BackendSuite


class TestBackend(BackendSuite):
    """Failures, limits, time-outs, cancelling, token counts, secrets.

    `options` are what a user would give as `-o`; the kit fills in its server's
    address and a key. A service whose answers are not OpenAI's needs a `wire`.
    """

    backend = "my-demo"
    options = ("base_url={url}", "api_key={key}")
