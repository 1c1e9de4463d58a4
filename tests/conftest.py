"""What holds for all tests: how hypothesis searches, and that nobody's defaults reach them."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

from targen_core.defaults import KEYS

settings.register_profile(
    "targen",
    derandomize=True,
    deadline=None,
    max_examples=25,
    phases=[Phase.explicit, Phase.generate],  # worlds shrink slowly, and seldom to anything clearer
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("targen")

# Whoever runs the tests may have defaults and keys of her own; processes of tests inherit this.
for _key in KEYS:
    os.environ.pop(f"TARGEN_{_key.upper().replace('-', '_')}", None)
for _name in (
    "TARGEN_CONFIG_DIR",
    "TARGEN_LLAMA_API_KEY",
    "TARGEN_LLAMA_BASE_URL",
    "TARGEN_NO_CONFIG",
    "TARGEN_PROFILE",
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_BASE_URL",
):
    os.environ.pop(_name, None)
os.environ["XDG_CONFIG_HOME"] = os.devnull + "/none"  # where nothing is, nor can be written
