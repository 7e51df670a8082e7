"""What agents say was really meant: proposed, scored, kept or refused. And the calls that it is scored on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, RowMapping, and_, delete, select, update

from calls.call import CallRecord
from calls.corrections import Correction, CorrectionKind, CorrectionState
from records import schema
from records.reading import records_of
from records.transactions import in_transaction

COLUMNS = schema.corrections.c
OPEN = COLUMNS.state == CorrectionState.PROPOSED.value
NEWEST_FIRST = (COLUMNS.proposed_at.desc(), COLUMNS.id.desc())


@dataclass(frozen=True, slots=True)
class Proposal:
    """What somebody says. `turn` of `call_sid`, or neither when it was said in no call that we have."""

    kind: CorrectionKind
    heard: str
    meant: str
    language: str
    call_sid: str = ""
    turn: int | None = None
    person: str = ""


class Corrections:
    """`engine` is open_database's. All raise JournalError."""

    def __init__(self, engine: Engine) -> None:
        self._writer, self._reader = engine, engine.execution_options(reads_only=True)

    def propose(self, proposal: Proposal, *, now: datetime) -> Correction:
        """The same again is the same correction, also when it is settled. Something else of the same turn (and of the same words,
        where these were misheard) takes the place of a proposal that is not settled yet."""
        return in_transaction(self._writer, proposed, proposal, now)

    def withdraw(self, kind: CorrectionKind, call_sid: str, turn: int) -> None:
        """Whoever proposed it says that the bot was right. What is settled stays."""
        theirs = delete(schema.corrections).where(OPEN, COLUMNS.kind == kind.value, COLUMNS.call_sid == call_sid, COLUMNS.turn == turn)
        in_transaction(self._writer, lambda connection: connection.execute(theirs))

    def get(self, correction_id: int) -> Correction | None:
        return in_transaction(self._reader, one, COLUMNS.id == correction_id)

    def newest(self, state: CorrectionState | None = None, *, limit: int = 200) -> list[Correction]:
        """The newest first; of every state when none is given."""
        wanted = select(schema.corrections).order_by(*NEWEST_FIRST).limit(limit)
        return in_transaction(self._reader, many, wanted if state is None else wanted.where(COLUMNS.state == state.value))

    def of_call(self, call_sid: str) -> list[Correction]:
        """By turn."""
        wanted = select(schema.corrections).where(COLUMNS.call_sid == call_sid).order_by(COLUMNS.turn, COLUMNS.id)
        return in_transaction(self._reader, many, wanted)

    def reword(self, correction_id: int, heard: str, meant: str, language: str) -> Correction | None:
        """As it should be kept; its score is gone. None: there is none, or it is settled."""
        return in_transaction(self._writer, changed, correction_id, {"heard": heard, "meant": meant, "language": language, "score": {}})

    def scored(self, correction: Correction, score: Mapping[str, int | float | str]) -> Correction | None:
        """None: it is settled, or was reworded while it was scored."""
        as_it_was = and_(COLUMNS.heard == correction.heard, COLUMNS.meant == correction.meant, COLUMNS.language == correction.language)
        return in_transaction(self._writer, changed, correction.id, {"score": dict(score)}, as_it_was)

    def settle(self, correction_id: int, state: CorrectionState, person: str, *, now: datetime) -> Correction | None:
        """KEPT or REFUSED, once. None: there is none, or it is settled."""
        if state is CorrectionState.PROPOSED:
            raise ValueError("a proposal settles nothing")
        return in_transaction(self._writer, changed, correction_id, {"state": state.value, "settled_at": now, "settled_by": person})

    def spoken(self, *, utterances: int) -> list[CallRecord]:
        """The latest calls that have so many turns with words together, the newest first; the oldest of them is whole too."""
        return in_transaction(self._reader, latest, utterances)


def proposed(connection: Connection, proposal: Proposal, now: datetime) -> Correction:
    if proposal.call_sid:  # two forms of one call wait for each other
        connection.execute(select(schema.calls.c.call_sid).where(schema.calls.c.call_sid == proposal.call_sid).with_for_update())
    facts = {name: getattr(proposal, name) for name in ("heard", "meant", "language", "person")}
    same_place = [
        COLUMNS.kind == proposal.kind.value,
        COLUMNS.call_sid == proposal.call_sid,
        COLUMNS.turn.is_not_distinct_from(proposal.turn),
    ]
    same_words = and_(COLUMNS.heard == proposal.heard, COLUMNS.meant == proposal.meant, COLUMNS.language == proposal.language)
    if known := one(connection, and_(*same_place, same_words)):
        return known
    if proposal.kind is CorrectionKind.WORD or not proposal.call_sid:
        same_place.append(COLUMNS.heard == proposal.heard)
    if replaced := one(connection, and_(OPEN, *same_place)):
        return changed(connection, replaced.id, {**facts, "score": {}, "proposed_at": now}) or replaced
    row = {**facts, "kind": proposal.kind.value, "call_sid": proposal.call_sid, "turn": proposal.turn}
    fresh = {"state": CorrectionState.PROPOSED.value, "score": {}, "proposed_at": now}
    return correction_of(connection.execute(schema.corrections.insert().values(**row, **fresh).returning(*COLUMNS)).mappings().one())


def changed(connection: Connection, correction_id: int, facts: Mapping[str, Any], *conditions: ColumnElement[bool]) -> Correction | None:
    """In one statement, so that of two people who settle it one does."""
    statement = update(schema.corrections).where(COLUMNS.id == correction_id, OPEN, *conditions).values(**facts)
    row = connection.execute(statement.returning(*COLUMNS)).mappings().one_or_none()
    return correction_of(row) if row else None


def one(connection: Connection, condition: ColumnElement[bool]) -> Correction | None:
    row = connection.execute(select(schema.corrections).where(condition).order_by(*NEWEST_FIRST).limit(1)).mappings().one_or_none()
    return correction_of(row) if row else None


def many(connection: Connection, wanted: Any) -> list[Correction]:
    return [correction_of(row) for row in connection.execute(wanted).mappings()]


def correction_of(row: RowMapping) -> Correction:
    return Correction(**{**row, "kind": CorrectionKind(row["kind"]), "state": CorrectionState(row["state"])})


def latest(connection: Connection, utterances: int) -> list[CallRecord]:
    calls, turns = schema.calls, schema.turns.c
    with_words = select(turns.call_sid).join(calls, calls.c.call_sid == turns.call_sid).where(turns.heard != "")
    newest = with_words.order_by(calls.c.started_at.desc(), calls.c.call_sid).limit(utterances)
    sids = set(connection.execute(newest).scalars())
    rows = select(calls).where(calls.c.call_sid.in_(sids)).order_by(calls.c.started_at.desc(), calls.c.call_sid)
    return records_of(connection, connection.execute(rows).mappings().all())
