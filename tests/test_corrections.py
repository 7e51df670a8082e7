"""Corrections on both databases; what they are scored on; and how a score comes about."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from calls.agents import WrapUp
from calls.call import Intent, Question, Turn
from calls.corrections import Correction, CorrectionKind, CorrectionState
from calls.scoring import Sample, Verdict, score
from calls.settings import Settings, load
from nlu import language
from nlu.hindsight import put_right, samples, telling_turn
from records.corrections import Corrections, Proposal
from records.journal import Journal
from records.wrap_ups import WrapUps
from tests import databases

database, migrated_file, migrated_postgres = databases.database, databases.migrated_file, databases.migrated_postgres
postgres_server, sqlite_database = databases.postgres_server, databases.sqlite_database

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
INTENT, WORD = CorrectionKind.INTENT, CorrectionKind.WORD
PROPOSED, KEPT, REFUSED = CorrectionState.PROPOSED, CorrectionState.KEPT, CorrectionState.REFUSED
SAID = Proposal(INTENT, "jeem essay tee return", "gst_query", "en", "CA1", 1, "asha")


def later(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


@pytest.fixture
def corrections(database: Engine) -> Corrections:
    return Corrections(database)


@pytest.fixture(scope="module")
def settings() -> Settings:
    return load("jambonz-app.json")


def call(database: Engine, sid: str, *turns: tuple[str, str, float], at: datetime = NOW) -> Journal:
    """A call in which the bot understood these: (words, intent, confidence)."""
    journal = Journal(database, max_calls=9)
    journal.call_started(sid=sid, direction="inbound", caller="919812345678", called="1800", language="en", now=at)
    journal.turn_finished(sid, Turn(0, said=["Hello."], asked=Question.OPEN))
    for number, (heard, intent, confidence) in enumerate(turns, 1):
        journal.turn_finished(sid, Turn(number, heard, 0.9, "en", Intent(intent, confidence), ["Well."], Question.ANYTHING_ELSE))
    return journal


# -- what is kept of them -------------------------------------------------------
def test_a_proposal_is_kept_as_it_was_made(corrections: Corrections) -> None:
    made = corrections.propose(SAID, now=NOW)
    assert made == Correction(made.id, INTENT, SAID.heard, "gst_query", "en", PROPOSED, NOW, "CA1", 1, "asha", {})
    assert (corrections.get(made.id), corrections.newest(), corrections.of_call("CA1")) == (made, [made], [made])
    assert (corrections.get(made.id + 1), corrections.of_call("CA2"), corrections.newest(KEPT)) == (None, [], [])


def test_the_same_again_is_the_same(corrections: Corrections) -> None:
    made = corrections.propose(SAID, now=NOW)
    assert corrections.propose(replace(SAID, person="ravi"), now=later(3)) == made
    refused = corrections.settle(made.id, REFUSED, "meera", now=later(4))
    assert corrections.propose(SAID, now=later(5)) == refused


def test_a_change_of_mind_takes_the_place_of_what_is_not_settled(corrections: Corrections) -> None:
    made = corrections.propose(SAID, now=NOW)
    corrections.scored(made, {"better": 1})
    changed = corrections.propose(replace(SAID, meant="training", person="ravi"), now=later(1))
    assert changed == replace(made, meant="training", person="ravi", proposed_at=later(1))
    corrections.settle(made.id, KEPT, "meera", now=later(2))
    third = corrections.propose(SAID, now=later(3))
    assert [each.id for each in corrections.newest()] == [third.id, made.id]


def test_a_turn_may_have_several_misheard_words_and_one_intent(corrections: Corrections) -> None:
    word = replace(SAID, kind=WORD, heard="jeem essay tee", meant="gst")
    for each in (SAID, word, replace(word, heard="ree turn", meant="return"), replace(word, meant="GST")):
        corrections.propose(each, now=NOW)
    assert [(each.kind, each.heard, each.meant) for each in corrections.of_call("CA1")] == [
        (INTENT, "jeem essay tee return", "gst_query"),
        (WORD, "jeem essay tee", "GST"),
        (WORD, "ree turn", "return"),
    ]


def test_several_without_a_call_stand_beside_each_other(corrections: Corrections) -> None:
    nowhere = replace(SAID, call_sid="", turn=None)
    first, second = (corrections.propose(each, now=NOW) for each in (nowhere, replace(nowhere, heard="ji es ti")))
    assert first.id != second.id
    assert corrections.propose(nowhere, now=later(1)) == first


def test_of_two_forms_at_once_one_correction_comes(database: Engine) -> None:
    call(database, "CA1", ("jeem essay tee return", "other", 0.3))
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda _: Corrections(database).propose(SAID, now=NOW), range(8)))
    assert len({each.id for each in made}) == 1


def test_it_is_settled_once(corrections: Corrections) -> None:
    made = corrections.propose(SAID, now=NOW)
    kept = corrections.settle(made.id, KEPT, "meera", now=later(1))
    assert kept == replace(made, state=KEPT, settled_at=later(1), settled_by="meera")
    assert corrections.settle(made.id, REFUSED, "anu", now=later(2)) is None
    assert corrections.scored(made, {"better": 1}) is None
    assert corrections.reword(made.id, "gst return", "gst_query", "en") is None
    corrections.withdraw(INTENT, "CA1", 1)
    assert corrections.get(made.id) == kept
    with pytest.raises(ValueError, match="proposal"):
        corrections.settle(made.id, PROPOSED, "meera", now=NOW)


def test_other_words_are_to_be_scored_anew(corrections: Corrections) -> None:
    made = corrections.propose(SAID, now=NOW)
    figures: dict[str, int | float | str] = {"better": 2, "verdict": "better"}
    assert corrections.scored(made, figures) == replace(made, score=figures)
    reworded = corrections.reword(made.id, "jeem essay tee", "gst_query", "hi")
    assert reworded == replace(made, heard="jeem essay tee", language="hi")
    assert corrections.scored(made, figures) is None  # of the words before


def test_what_was_proposed_is_withdrawn(corrections: Corrections) -> None:
    corrections.propose(SAID, now=NOW)
    word = corrections.propose(replace(SAID, kind=WORD, heard="jeem", meant="g"), now=NOW)
    corrections.withdraw(INTENT, "CA1", 1)
    assert corrections.newest() == [word]


def test_the_latest_calls_are_whole(database: Engine, corrections: Corrections) -> None:
    for number in range(4):
        call(database, f"CA{number}", *(("my licence has expired", "license_renewal", 0.9),) * 2, at=later(number))
    call(database, "CA9", at=later(9))
    records = corrections.spoken(utterances=3)
    assert [(record.sid, len(record.turns)) for record in records] == [("CA3", 3), ("CA2", 3)]


# -- what is known of what callers meant ---------------------------------------------
def known(settings: Settings, database: Engine) -> dict[str, tuple[str, bool]]:
    corrections = Corrections(database)
    found = samples(settings, corrections.spoken(utterances=50), corrections.newest())
    return {sample.heard: (sample.meant, sample.told) for sample in found}


def test_what_the_bot_was_sure_of_counts_until_somebody_contradicts(settings: Settings, sqlite_database: Engine) -> None:
    call(sqlite_database, "CA1", ("jeem essay tee return", "other", 0.3), ("my licence has expired", "license_renewal", 0.9))
    call(sqlite_database, "CA2", ("i forgot it", "password_reset", 0.6), ("thank you", "thanks", 0.97), ("", "silence", 1.0))
    before = {"jeem essay tee return": ("", False), "my licence has expired": ("license_renewal", False), "i forgot it": ("", False)}
    assert known(settings, sqlite_database) == before | {"thank you": ("thanks", False)}
    corrections = Corrections(sqlite_database)
    refused = corrections.propose(replace(SAID, turn=2), now=NOW)
    corrections.settle(refused.id, REFUSED, "meera", now=NOW)
    corrections.propose(SAID, now=NOW)
    corrections.propose(Proposal(INTENT, "how do i learn it", "training", "en"), now=NOW)
    after = {"jeem essay tee return": ("gst_query", True), "how do i learn it": ("training", True)}
    assert known(settings, sqlite_database) == before | {"thank you": ("thanks", False)} | after


@pytest.mark.parametrize(
    ("wrap_up", "told"),
    [
        ("gst_query", {"my licence has expired": ("gst_query", True)}),
        ("", {"my licence has expired": ("license_renewal", True)}),  # the bot was right
        ("training", {"my licence has expired": ("license_renewal", False)}),  # was understood: only another one was the main wish
        ("gone_by_now", {"my licence has expired": ("license_renewal", False)}),
    ],
)
def test_what_a_wrap_up_says_of_the_main_wish(
    settings: Settings, sqlite_database: Engine, wrap_up: str, told: dict[str, tuple[str, bool]]
) -> None:
    call(sqlite_database, "CA1", ("i want a course", "training", 0.6), ("my licence has expired", "license_renewal", 0.9))
    WrapUps(sqlite_database).write(WrapUp("CA1", "asha", "Asha", "resolved", wrap_up, "", NOW))
    assert known(settings, sqlite_database) == {"i want a course": ("", False)} | told


def test_a_refused_correction_takes_the_word_of_its_wrap_up(settings: Settings, sqlite_database: Engine) -> None:
    call(sqlite_database, "CA1", ("my licence has expired", "license_renewal", 0.9))
    WrapUps(sqlite_database).write(WrapUp("CA1", "asha", "Asha", "resolved", "gst_query", "", NOW))
    corrections = Corrections(sqlite_database)
    made = corrections.propose(replace(SAID, heard="my licence has expired"), now=NOW)
    assert known(settings, sqlite_database) == {"my licence has expired": ("gst_query", True)}
    corrections.settle(made.id, REFUSED, "meera", now=NOW)
    assert known(settings, sqlite_database) == {"my licence has expired": ("license_renewal", False)}


def test_the_newest_correction_of_a_turn_counts(settings: Settings, sqlite_database: Engine) -> None:
    call(sqlite_database, "CA1", ("jeem essay tee return", "other", 0.3))
    corrections = Corrections(sqlite_database)
    first = corrections.propose(SAID, now=NOW)
    corrections.settle(first.id, KEPT, "meera", now=NOW)
    corrections.propose(replace(SAID, meant="training"), now=later(1))
    assert known(settings, sqlite_database) == {"jeem essay tee return": ("training", True)}


def test_words_put_right_say_what_was_meant(settings: Settings, sqlite_database: Engine) -> None:
    call(sqlite_database, "CA1", ("Jeem essay tee, return please", "gst_query", 0.9))
    corrections = Corrections(sqlite_database)
    corrections.propose(replace(SAID, kind=WORD, heard="jeem essay tee", meant="GST"), now=NOW)
    (sample,) = samples(settings, corrections.spoken(utterances=9), corrections.newest())
    assert (sample.said, sample.meant, sample.told) == ("gst return please", "", True)


def test_the_same_words_mean_the_same_where_the_bot_was_not_sure(settings: Settings, sqlite_database: Engine) -> None:
    call(sqlite_database, "CA1", ("Jeem essay tee return!", "other", 0.3))
    call(sqlite_database, "CA2", ("hello there", "greeting", 0.97))
    corrections = Corrections(sqlite_database)
    for heard in ("jeem essay tee return", "hello there"):
        corrections.propose(Proposal(INTENT, heard, "gst_query", "en"), now=NOW)
    found = list(samples(settings, corrections.spoken(utterances=9), corrections.newest()))
    assert sorted((each.heard, each.meant, each.told) for each in found) == [
        ("Jeem essay tee return!", "gst_query", True),
        ("hello there", "greeting", False),
        ("hello there", "gst_query", True),  # as it was said elsewhere
    ]


def test_part_of_a_word_is_not_put_right() -> None:
    word = Correction(1, WORD, "टैल", "tally", "hi", PROPOSED, NOW)
    assert put_right("टैली नहीं खुल रहा", [word]) == ""
    assert put_right("टैल नहीं खुल रहा", [word]) == " ".join(["tally", *language.words("नहीं खुल रहा")])


def test_keys_answers_to_questions_and_who_is_not_to_be_recorded_are_left_out(settings: Settings, sqlite_database: Engine) -> None:
    journal = call(sqlite_database, "CA1", ("my licence has expired", "license_renewal", 0.9))
    journal.turn_finished(
        "CA1", Turn(2, "renew it", 0.9, "en", Intent("license_renewal", 0.9), ["Which?"], Question.SLOT, asked_slot="serial")
    )
    journal.turn_finished("CA1", Turn(3, "seven one two", 0.9, "en", Intent("license_renewal", 0.9), ["712?"], Question.CONFIRM_SLOT))
    journal.turn_finished("CA1", Turn(4, "yes", 0.9, "en", Intent("yes", 0.97), ["Done."], Question.ANYTHING_ELSE))
    journal.turn_finished("CA1", Turn(5, "4567", 0.9, "en", Intent("license_renewal", 0.9), ["Done."], Question.ANYTHING_ELSE, keyed=True))
    call(sqlite_database, "CA2", ("keep no record", "other", 0.9)).consent_declined("CA2")
    (first, second) = samples(settings, Corrections(sqlite_database).spoken(utterances=50), [])
    assert [(each.heard, each.asked, each.turn) for each in (first, second)] == [
        ("my licence has expired", Question.OPEN, 1),
        ("renew it", Question.ANYTHING_ELSE, 2),
    ]


@pytest.mark.parametrize(
    ("turns", "telling"),
    [
        ([("my licence has expired", "license_renewal", 0.9), ("a human please", "transfer_to_human", 0.9)], 1),
        ([("jeem essay tee return", "other", 0.3), ("er no", "other", 0.1), ("a human please", "transfer_to_human", 0.9)], 1),
        ([("ree turn", "other", 0.3), ("a human please", "transfer_to_human", 0.9)], 1),
        ([("a human please", "transfer_to_human", 0.9), ("thank you", "thanks", 0.97)], None),  # nobody's words say what it was about
    ],
)
def test_whose_words_a_wrap_up_is_about(
    settings: Settings, sqlite_database: Engine, turns: list[tuple[str, str, float]], telling: int | None
) -> None:
    record = call(sqlite_database, "CA1", *turns).record("CA1")
    assert record is not None
    turn = telling_turn(settings, record)
    assert (turn.number if turn else None) == telling


# -- the score ------------------------------------------------------------------------
def reader(**meanings: str) -> dict[str, str]:
    return {words.replace("_", " "): meaning for words, meaning in meanings.items()}


def test_each_utterance_is_better_equal_worse_or_unclear() -> None:
    before = reader(a_b="other", c_d="training", e_f="training", g_h="other", i_j="other", gst_k="gst_query", jst_k="other")
    after = reader(a_b="gst_query", c_d="gst_query", e_f="training", g_h="gst_query", i_j="training", gst_k="gst_query", jst_k="gst_query")
    said = [
        Sample("a b", "en", meant="gst_query", told=True),
        Sample("c d", "en", meant="training"),
        Sample("e f", "en", meant="training"),
        Sample("g h", "en"),
        Sample("i j", "en", meant="gst_query"),
        Sample("jst k", "en", said="gst k", told=True),
    ]
    breaths: list[None] = []
    result = score(said, lambda words, _: Intent(before[words]), lambda words, _: Intent(after[words]), pause=lambda: breaths.append(None))
    assert (result.samples, result.better, result.equal, result.worse, result.unclear) == (6, 2, 2, 1, 1)
    assert [(each.sample.heard, each.verdict.value) for each in result.changed] == [
        ("c d", "worse"),
        ("g h", "unclear"),
        ("i j", "equal"),
        ("a b", "better"),
        ("jst k", "better"),
    ]
    assert result.changed[-1].meant == "gst_query"
    assert len(breaths) == 6
    assert result.as_dict("v1", NOW) == {
        "samples": 6,
        "better": 2,
        "equal": 2,
        "worse": 1,
        "unclear": 1,
        "verdict": "better",
        "version": "v1",
        "at": "2026-03-01T09:30:00+00:00",
    }


@pytest.mark.parametrize(
    ("better", "worse", "verdict"), [(0, 0, Verdict.EQUAL), (2, 1, Verdict.BETTER), (1, 1, Verdict.WORSE), (0, 1, Verdict.WORSE)]
)
def test_as_much_lost_as_gained_is_worse(better: int, worse: int, verdict: Verdict) -> None:
    said = [Sample(f"gained {number}", "en", meant="b") for number in range(better)]
    said += [Sample(f"lost {number}", "en", meant="a") for number in range(worse)]
    assert score(said, lambda *_: Intent("a"), lambda *_: Intent("b")).verdict is verdict
