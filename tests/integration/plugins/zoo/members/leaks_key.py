"""Its errors hold the key. kind: backend; caught by: keeps-its-key-secret"""

from targen_core.errors import AuthenticationFailed

from .good import Model, backend


class _Model(Model):
    def failure(self, status, headers, raw):
        if status == 401:
            return AuthenticationFailed(f"refused: {self.options.api_key.get_secret_value()}")
        return super().failure(status, headers, raw)


PART = backend(_Model)
