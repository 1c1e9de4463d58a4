"""From a spec to objects: the task, its parts, models, files and trust."""
