"""What a process and its descendants take of the machine, as Linux counts it (proc(5))."""

from __future__ import annotations

import os
from pathlib import Path

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


def tree(pid: int) -> list[int]:
    """The process and its descendants, parents first."""
    pids = [pid]
    for member in pids:
        pids += [int(child) for task in Path(f"/proc/{member}/task").glob("*/children") for child in task.read_text().split()]
    return pids


def cpu_seconds(pid: int) -> float:
    """Processor time that the process and its living descendants have used so far."""
    return sum(_own_cpu_seconds(member) for member in tree(pid))


def rss_bytes(pid: int) -> int:
    """Resident memory of the whole tree."""
    return sum(int(Path(f"/proc/{member}/statm").read_text().split()[1]) * PAGE_BYTES for member in tree(pid))


def pss_bytes(pid: int) -> int:
    """The same, with pages that several processes share counted once."""
    return sum(_proportional_bytes(member) for member in tree(pid))


def threads(pid: int) -> int:
    return sum(len(os.listdir(f"/proc/{member}/task")) for member in tree(pid))


def open_files(pid: int) -> int:
    return sum(len(os.listdir(f"/proc/{member}/fd")) for member in tree(pid))


def _own_cpu_seconds(pid: int) -> float:
    behind_the_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(behind_the_name[11]) + int(behind_the_name[12])) / TICKS_A_SECOND  # utime, stime: fields 14 and 15


def _proportional_bytes(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
