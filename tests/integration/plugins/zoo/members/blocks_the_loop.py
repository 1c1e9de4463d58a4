"""Nothing else goes on while it waits. kind: backend; caught by: can-be-cancelled"""

import json
import urllib.error
import urllib.request

from targen_core.errors import ConnectionFailed, TimedOut

from .good import Model, backend


class _Model(Model):
    async def post(self, body):
        request = urllib.request.Request(
            f"{self.options.base_url}/chat/completions", json.dumps(body).encode()
        )
        try:
            with urllib.request.urlopen(request, timeout=self.options.timeout) as answer:  # noqa: ASYNC210
                return answer.status, answer.headers, answer.read(1 << 20)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers, error.read(1 << 20)
        except TimeoutError:
            raise TimedOut("no answer in time") from None
        except Exception:
            raise ConnectionFailed("the connection broke") from None


PART = backend(_Model)
