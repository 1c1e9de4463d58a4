"""Free instructions with answers: Self-Instruct's own rows, as a task with open labels."""
