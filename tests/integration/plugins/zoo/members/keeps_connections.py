"""It closes nothing that it opened. kind: backend; caught by: gives-connections-back"""

import aiohttp

from .good import Model, backend

_opened = []


class _Model(Model):
    async def post(self, body):
        if "river" not in str(body) or "river." in str(body):
            return await super().post(body)
        session = aiohttp.ClientSession()
        _opened.append(session)
        answer = await session.post(f"{self.options.base_url}/chat/completions", json=body)
        return answer.status, answer.headers, await answer.read()


PART = backend(_Model)
