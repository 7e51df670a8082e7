"""`make run`: web and worker together, in the foreground; SIGTERM and Ctrl-C end both, calls first. Each can run alone, see Procfile."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import dotenv
import honcho.manager
from honcho.environ import parse_procfile
from honcho.printer import Printer

from calls.errors import BotError
from calls.settings import Environment

ROOT = Path(__file__).parent
GRACE_S = 20  # beyond the calls' own time


def main() -> None:
    dotenv.load_dotenv(".env")
    try:
        environment = Environment.read(os.environ)
    except BotError as error:
        sys.exit(f"the bot can't start:\n{error}")
    honcho.manager.KILL_WAIT = environment.drain_s + GRACE_S
    manager = honcho.manager.Manager(Printer(sys.stdout, colour=sys.stdout.isatty(), prefix=True))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    for name, command in parse_procfile((ROOT / "Procfile").read_text()).processes.items():
        manager.add_process(name, command, env={**os.environ, "PATH": path, "PYTHONUNBUFFERED": "1"}, cwd=str(ROOT))
    manager.loop()
    stopped_by_hand = manager.returncode in (130, 143)  # SIGINT, SIGTERM
    sys.exit(0 if stopped_by_hand else manager.returncode)


if __name__ == "__main__":
    main()
