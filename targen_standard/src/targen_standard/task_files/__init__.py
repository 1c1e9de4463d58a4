"""Tasks from files: a declaration alone, or a module that defines one."""
