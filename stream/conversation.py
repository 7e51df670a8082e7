"""One phone call, top to bottom: the caller's frame comes in, our reply's frame goes out.

All state lives on the one thread that flask-sock gave us, and that thread alone writes to the socket. The caller's
own frames are its metronome: each pass of the loop takes one message from the line, whatever the lanes have
finished, and the sound that is due. While nothing can be decided the thread sleeps through some frames and takes them
together: a hundred threads that wake fifty times a second cost more than what they do then.

    line.receive -> hearing -> [ear: recogniser] -> [mind: understanding, voice] -> playout -> line.play

A pause of the caller's may be the end: what follows from it is begun at once and kept back until the end is certain (stream/ahead.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from calls.call import ABOUT_A_SLOT, Call, CallerProfile, Intent, Outcome, OutcomeKind, Question, Transcript, Turn, Usage, Utterance
from calls.events import (
    AudioFrame,
    CallerKnown,
    CallerSilent,
    Dtmf,
    EngineFailed,
    HungUp,
    Journalled,
    Metered,
    Replied,
    Said,
    Sound,
    SpeechEnded,
    SpeechPaused,
    SpeechResumed,
    SpeechStarted,
    TimeUp,
    Transcribed,
    Understood,
    Unmade,
    Worded,
)
from calls.ports import NEEDED
from calls.standing import standing_question
from calls.tracing import ConversationTrace
from stream import manners, measures, memory
from stream.ahead import Guess, worth_a_guess, worth_an_answer
from stream.hearing import Hearing
from stream.house import House as House
from stream.keying import Keying
from stream.lane import Inbox
from stream.line import Line
from stream.patience import Patience
from stream.pen import Pen
from stream.playout import AUDIBLE_DB, Playout, level_db
from stream.telling import Telling
from stream.work import Work

FRAME_S = 0.02
TOGETHER = 6  # frames: half of the playout's lead
CHORES_S = 0.1
HEARTBEAT_S = 10.0
LAST_WORDS_S = 10.0  # so long a caller's last words may take to be recognised after the hang-up; nobody waits for it
FIGURES_S = 2.0  # so long after the hang-up a language model may take to tell what it cost
LEAVING = (OutcomeKind.ESCALATED, OutcomeKind.CALLBACK)  # once announced, not talked out of


class Conversation:
    """`run` holds the call until its outcome is journalled and the line may be let go."""

    def __init__(self, call: Call, line: Line, house: House, *, history: Iterable[Turn] = ()) -> None:
        self.call, self.line, self.settings, self.clock = call, line, house.settings, house.clock
        now, listening = self.clock(), house.settings.listening
        self.inbox = Inbox(line.wake)
        names = ("ear", "mind", "files", "pen")
        self.ear, self.mind, self.files, pen = (house.lanes.lane(name, self.inbox, call.sid) for name in names)
        self.pen = Pen(pen, house.journal, house.close, house.promise, call.sid, house.now)
        self.telling, self.trace = Telling(house.tell, call), ConversationTrace(house.traces, call.sid, house.now)
        self.work, self.engines = Work(house.engines, house.profile, call), house.engines
        self.hearing = Hearing(house.engines.detector(call.sample_rate), listening, call.sample_rate, now)
        self.playout = Playout(sample_rate=call.sample_rate, lead_ms=self.settings.stream.lead_ms)
        limits = self.settings.limits
        self.patience = Patience(
            silence_ms=listening.silence_ms,
            max_silences=limits.max_silences,
            max_unheard_s=limits.max_unheard_s,
            max_call_s=limits.max_call_s,
            now=now,
        )
        self.keying = Keying(listening.key_timeout_ms / 1000)
        self.turns: list[Turn] = list(history)
        self.known: CallerProfile | None = None  # until it is used
        self.offered = ""  # the open ticket that the caller was asked about
        self.replying = False  # the last turn's answer is not heard to its end yet
        self.leaving = False  # the answer ends the call, and the caller has been told
        self.awaited: list[Utterance] = []  # that the recogniser has not answered for
        self.guess: Guess | None = None  # what the caller may have said, while a pause lasts
        self.wordless: Utterance | None = None  # the last one in which there were no words
        self.failures = 0  # of engines, in a row
        self.gone_at: float | None = None  # when the caller hung up
        self.outcome: Outcome | None = None
        self.journalled = False
        self._chores_at, self._heartbeat_at = now, now + HEARTBEAT_S

    # -- the loop -------------------------------------------------------------------

    def run(self) -> Outcome:
        self.open()
        while not self.journalled or self.is_owed_figures:
            self.handle(self.receive())
            self.take_in()
            self.play()
            self.see_to_it()
        self.take_in()
        self.line.disconnect()
        return self.outcome or Outcome(OutcomeKind.BROKEN)

    def receive(self) -> Any:
        """From the line; when the caller has gone, from the lanes that still work on the last words."""
        if self.gone_at is not None:
            return self.inbox.get(timeout=FRAME_S)
        frames = min(self.hearing.undecided_frames, TOGETHER)
        self.line.gather(frames)
        return self.line.receive(timeout=(frames + 1) * FRAME_S)

    def take_in(self) -> None:
        """What the lanes have finished."""
        while (finished := self.inbox.get()) is not None:
            self.handle(finished)

    def handle(self, event: Any) -> None:
        match event:
            case AudioFrame(pcm):
                now = self.clock()
                for heard in self.hearing.listen(pcm, bot_db=self.playout.echo_db(now), now=now):
                    self.handle(heard)
            case Journalled() | EngineFailed(lane="pen") if self.outcome:
                self.journalled = True  # had the pen failed: the next hook finds no outcome and goes to a human
            case CallerKnown(profile):
                self.caller_known(profile)
            case Metered(turn, usage):
                self.metered(turn, usage)
            case _ if self.outcome:
                pass
            case SpeechStarted():
                self.caller_began()
            case SpeechPaused(utterance):
                self.caller_paused(utterance)
            case SpeechResumed():
                self.forget_guess()
            case SpeechEnded(utterance):
                self.caller_finished(utterance)
            case Transcribed(utterance, transcript):
                self.transcribed(utterance, transcript)
            case Understood() | Worded() | Sound() | Said() | Replied() | Unmade():
                self.made(event)
            case Dtmf(digit):
                self.pressed(digit)
            case CallerSilent(times):
                self.caller_is_silent(times)
            case TimeUp():
                self.say(manners.TIME_UP, intent="time_up")
            case EngineFailed(lane):
                self.engine_failed(lane)
            case HungUp():
                self.hung_up()

    def play(self) -> None:
        """What is due now, all that sounds as one message."""
        pieces: list[bytes] = []
        for item in self.playout.due(self.clock()):
            if pieces and not isinstance(item, Sound):
                self.line.play(b"".join(pieces))
                pieces.clear()
            match item:
                case Sound(turn, _, pcm):
                    pieces.append(pcm)
                    if turn.timings.reply is None and turn.heard and level_db(pcm) > AUDIBLE_DB:
                        self.stamp(turn, "reply")
                        self.stamp(turn, "heard", later_s=self.playout.lead_s(pcm, self.clock()))
                        self.telling.reply_began(turn)
                case Said(turn, sentence):
                    turn.said.append(sentence.text)
                    turn.asked, turn.asked_slot = sentence.asks, sentence.slot
                    self.hearing.expect(sentence.asks)
                    self.telling.said(turn, sentence)
                    if turn.interrupted.is_set():  # the disclosure, heard to its end all the same
                        self.pen.turn_finished(turn)
                case Replied(turn, outcome):
                    self.reply_heard(turn, outcome)
        if pieces:
            self.line.play(b"".join(pieces))

    def see_to_it(self) -> None:
        """While the caller is there, what can wait for a moment is not looked at with every frame."""
        if (now := self.clock()) >= self._chores_at or self.gone_at is not None:
            self._chores_at = now + CHORES_S
            self.keep_time(now)
            self.tell_state(now)

    def keep_time(self, now: float) -> None:
        if self.playout.busy(now) or self.hearing.speaking or self.awaited or self.replying or self.keying.under_way:
            self.patience.stir(now, by_caller=self.hearing.speaking)
        if tired := self.patience.due(now):
            self.handle(tired)
        if (number := self.keying.due(now)) and not self.outcome:
            self.keyed(number)
        if now >= self._heartbeat_at:
            self._heartbeat_at = now + HEARTBEAT_S
            self.pen.alive()
        if self.gone_at is not None and not self.outcome and (self.all_understood or now - self.gone_at > LAST_WORDS_S):
            self.end(Outcome(OutcomeKind.HUNG_UP))

    def tell_state(self, now: float) -> None:
        """For the people who watch; of a caller who has gone the hooks tell."""
        if self.gone_at is not None or self.outcome:
            return
        if self.hearing.speaking:
            self.telling.state("listening")
        elif self.turn.number == 0 and self.replying:
            self.telling.state("greeting")
        elif self.playout.busy(now) and not self.awaited:
            self.telling.state("speaking")
        else:
            self.telling.state("thinking" if self.awaited or self.replying else "listening")

    @property
    def all_understood(self) -> bool:
        return not self.awaited and (not self.turn.heard or self.turn.intent is not None)

    @property
    def is_owed_figures(self) -> bool:
        return self.gone_at is not None and self.mind.busy and self.clock() - self.gone_at < FIGURES_S

    @property
    def turn(self) -> Turn:
        return self.turns[-1]

    @property
    def language(self) -> str:
        return self.turn.language if self.turns else self.call.language

    # -- what the caller does ---------------------------------------------------------

    def caller_began(self) -> None:
        """A sound over our own pauses us; the words will tell whether it was meant for us."""
        if not self.leaving and self.playout.hold(self.clock()):
            self.line.kill_audio()
            measures.paused()

    def caller_paused(self, utterance: Utterance) -> None:
        """It may be the end: then the words are known when it is."""
        self.forget_guess()
        if not worth_a_guess(utterance, self.wordless):
            return
        self.guess = guess = Guess(utterance)
        self.ear.do(self.work.transcribe, utterance, self.language, guess.wanted)

    def forget_guess(self) -> None:
        if self.guess:
            self.guess.drop()
            self.guess = None

    def caller_finished(self, utterance: Utterance) -> None:
        guess = self.guess if self.guess and self.guess.is_of(utterance) else None
        if guess and guess.transcript:
            self.heard(utterance, guess.transcript)
        elif guess:
            guess.wanted.confirm()
            self.awaited.append(guess.utterance)
            self.guess = None
        else:
            self.awaited.append(utterance)
            self.ear.do(self.work.transcribe, utterance, self.language, NEEDED)
        self.forget_guess()

    def transcribed(self, utterance: Utterance, transcript: Transcript) -> None:
        """Words of what is awaited, of a guess, or of a guess that is not wanted any more."""
        done = transcript.rejected != "dropped"
        if done and not transcript.text:
            self.wordless = utterance
        if self.guess and utterance is self.guess.utterance:
            self.guessed(self.guess, transcript) if done else self.forget_guess()
        elif any(utterance is each for each in self.awaited):
            if not done:  # given up as a guess, just before it was sure
                self.ear.do(self.work.transcribe, utterance, self.language, NEEDED)
                return
            self.awaited = [each for each in self.awaited if each is not utterance]
            self.heard(utterance, transcript)

    def guessed(self, guess: Guess, transcript: Transcript) -> None:
        """The words of a pause: they tell how long it must last, and what the answer would be."""
        guess.transcript, guess.words_ms = transcript, self.since(guess.utterance.ended_ms)
        if not transcript.text:
            return
        completeness = self.engines.endings(transcript, self.turns, self.language)
        self.hearing.words_known(completeness)
        if self.engines.ahead and not (self.replying or self.leaving) and worth_an_answer(transcript, completeness):
            guess.turn = turn = self.turn_of(guess.utterance, transcript, transcript.text, guess.words_ms)
            turn.settled.clear()
            self.mind.do(self.work.answer_ahead, turn, tuple(self.turns))

    def heard(self, utterance: Utterance, transcript: Transcript) -> None:
        if transcript.text:
            self.patience.heard(self.clock())
        over_us = self.playout.held and self.replying
        if self.leaving or (over_us and manners.lets_us_go_on(transcript, self.playout.asking(), self.turn, self.settings.listening)):
            self.go_on()
        elif transcript.text or manners.worth_asking(utterance, transcript):
            self.failures = 0
            self.take_turn(utterance, transcript)
        else:
            self.go_on()

    def go_on(self) -> None:
        if not self.hearing.speaking and not self.awaited:
            self.playout.resume(self.clock())

    def take_turn(self, utterance: Utterance, transcript: Transcript) -> None:
        """The caller's words are a turn, which may have been answered ahead. If nothing of our answer to the words before was heard,
        they belong together."""
        text, began_ms = transcript.text, utterance.began_ms
        if self.replying and self.turn.heard and not self.interrupt():
            unanswered = self.turns.pop()
            self.hearing.cut_in()
            text, began_ms = f"{unanswered.heard} {text}".strip(), unanswered.began_ms
        guess = self.guess if self.guess and self.guess.is_of(utterance) else None
        ahead = guess if guess and guess.fits(self.turns, self.replying) else None
        words_ms = guess.words_ms if guess else self.since(utterance.ended_ms)
        turn = ahead.turn if ahead and ahead.turn else self.turn_of(utterance, transcript, text, words_ms)
        turn.began_ms = began_ms
        if ahead:
            self.guess = None
        self.begin(turn)
        turn.timings.endpoint = self.hearing.endpoint_ms
        self.stamp(turn, "transcribed")
        self.telling.heard(self.turns)
        if ahead:
            turn.settled.set()
            for event in ahead.made:
                self.handle(event)
        else:
            self.answer(turn)

    def turn_of(self, utterance: Utterance, transcript: Transcript, text: str, words_ms: int) -> Turn:
        """A turn of the caller's that is not begun yet. `words_ms`: see Guess."""
        language = self.engines.languages(transcript, self.turns, self.language)
        turn = Turn(self.turn.number + 1, text, transcript.confidence, language)
        turn.began_ms, turn.ended_ms = utterance.began_ms, utterance.ended_ms
        measures.stamp_recognition(turn, transcript.spent, done_ms=words_ms)
        return turn

    def answer(self, turn: Turn) -> None:
        self.mind.do(self.work.answer, turn, tuple(self.turns[:-1]))

    def made(self, event: Understood | Worded | Sound | Said | Replied | Unmade) -> None:
        """A part of an answer: of the one that is being given, of one that is made ahead, or of one that nobody wants any more."""
        match event:
            case Understood(turn):
                self.stamp(turn, "understood")
            case Worded(turn):
                self.stamp(turn, "first_text")
            case Sound(turn):
                self.stamp(turn, "voiced")
        if self.guess and self.guess.keeps(event):
            return
        match event:
            case Understood(turn, intent) if turn is self.turn:
                self.understood(turn, intent)
            case Unmade(turn) if turn is self.turn:
                self.answer(turn)
            case Sound() | Said() | Replied():
                self.speak(event)

    def stamp(self, turn: Turn, stage: str, *, later_s: float = 0.0) -> None:
        measures.stamp(turn, stage, self.since(turn.ended_ms) + round(later_s * 1000))

    def since(self, at_ms: int) -> int:
        return self.hearing.since(at_ms, self.clock())

    def understood(self, turn: Turn, intent: Intent) -> None:
        turn.intent = intent
        if intent.name == "yes" and self.offered and standing_question(self.turns[:-1]) is Question.ABOUT_TICKET:
            self.pen.about_ticket(self.offered)
        if len(self.turns) > 1 and self.turns[-2].asked is Question.SOLVED:
            measures.asked_whether_solved(intent.name)
        self.telling.understood(turn, intent, is_wish=intent.name in self.settings.intents)

    def metered(self, turn: Turn, usage: Usage) -> None:
        """The figures may come after the turn was journalled: then it is written again. What was made ahead in vain is paid for too."""
        turn.usage = usage
        measures.model_used(usage)
        if any(turn is each for each in self.turns) and (turn is not self.turn or not self.replying):
            self.pen.turn_finished(turn)

    def pressed(self, digit: str) -> None:
        """Where a number is asked for or read back, the keys are its digits; else each stands for a wish."""
        self.patience.heard(self.clock())
        asked = self.playout.asking(*ABOUT_A_SLOT) or standing_question(self.turns) in ABOUT_A_SLOT
        if self.leaving or not (asked or self.keying.under_way):
            self.wished(digit)
            return
        self.interrupt()
        if number := self.keying.press(digit, self.clock()):
            self.keyed(number)

    def wished(self, key: str) -> None:
        """A key of jambonz-app.json's keypad."""
        wish = self.settings.keypad.get(key)
        if wish == "no_recording":
            self.pen.consent_declined()
        if wish == "no_recording" and not self.leaving:
            self.say(manners.recording_declined(self.turns), intent=wish)
        elif wish and not self.leaving:
            turn = self.new_turn(self.language)
            turn.intent = Intent(wish)
            self.answer(turn)

    def keyed(self, number: str) -> None:
        """The digits are the caller's words; a single one that stands for a wish is that."""
        if number in self.settings.keypad or self.leaving:
            self.wished(number)
            return
        turn = self.new_turn(self.language)
        turn.heard, turn.keyed = number, True
        self.telling.heard(self.turns)
        self.answer(turn)

    def caller_is_silent(self, times: int) -> None:
        """Still there after the last words: they can't be said into a sound that never stops."""
        most = self.settings.limits.max_silences
        announcement = manners.after_silence(times, self.turns, most)
        if times > most + 1 and announcement.then:
            self.end(announcement.then)
        else:
            self.say(announcement, intent="silence")

    def hung_up(self) -> None:
        """The last words and keys, cut off by the hang-up, are still understood and journalled."""
        self.gone_at = self.clock()
        if number := self.keying.take():
            self.keyed(number)
        for last in self.hearing.flush():
            self.handle(last)

    # -- what we do -------------------------------------------------------------------

    def open(self) -> None:
        self.pen.alive()
        self.telling.began(self.turns)
        if lost := memory.unanswered(self.turns) if self.call.after == manners.DROPPED else None:
            self.turns.pop()
            self.answer_anew(lost)
            return
        before = tuple(self.turns)
        turn = self.new_turn(self.call.language)
        self.mind.do(self.work.speak, turn, manners.opening(self.call, self.settings, before), None)
        if self.call.after in ("", manners.DROPPED):
            self.files.do(self.work.look_up, self.call.caller)

    def answer_anew(self, lost: Turn) -> None:
        """The stream before broke in the middle of the answer: the caller gets all of it, and the journal one turn."""
        turn = self.new_turn(lost.language)
        turn.number, turn.heard, turn.heard_confidence, turn.keyed = lost.number, lost.heard, lost.heard_confidence, lost.keyed
        turn.intent = None if lost.heard else lost.intent
        self.answer(turn)

    def caller_known(self, profile: CallerProfile) -> None:
        """Comes when it comes: for the greeting perhaps too late, for the records never."""
        if profile.customer:
            self.pen.customer_known(profile.customer)
        if any(turn.asked is Question.ABOUT_TICKET for turn in self.turns):  # by the stream before this one
            self.offered = profile.ticket_id
        if not self.outcome:
            self.known = profile
            self.greet_by_name()

    def greet_by_name(self) -> None:
        """What is known of the caller has come in time if the greeting is made but has not begun; else the plain one stays."""
        greeting = self.turn.number == 0 and not self.turn.interrupted.is_set()
        if self.known and greeting and self.playout.can_be_recast():
            held, profile = self.playout.held, self.known
            self.playout.stop(self.clock())
            self.playout.held, self.known = held, None
            self.offered = profile.ticket_id
            self.mind.do(self.work.speak, self.turn, manners.greeting_for(profile, self.settings, self.turn.language), None)

    def new_turn(self, language: str) -> Turn:
        """Begin a turn without words of the caller's."""
        at_ms = self.hearing.now_ms
        number = self.turn.number + 1 if self.turns else 0
        self.begin(Turn(number, language=language, began_ms=at_ms, ended_ms=at_ms))
        return self.turn

    def begin(self, turn: Turn) -> None:
        """What was being said is cut off, and journalled as far as it was heard."""
        self.interrupt()
        self.turns.append(turn)
        self.replying, self.leaving = True, False
        self.playout.held = self.hearing.speaking or bool(self.awaited)

    def say(self, announcement: manners.Announcement, *, intent: str) -> None:
        """A turn of our own, that answers no words."""
        turn = self.new_turn(self.language)
        turn.intent = Intent(intent)
        self.mind.do(self.work.speak, turn, manners.sentences_of(announcement, self.settings, turn.language), announcement.then)

    def speak(self, item: Sound | Said | Replied) -> None:
        """Queue what the voice made, unless the caller has talked it down meanwhile."""
        must_be_heard = not isinstance(item, Replied) and not item.interruptible
        if must_be_heard or (item.turn is self.turn and not item.turn.interrupted.is_set()):
            if isinstance(item, Replied) and item.outcome and item.outcome.kind in LEAVING:
                self.leaving = True
            self.playout.add(item)
        if isinstance(item, Replied):
            self.greet_by_name()

    def interrupt(self) -> bool:
        """Stop the answer that is being given. True if the caller had heard something of it."""
        if not self.replying:
            return True
        turn, self.replying = self.turn, False
        turn.interrupted.set()
        on_its_way = self.playout.sounding(self.clock())
        if cut := self.playout.stop(self.clock()):
            turn.said.append(cut.say.text)
            turn.asked, turn.asked_slot = cut.say.asks, cut.say.slot
            self.hearing.expect(cut.say.asks)
            self.telling.said(turn, cut.say)
        if on_its_way and not self.playout.busy(self.clock()):
            self.line.kill_audio()
        self.pen.turn_finished(turn)
        measures.turn_finished(turn, self.trace)
        return bool(turn.said)

    def reply_heard(self, turn: Turn, outcome: Outcome | None) -> None:
        self.replying = False
        self.patience.stir(self.clock())
        self.pen.turn_finished(turn)
        measures.turn_finished(turn, self.trace)
        if outcome:
            self.end(outcome)

    def engine_failed(self, lane: str) -> None:
        """Once: ask to say it again. Twice in a row: others listen, if it is the ear, or a human. Failures of the pen and the files do
        not touch the talk."""
        if lane in ("pen", "files"):
            return
        if lane == "ear":
            del self.awaited[:1]
        self.failures += 1
        measures.engine_failed(lane)
        if self.failures > 1:
            others_hear = lane == "ear" and self.settings.listening.without_ears != "human"
            self.end(Outcome(OutcomeKind.UNHEARD if others_hear else OutcomeKind.ESCALATED, "engine_failed"))
        else:
            self.say(manners.trouble(self.turns), intent="trouble")

    def end(self, outcome: Outcome) -> None:
        """The outcome is journalled first; then the line is let go, and Jambonz asks the action hook what to do."""
        self.interrupt()
        self.outcome = outcome
        measures.ended(outcome, self.trace)
        self.pen.call_ended(outcome)
