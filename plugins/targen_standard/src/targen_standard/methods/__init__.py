"""Methods: other ways to make rows of a task. The methods themselves lie in plugins."""
