"""It writes the key into the log. kind: backend; caught by: keeps-its-key-secret"""

import logging

from .good import Model, backend


class _Model(Model):
    def body(self, request):
        logging.getLogger(__name__).debug("with %s", self.options.api_key.get_secret_value())
        return super().body(request)


PART = backend(_Model)
