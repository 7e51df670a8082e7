"""Fixtures that several test files share."""

from tests.bots import bot as bot
