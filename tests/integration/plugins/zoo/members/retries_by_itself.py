"""It tries again where nobody counts it. kind: backend; caught by: asks-once"""

from .good import Model, backend


class _Model(Model):
    async def post(self, body):
        answer = await super().post(body)
        return await super().post(body) if answer[0] == 500 else answer


PART = backend(_Model)
