"""It goes on with a call that nobody waits for. kind: backend; caught by: can-be-cancelled"""

import asyncio

from .good import Model, backend


class _Model(Model):
    async def post(self, body):
        call = asyncio.ensure_future(super().post(body))
        try:
            return await asyncio.shield(call)
        except asyncio.CancelledError:
            return await call


PART = backend(_Model)
