"""Claude understands and answers (the engine "claude"): Anthropic's Messages API through their SDK, one streaming request a turn.

Importing this file imports the SDK, which takes more than a second and 75 MB: only where it was chosen.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

import anthropic
import httpx2

from calls.errors import SettingsError
from calls.settings import Settings
from nlu.assistant import Assistant
from nlu.assistant_model import ModelFailed, Piece, Request, Spent, Stopped, Text, Tool, ToolBegan, ToolCall, Why, seconds_of
from nlu.assistant_reading import cut

MODEL = "claude-haiku-5-5"  # the lowest latency
_KEEP_LINES_S = 90.0  # a turn comes every ten seconds or so: the TLS handshake is not made again
_CONNECT_S = 2.0
_GRACE_S = 0.5  # the socket's limit comes after the caller's
_ROOM_TO_THINK = 1024  # tokens, where thinking can't be turned off
_FORMS: tuple[Mapping[str, Any], ...] = (  # a model that answers 400 to the first is asked in the next; what went well is kept
    {"thinking": {"type": "disabled"}},
    {"output_config": {"effort": "low"}},
    {},
)
_STOPPED = {"tool_use": "tools", "max_tokens": "length", "model_context_window_exceeded": "length", "refusal": "refused"}
_ERRORS: Mapping[str, Why] = {
    "overloaded_error": "overloaded",
    "rate_limit_error": "rate_limited",
    "authentication_error": "refused_key",
    "permission_error": "refused_key",
    "billing_error": "refused_key",
    "invalid_request_error": "bad_request",
    "not_found_error": "bad_request",
    "timeout_error": "timeout",
}
_STATUSES: Mapping[int, Why] = {401: "refused_key", 403: "refused_key", 429: "rate_limited", 529: "overloaded"}


class Claude(Assistant):
    """See Assistant for `fallback`, `helpdesk`, `anybody`, `now`, `complete` and `clock`. Raises SettingsError without a key."""

    def __init__(self, settings: Settings, *, api_key: str, base_url: str = "", **house: Any) -> None:
        super().__init__(settings, ClaudeModel(settings, api_key=api_key, base_url=base_url), **house)


class ClaudeModel:
    """See nlu.assistant_model.Model."""

    engine = "claude"

    def __init__(self, settings: Settings, *, api_key: str, base_url: str = "") -> None:
        if not api_key:
            raise SettingsError("the engine 'claude' needs ANTHROPIC_API_KEY; or set understanding.use to \"rules\"")
        self.model = settings.assistant.model or MODEL
        self._form = 0
        limits = httpx2.Timeout(settings.assistant.give_up_after_ms / 1000 + _GRACE_S, connect=_CONNECT_S)
        lines = httpx2.Limits(max_connections=100, max_keepalive_connections=40, keepalive_expiry=_KEEP_LINES_S)
        self._client = anthropic.Anthropic(
            api_key=api_key,
            base_url=base_url or None,
            max_retries=0,  # theirs wait up to a minute; the rules answer sooner
            timeout=limits,
            http_client=anthropic.DefaultHttpxClient(timeout=limits, limits=lines),
        )

    def stream(self, request: Request, hang_up: Callable[[Callable[[], None]], None]) -> Iterator[Piece]:
        try:
            with self._open(request) as stream:
                hang_up(lambda: cut(stream.response))
                yield from _pieces(stream)
        except (anthropic.APIError, httpx2.HTTPError) as error:
            failure = _meaning(error)
        except ValueError:  # an event that is no JSON
            failure = ModelFailed("garbage")
        else:
            return
        raise failure

    def close(self) -> None:
        self._client.close()

    def _open(self, request: Request) -> anthropic.Stream[Any]:
        """Once more at once when an idle connection turned out to be gone, and in the next form after a 400."""
        for form in range(self._form, len(_FORMS)):
            try:
                stream = self._ask(request, _FORMS[form])
            except anthropic.BadRequestError:
                if form == len(_FORMS) - 1:
                    raise
            else:
                self._form = form
                return stream
        raise ModelFailed("bad_request")

    def _ask(self, request: Request, form: Mapping[str, Any]) -> anthropic.Stream[Any]:
        body = {**_body(request, self.model), **form}
        body["max_tokens"] += 0 if "thinking" in form else _ROOM_TO_THINK
        try:
            return cast("anthropic.Stream[Any]", self._client.messages.create(**body, stream=True))
        except anthropic.APITimeoutError:
            raise
        except anthropic.APIConnectionError:
            return cast("anthropic.Stream[Any]", self._client.messages.create(**body, stream=True))


def _body(request: Request, model: str) -> dict[str, Any]:
    """The tools and the system prompt come first and are the same for every call: up to there it is cached."""
    body: dict[str, Any] = {
        "model": model,
        "max_tokens": request.max_tokens,
        "system": [{"type": "text", "text": request.system, "cache_control": {"type": "ephemeral"}}],
        "messages": [*({"role": message.role, "content": message.text} for message in request.messages), *_tool_round(request)],
    }
    if request.tools:
        body["tools"] = [_tool(tool) for tool in request.tools]
    return body


def _tool(tool: Tool) -> dict[str, Any]:
    return {"name": tool.name, "description": tool.description, "input_schema": dict(tool.parameters)}


def _tool_round(request: Request) -> Iterator[dict[str, Any]]:
    if (done := request.tool_round) is None:
        return
    used = [{"type": "tool_use", "id": call.id, "name": call.name, "input": _object(call.arguments)} for call, _, _ in done.results]
    text = [{"type": "text", "text": done.text}] if done.text else []
    yield {"role": "assistant", "content": [*text, *used]}
    results = [
        {"type": "tool_result", "tool_use_id": call.id, "content": result, "is_error": not well} for call, result, well in done.results
    ]
    yield {"role": "user", "content": results}


def _object(arguments: str) -> Any:
    """What the model wrote, as it must be sent back: an object."""
    try:
        told = json.loads(arguments or "{}")
    except (ValueError, RecursionError):
        told = {}
    return told if isinstance(told, dict) else {}


def _pieces(stream: anthropic.Stream[Any]) -> Iterator[Piece]:
    """Events that are not known are passed over, as the API asks; without message_stop the answer is not whole."""
    spent, stopped, tool, arguments, whole = Spent(), Stopped(), ("", ""), [""], False
    for event in stream:
        match event.type:
            case "message_start":
                spent = _spent(event.message.usage, Spent())
                yield spent
            case "content_block_start" if event.content_block.type == "tool_use":
                tool, arguments = (event.content_block.id, event.content_block.name), []
                yield ToolBegan()
            case "content_block_delta" if event.delta.type == "text_delta":
                yield Text(event.delta.text)
            case "content_block_delta" if event.delta.type == "input_json_delta":
                arguments.append(event.delta.partial_json)
            case "content_block_stop" if tool[0]:
                yield ToolCall(*tool, "".join(arguments))
                tool = ("", "")
            case "message_delta":
                spent = _spent(event.usage, spent)
                yield spent
                stopped = Stopped(cast(Any, _STOPPED.get(event.delta.stop_reason or "", "end")))
            case "message_stop":
                yield stopped
                whole = True  # and read to its end, so that the connection can be used again
    if not whole:
        raise ModelFailed("truncated")


def _spent(usage: Any, before: Spent) -> Spent:
    """Counts are cumulative; what an event leaves out stays."""
    return Spent(
        usage.input_tokens if usage.input_tokens is not None else before.input,
        usage.output_tokens if usage.output_tokens is not None else before.output,
        usage.cache_read_input_tokens if usage.cache_read_input_tokens is not None else before.cache_read,
        usage.cache_creation_input_tokens if usage.cache_creation_input_tokens is not None else before.cache_write,
    )


def _meaning(error: anthropic.APIError | httpx2.HTTPError) -> ModelFailed:
    """Without the foreign exception, which holds the request."""
    if isinstance(error, anthropic.APITimeoutError | httpx2.TimeoutException):
        return ModelFailed("timeout")
    if isinstance(error, anthropic.APIConnectionError):
        return ModelFailed("unreachable")
    if not isinstance(error, anthropic.APIStatusError):
        return ModelFailed("truncated" if isinstance(error, httpx2.HTTPError) else "garbage")
    why = _ERRORS.get(error.type or "") or _STATUSES.get(
        error.status_code, "bad_request" if 400 <= error.status_code < 500 else "server_error"
    )
    return ModelFailed(why, rest_s=seconds_of(error.response.headers.get("retry-after", "")))
