"""It says not what a call took. kind: backend; caught by: counts-tokens"""

from dataclasses import replace

from .good import Model, backend


class _Model(Model):
    def read(self, raw):
        return replace(super().read(raw), input_tokens=0, output_tokens=0)


PART = backend(_Model)
