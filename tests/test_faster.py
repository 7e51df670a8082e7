"""faster-whisper without FFmpeg, for as long as nobody asks it to read a file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import soundfile

from simulator.script import Say
from stream.faster import later
from tests.badline_rig import RATE, SPEAKER


def told(*lines: str) -> list[str]:
    """What a new process prints."""
    return subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=True).stdout.split("\n")[:-1]


def test_a_bot_with_whisper_loads_no_ffmpeg() -> None:
    assert told("import sys, stream.whisper", "print([name for name in sys.modules if name.partition('.')[0] == 'av'])") == ["[]"]


def test_a_file_is_read_all_the_same(tmp_path: Path) -> None:
    pcm = SPEAKER.pcm(Say("my tally licence has expired"), RATE)
    soundfile.write(tmp_path / "words.flac", pcm, RATE)
    read = told(
        "import stream.whisper, sys",
        "from faster_whisper import decode_audio",
        f"print(len(decode_audio({str(tmp_path / 'words.flac')!r})), 'av' in sys.modules)",
    )
    assert read == [f"{len(pcm)} True"]


def test_what_is_there_already_is_left_alone() -> None:
    import json

    with later("json"):
        assert sys.modules["json"] is json
    assert sys.modules["json"] is json


def test_afterwards_an_import_is_an_import() -> None:
    assert told("import sys, stream.faster, av", "print(type(sys.modules['av']).__name__, hasattr(av, 'open'))") == ["module True"]
