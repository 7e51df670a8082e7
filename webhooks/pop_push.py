"""A screen pop to an address of the operator's: signed JSON, while it rings. docs/screen-pop.md is the contract.

It is sent beside the call and never delays it; a receiver who is away for five seconds misses it, as it would come too late to help.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import requests

from calls import metrics
from calls.agents import ScreenPop
from calls.columns import storable
from calls.errors import CrmError, CrmRefused
from calls.pops import as_json
from calls.settings import Environment, Settings
from calls.signature import sign
from crm.http import HttpCrm, checked_secret
from crm.post_call import split_address

log = logging.getLogger(__name__)
SENDERS, WAITING = 2, 50  # threads; pops at most on their way, of which the next ones are dropped
WITHIN_S, TRIES, PAUSE_S = 5.0, 3, 0.4
MEND = "the receiver of escalation.screen_pop.url must know POST_CALL_SECRET"


def pushing(settings: Settings, environment: Environment) -> Callable[[ScreenPop], None]:
    """What sends a pop, or does nothing where no address is set. Raises SettingsError when address or secret can't be right."""
    url = settings.escalation.screen_pop.url
    return PopPush(url, environment.post_call_secret.get_secret_value()) if url else not_wanted


def not_wanted(pop: ScreenPop) -> None:
    """Nobody asked for pops."""


class PopPush:
    """`push(pop)` returns at once. `secret`: POST_CALL_SECRET."""

    def __init__(
        self,
        url: str,
        secret: str,
        *,
        session: requests.Session | None = None,
        now: Callable[[], float] = time.time,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        base, self._path = split_address("screen_pop", url)
        self._secret, self._now, self._wait = checked_secret("POST_CALL_SECRET", secret), now, wait
        self._http = HttpCrm("The screen pop's receiver", base, mend=MEND, timeout_s=WITHIN_S / TRIES, session=session, now=now)
        self._threads = ThreadPoolExecutor(SENDERS, thread_name_prefix="screen-pop")
        self._room = threading.BoundedSemaphore(WAITING)

    def __call__(self, pop: ScreenPop) -> None:
        if not self._room.acquire(blocking=False):
            metrics.POP_PUSHES.labels("dropped").inc()
            log.warning("too many screen pops wait for their receiver; one is dropped", extra={"call_sid": pop.call_sid})
            return
        self._threads.submit(self._send, pop)

    def close(self) -> None:
        """Wait for those that are on their way."""
        self._threads.shutdown()

    def _send(self, pop: ScreenPop) -> None:
        try:
            sent = self._sent(pop)
            metrics.POP_PUSHES.labels("sent" if sent else "failed").inc()
        except Exception:
            metrics.POP_PUSHES.labels("failed").inc()
            log.exception("a screen pop could not be sent", extra={"call_sid": pop.call_sid})
        finally:
            self._room.release()

    def _sent(self, pop: ScreenPop) -> bool:
        give_up_at, why = self._now() + WITHIN_S, ""
        for attempt in range(TRIES):
            if attempt and self._now() + PAUSE_S >= give_up_at:
                break
            if attempt:
                self._wait(PAUSE_S)
            try:
                self._post(pop)
                return True
            except CrmRefused as error:
                why = str(error)
                break
            except CrmError as error:
                why = str(error)
        log.error("a screen pop was not taken by its receiver", extra={"call_sid": pop.call_sid, "agent": pop.agent, "why": why})
        return False

    def _post(self, pop: ScreenPop) -> None:
        body = storable(json.dumps({"event": "screen_pop", **as_json(pop)}, ensure_ascii=False, allow_nan=False)).encode()
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "X-Voicebot-Signature": sign(body, self._secret, now=self._now()),
            "X-Voicebot-Delivery": f"{pop.call_sid}:{pop.agent}:{int(pop.at.timestamp())}",
        }
        self._http.post(self._path, body, headers=headers, json_wanted=False)
