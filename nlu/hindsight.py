"""What callers meant, as it is known afterwards: from agents who corrected the bot, or else from how sure it was. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence

from calls.call import ABOUT_A_SLOT, CallRecord, Consent, Question, TurnRecord
from calls.corrections import Correction, CorrectionKind, CorrectionState
from calls.scoring import Sample
from calls.settings import Settings
from nlu import everyday, language
from nlu.variations import Variations
from nlu.wishes import OTHER, TRANSFER, has_topic, main_wish

SURE = 0.8  # from this confidence on the bot is taken to have been right, where nobody says otherwise
_SHORTEST_WISH = 3  # words; shorter ones tell little
Place = tuple[str, int | None]  # (call_sid, number of the turn)


def samples(settings: Settings, records: Iterable[CallRecord], corrections: Sequence[Correction]) -> Iterator[Sample]:
    """What was said in these calls, and what was corrected elsewhere. Answers to "what is your serial number?" and the like, keys,
    and callers who declined to be recorded are left out. `corrections`: the newest first, which counts."""
    told, seen = Told(corrections), set[Place]()
    for record in records:
        wrapped_up = told_by_wrap_up(settings, record)
        for asked, turn in spoken(record):
            place = record.sid, turn.number
            seen.add(place)
            intent = told.intent(place) or ("" if told.refused(place) else wrapped_up.get(turn.number, ""))
            said = "" if intent else told.words(place, turn.heard)
            weak = "" if intent or said else as_understood(settings, turn)
            if not (intent or said or weak) and (same := told.alike(turn.heard)):
                intent = same.meant
                seen.add(place_of(same))
            yield Sample(turn.heard, turn.language, asked, intent or weak, said, bool(intent or said), *place)
    yield from told.elsewhere(seen)


class Told:
    """What agents have said of single turns."""

    def __init__(self, corrections: Sequence[Correction]) -> None:
        """The newest first; of several of one turn it counts."""
        self._intents, self._words, self._refused = dict[Place, Correction](), defaultdict[Place, list[Correction]](list), set[Place]()
        for each in reversed(corrections):
            if each.kind is CorrectionKind.WORD and each.state is not CorrectionState.REFUSED:
                self._words[place_of(each)].append(each)
            elif each.kind is CorrectionKind.INTENT and each.state is not CorrectionState.REFUSED:
                self._intents[place_of(each)] = each
            elif each.kind is CorrectionKind.INTENT:
                self._refused.add(place_of(each))
        self._alike = {tuple(language.words(each.heard)): each for each in self._intents.values()}

    def intent(self, place: Place) -> str:
        return self._intents[place].meant if place in self._intents else ""

    def refused(self, place: Place) -> bool:
        """A supervisor did not agree with what an agent said of it."""
        return place in self._refused

    def words(self, place: Place, heard: str) -> str:
        """As an agent has put them right; "" when nobody has."""
        return put_right(heard, self._words.get(place, ()))

    def alike(self, heard: str) -> Correction | None:
        """Of the same words elsewhere."""
        return self._alike.get(tuple(language.words(heard)))

    def elsewhere(self, seen: Collection[Place]) -> Iterator[Sample]:
        """Corrected utterances that are not among those."""
        others = (each for place, each in self._intents.items() if place not in seen)
        return (Sample(each.heard, each.language, meant=each.meant, told=True) for each in others)


def place_of(correction: Correction) -> Place:
    """Where it was said; what was said in no call is a place of its own."""
    return (correction.call_sid, correction.turn) if correction.call_sid else ("", correction.id)


def spoken(record: CallRecord) -> Iterator[tuple[Question, TurnRecord]]:
    """The turns with words that the rules have to understand by themselves, each with the question that it answered."""
    asked = Question.NONE
    for turn in record.turns if record.consent is Consent.GIVEN else ():
        if turn.heard and not turn.keyed and asked not in ABOUT_A_SLOT:
            yield asked, turn
        asked = turn.asked if turn.said else asked


def told_by_wrap_up(settings: Settings, record: CallRecord) -> dict[int, str]:
    """Turn -> intent: either what it says, or, as it lets the bot be right, what the bot took the call for."""
    turn, wrap_up = telling_turn(settings, record), record.wrap_up
    if turn is None or wrap_up is None or misses_nothing(record, wrap_up.intent):
        return {}
    meant = wrap_up.intent or (turn.intent if has_topic(settings, turn.intent) else "")
    return {turn.number: meant} if meant in settings.intents else {}


def telling_turn(settings: Settings, record: CallRecord) -> TurnRecord | None:
    """The turn whose words say what the call is about: which the bot took for that, or else the last that it understood nothing of."""
    turns = [turn for _, turn in spoken(record)]
    at = main_wish(settings, [(turn.intent, turn.intent_confidence) for turn in turns])
    if at is not None and turns[at].intent != TRANSFER:
        return turns[at]
    unread = [turn for turn in turns if turn.intent == OTHER]
    telling = [turn for turn in unread if len(turn.heard.split()) >= _SHORTEST_WISH]
    return next(iter([*telling[-1:], *unread[-1:]]), None)


def misses_nothing(record: CallRecord, intent: str) -> bool:
    """What the agent says was understood in some turn: the bot only took another wish of the caller's for the main one."""
    return bool(intent) and any(intent in (turn.intent, *turn.also) for turn in record.turns)


def as_understood(settings: Settings, turn: TurnRecord) -> str:
    known = turn.intent in settings.intents or turn.intent in everyday.INTENTS
    return turn.intent if known and turn.intent_confidence >= SURE else ""


def put_right(heard: str, corrections: Iterable[Correction]) -> str:
    """The words, with the right ones in place of those that were misheard; "" when none of them were."""
    words = language.words(heard)
    right = Variations({each.heard: each.meant for each in corrections if each.kind is CorrectionKind.WORD}).meant(words)
    return " ".join(right) if right != words else ""
