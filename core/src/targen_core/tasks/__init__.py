"""What a task is made of: the task model, prompts, checks and corrections."""
