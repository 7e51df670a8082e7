"""A stand-in for /v1/chat/completions as OpenAI publishes it, and as vLLM, Mistral and Ollama serve it: streaming chunks, usage, [DONE]."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

from tests.fakes.server import Request
from tests.fakes.streams import Answer, Broken, Cut, Raw, StreamingServer, Tool, Wait

KEY = "sk-test-0123456789"
FIELDS = {"model", "messages", "stream", "stream_options", "max_tokens", "max_completion_tokens", "tools", "tool_choice"}


class FakeOpenAi(StreamingServer):
    forbids: tuple[str, ...] = ()  # fields that this server does not know: 422
    needs_key = True

    def error_body(self, status: int, fault: str = "scripted") -> Any:
        return {
            "error": {"message": fault, "type": "invalid_request_error" if status < 500 else "server_error", "param": None, "code": None}
        }

    def fault(self, request: Request) -> str:
        if request.route != "POST /v1/chat/completions":
            return f"no route {request.route}"
        if self.needs_key and request.headers.get("authorization") != f"Bearer {KEY}":
            return "key"
        body = request.json()
        if unknown := (set(body) - FIELDS) | (set(body) & {*self.forbids}):
            return f"{sorted(unknown)[0]}: Extra inputs are not permitted"
        return fault_of_messages(body["messages"]) if body.get("stream") else "stream"

    def head(self, request: Request) -> dict[str, Any]:
        body = request.json()
        return {"model": body["model"], "usage": bool((body.get("stream_options") or {}).get("include_usage")), "in": len(body["messages"])}

    def events(self, answer: Answer, head: dict[str, Any]) -> Iterator[bytes | Wait | Cut]:
        yield chunk(head, {"role": "assistant", "content": ""})
        tokens, tools = 0, 0
        for part in answer.parts:
            if isinstance(part, str):
                for at in range(0, len(part), self.letters):
                    tokens += 1
                    self.sent_at[part] = time.monotonic()
                    yield chunk(head, {"content": part[at : at + self.letters]})
            elif isinstance(part, Tool):
                yield from tool_chunks(head, tools, part)
                tools += 1
            elif isinstance(part, Broken):
                yield data({"error": {"message": "scripted", "type": part.type, "code": None}})
                return
            else:
                yield part.data if isinstance(part, Raw) else part
        yield chunk(head, {}, answer.stop or ("tool_calls" if tools else "stop"))
        if head["usage"]:
            prompt = 3000 + 40 * head["in"]
            counts = {"prompt_tokens": prompt, "completion_tokens": tokens, "total_tokens": prompt + tokens}
            yield chunk(head, None, usage={**counts, "prompt_tokens_details": {"cached_tokens": 2944}})
        yield b"data: [DONE]\n\n"


def data(told: Any) -> bytes:
    return f"data: {json.dumps(told, ensure_ascii=False)}\n\n".encode()


def chunk(head: dict[str, Any], delta: dict[str, Any] | None, finish: str | None = None, usage: Any = None) -> bytes:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]
    told = {"id": "chatcmpl-123", "object": "chat.completion.chunk", "created": 1694268190, "model": head["model"], "choices": choices}
    return data({**told, "usage": usage})


def tool_chunks(head: dict[str, Any], index: int, tool: Tool) -> Iterator[bytes]:
    begun = {"index": index, "id": f"call_{index}", "type": "function", "function": {"name": tool.name, "arguments": ""}}
    yield chunk(head, {"tool_calls": [begun]})
    half = len(tool.arguments) // 2
    for piece in (tool.arguments[:half], tool.arguments[half:]):
        yield chunk(head, {"tool_calls": [{"index": index, "function": {"arguments": piece}}]})


def fault_of_messages(messages: list[dict[str, Any]]) -> str:
    roles = [message["role"] for message in messages]
    called: list[str] = []
    for message in messages:
        if message["role"] == "tool" and message["tool_call_id"] not in called:
            return "messages: a tool result without its call"
        called = [call["id"] for call in message.get("tool_calls", [])] or called
    return "" if roles[:2] == ["system", "user"] and roles[-1] in ("user", "tool") else f"messages: roles {roles}"
