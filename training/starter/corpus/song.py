"""What a song is before it sounds: everything drawn from its seed."""

import random
from dataclasses import dataclass

from training.starter.corpus.instruments import LEADS
from training.starter.corpus.styles import Style

# Beats of n frames of 20 ms: 3000 / n beats a minute, from 75 to 187.5. Most n are multiples of 4, so that
# quarters of a beat begin on frames; 24 and 36 have room for thirds as well.
BEAT_FRAMES: tuple[int, ...] = (16, 18, 20, 20, 24, 24, 24, 28, 28, 30, 32, 32, 36, 40)
# The same song slower or faster, by a third or nearly so.
OTHER_TEMPO: dict[int, int] = {16: 24, 18: 24, 20: 28, 24: 32, 28: 20, 30: 40, 32: 24, 36: 28, 40: 30}

_PROGRESSIONS: tuple[tuple[int, ...], ...] = (
    (1, 6, 4, 5),
    (1, 5, 6, 4),
    (1, 4, 5, 1),
    (2, 5, 1, 6),
    (1, 7, 6, 5),
    (1, 4, 5, 1),
    (1, 6, 3, 7),
    (1, 1, 4, 1, 5, 4, 1, 5),
    (1, 3, 4, 5),
    (6, 4, 1, 5),
    (1, 4, 2, 5),
    (4, 1, 5, 6),
    (1, 2, 4, 1),
    (1, 1, 4, 4, 5, 5, 1, 1),
)
_ROOTS = {"major": (0, 2, 4, 5, 7, 9, 10), "minor": (0, 2, 3, 5, 7, 8, 10)}
_QUALITY = {
    "major": ("", "m", "m", "", "", "m", ""),
    "minor": ("m", "m7b5", "", "m", "m", "", ""),
}
_SEVENTH = {"": "M7", "m": "m7", "m7b5": "m7b5"}
_NOTES = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")

TEXTURES: tuple[tuple[str, float], ...] = (
    ("full", 0.58),
    ("no drums", 0.13),
    ("drums only", 0.06),
    ("drums and bass", 0.05),
    ("solo", 0.08),
    ("duo", 0.06),
    ("no bass", 0.04),
)
ROOMS: tuple[tuple[str, float], ...] = (("dry", 0.6), ("room", 0.18), ("plate", 0.1), ("hall", 0.12))
VOICES: tuple[tuple[str, float], ...] = (
    ("none", 0.72),
    ("choir", 0.07),
    ("singing", 0.09),
    ("rap", 0.08),
    ("speech", 0.04),
)


@dataclass(frozen=True)
class Song:
    """One rendering of one composition. `variant` counts those that share a composition and a caption."""

    seed: int
    variant: int
    split: str
    axis: str  # the one quality in which this rendering differs from variant 0 ("" for variant 0)
    style: Style
    grooves: tuple[str, ...]
    bars: int
    beat_frames: int
    key: int
    mode: str
    degrees: tuple[int, ...]
    sevenths: bool
    texture: str
    lead: int | None  # General MIDI program of a melody over the chords
    voice: str
    drums: str  # "style", "steady" or "sparse"
    timbre: str  # "style", "acoustic" or "electric"
    room: str
    audience: bool
    drive: float  # 0 clean to 1 distorted
    compression: float  # 0 none to 1 squashed
    loudness: float  # RMS in dBFS

    @property
    def tempo(self) -> float:
        """Beats per minute."""
        return 3000.0 / self.beat_frames

    @property
    def name(self) -> str:
        """Unique in the corpus."""
        return f"{self.seed:06d}_{self.variant}"


def chords(song: Song) -> list[str]:
    """One chord for each bar, in MMA's notation."""
    roots, qualities = _ROOTS[song.mode], _QUALITY[song.mode]
    out = []
    for bar in range(song.bars):
        degree = song.degrees[bar % len(song.degrees)] - 1
        quality = qualities[degree]
        if song.sevenths:
            quality = "7" if degree == 4 else _SEVENTH[quality]
        out.append(_NOTES[(song.key + roots[degree]) % 12] + quality)
    return out


def scale(song: Song) -> tuple[int, ...]:
    """Pitch classes of the song's key."""
    steps = (0, 2, 4, 5, 7, 9, 11) if song.mode == "major" else (0, 2, 3, 5, 7, 8, 10)
    return tuple((song.key + step) % 12 for step in steps)


def chord_tones(song: Song, bar: int) -> tuple[int, ...]:
    """Pitch classes of the triad under `bar`."""
    degree = song.degrees[bar % len(song.degrees)] - 1
    root = song.key + _ROOTS[song.mode][degree]
    quality = _QUALITY[song.mode][degree]
    third, fifth = {"": (4, 7), "m": (3, 7), "m7b5": (3, 6)}[quality]
    return tuple((root + step) % 12 for step in (0, third, fifth))


def _pick(rng: random.Random, table: tuple[tuple[str, float], ...]) -> str:
    return rng.choices([name for name, _ in table], [weight for _, weight in table])[0]


def split_of(seed: int) -> str:
    """Train, validation or test, by song, so that no composition is in two of them."""
    place = random.Random(f"split {seed}").random()
    return "test" if place < 0.05 else "validation" if place < 0.07 else "train"


def compose(seed: int, deck: list[tuple[Style, str]]) -> Song:
    """Variant 0 of the song of `seed`. `deck` holds every groove; seeds walk through it, so all are used."""
    rng = random.Random(f"song {seed}")
    style, groove = deck[seed % len(deck)]
    others = [name for name in style.grooves if name != groove]
    grooves = (groove, rng.choice(others)) if others and rng.random() < 0.6 else (groove,)
    beat_frames = rng.choice(BEAT_FRAMES)
    seconds = rng.uniform(24, 40)
    bars = max(8, 4 * round(seconds / (style.beats * beat_frames * 0.02) / 4))
    degrees = (
        rng.choice(_PROGRESSIONS)
        if rng.random() < 0.7
        else (1, *rng.choices((2, 3, 4, 5, 6), k=2), rng.choice((4, 5)))
    )
    texture = _pick(rng, TEXTURES)
    voice = "none" if texture in ("solo", "drums only") and rng.random() < 0.7 else _pick(rng, VOICES)
    audience = rng.random() < 0.1
    rocky = style.genre in ("heavy metal", "punk rock", "rock", "electronic rock")
    return Song(
        seed=seed,
        variant=0,
        split=split_of(seed),
        axis="",
        style=style,
        grooves=grooves,
        bars=bars,
        beat_frames=beat_frames,
        key=rng.randrange(12),
        mode=rng.choices(("major", "minor"), (0.6, 0.4))[0],
        degrees=degrees,
        sevenths=style.family in ("jazz", "soul", "latin") and rng.random() < 0.6,
        texture=texture,
        lead=rng.choice(LEADS) if texture in ("full", "no drums", "no bass") and rng.random() < 0.5 else None,
        voice=voice,
        drums="steady" if rng.random() < 0.06 else "style",
        timbre="style",
        room="hall" if audience else _pick(rng, ROOMS),
        audience=audience,
        drive=rng.uniform(0.4, 1) if rng.random() < (0.6 if rocky else 0.08) else 0.0,
        compression=rng.uniform(0.2, 1) if rng.random() < 0.4 else 0.0,
        loudness=rng.gauss(-19, 3.0),
    )
