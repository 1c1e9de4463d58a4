"""A run whose prompts are answered by an agent, a person or a program: `next` and `answer`."""
