"""Options of commands: shared, as typed, by default, and how they are read."""
