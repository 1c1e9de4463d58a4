"""It waits for as long as it takes. kind: backend; caught by: times-out"""

from .good import Model, Options, backend


class _Model(Model):
    def __init__(self, options):
        super().__init__(Options(**{**options.model_dump(), "timeout": 600.0}))


PART = backend(_Model)
