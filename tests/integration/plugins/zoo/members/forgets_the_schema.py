"""It claims to hold to a schema, and sends none. kind: backend; caught by: hands-the-schema-on"""

from .good import Model, backend


class _Model(Model):
    def body(self, request):
        return {**super().body(request), "response_format": None}


PART = backend(_Model)
