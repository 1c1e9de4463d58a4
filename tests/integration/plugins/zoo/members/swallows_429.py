"""It gives an error as if it were a reply. kind: backend; caught by: rate-limit"""

from targen_core import ChatReply
from targen_core.errors import RateLimited

from .good import Model, backend


class _Model(Model):
    async def complete(self, request):
        try:
            return await super().complete(request)
        except RateLimited:
            return ChatReply("Too many requests.", "stop", 1, 1)


PART = backend(_Model)
