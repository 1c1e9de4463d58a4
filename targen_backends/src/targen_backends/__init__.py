"""Backends of targen: `llama`, any OpenAI-compatible server, and `local`, embedded."""
