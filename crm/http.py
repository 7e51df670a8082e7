"""HTTP to a CRM: the one place where an answer, or its absence, becomes one of our errors.

Every adapter on `requests` has one HttpCrm. What an error says is kept with the delivery and shown to people, so it is made of
the CRM's name, status and field names: never of a URL (a phone number may be in it), a header or a body. The
foreign exceptions hold all of these, so they are not chained either.
"""

from __future__ import annotations

import json
import logging
import math
import re
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
import urllib3
from requests.auth import AuthBase

from calls.errors import CrmBusy, CrmError, CrmRefused, CrmUnknown, SettingsError

CONNECT_S, READ_S, WHOLE_S = 3.05, 10.0, 30.0  # the whole: an answer that trickles in
MAX_ANSWER = 4 * 2**20  # bytes
MAX_RETRY_AFTER_S = 86_400.0
FIELD = re.compile(r"[A-Za-z_][A-Za-z_.\[\]-]{0,60}\d{0,3}")  # a name from the CRM's answer, not a value

logging.getLogger("urllib3.connection").setLevel(logging.ERROR)  # its warning of a bad header quotes the URL


class Bearer(AuthBase):
    """`Authorization: Bearer ...`. As `auth` and not as a header, as requests would let a ~/.netrc replace the latter."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


@dataclass(frozen=True, slots=True)
class Answer:
    """`body` is the JSON, None where there was none to read."""

    status: int
    body: Any
    headers: Mapping[str, str]


def named_fields(body: Any) -> Iterable[str]:
    """The fields at fault, from {"error": {"fields": {name: why}}}: names only, as the why may quote what was sent."""
    error = body.get("error") if isinstance(body, dict) else None
    fields = error.get("fields") if isinstance(error, dict) else None
    return [str(name) for name in fields] if isinstance(fields, dict) else []


class HttpCrm:
    """`crm`: its name for people. `mend`: what an operator does about a refused token ("set TALLY_TOKEN to ...").

    `timeout_s` is for a whole exchange; `at_fault` finds the fields at fault in the body of a 400 or 422; `now` is unix time,
    for Retry-After dates."""

    def __init__(
        self,
        crm: str,
        url: str,
        *,
        auth: AuthBase | None = None,
        mend: str = "",
        timeout_s: float = WHOLE_S,
        session: requests.Session | None = None,
        at_fault: Callable[[Any], Iterable[str]] = named_fields,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._crm, self._url, self._auth, self._mend = crm, url.rstrip("/"), auth, mend
        self._timeout_s, self._at_fault, self._now = timeout_s, at_fault, now
        self._session = session or pooled_session()

    def get(
        self, path: str, *, params: Mapping[str, str] | None = None, also: Collection[int] = (), within_s: float | None = None
    ) -> Answer:
        """2xx with JSON, or a status of `also`. Raises CrmRefused, CrmBusy or CrmUnknown; the latter after `within_s` too."""
        return self._ask("GET", path, self._timeout_s if within_s is None else within_s, also, json_wanted=True, params=params)

    def post(
        self,
        path: str,
        body: Mapping[str, Any] | bytes,
        *,
        headers: Mapping[str, str] | None = None,
        also: Collection[int] = (),
        json_wanted: bool = True,
    ) -> Answer:
        """As `get`; a mapping is sent as JSON, bytes (of JSON) as they are. Not `json_wanted`: any body of a 2xx will do."""
        headers = {"Content-Type": "application/json", **(headers or {})}
        return self._ask("POST", path, self._timeout_s, also, json_wanted=json_wanted, data=encoded(body), headers=headers)

    def put(self, path: str, body: Mapping[str, Any], *, also: Collection[int] = ()) -> Answer:
        """As `get`; the body is sent as JSON."""
        headers = {"Content-Type": "application/json"}
        return self._ask("PUT", path, self._timeout_s, also, json_wanted=True, data=encoded(body), headers=headers)

    def _ask(self, method: str, path: str, within_s: float, also: Collection[int], *, json_wanted: bool, **what: Any) -> Answer:
        answer, trouble = self._exchange(method, path, within_s, what)
        if answer is None:
            raise trouble or self._unknown("sent nothing")
        if answer.status in also or (200 <= answer.status < 300 and (answer.body is not None or not json_wanted)):
            return answer
        raise self._meaning(answer)

    def _exchange(self, method: str, path: str, within_s: float, what: dict[str, Any]) -> tuple[Answer | None, CrmError | None]:
        """One request. Its trouble is returned and raised outside of the `except`, so that no context hangs on it."""
        ends = time.monotonic() + within_s
        timeout: Any = urllib3.Timeout(  # requests takes one, though its types don't say so
            total=max(within_s, 0.001), connect=CONNECT_S, read=READ_S
        )
        try:
            with self._session.request(
                method, f"{self._url}{path}", auth=self._auth, timeout=timeout, allow_redirects=False, stream=True, **what
            ) as response:
                return Answer(response.status_code, as_json(body_of(response, ends)), response.headers), None
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            kind, never_sent = type(error).__name__, was_never_sent(error)
        if never_sent:
            return None, CrmBusy(f"{self._crm} can't be reached ({kind})")
        return None, self._unknown(f"gave no whole answer ({kind})")

    # -- what an answer means -------------------------------------------------------

    def _meaning(self, answer: Answer) -> CrmError:
        status = answer.status
        if status in (401, 403):
            return CrmRefused(f"{self._crm} refused the token ({status}): {self._mend}")
        if status in (423, 425, 429, 503):
            return CrmBusy(f"{self._crm} takes nothing now ({status})", retry_after_s=self._retry_after_s(answer))
        if status in (400, 422):
            return CrmRefused(f"{self._crm} does not take what was sent ({status}){self._fields(answer.body)}")
        if 300 <= status < 400:
            return CrmRefused(f"{self._crm} sends us elsewhere ({status}), which is not followed: its URL is not quite right")
        if 400 <= status < 500 and status != 408:
            return CrmRefused(f"{self._crm} refused ({status}){NOT_FOUND if status in (404, 405, 410) else ''}")
        return self._unknown(f"answered without JSON ({status})" if status < 300 else f"failed at it ({status})")

    def _unknown(self, what: str) -> CrmUnknown:
        return CrmUnknown(f"{self._crm} {what}; it may have happened")

    def _fields(self, body: Any) -> str:
        names = [name for name in self._at_fault(body) if FIELD.fullmatch(name)][:10]
        return f": {', '.join(names)}" if names else ""

    def _retry_after_s(self, answer: Answer) -> float | None:
        return retry_after_s(answer.headers.get("Retry-After", ""), now=self._now())


def encoded(body: Mapping[str, Any] | bytes) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False, allow_nan=False).encode()


NOT_FOUND = ": there is no such address there; its URL is not quite right"


def pooled_session() -> requests.Session:
    """Keeps connections, and no cookies: a session is shared by all deliveries."""
    session = requests.Session()
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    for scheme in ("https://", "http://"):
        session.mount(scheme, requests.adapters.HTTPAdapter(pool_connections=2, pool_maxsize=16))
    return session


def body_of(response: requests.Response, ends: float) -> bytes:
    """All of it, however slowly it comes, until `ends` (monotonic). Raises requests.Timeout, and urllib3's errors when it is cut off."""
    parts, size = [], 0
    while part := response.raw.read1(2**16, decode_content=True):
        parts.append(part)
        size += len(part)
        if time.monotonic() > ends:
            raise requests.Timeout
        if size > MAX_ANSWER:
            raise requests.exceptions.ContentDecodingError
    return b"".join(parts)


def as_json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def was_never_sent(error: BaseException) -> bool:
    """No connection came to be, so nothing can have happened."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    never = (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError)
    return isinstance(error, requests.ConnectTimeout) or isinstance(reason, never)


def retry_after_s(value: str, *, now: float) -> float | None:
    """Seconds of a Retry-After header, which are seconds or an HTTP date (RFC 9110, 10.2.3); None when it says nothing usable."""
    try:
        seconds = float(value)
    except ValueError:
        try:
            at = parsedate_to_datetime(value)
        except ValueError:
            return None
        seconds = (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() - now
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_S) if math.isfinite(seconds) else None


def checked_url(name: str, url: str) -> str:
    """For an adapter's constructor: the setting `name`'s URL. Raises SettingsError."""
    if not re.fullmatch(r"https?://[^\s/@?#]+(/[^\s?#]*)?", url):
        raise SettingsError(f"{name}: must be a URL such as https://helpdesk.example.com")
    return url.rstrip("/")


def checked_secret(name: str, secret: str) -> str:
    """Of the setting `name`, fit for an HTTP header. Raises SettingsError that does not quote it."""
    if not re.fullmatch(r"[\x21-\x7e]+", secret):
        raise SettingsError(f"{name}: must be set, without blanks and other characters that no HTTP header can carry")
    return secret
