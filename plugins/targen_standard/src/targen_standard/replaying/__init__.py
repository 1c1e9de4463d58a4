"""Repeat a run from its journal, with a change but without making calls."""
