"""Fixtures that several test files share, and the order in which files begin."""

import pytest

from tests.bots import bot as bot
from tests.browsers import browsers as browsers
from tests.browsers import playwright as playwright

# The files that wait the longest, for calls as long as calls are: they begin first, so that nobody waits for one of them at the end.
LONG = (
    "test_helpdesk_browser",
    "test_phone_browser",
    "test_calls",
    "test_model_call",
    "test_lifecycle",
    "test_deploy",
    "test_abuse",
    "test_deliveries",
    "test_wrap_ups_delivered",
    "test_configuration",
    "test_corrections_learnt",
    "test_webhooks_recorded",
    "test_socket_replay",
    "test_whisper",
    "test_stt",
    "test_badlines",
    "test_reopening",
    "test_listen",
    "test_owner",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: LONG.index(item.path.stem) if item.path.stem in LONG else len(LONG))
