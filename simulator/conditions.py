"""Lines that callers really have, by name: for `flask call --line`, benches and tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace

from simulator.line import LineSettings
from simulator.network import NetworkSettings

SNR_DB = 10.0
CONDITIONS: dict[str, LineSettings] = {
    "bursts": LineSettings(network=NetworkSettings(held_ms=200, held_every_ms=200)),
    "stalls": LineSettings(network=NetworkSettings(held_ms=500, held_every_ms=3000)),
    "lossy": LineSettings(network=NetworkSettings(lost=0.05)),
    "lossy-repeated": LineSettings(network=NetworkSettings(lost=0.05, loss="repeated")),
    "lossy-missing": LineSettings(network=NetworkSettings(lost=0.05, loss="missing")),
    "white": LineSettings(snr_db=SNR_DB),
    "pink": LineSettings(snr_db=SNR_DB, noise="pink"),
    "hum": LineSettings(snr_db=SNR_DB, noise="hum"),
    "street": LineSettings(snr_db=SNR_DB, noise="street"),
    "voices": LineSettings(snr_db=SNR_DB, noise="voices"),
    "television": LineSettings(snr_db=SNR_DB, noise="television"),
    "dtx": LineSettings(dtx=True, noise_db=-50.0),
    "echo": LineSettings(echo_db=20.0),
    "tones": LineSettings(tones=True),
    "hold-music": LineSettings(music_db=-22.0),
}


def line_of(names: Sequence[str], snr_db: float | None = None) -> LineSettings:
    """All of these conditions at once; what two of them say is said by the later. `snr_db`: instead of theirs. Raises KeyError."""
    line, usual = LineSettings(), LineSettings()
    for name in names:
        condition = CONDITIONS[name]
        line = replace(
            line,
            **{each.name: value for each in fields(condition) if (value := getattr(condition, each.name)) != getattr(usual, each.name)},
        )
    return line if snr_db is None else replace(line, snr_db=snr_db)
