"""Runs: their config, what it comes to, their directories, and what runs them (`job`)."""
