"""A language model behind /v1/chat/completions understands and answers (the engine "openai"): OpenAI, vLLM, Mistral, Ollama and others."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

import httpx

from calls.errors import SettingsError
from calls.settings import Settings
from nlu.assistant import Assistant
from nlu.assistant_model import ModelFailed, Piece, Request, Spent, Stopped, Text, ToolBegan, ToolCall, Why, seconds_of
from nlu.assistant_reading import cut

BASE_URL = "https://api.openai.com/v1"
_KEEP_LINES_S = 90.0
_CONNECT_S = 2.0
_GRACE_S = 0.5  # the socket's limit comes after the caller's
_DONE: dict[str, Any] = {}
_Call = tuple[Any, str, str, list[str]]  # index, id, name, arguments as they grow
_STATUSES: Mapping[int, Why] = {401: "refused_key", 403: "refused_key", 429: "rate_limited", 503: "overloaded", 529: "overloaded"}
_STOPPED = {"tool_calls": "tools", "length": "length", "content_filter": "refused"}


def _forms(most: int) -> tuple[dict[str, Any], ...]:
    """Servers differ in what they take beside the messages; the first form that is taken is kept."""
    usage = {"stream_options": {"include_usage": True}}
    return ({"max_tokens": most, **usage}, {"max_tokens": most}, {"max_completion_tokens": most, **usage})


class OpenAiChat(Assistant):
    """See Assistant for `fallback`, `helpdesk`, `anybody`, `now`, `complete` and `clock`. Raises SettingsError without a model's name."""

    def __init__(self, settings: Settings, *, api_key: str = "", base_url: str = "", **house: Any) -> None:
        super().__init__(settings, OpenAiModel(settings, api_key=api_key, base_url=base_url), **house)


class OpenAiModel:
    """See nlu.assistant_model.Model. `base_url` ends in /v1; a server of one's own may want no key."""

    engine = "openai"

    def __init__(self, settings: Settings, *, api_key: str = "", base_url: str = "") -> None:
        if not settings.assistant.model:
            raise SettingsError("assistant.model: the engine 'openai' needs the name of a model that OPENAI_BASE_URL serves")
        if not api_key and not base_url:
            raise SettingsError("the engine 'openai' needs OPENAI_API_KEY, or OPENAI_BASE_URL of a server of your own")
        self.model, self._form = settings.assistant.model, 0
        self._client = httpx.Client(
            headers={"Authorization": f"Bearer {api_key}"} if api_key else {},
            timeout=httpx.Timeout(settings.assistant.give_up_after_ms / 1000 + _GRACE_S, connect=_CONNECT_S),
            limits=httpx.Limits(max_connections=100, max_keepalive_connections=40, keepalive_expiry=_KEEP_LINES_S),
        )
        self._url = f"{(base_url or BASE_URL).rstrip('/')}/chat/completions"

    def stream(self, request: Request, hang_up: Callable[[Callable[[], None]], None]) -> Iterator[Piece]:
        try:
            response = self._open(request)
            try:
                hang_up(lambda: cut(response))
                yield from _pieces(_events(response))
            finally:
                response.close()
        except httpx.HTTPError as error:
            failure = _meaning(error)
        except (ValueError, TypeError, AttributeError, KeyError):  # an event of another shape
            failure = ModelFailed("garbage")
        else:
            return
        raise failure

    def close(self) -> None:
        self._client.close()

    def _open(self, request: Request) -> httpx.Response:
        forms = _forms(request.max_tokens)
        for form in range(self._form, len(forms)):
            response = self._ask({**_body(request, self.model), **forms[form]})
            if response.is_success:
                self._form = form
                return response
            failure = _refusal(response)
            response.close()
            if response.status_code not in (400, 422):
                raise failure
        raise ModelFailed("bad_request")

    def _ask(self, body: Mapping[str, Any]) -> httpx.Response:
        """Once more at once when an idle connection turned out to be gone."""
        request = self._client.build_request("POST", self._url, json=body)
        try:
            return self._client.send(request, stream=True)
        except httpx.TimeoutException:
            raise
        except httpx.TransportError:
            return self._client.send(self._client.build_request("POST", self._url, json=body), stream=True)


def _body(request: Request, model: str) -> dict[str, Any]:
    messages = [{"role": "system", "content": request.system}]
    messages += [{"role": message.role, "content": message.text} for message in request.messages]
    body: dict[str, Any] = {"model": model, "stream": True, "messages": [*messages, *_tool_round(request)]}
    if request.tools:
        body["tools"] = [
            {"type": "function", "function": {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)}}
            for tool in request.tools
        ]
    return body


def _tool_round(request: Request) -> Iterator[dict[str, Any]]:
    if (done := request.tool_round) is None:
        return
    called = [
        {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments or "{}"}}
        for call, _, _ in done.results
    ]
    yield {"role": "assistant", "content": done.text or None, "tool_calls": called}
    for call, result, _ in done.results:
        yield {"role": "tool", "tool_call_id": call.id, "content": result}


def _events(response: httpx.Response) -> Iterator[dict[str, Any]]:
    """The chunks; comments keep a line alive and say nothing."""
    for line in response.iter_lines():
        if line.startswith("data:"):
            data = line.removeprefix("data:").strip()
            yield _DONE if data == "[DONE]" else json.loads(data)


def _pieces(events: Iterator[dict[str, Any]]) -> Iterator[Piece]:
    """A finish_reason makes the answer whole; [DONE] alone does not."""
    calls: list[_Call] = []
    stopped: Stopped | None = None
    for event in events:
        if event is _DONE:
            break
        if error := event.get("error"):
            raise ModelFailed(_why_of(error))
        if usage := event.get("usage"):
            yield _spent(usage)
        for choice in event.get("choices") or ():
            delta = choice.get("delta") or {}
            if delta.get("content"):
                yield Text(str(delta["content"]))
            for part in delta.get("tool_calls") or ():
                if not calls:
                    yield ToolBegan()
                _grow(calls, part)
            if reason := choice.get("finish_reason"):
                stopped = Stopped("refused" if delta.get("refusal") else cast(Any, _STOPPED.get(reason, "end")))
            elif delta.get("refusal"):
                raise ModelFailed("refused")
    if stopped is None:
        raise ModelFailed("truncated")
    yield from (ToolCall(id, name, "".join(arguments)) for _, id, name, arguments in calls)
    yield stopped
    for _ in events:  # to the stream's end, so that the connection can be used again
        pass


def _grow(calls: list[_Call], part: Mapping[str, Any]) -> None:
    """A part of a tool call: a new one by its index or id, which some servers leave at 0."""
    function, index, id = part.get("function") or {}, part.get("index", 0), part.get("id") or ""
    known: _Call | None = next((call for call in reversed(calls) if call[0] == index and id in ("", call[1])), None)
    if known is None:
        known = (index, id or f"call_{len(calls)}", str(function.get("name") or ""), [])
        calls.append(known)
    known[3].append(str(function.get("arguments") or ""))


def _spent(usage: Mapping[str, Any]) -> Spent:
    cached = int((usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0)
    return Spent(max(int(usage.get("prompt_tokens") or 0) - cached, 0), int(usage.get("completion_tokens") or 0), cached)


# -- what fails ---------------------------------------------------------------------
def _refusal(response: httpx.Response) -> ModelFailed:
    status = response.status_code
    why = _STATUSES.get(status, "server_error" if status >= 500 else "bad_request")
    return ModelFailed(why, rest_s=seconds_of(response.headers.get("retry-after", "")))


def _why_of(error: Any) -> Why:
    """Of an error in mid-stream: by its code or type, never its text."""
    told = f"{error.get('code')} {error.get('type')}".lower() if isinstance(error, dict) else ""
    return "rate_limited" if "429" in told or "rate" in told else "overloaded" if "503" in told or "overload" in told else "server_error"


def _meaning(error: httpx.HTTPError) -> ModelFailed:
    if isinstance(error, httpx.TimeoutException):
        return ModelFailed("unreachable" if isinstance(error, httpx.ConnectTimeout) else "timeout")
    return ModelFailed("unreachable" if isinstance(error, httpx.ConnectError) else "truncated")
