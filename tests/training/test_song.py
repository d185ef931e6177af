from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from engine.errors import Problem
from tests.training.fixtures import a_song
from training.starter.corpus.build import groove_deck
from training.starter.corpus.song import Song, chord_tones, chords, compose, scale, split_of
from training.starter.corpus.styles import styles
from training.starter.corpus.variants import AXES, variants

# What each axis may change in a song.
FIELDS = {
    "tempo": {"beat_frames"},
    "mode": {"mode"},
    "intensity": {"drive", "compression", "loudness"},
    "live": {"audience", "room"},
    "speech": {"voice"},
    "singing": {"voice"},
    "timbre": {"timbre"},
    "drums": {"drums"},
}


def songs(count: int) -> list[Song]:
    return [compose(seed, groove_deck()) for seed in range(count)]


def changed(song: Song, other: Song) -> set[str]:
    before, after = asdict(song), asdict(other)
    return {name for name in before if before[name] != after[name]}


def test_every_style_and_groove_is_in_the_deck_once() -> None:
    listed = Counter((style.path, groove) for style in styles() for groove in style.grooves)
    assert Counter((style.path, groove) for style, groove in groove_deck()) == listed
    assert set(listed.values()) == {1}
    assert len({path for path, _ in listed}) > 250
    assert len(listed) > 1100


def test_a_run_of_seeds_walks_through_the_whole_deck() -> None:
    deck = groove_deck()
    first = {(song.style.path, song.grooves[0]) for song in songs(len(deck))}
    assert len(first) == len(deck)


@pytest.mark.parametrize(
    ("name", "genre", "family", "beats"),
    [
        ("bossanova", "bossa nova", "latin", 4),
        ("jazzwaltz", "waltz", "ballroom", 3),
        ("heavymetal", "heavy metal", "rock", 4),
        ("hiphop", "hip hop", "hip hop", 4),
        ("8beat1", "pop", "pop", 4),
    ],
)
def test_styles_have_human_genres(name: str, genre: str, family: str, beats: int) -> None:
    style = next(style for style in styles() if style.path.stem == name)
    assert (style.genre, style.family, style.beats) == (genre, family, beats)


def test_without_mma_the_package_is_named(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="Debian package 'mma'"):
        next(styles(tmp_path))


def test_a_seed_gives_the_same_song_and_another_seed_another() -> None:
    assert songs(50) == songs(50)
    assert compose(7, groove_deck()) != compose(7 + len(groove_deck()), groove_deck())


def test_all_three_splits_are_used() -> None:
    counts = Counter(split_of(seed) for seed in range(1000))
    assert counts["train"] > 850 and counts["validation"] > 5 and counts["test"] > 25
    assert counts.total() == 1000


def test_what_songs_are_made_of_varies() -> None:
    made = songs(400)
    for name, values in {
        "texture": 7,
        "voice": 5,
        "room": 4,
        "mode": 2,
        "audience": 2,
        "key": 12,
        "beat_frames": 9,
    }.items():
        assert len({getattr(song, name) for song in made}) >= values, name
    assert all(60 <= song.tempo <= 190 and song.bars % 4 == 0 for song in made)


@pytest.fixture
def no_score(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scores that say of what they were written, without MMA."""
    monkeypatch.setattr(
        "training.starter.corpus.variants.arrange",
        lambda song: [(song.mode, song.timbre, song.drums if song.texture == "full" else "")],
    )


@pytest.mark.parametrize("axis", AXES)
def test_an_axis_changes_its_quality_and_nothing_else(axis: str) -> None:
    for song in songs(200):
        found = changed(song, AXES[axis](song))
        assert found and found <= FIELDS[axis], song.seed


@pytest.mark.usefixtures("no_score")
def test_variants_stay_in_the_split_of_their_song_and_differ_in_one_axis() -> None:
    for song in songs(200):
        first, *others = [varied for varied, _ in variants(song, 2)]
        assert first == song and len(others) == 2
        assert len({other.axis for other in others}) == 2
        for number, other in enumerate(others, start=1):
            assert other.variant == number and other.split == split_of(song.seed)
            assert changed(first, other) <= FIELDS[other.axis] | {"variant", "axis"}
        assert len({other.name for other in (first, *others)}) == 3


@pytest.mark.usefixtures("no_score")
def test_an_axis_that_would_not_be_heard_is_passed_over() -> None:
    for texture, unheard in (("full", set()), ("solo", {"drums"})):
        for song in songs(20):
            found = {varied.axis for varied, _ in variants(replace(song, texture=texture), 8)}
            assert found == {"", *AXES} - unheard


@pytest.mark.usefixtures("no_score")
def test_variants_come_with_their_scores() -> None:
    for varied, parts in variants(a_song(), 8):
        assert parts == [(varied.mode, varied.timbre, varied.drums)]


def test_chords_in_major_and_minor() -> None:
    song = a_song(degrees=(1, 6, 4, 5))
    assert chords(song) == ["C", "Am", "F", "G"]
    assert chords(replace(song, mode="minor", degrees=(1, 6, 7, 5))) == ["Cm", "Ab", "Bb", "Gm"]
    assert chords(replace(song, sevenths=True)) == ["CM7", "Am7", "FM7", "G7"]
    assert chords(replace(song, key=2, bars=6)) == ["D", "Bm", "G", "A", "D", "Bm"]


def test_chord_tones_and_scale() -> None:
    song = a_song(degrees=(1, 6, 4, 5), key=2)
    assert chord_tones(song, 0) == (2, 6, 9)
    assert chord_tones(song, 1) == (11, 2, 6)
    assert sorted(scale(song)) == [1, 2, 4, 6, 7, 9, 11]
    assert sorted(scale(replace(song, mode="minor", key=9))) == [0, 2, 4, 5, 7, 9, 11]
