"""Its offline reply is the same for all. kind: corrector; caught by: looks-at-what-it-judges"""

from pydantic import BaseModel

from targen_core import Correction, Prompt

_ASK = Prompt("ask", "--- user\nWhat is this? $text\n--- system\nAnswer in JSON.")


class _Answer(BaseModel):
    answer: str


class _Blind:
    prompts = (_ASK,)

    async def __call__(self, llm, instance, /):
        reply = await llm.ask(_ASK, reply=_Answer, text=llm.task.render(instance))
        if reply.answer not in llm.task.quota_names:
            return Correction.reject("no-label")
        return Correction(reply.answer, "")

    @staticmethod
    def dry_run(call):
        return {"answer": "good"}


PART = _Blind()
