"""The parts of a task: the task model, prompts, checks and corrections."""
