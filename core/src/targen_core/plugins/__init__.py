"""Plugins: hookspecs, registration, the registry and the loader.

Nothing here imports pydantic or langchain, so that listing stays instant.
"""
