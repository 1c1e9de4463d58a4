"""It reads an answer to its end. kind: backend; caught by: survives-hostile-answers"""

from .good import Model, backend


class _Model(Model):
    async def whole(self, response):
        return await response.read()


PART = backend(_Model)
