"""The conversation as a language model gets it: what the caller said, what the caller *heard* of our answers. Pure.

The caller's words are data: they stand in tags that they can't close. Our own answers stand as the model shall write them, header line
first, so that it keeps the form. Roles alternate, and the user begins and ends, as the vendors demand.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterator, Sequence

from calls.call import Question, Turn
from nlu.assistant_header import header_line
from nlu.assistant_model import Message
from nlu.assistant_prompt import language_name

_LONGEST_WORDS = 1500  # characters of one utterance
_SHORT_WORDS = 80  # of one in the short form
_CLEAR = 0.5  # the recogniser was surer than that
_MOST_SHORT = 100  # turns in the short form; who talks longer has told it in the later ones


def conversation(turn: Turn, history: Sequence[Turn], *, most_turns: int, fillers: Collection[str] = frozenset()) -> tuple[Message, ...]:
    """The last `most_turns` turns whole, those before in a short form. `fillers`: sentences of ours that are not the model's, nor to be
    taken for a habit."""
    cut = max(len(history) - most_turns, 0)
    parts: list[tuple[bool, str]] = []  # (ours, text)
    if cut:
        parts.append(
            (False, "<event>earlier in this call:\n" + "\n".join(_short(earlier) for earlier in history[:cut][-_MOST_SHORT:]) + "</event>")
        )
    for earlier in history[cut:]:
        parts += _told(earlier, [sentence for sentence in earlier.said if sentence not in fillers])
    parts.append((False, _words(turn, f' answer_in="{language_name(turn.language)}"')))
    return tuple(_alternating(parts))


def escaped(words: str, most: int = _LONGEST_WORDS) -> str:
    """On one line, without control characters, and with no bracket that could close the tags."""
    visible = "".join(letter if unicodedata.category(letter) not in ("Cc", "Cs", "Co") else " " for letter in words)
    plain = " ".join(visible.split())[:most]
    return plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _told(turn: Turn, said: Sequence[str]) -> Iterator[tuple[bool, str]]:
    yield False, _words(turn)
    if said:
        yield True, f"{header_line(turn.intent if turn.heard else None, turn.asked, turn.asked_slot)}\n{' '.join(said)}"
    if turn.interrupted.is_set():
        yield False, "<event>the caller interrupted you there; the rest was not heard</event>"


def _words(turn: Turn, more: str = "") -> str:
    if turn.number == 0:
        return "<event>the call begins; you greet</event>"
    if not turn.heard:
        return f"<event>{_happening(turn)}</event>"
    keyed = ' keyed="true"' if turn.keyed else ' unclear="true"' if turn.heard_confidence < _CLEAR else ""
    return f'<caller language="{turn.language}"{keyed}{more}>{escaped(turn.heard)}</caller>'


def _happening(turn: Turn) -> str:
    name = turn.intent.name if turn.intent else ""
    return {"": "the caller's words were not understood", "silence": "the caller says nothing"}.get(
        name, f"the caller pressed the key for {name}"
    )


def _short(turn: Turn) -> str:
    wish = turn.intent.name if turn.intent else "not understood"
    words = f', said "{escaped(turn.heard, _SHORT_WORDS)}"' if turn.heard else ""
    asked = f", was asked {turn.asked}" if turn.asked is not Question.NONE else ""
    return f"turn {turn.number}: {wish}{words}{asked}"


def _alternating(parts: Sequence[tuple[bool, str]]) -> Iterator[Message]:
    """Neighbours of one side become one message."""
    ours, texts = False, ["<event>the call goes on</event>"] if parts[0][0] else []
    for side, text in parts:
        if side is not ours and texts:
            yield Message("assistant" if ours else "user", "\n".join(texts))
            texts = []
        ours = side
        texts.append(text)
    yield Message("assistant" if ours else "user", "\n".join(texts))
