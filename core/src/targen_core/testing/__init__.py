"""For authors of tasks and backends: the scripted backend and `TaskSuite`."""
