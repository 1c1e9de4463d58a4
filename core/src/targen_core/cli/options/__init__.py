"""Options of commands: shared, as typed, by default, and misspelt."""
