"""It takes a broken answer for a reply. kind: backend; caught by: broken-answers-are-no-replies"""

from targen_core import ChatReply
from targen_core.errors import MalformedAnswer

from .good import Model, backend


class _Model(Model):
    def read(self, raw):
        try:
            return super().read(raw)
        except MalformedAnswer:
            return ChatReply(raw.decode() or "nothing", "stop", 1, 1)


PART = backend(_Model)
