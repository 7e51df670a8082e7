"""What is counted, for /metrics (Prometheus). Low cardinality: no call ids, no words, no numbers of callers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import cast

from prometheus_client import Counter, Gauge, Histogram, Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from calls.errors import BotError

SECONDS = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.85, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)
STAGE_SECONDS = (0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.65, 0.8, 1.0, 2.0, 5.0)

CALLS_ACTIVE = Gauge("voicebot_calls_active", "Conversations held by this process now")
CALLS = Counter("voicebot_calls_total", "Conversations by how they ended", ["outcome"])
FULL_HOUSE = Counter("voicebot_full_house_total", "Calls sent straight to a human because no slot was free")
LADDER = Counter(
    "voicebot_ladder_total", "Calls that our recognisers could not hear, by who heard them instead: jambonz, keypad, human", ["rung"]
)
REOPENED = Counter("voicebot_reopened_total", "Streams that broke in mid-call: reopened, or not", ["result"])
SOCKETS_REFUSED = Counter("voicebot_sockets_refused_total", "Audio sockets that were not let in", ["why"])
TURNS = Counter("voicebot_turns_total", "Turns by intent", ["intent"])
FAQ = Counter("voicebot_faq_answers_total", "Answers from the FAQ: whether the caller agreed that it helped", ["solved"])
MODEL_TURNS = Counter("voicebot_model_turns_total", "Turns that a language model answered, or why the rules did", ["engine", "result"])
MODEL_TOKENS = Counter("voicebot_model_tokens_total", "Tokens of the language model", ["engine", "kind"])
MODEL_COST = Counter("voicebot_model_cost_usd_total", "What the language model cost, by the configured prices", ["engine"])
FIRST_TEXT = Histogram("voicebot_model_first_text_seconds", "Request to the first speakable text", ["engine"], buckets=SECONDS)
INTERRUPTIONS = Counter("voicebot_interruptions_total", "Answers that the caller cut short")
PAUSES = Counter("voicebot_pauses_total", "Answers paused because the caller made a sound")
ENGINE_FAILURES = Counter("voicebot_engine_failures_total", "Jobs of an engine that failed", ["lane"])
RECOGNIZER_WAITING = Gauge("voicebot_recognizer_waiting", "Utterances that wait for the recogniser's model")
RECOGNIZER_BATCH = Histogram("voicebot_recognizer_batch", "Utterances that the model heard at once", buckets=(1, 2, 4, 8, 16, 32, 64))
RECOGNIZER_QUEUE = Histogram(
    "voicebot_recognizer_queue_seconds", "Time that utterances waited for the recogniser's model", buckets=(0.005, 0.01, 0.025, *SECONDS)
)
RECOGNIZER_REFUSED = Counter("voicebot_recognizer_refused_total", "Utterances that the recogniser did not take, or gave up", ["why"])
RECOGNIZER_RESTARTS = Counter("voicebot_recognizer_restarts_total", "The recogniser's model was loaded anew: it was broken, or it hung")
REPLY = Histogram("voicebot_reply_seconds", "End of the caller's speech to the first audible sample on the socket", buckets=SECONDS)
STAGE = Histogram(
    "voicebot_stage_seconds",
    "How long a stage of an answer took (calls/stages.py); ahead: it was over before the end of speech was decided",
    ["stage", "ahead"],
    buckets=STAGE_SECONDS,
)
HOOK = Histogram(
    "voicebot_hook_seconds", "Time to answer a Jambonz webhook", ["hook"], buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)
)
TRANSFERS = Counter("voicebot_transfers_total", "Tries to hand a call to a human: taken, declined, missed, or the caller was gone", ["end"])
POP_PUSHES = Counter("voicebot_screen_pop_pushes_total", "Screen pops posted to escalation.screen_pop.url", ["result"])
DELIVERY = Histogram(
    "voicebot_delivery_seconds",
    "End of a call (or its wrap-up) to its delivery at a CRM",
    ["crm"],
    buckets=(1, 2.5, 5, 10, 30, 60, 300, 1800, 7200, 43_200),
)
CONFIGURATIONS = Counter("voicebot_configurations_total", "Changed jambonz-app.json files: taken, or refused", ["result"])
CONFIGURATION_REFUSED = Gauge("voicebot_configuration_refused", "1 while jambonz-app.json is broken and the bot runs with the one before")
DELIVERY_FAILURES = Counter("voicebot_delivery_failures_total", "Deliveries that failed for good", ["crm"])


class DeliveriesByState(Collector):
    """voicebot_deliveries by CRM and state, counted in the database when somebody looks; left out while that fails."""

    def __init__(self, counts: Callable[[], Mapping[tuple[str, str], int]]) -> None:
        self._counts = counts

    def describe(self) -> Iterator[Metric]:
        """The name alone: to be registered asks nothing of the database."""
        yield GaugeMetricFamily("voicebot_deliveries", "Deliveries of calls to the CRMs", labels=["crm", "state"])

    def collect(self) -> Iterator[Metric]:
        for family in self.describe():
            for labels, count in self._counted().items():
                cast(GaugeMetricFamily, family).add_metric(labels, count)
            yield family

    def _counted(self) -> Mapping[tuple[str, str], int]:
        try:
            return self._counts()
        except BotError:
            return {}


class PromisedCallbacks(Collector):
    """voicebot_callbacks_open and voicebot_callbacks_overdue, counted in the database when somebody looks; left out while that fails."""

    def __init__(self, counts: Callable[[], Mapping[str, int]]) -> None:
        self._counts = counts

    def describe(self) -> Iterator[Metric]:
        yield GaugeMetricFamily("voicebot_callbacks_open", "Promised call backs that are still to be made")
        yield GaugeMetricFamily("voicebot_callbacks_overdue", "Promised call backs that were not made in time")

    def collect(self) -> Iterator[Metric]:
        counted = self._counted()
        for family in self.describe():
            name = family.name.removeprefix("voicebot_callbacks_")
            if name in counted:
                cast(GaugeMetricFamily, family).add_metric([], counted[name])
            yield family

    def _counted(self) -> Mapping[str, int]:
        try:
            return self._counts()
        except BotError:
            return {}
