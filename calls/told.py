"""What a call's turns come to, for agents, tickets and notes: what the caller gave, why care is needed, what a model cost. Pure."""

from __future__ import annotations

from calls.call import CallRecord, Question, Usage
from calls.urgency import in_words

_NOT_TOLD = frozenset({"nearest", "language"})  # what the rules note beside an intent


def told(record: CallRecord) -> dict[str, str]:
    """What the caller gave, as last said: "order id" -> "OD1234". Not what was read back and wrong."""
    values: dict[str, str] = {}
    read_back = ""
    for turn in record.turns:
        if turn.intent == "no":
            values.pop(read_back, None)
        values |= {name: value for name, value in turn.slots.items() if value and name not in _NOT_TOLD}
        if turn.said:
            read_back = turn.asked_slot if turn.asked is Question.CONFIRM_SLOT else ""
    return {name.replace("_", " "): value for name, value in values.items()}


def cares(record: CallRecord) -> str:
    """Why the caller needs care, in English words; "" for most."""
    return in_words(dict.fromkeys(signal for turn in record.turns for signal in turn.signals))


def model_use(record: CallRecord) -> Usage | None:
    """What the language model did in the whole call: tokens and cost added up. None where there was none."""
    used = [turn.usage for turn in record.turns if turn.usage]
    if not used:
        return None
    return Usage(
        engine=used[-1].engine,
        model=used[-1].model,
        input_tokens=sum(each.input_tokens for each in used),
        output_tokens=sum(each.output_tokens for each in used),
        cache_read_tokens=sum(each.cache_read_tokens for each in used),
        cache_write_tokens=sum(each.cache_write_tokens for each in used),
        cost_usd=round(sum(each.cost_usd for each in used), 6),
        fell_back=", ".join(dict.fromkeys(each.fell_back for each in used if each.fell_back)),
    )
