"""Several runs of a task as one."""
