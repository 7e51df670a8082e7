"""When who spoke in a call: its record as spans of time on one clock, in ms since the call began. Pure.

Turns are kept in ms since their audio socket opened. The first socket is taken to open with the call; one that was opened again, when
nobody had taken the call, opens when the try before it ended. What is guessed and not measured says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from calls.agents import AgentLeg, Escalation, LegAnswer
from calls.call import CallRecord, TurnRecord
from calls.handover import Directory, transfer_line

LETTERS_PER_S = 14  # that a voice reads aloud; how long a sentence sounded is not kept
LONGEST_CALL = timedelta(hours=4)  # one without an end that began before was lost


@dataclass(frozen=True, slots=True)
class Span:
    """Something that lasted. `kind`: "speech" of caller or bot, "wait" for the bot's answer, "ring", "briefing" or "talk" of an agent."""

    lane: str  # "caller", "bot", "agent"
    kind: str
    began_ms: int
    ended_ms: int
    told: str  # in words
    label: str = ""  # a few letters beside it
    measured: bool = True  # False: its end is guessed


@dataclass(frozen=True, slots=True)
class Placed:
    """A turn on the call's clock: `turn`'s own times are `offset_ms` behind it."""

    turn: TurnRecord
    offset_ms: int

    @property
    def began_ms(self) -> int:
        return self.turn.began_ms + self.offset_ms

    @property
    def ended_ms(self) -> int:
        return self.turn.ended_ms + self.offset_ms


@dataclass(frozen=True, slots=True)
class Timeline:
    length_ms: int
    turns: tuple[Placed, ...]
    spans: tuple[Span, ...]
    interruptions: tuple[int, ...]  # ms: the bot was cut off, mostly by the caller's words or key


def timeline(record: CallRecord, directory: Directory, *, now: datetime) -> Timeline:
    """`now` ends what goes on."""
    turns = placed(record)
    handed = tuple(span for escalation in record.escalations for span in agents_spans(record, escalation, directory, now))
    known_end = since(record, record.ended_at or now) if record.ended_at or now - record.started_at < LONGEST_CALL else 0
    least = max([known_end, *(each.ended_ms for each in turns), *(span.ended_ms for span in handed)])
    spans = tuple(span for each, following in with_next(turns) for span in turns_spans(each, following, least))
    cut = tuple(following.began_ms for each, following in with_next(turns) if each.turn.interrupted and following)
    length = max([1000, least, *(span.ended_ms for span in spans)])
    return Timeline(length, tuple(turns), spans + handed, cut)


def since(record: CallRecord, at: datetime) -> int:
    return max(0, round((at - record.started_at).total_seconds() * 1000))


def with_next(turns: Sequence[Placed]) -> Iterator[tuple[Placed, Placed | None]]:
    following: list[Placed | None] = [*turns[1:], None]
    yield from zip(turns, following[: len(turns)], strict=True)


# -- the turns on the call's clock ------------------------------------------------------
def placed(record: CallRecord) -> list[Placed]:
    found: list[Placed] = []
    after = 0  # tries that were over before the present socket was opened
    offset = 0
    for number, turns in enumerate(sockets(record.turns)):
        if number:
            offset, after = reopened(record, turns[-1].ended_ms, after, found[-1].ended_ms)
        found += [Placed(turn, offset) for turn in turns]
    return found


def sockets(turns: Sequence[TurnRecord]) -> list[list[TurnRecord]]:
    """The turns of each audio socket. A turn of ours is begun at the present moment, so one that lies before another's end
    belongs to a new socket; a caller may well have begun to speak before the turn in front of it."""
    groups: list[list[TurnRecord]] = []
    for turn in turns:
        last = groups[-1][-1] if groups else None
        anew = last is None or (not turn.heard and (turn.began_ms < last.ended_ms or turn.began_ms == last.began_ms == 0))
        groups += [[]] if anew else []
        groups[-1].append(turn)
    return groups


def reopened(record: CallRecord, lasted_ms: int, after: int, earliest_ms: int) -> tuple[int, int]:
    """(when the socket was opened again, how many tries were over by then): after the first try that leaves it the time to be used."""
    tries = [(since(record, each.started_at), since(record, each.ended_at)) for each in record.escalations if each.ended_at]
    for number, (_, ended) in enumerate(tries[after:], after + 1):
        next_try = tries[number][0] if number < len(tries) else None
        if next_try is None or next_try - ended >= lasted_ms:
            return max(ended, earliest_ms), number
    return earliest_ms, after


# -- what they lasted -----------------------------------------------------------------
def turns_spans(placed: Placed, following: Placed | None, call_ms: int) -> Iterator[Span]:
    turn, reply = placed.turn, placed.turn.timings.get("reply")
    if turn.heard:
        yield Span("caller", "speech", placed.began_ms, placed.ended_ms, f"Turn {turn.number}: the caller speaks", str(turn.number))
    if turn.heard and reply is not None:
        told = f"Turn {turn.number}: {seconds(reply)} until the caller hears the answer"
        yield Span("bot", "wait", placed.ended_ms, placed.ended_ms + reply, told, seconds(reply))
    if turn.said:
        yield answer_span(placed, following, call_ms)


def answer_span(placed: Placed, following: Placed | None, call_ms: int) -> Span:
    """From our first sound, or from about when the voice made it, to where the caller cut in, or about as long as it takes to say."""
    turn, next_ms = placed.turn, following.began_ms if following else max(call_ms, placed.ended_ms)
    began = placed.ended_ms + turn.timings.get("reply", turn.timings.get("voiced", 0))
    if turn.interrupted and following:
        return Span("bot", "speech", began, max(began, next_ms), f"Turn {turn.number}: the bot speaks, and is interrupted")
    ended = began + round(sum(len(sentence) for sentence in turn.said) * 1000 / LETTERS_PER_S)
    ended = max(began, min(ended, next_ms) if following or call_ms > began else ended)
    return Span("bot", "speech", began, ended, f"Turn {turn.number}: the bot speaks, about so long", measured=False)


# -- the agents -----------------------------------------------------------------------
def agents_spans(record: CallRecord, escalation: Escalation, directory: Directory, now: datetime) -> Iterator[Span]:
    end = escalation.ended_at or record.ended_at or now
    told = transfer_line(escalation, directory)
    names = ", ".join(directory.name_of(agent) for agent in escalation.agents) or escalation.target or "an agent"
    answers = [leg.answered_at or leg.accepted_at or end for leg in escalation.legs]
    rang_until = min([end, *answers])
    yield Span("agent", "ring", since(record, escalation.started_at), since(record, rang_until), told, names)
    for leg in escalation.legs:
        yield from leg_spans(record, escalation, leg, end, directory)


def leg_spans(record: CallRecord, escalation: Escalation, leg: AgentLeg, end: datetime, directory: Directory) -> Iterator[Span]:
    name, ended = directory.name_of(leg.agent), min(leg.ended_at or end, end)
    heard_until = min(leg.accepted_at or ended, ended)
    if leg.answered_at and leg.answered_at < heard_until:  # whoever takes it on the desk's page has read it instead
        told = f"{name} has answered and hears what it is about"
        yield Span("agent", "briefing", since(record, leg.answered_at), since(record, heard_until), told)
    goes_on = escalation.ended_at is None and leg.answer is LegAnswer.ACCEPTED
    if leg.accepted_at and leg.answer is LegAnswer.ACCEPTED and (escalation.transferred or goes_on):
        talked = since(record, ended) - since(record, leg.accepted_at)
        told = f"{name} talks to the caller for {seconds(talked)}"
        yield Span("agent", "talk", since(record, leg.accepted_at), since(record, ended), told, name)


def seconds(ms: int) -> str:
    """ "0.66 s", "12.3 s", "3 min 20 s"."""
    if ms < 60_000:
        return f"{ms / 1000:.2f} s" if ms < 10_000 else f"{ms / 1000:.1f} s"
    return f"{ms // 60_000} min {ms % 60_000 // 1000} s"
