"""A stand-in for Anthropic's Messages API as far as nlu/claude.py uses it: streaming answers after the published event format.

Requests that break the contract (roles, thinking, sampling, unknown fields) get the vendor's 400. A conversation is "cached" as soon as
the same system block came once.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

from tests.fakes.server import Request
from tests.fakes.streams import Answer, Broken, Cut, Raw, StreamingServer, Tool, Wait

KEY = "sk-ant-test-0123456789"
VERSION = "2026-10-21"
FIELDS = {"model", "max_tokens", "system", "messages", "tools", "tool_choice", "stream", "thinking", "output_config", "metadata"}
ERRORS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    529: "overloaded_error",
}
SYSTEM_TOKENS, MESSAGE_TOKENS = 3000, 40


class FakeClaude(StreamingServer):
    always_thinks = False  # a model whose thinking can't be turned off: 400

    def __init__(self, **how: Any) -> None:
        super().__init__(**how)
        self._cached: set[str] = set()

    def error_body(self, status: int, fault: str = "scripted") -> Any:
        error = {"type": ERRORS.get(status, "api_error"), "message": fault}
        return {"type": "error", "error": error, "request_id": "req_011CSHoEeqs5C35K2UUqR7Fy"}

    def fault(self, request: Request) -> str:
        if request.route != "POST /v1/messages":
            return f"no route {request.route}"
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return "authentication"
        if request.headers.get("anthropic-version") != VERSION:
            return "anthropic-version"
        body = request.json()
        if unknown := set(body) - FIELDS:
            return f"{sorted(unknown)[0]}: Extra inputs are not permitted"
        if not (body.get("stream") and isinstance(body.get("model"), str) and body.get("max_tokens", 0) > 0):
            return "stream, model, max_tokens"
        if self.always_thinks and body.get("thinking") == {"type": "disabled"}:
            return "thinking: can't be disabled for this model"
        return fault_of_tools(body.get("tools", [])) or fault_of_messages(body["messages"])

    def head(self, request: Request) -> dict[str, Any]:
        body = request.json()
        system = json.dumps([body.get("tools"), body["system"]])
        known = system in self._cached
        if any("cache_control" in block for block in body["system"]):
            self._cached.add(system)
        cached = "cache_read_input_tokens" if known else "cache_creation_input_tokens"
        usage = {"cache_read_input_tokens": 0, "cache_creation_input_tokens": 0, cached: SYSTEM_TOKENS}
        return {"model": body["model"], "usage": {"input_tokens": MESSAGE_TOKENS * len(body["messages"]), "output_tokens": 1, **usage}}

    def events(self, answer: Answer, head: dict[str, Any]) -> Iterator[bytes | Wait | Cut]:
        message = {"id": "msg_01XFDUDYJgAACzvnptvVoYEL", "type": "message", "role": "assistant", "content": [], **head}
        yield event("message_start", message={**message, "stop_reason": None, "stop_sequence": None})
        yield event("ping")
        index, in_text, tokens, called = -1, False, 1, False
        for part in answer.parts:
            if isinstance(part, str):
                if not in_text:
                    index, in_text = index + 1, True
                    yield event("content_block_start", index=index, content_block={"type": "text", "text": ""})
                for at in range(0, len(part), self.letters):
                    tokens += 1
                    self.sent_at[part] = time.monotonic()
                    yield event("content_block_delta", index=index, delta={"type": "text_delta", "text": part[at : at + self.letters]})
            elif isinstance(part, Tool):
                if in_text:
                    yield event("content_block_stop", index=index)
                index, in_text, called = index + 1, False, True
                yield from tool_events(index, part)
            elif isinstance(part, Broken):
                yield event("error", error={"type": part.type, "message": "Overloaded"})
                return
            else:
                yield part.data if isinstance(part, Raw) else part
        if in_text:
            yield event("content_block_stop", index=index)
        stop = answer.stop or ("tool_use" if called else "end_turn")
        yield event("message_delta", delta={"stop_reason": stop, "stop_sequence": None}, usage={"output_tokens": tokens})
        yield event("message_stop")


def event(type: str, **data: Any) -> bytes:
    return f"event: {type}\ndata: {json.dumps({'type': type, **data}, ensure_ascii=False)}\n\n".encode()


def tool_events(index: int, tool: Tool) -> Iterator[bytes]:
    block = {"type": "tool_use", "id": f"toolu_01T1x1fJ34qAmk2tNTrN7Up{index}", "name": tool.name, "input": {}}
    yield event("content_block_start", index=index, content_block=block)
    yield event("content_block_delta", index=index, delta={"type": "input_json_delta", "partial_json": ""})
    half = len(tool.arguments) // 2
    for piece in (tool.arguments[:half], tool.arguments[half:]):
        yield event("content_block_delta", index=index, delta={"type": "input_json_delta", "partial_json": piece})
    yield event("content_block_stop", index=index)


def fault_of_tools(tools: list[dict[str, Any]]) -> str:
    return next((f"tools: {tool['name']}" for tool in tools if tool["input_schema"].get("type") != "object" or not tool["description"]), "")


def fault_of_messages(messages: list[dict[str, Any]]) -> str:
    """The user begins and ends, roles alternate, nothing is empty, and every tool_use has its result."""
    roles = [message["role"] for message in messages]
    if roles != ["user" if at % 2 == 0 else "assistant" for at in range(len(roles))] or roles[-1:] != ["user"]:
        return f"messages: roles {roles}"
    used: list[str] = []
    for message in messages:
        blocks = message["content"] if isinstance(message["content"], list) else [{"type": "text", "text": message["content"]}]
        if not blocks or any(block["type"] == "text" and not block["text"].strip() for block in blocks):
            return "messages: text content blocks must be non-empty"
        if [block["tool_use_id"] for block in blocks if block["type"] == "tool_result"] != used:
            return "messages: tool_use ids without tool_result"
        used = [block["id"] for block in blocks if block["type"] == "tool_use"]
    return ""
