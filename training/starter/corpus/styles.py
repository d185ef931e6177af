"""The accompaniment styles of MMA (https://www.mellowood.ca/mma) under human genre names."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.errors import Problem

MMA_LIBRARY = Path("/usr/share/mma/lib")
_NOT_MUSIC = re.compile(r"metronome|none|count|intro|end|fill", re.IGNORECASE)

# The first pattern found in a style's file name gives its genre and its family.
_GENRES: tuple[tuple[str, str, str], ...] = (
    (r"metal|mtl", "heavy metal", "rock"),
    (r"punk|thr$", "punk rock", "rock"),
    (r"digitalrock", "electronic rock", "rock"),
    (r"folkrock", "folk rock", "rock"),
    (r"jazzrock", "jazz rock", "jazz"),
    (r"hip-?hop", "hip hop", "hip hop"),
    (r"trip", "trip hop", "hip hop"),
    (r"techno|rave", "techno", "electronic"),
    (r"trance", "trance", "electronic"),
    (r"latinhouse", "latin house", "electronic"),
    (r"house", "house", "electronic"),
    (r"dnb", "drum and bass", "electronic"),
    (r"ambient|desert", "ambient", "electronic"),
    (r"dance|boneym", "dance pop", "electronic"),
    (r"electricpop", "synth pop", "electronic"),
    (r"funk|strut", "funk", "soul"),
    (r"disco", "disco", "soul"),
    (r"motown", "motown", "soul"),
    (r"soul", "soul", "soul"),
    (r"^rb|r\+b|rnb|modernrb|mellowrb", "r&b", "soul"),
    (r"spiritual|hymn", "gospel", "soul"),
    (r"bossa|quando", "bossa nova", "latin"),
    (r"samba", "samba", "latin"),
    (r"salsa|son$", "salsa", "latin"),
    (r"mambo", "mambo", "latin"),
    (r"merengue", "merengue", "latin"),
    (r"rhumba", "rumba", "latin"),
    (r"chacha", "cha cha", "latin"),
    (r"tango", "tango", "latin"),
    (r"bolero|beguine", "bolero", "latin"),
    (r"calypso", "calypso", "latin"),
    (r"cuban", "afro cuban", "latin"),
    (r"afro", "afrobeat", "latin"),
    (r"latin|lfusion|mide", "latin", "latin"),
    (r"reggae", "reggae", "reggae"),
    (r"ska", "ska", "reggae"),
    (r"bluegrass", "bluegrass", "country"),
    (r"zydeco", "zydeco", "country"),
    (r"country|cntry|western", "country", "country"),
    (r"folk", "folk", "country"),
    (r"boggie|boogie|boggiewoggie", "boogie woogie", "blues"),
    (r"blues", "blues", "blues"),
    (r"bebop", "bebop", "jazz"),
    (r"bigband|basie", "big band", "jazz"),
    (r"dixie|charleston", "dixieland", "jazz"),
    (r"ragtime", "ragtime", "jazz"),
    (r"gypsyjazz", "gypsy jazz", "jazz"),
    (r"fus", "jazz fusion", "jazz"),
    (r"swing", "swing", "jazz"),
    (r"waltz|34$", "waltz", "ballroom"),
    (r"jazz|evansish", "jazz", "jazz"),
    (r"foxtrot|polkafox", "foxtrot", "ballroom"),
    (r"quickstep|jive|softshoe", "quickstep", "ballroom"),
    (r"march", "march", "ballroom"),
    (r"polka|hrk", "polka", "ballroom"),
    (r"showtune|broadway", "musical theatre", "ballroom"),
    (r"arpeggio|serenade|lullaby", "lullaby", "ballad"),
    (r"ballad|bald", "ballad", "ballad"),
    (r"50srock|twi|oldie", "rock and roll", "rock"),
    (r"slowrock|softrock", "soft rock", "rock"),
    (r"rock", "rock", "rock"),
    (r"worldpop", "world pop", "pop"),
    (r".", "pop", "pop"),
)
GENRE_FAMILIES: dict[str, str] = {genre: family for _, genre, family in _GENRES}


@dataclass(frozen=True)
class Style:
    """One MMA style file: its grooves, beats in a bar, and what a person would call it."""

    path: Path
    grooves: tuple[str, ...]
    beats: int
    genre: str
    family: str


def styles(library: Path = MMA_LIBRARY) -> Iterator[Style]:
    """Every musical style below `library`, in a fixed order. Raises Problem if there is none."""
    files = sorted(library.glob("*/*.mma"))
    if not files:
        raise Problem(f"There are no styles of MMA in {library}.", "Install the Debian package 'mma'.")
    for path in files:
        text = path.read_text(errors="ignore")
        named = re.findall(r"^\s*DefGroove\s+(\S+)", text, re.MULTILINE)
        grooves = tuple(name for name in dict.fromkeys(named) if not _NOT_MUSIC.search(name))
        if not grooves or _NOT_MUSIC.search(path.stem):
            continue
        time = re.search(r"^\s*Time\s+(\d+)", text, re.MULTILINE)
        genre, family = next(
            (genre, family) for pattern, genre, family in _GENRES if re.search(pattern, path.stem.lower())
        )
        yield Style(path, grooves, int(time.group(1)) if time else 4, genre, family)
