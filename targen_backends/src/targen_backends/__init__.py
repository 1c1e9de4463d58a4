"""Backends of targen: `chatgpt`, `claude`, `llama` (any OpenAI-compatible server) and `local`."""
