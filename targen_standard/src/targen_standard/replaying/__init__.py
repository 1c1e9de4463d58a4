"""A run made again from its journal, with something changed and nothing sent."""
