"""Live events over Redis pub/sub. Imported only where REDIS_URL names one: the client takes a tenth of a second and megabytes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from records.carriers import POLL_S, CarrierFailed, Hear, Tree


class RedisCarrier:
    """`url` is REDIS_URL. Redis's channels know no database numbers, so the number is in the channel's name."""

    gap_s = 0.05

    def __init__(self, url: str) -> None:
        patience = {"socket_connect_timeout": 2, "socket_timeout": 2, "socket_keepalive": True, "health_check_interval": 10}
        # Once more at once for sending, as the connection may be an old one; never for listening: what was missed must be known.
        self._client = Redis.from_url(url, **patience, retry=Retry(NoBackoff(), 1))
        self._listener = Redis.from_url(url, **patience, retry=Retry(NoBackoff(), 0))
        self._channel = f"voicebot:live:{self._client.connection_pool.connection_kwargs.get('db', 0)}"

    def send(self, trees: Sequence[Tree]) -> None:
        try:
            pipeline = self._client.pipeline(transaction=False)
            for tree in trees:
                pipeline.publish(self._channel, json.dumps(tree))
            pipeline.execute()
        except (RedisError, OSError) as error:
            raise CarrierFailed(f"Redis does not take live events ({type(error).__name__})") from error

    def tidy(self) -> None:
        """Redis keeps nothing."""

    @contextmanager
    def listening(self) -> Iterator[Hear]:
        try:
            with self._listener.pubsub() as channel:  # type: ignore[no-untyped-call]
                channel.subscribe(self._channel)
                if channel.get_message(timeout=2.0) is None:
                    raise CarrierFailed("Redis does not answer a subscription")
                yield lambda: trees_in(channel.get_message(ignore_subscribe_messages=True, timeout=POLL_S))
        except (RedisError, OSError) as error:
            raise CarrierFailed(f"Redis brings no live events ({type(error).__name__})") from error


def trees_in(message: Mapping[str, Any] | None) -> Sequence[Tree]:
    """Of a pub/sub message; none where there is no message, or a stranger's."""
    try:
        return [json.loads(message["data"])] if message and message["type"] == "message" else []
    except ValueError:
        return []
