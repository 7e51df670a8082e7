"""What a turn with a language model took: tokens, money, and the time to the first words."""

from __future__ import annotations

from collections.abc import Callable

from calls.assistant import Prices
from calls.call import Usage
from nlu.assistant_model import Model, Spent

_MILLION = 1_000_000


class Meter:
    """Of one turn, which may have several requests. `clock` in seconds; it begins to count at once."""

    def __init__(self, model: Model, prices: Prices, clock: Callable[[], float]) -> None:
        self._model, self._prices, self._clock = model, prices, clock
        self._began, self._first_text_ms = clock(), None  # type: float, int | None
        self._requests: list[Spent] = []

    def request(self) -> None:
        """Another one is made."""
        self._requests.append(Spent())

    def spent(self, so_far: Spent) -> None:
        """By the request that was made last."""
        self._requests[-1] = so_far

    def first_text(self) -> None:
        """A sentence can be spoken; only the first counts."""
        if self._first_text_ms is None:
            self._first_text_ms = round((self._clock() - self._began) * 1000)

    def usage(self, fell_back: str = "") -> Usage:
        total = Spent(*(sum(getattr(spent, name) for spent in self._requests) for name in Spent.__slots__))
        return Usage(
            self._model.engine,
            self._model.model,
            input_tokens=total.input,
            output_tokens=total.output,
            cache_read_tokens=total.cache_read,
            cache_write_tokens=total.cache_write,
            cost_usd=self._cost(total),
            first_text_ms=self._first_text_ms,
            fell_back=fell_back,
        )

    def _cost(self, total: Spent) -> float:
        prices = self._prices
        fresh = total.input * prices.input + total.output * prices.output
        return round((fresh + total.cache_read * prices.cache_read + total.cache_write * prices.cache_write) / _MILLION, 8)
