from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.training.fixtures import a_song
from training.starter.corpus.instruments import STEMS, instrument_name, stem_of
from training.starter.corpus.score import (
    HAT,
    KICK,
    SNARE,
    AccompanimentError,
    Note,
    Part,
    accompaniment,
    arrange,
    melody,
    sparse_drums,
    steady_drums,
)
from training.starter.corpus.song import Song, chord_tones, scale

PARTS = [
    Part(0, True, 100, (Note(0, 0.2, KICK, 100),)),
    Part(33, False, 100, (Note(0, 2, 40, 100),)),
    Part(0, False, 100, (Note(0, 4, 60, 100),)),
    Part(25, False, 100, (Note(0, 1, 64, 80),)),
]


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """An accompaniment without MMA: drums, bass, piano and a softer guitar."""
    monkeypatch.setattr("training.starter.corpus.score.accompaniment", lambda _: PARTS)


def drum_hits(song: Song) -> list[set[tuple[float, int, int]]]:
    """For each bar the drums' (beat in the bar, pitch, velocity)."""
    beats = song.style.beats
    bars: list[set[tuple[float, int, int]]] = [set() for _ in range(song.bars)]
    for note in (note for part in accompaniment(song) if part.drums for note in part.notes):
        start = round(note.start, 3)
        bars[int(start // beats)].add((round(start % beats, 3), note.pitch, note.velocity))
    return bars


def test_mma_plays_exactly_on_the_beat_and_repeats() -> None:
    bars = drum_hits(a_song(bars=8, degrees=(1,)))
    assert bars[:4] == bars[4:]
    assert all({0.0, 1.0, 2.0, 3.0} <= {start for start, _, _ in bar} for bar in bars)


def test_mma_plays_the_chords_of_the_song() -> None:
    song = a_song(degrees=(1, 6))
    bass = [note for part in accompaniment(song) if part.stem == "bass" for note in part.notes]
    for bar in range(4):
        first = min((note for note in bass if note.start >= 4 * bar - 0.01), key=lambda note: note.start)
        assert first.pitch % 12 == chord_tones(song, bar)[0]


def test_the_same_song_gives_the_same_notes() -> None:
    first = accompaniment(a_song(bars=16))
    assert all(accompaniment(a_song(bars=16)) == first for _ in range(3))


def test_a_groove_that_mma_cannot_play_says_why() -> None:
    with pytest.raises(AccompanimentError, match=r"Groove 'NONSENSE' not found"):
        accompaniment(a_song(grooves=("Nonsense",)))


@pytest.mark.parametrize(
    ("texture", "programs"),
    [
        ("full", [(0, True), (33, False), (0, False), (25, False)]),
        ("no drums", [(33, False), (0, False), (25, False)]),
        ("drums only", [(0, True)]),
        ("drums and bass", [(0, True), (33, False)]),
        ("solo", [(0, False)]),
        ("duo", [(0, False), (33, False)]),
        ("no bass", [(0, True), (0, False), (25, False)]),
    ],
)
@pytest.mark.usefixtures("plain")
def test_textures_choose_parts(texture: str, programs: list[tuple[int, bool]]) -> None:
    assert [(part.program, part.drums) for part in arrange(a_song(texture=texture))] == programs


@pytest.mark.usefixtures("plain")
def test_timbres_replace_instruments_by_relatives() -> None:
    acoustic = {part.program for part in arrange(a_song(timbre="acoustic")) if not part.drums}
    electric = {part.program for part in arrange(a_song(timbre="electric")) if not part.drums}
    assert {instrument_name(program) for program in acoustic} == {"upright bass", "piano", "acoustic guitar"}
    assert {instrument_name(program) for program in electric} == {
        "bass guitar",
        "electric piano",
        "electric guitar",
    }


@pytest.mark.parametrize(("drums", "written"), [("steady", steady_drums), ("sparse", sparse_drums)])
@pytest.mark.usefixtures("plain")
def test_drum_patterns_take_the_place_of_the_styles(drums: str, written: Callable[[Song], Part]) -> None:
    song = a_song(drums=drums)
    assert [part for part in arrange(song) if part.drums] == [written(song)]


@pytest.mark.usefixtures("plain")
def test_a_style_without_drums_gets_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.starter.corpus.score.accompaniment", lambda _: PARTS[1:])
    assert not any(part.drums for part in arrange(a_song(drums="steady")))


@pytest.mark.usefixtures("plain")
def test_a_lead_plays_over_the_chords() -> None:
    song = a_song(lead=73, bars=32)
    lead = next(part for part in arrange(song) if part.program == 73)
    assert lead == melody(song, 73)
    strong = [note for note in lead.notes if note.start == int(note.start)]
    assert strong and all(note.pitch % 12 in chord_tones(song, int(note.start) // 4) for note in strong)
    weak = [note for note in lead.notes if note not in strong]
    assert weak and all(
        note.pitch % 12 in {*scale(song), *chord_tones(song, int(note.start) // 4)} for note in weak
    )
    assert all(48 <= note.pitch <= 96 and note.start + note.length <= 32 * 4 for note in lead.notes)


def test_steady_drums_have_a_kick_on_every_beat_and_a_back_beat() -> None:
    notes = steady_drums(a_song(bars=2)).notes
    assert [note.start for note in notes if note.pitch == KICK] == list(range(8))
    assert [note.start for note in notes if note.pitch == SNARE] == [1, 3, 5, 7]
    assert [note.start for note in notes if note.pitch == HAT] == list(range(8))


def test_sparse_drums_hit_less_often_than_the_beat_and_are_the_same_for_a_seed() -> None:
    song = a_song(bars=8)
    part = sparse_drums(song)
    assert len(part.notes) == 16 and part == sparse_drums(song)
    assert part != sparse_drums(replace(song, seed=5))
    assert all(0 <= note.start < 32 for note in part.notes)


def test_stems_of_general_midi() -> None:
    assert stem_of(0, drums=True) == "drums"
    programs = {32: "bass", 38: "bass", 0: "plucked", 27: "plucked", 47: "plucked", 46: "plucked"}
    programs |= {19: "sustained", 48: "sustained", 65: "sustained", 89: "sustained", 52: "voice", 85: "voice"}
    assert {program: stem_of(program, drums=False) for program in programs} == programs


def test_every_program_has_a_name_and_a_stem() -> None:
    for program in range(128):
        assert instrument_name(program)
        assert stem_of(program, drums=False) in STEMS
