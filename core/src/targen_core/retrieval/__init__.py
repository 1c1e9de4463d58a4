"""Retrieval: the shapes of catalogues and retrievers. Those that there are lie in plugins."""
