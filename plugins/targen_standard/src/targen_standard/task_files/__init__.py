"""Tasks from files: a declaration, or a module that defines one."""
