"""Where the time of a call's answers went, turn by turn, and which was the slowest and why. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from calls.call import CallRecord, TurnRecord
from calls.stages import IN_WORDS, Stage, decisive, stages


@dataclass(frozen=True, slots=True)
class Budget:
    """One answer's. Times are ms since the caller's last sound."""

    number: int  # of the turn
    stages: tuple[Stage, ...]
    reply_ms: int | None  # None: nothing of ours was heard


@dataclass(frozen=True, slots=True)
class Budgets:
    turns: tuple[Budget, ...]
    median_ms: int | None = None  # of the replies; None without any
    slowest: Budget | None = None
    why: str = ""  # the slowest one's stage that made it so, in words


def budgets(record: CallRecord) -> Budgets:
    """Of the turns that answered the caller's words."""
    turns = tuple(budget for turn in record.turns if turn.heard and (budget := budget_of(turn)).stages)
    replied = [turn for turn in turns if turn.reply_ms is not None]
    if not replied:
        return Budgets(turns)
    replies = [turn.reply_ms for turn in replied if turn.reply_ms is not None]
    slowest = replied[replies.index(max(replies))]
    return Budgets(turns, round(median(replies)), slowest, reason(slowest, replied))


def budget_of(turn: TurnRecord) -> Budget:
    return Budget(turn.number, stages(turn.timings), turn.timings.get("reply"))


def reason(slowest: Budget, all_of_them: Sequence[Budget]) -> str:
    """The stage that took the most beyond what it usually takes in this call; where all are alike, the longest."""
    chain = [stage for stage in decisive(slowest.stages) if stage.lasted_ms]
    if not chain:
        return ""
    usual = {stage.name: usually(stage.name, all_of_them) for stage in chain}
    worst = max(chain, key=lambda stage: (stage.lasted_ms - usual[stage.name], stage.lasted_ms))
    told = f"mostly {IN_WORDS[worst.name]}, {worst.lasted_ms} ms"
    return told if worst.lasted_ms <= usual[worst.name] else f"{told} where {usual[worst.name]} ms are usual in this call"


def usually(name: str, all_of_them: Sequence[Budget]) -> int:
    """The stage's median over these answers; where it did not come to it, it took no time."""
    return round(median(sum(stage.lasted_ms for stage in each.stages if stage.name == name) for each in all_of_them))
