"""General MIDI programs: the name a person would use, the stem, and acoustic or electric relatives."""

# Plucked notes ring and fade (piano, guitar, mallets); sustained ones are held (strings, winds, organ, pads).
STEMS: tuple[str, ...] = ("drums", "bass", "plucked", "sustained", "voice")

_NAMES: tuple[tuple[range, str], ...] = (
    (range(0, 3), "piano"),
    (range(3, 4), "honky tonk piano"),
    (range(4, 6), "electric piano"),
    (range(6, 8), "harpsichord"),
    (range(8, 11), "bells"),
    (range(11, 12), "vibraphone"),
    (range(12, 14), "marimba"),
    (range(14, 16), "bells"),
    (range(16, 20), "organ"),
    (range(20, 22), "accordion"),
    (range(22, 23), "harmonica"),
    (range(23, 24), "accordion"),
    (range(24, 26), "acoustic guitar"),
    (range(26, 27), "jazz guitar"),
    (range(27, 29), "electric guitar"),
    (range(29, 32), "distorted guitar"),
    (range(32, 33), "upright bass"),
    (range(33, 38), "bass guitar"),
    (range(38, 40), "synth bass"),
    (range(40, 42), "violin"),
    (range(42, 44), "cello"),
    (range(44, 46), "strings"),
    (range(46, 47), "harp"),
    (range(47, 48), "timpani"),
    (range(48, 52), "strings"),
    (range(52, 55), "choir"),
    (range(55, 56), "orchestra hit"),
    (range(56, 58), "trumpet"),
    (range(58, 60), "trombone"),
    (range(60, 61), "french horn"),
    (range(61, 64), "brass"),
    (range(64, 68), "saxophone"),
    (range(68, 70), "oboe"),
    (range(70, 72), "clarinet"),
    (range(72, 74), "flute"),
    (range(74, 80), "pan flute"),
    (range(80, 85), "synth lead"),
    (range(85, 86), "voice"),
    (range(86, 88), "synth lead"),
    (range(88, 96), "synth pad"),
    (range(96, 104), "synth effects"),
    (range(104, 105), "sitar"),
    (range(105, 106), "banjo"),
    (range(106, 108), "koto"),
    (range(108, 109), "kalimba"),
    (range(109, 110), "bagpipes"),
    (range(110, 111), "fiddle"),
    (range(111, 112), "pan flute"),
    (range(112, 128), "percussion"),
)

INSTRUMENTS = tuple(dict.fromkeys(name for _, name in _NAMES))

_PLUCKED = frozenset(
    (
        "piano",
        "honky tonk piano",
        "electric piano",
        "harpsichord",
        "bells",
        "vibraphone",
        "marimba",
        "acoustic guitar",
        "jazz guitar",
        "electric guitar",
        "distorted guitar",
        "harp",
        "timpani",
        "orchestra hit",
        "sitar",
        "banjo",
        "koto",
        "kalimba",
        "percussion",
    )
)

DRUMS = "drums"

# The same part on an acoustic instrument and on an electric one.
ACOUSTIC_OF: dict[str, int] = {
    "electric piano": 0,
    "organ": 0,
    "electric guitar": 24,
    "distorted guitar": 25,
    "jazz guitar": 24,
    "bass guitar": 32,
    "synth bass": 32,
    "synth lead": 73,
    "synth pad": 48,
    "synth effects": 46,
}
ELECTRIC_OF: dict[str, int] = {
    "piano": 4,
    "honky tonk piano": 5,
    "harpsichord": 16,
    "acoustic guitar": 27,
    "jazz guitar": 29,
    "upright bass": 38,
    "strings": 90,
    "flute": 80,
    "violin": 81,
    "saxophone": 81,
    "clarinet": 80,
    "trumpet": 62,
    "harp": 88,
    "accordion": 16,
    "banjo": 27,
}

LEADS: tuple[int, ...] = (
    0,
    4,
    11,
    22,
    24,
    26,
    27,
    29,
    40,
    56,
    59,
    64,
    65,
    66,
    68,
    71,
    73,
    75,
    80,
    81,
    105,
    110,
)


def instrument_name(program: int) -> str:
    """What a person calls General MIDI `program` (0 to 127)."""
    return next(name for programs, name in _NAMES if program in programs)


def stem_of(program: int, drums: bool) -> str:
    """The stem that a part belongs to."""
    if drums:
        return "drums"
    name = instrument_name(program)
    if name in ("upright bass", "bass guitar", "synth bass"):
        return "bass"
    if name in ("choir", "voice"):
        return "voice"
    return "plucked" if name in _PLUCKED else "sustained"
