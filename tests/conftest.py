"""Fixtures that several test files share."""

from tests.bots import bot as bot
from tests.browsers import browsers as browsers
from tests.browsers import playwright as playwright
