"""`targen new`: distributions to start from, as working templates.

The folder `templates` beside this one holds a distribution called my-demo: what
every kind shares, and a folder for each kind. They are ordinary files; writing
one puts the new names in place of `my-demo`, `my_demo` and `MY_DEMO`. Tests
lint, type and run what is written, by its own settings.
"""
