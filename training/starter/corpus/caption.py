"""Captions in the paper's form, "genre, instrument, instrument, instrument", and in plain language."""

import random
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from training.starter.corpus.instruments import DRUMS

VOICE_WORDS = {
    "choir": ("choir", "choir voices"),
    "singing": ("singing", "vocals", "singer"),
    "rap": ("rap vocals", "rap", "rapper"),
    "speech": ("spoken word", "speech", "narration"),
}
_PLAIN = (
    "{a} {genre} track with {instruments}",
    "{genre} featuring {instruments}",
    "{instruments} playing {genre}",
    "{a} {genre} song with {instruments}",
    "{instruments}, {genre} style",
    "{a} {genre} groove on {instruments}",
)
_SOLO = (
    "solo {instrument}, {genre}",
    "{genre}, solo {instrument}",
    "{a} {genre} {instrument} solo",
    "{instrument} alone",
)


class Description(BaseModel):
    """What really sounds in a rendering; `instruments` from the most to the least heard."""

    model_config = ConfigDict(frozen=True)

    genre: str
    family: str
    instruments: tuple[str, ...]
    tempo: float
    voice: str
    audience: bool
    varied: bool  # one of several renderings under the same caption: qualities are not named


def caption(description: Description, rng: random.Random) -> str:
    """One of many captions of `description`, with random dropping, order and wording."""
    instruments = _chosen(description.instruments, rng)
    genre = description.genre
    if rng.random() < 0.05:
        return ", ".join(instruments)
    if rng.random() < 0.03:
        return genre
    if len(description.instruments) == 1 and rng.random() < 0.5:
        text = rng.choice(_SOLO).format(a=_article(genre), genre=genre, instrument=instruments[0])
    elif rng.random() < 0.7:
        text = ", ".join([genre, *instruments])
    else:
        text = rng.choice(_PLAIN).format(a=_article(genre), genre=genre, instruments=_spoken(instruments))
    return ", ".join([text, *_qualities(description, rng)])


def plain_caption(description: Description, rng: random.Random) -> str:
    """As `caption`, but it names no quality that differs between renderings of a song."""
    return caption(description.model_copy(update={"varied": True}), rng)


def paper_caption(description: Description) -> str:
    """The one caption in the paper's form: genre and up to three instruments, drums named if they sound."""
    return ", ".join([description.genre, *_with_drums(description.instruments[:3], description.instruments)])


def _chosen(instruments: Sequence[str], rng: random.Random) -> list[str]:
    count = min(len(instruments), 3 if rng.random() < 0.6 else rng.randint(1, 5))
    kept = list(instruments[:count])
    if len(instruments) > count and rng.random() < 0.15:
        kept[-1] = rng.choice(instruments[count:])
    if rng.random() < 0.85:
        kept = _with_drums(kept, instruments)
    if rng.random() < 0.5:
        rng.shuffle(kept)
    return kept


def _with_drums(kept: Sequence[str], instruments: Sequence[str]) -> list[str]:
    """Drums are heard more than their short notes weigh: name them in place of the last, if they sound."""
    if DRUMS not in instruments or DRUMS in kept:
        return list(kept)
    return [*(kept[:-1] if len(kept) > 2 else kept), DRUMS]


def _qualities(description: Description, rng: random.Random) -> list[str]:
    if description.varied:
        return []
    words = []
    if description.voice != "none" and rng.random() < 0.7:
        words.append(rng.choice(VOICE_WORDS[description.voice]))
    if description.audience and rng.random() < 0.6:
        words.append(rng.choice(("live", "live audience", "concert", "applause")))
    if rng.random() < 0.15:
        words.append(f"{description.tempo:.0f} bpm")
    elif rng.random() < 0.1 and not 100 < description.tempo < 130:
        words.append("fast" if description.tempo >= 130 else "slow")
    return words


def _article(word: str) -> str:
    return "an" if word[0] in "aeiou" else "a"


def _spoken(instruments: Sequence[str]) -> str:
    return instruments[0] if len(instruments) == 1 else f"{', '.join(instruments[:-1])} and {instruments[-1]}"
