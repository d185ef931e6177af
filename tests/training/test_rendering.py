import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.errors import Problem
from tests.training.fixtures import a_song, write_corpus
from training.starter.corpus.build import build, render, renderings
from training.starter.corpus.instruments import STEMS, instrument_name
from training.starter.corpus.mixing import compression_gain, drive, limiter_gain, mix_stems
from training.starter.corpus.score import Note, Part, accompaniment, arrange, steady_drums
from training.starter.corpus.song import Song, split_of
from training.starter.corpus.synth import FRAME, SAMPLE_RATE, StemSynth
from training.starter.corpus.variants import AXES
from training.starter.corpus.voices import audience, sing, speak, voice_stem

Samples = NDArray[np.float32]


@pytest.fixture(scope="module")
def synth() -> StemSynth:
    return StemSynth()


def rms(samples: Samples) -> float:
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))


def noise(*shape: int) -> Samples:
    return (np.random.default_rng(0).standard_normal(shape) * 0.3).astype(np.float32)


def test_a_part_sounds_in_its_stem_only(synth: StemSynth) -> None:
    for program, drums in ((0, True), (33, False), (0, False), (52, False)):
        part = Part(program, drums, 100, (Note(0, 1, 40, 100),))
        stems = synth.play([part], beat_frames=20, beats=2)
        assert stems.shape == (5, 2 * 20 * FRAME) and stems.dtype == np.float32
        sounding = [stem for stem, samples in zip(STEMS, stems, strict=True) if np.abs(samples).max() > 0.01]
        assert sounding == [part.stem]


def test_a_note_sounds_from_its_beat_on(synth: StemSynth) -> None:
    drums = synth.play([Part(0, True, 100, (Note(1, 0.2, 42, 100),))], beat_frames=20, beats=2)[0]
    beat = 20 * FRAME
    assert not drums[:beat].any() and np.abs(drums[beat : beat + 400]).max() > 0.01


def test_what_repeats_in_the_score_repeats_in_the_samples(synth: StemSynth) -> None:
    song = a_song(bars=4)
    stem = synth.play([steady_drums(song)], song.beat_frames, 16)[0]
    _, second, third, _ = stem.reshape(4, -1)
    np.testing.assert_allclose(third, second, atol=2e-3)
    assert np.abs(second).max() > 0.05


def test_nothing_rings_from_the_part_before(synth: StemSynth) -> None:
    pad = Part(89, False, 120, (Note(0, 8, 60, 120),))
    tick = Part(0, True, 100, (Note(0, 0.2, 42, 90),))
    before = synth.play([tick], 20, 2)
    assert synth.play([pad], 20, 2).any()
    np.testing.assert_array_equal(synth.play([tick], 20, 2), before)


def test_a_part_sounds_the_same_whatever_was_played_before() -> None:
    synth = StemSynth()
    piano = Part(0, False, 100, (Note(0, 1, 60, 90),))
    np.testing.assert_array_equal(synth.play([piano], 20, 2), synth.play([piano], 20, 2))


def test_without_a_sound_font_the_package_is_named(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="fluid-soundfont-gm"):
        StemSynth(tmp_path / "none.sf2")


@pytest.mark.parametrize("room", ["dry", "room", "plate", "hall"])
@pytest.mark.parametrize("amount", [0.0, 1.0])
def test_the_mix_is_below_full_scale_and_at_its_loudness(room: str, amount: float) -> None:
    song = a_song(loudness=-20.0, drive=amount, compression=amount, room=room)
    mixed = mix_stems(song, noise(5, 64 * FRAME))
    assert np.abs(mixed).max() < 1 and np.abs(mixed.sum(0)).max() < 1
    assert 20 * np.log10(rms(mixed.sum(0))) == pytest.approx(-20, abs=0.5)


def test_a_stem_that_is_silent_stays_silent() -> None:
    stems = noise(5, 64 * FRAME)
    stems[[1, 4]] = 0
    mixed = mix_stems(a_song(drive=1.0, compression=1.0, room="hall"), stems)
    assert mixed.any(1).tolist() == [True, False, True, True, False]
    assert np.isfinite(mix_stems(a_song(drive=1.0, compression=1.0, room="hall"), 0 * stems)).all()


def test_a_room_rings_on_and_leaves_the_bass_dry() -> None:
    stems = np.zeros((5, 100 * FRAME), np.float32)
    stems[:, : 10 * FRAME] = noise(5, 10 * FRAME)
    dry, hall = (mix_stems(a_song(room=room, loudness=-30.0), stems) for room in ("dry", "hall"))
    tails = slice(20 * FRAME, 30 * FRAME)
    assert [rms(samples[tails]) > 1e-4 for samples in dry] == [False] * 5
    assert [rms(samples[tails]) > 1e-4 for samples in hall] == [True, False, True, True, True]


def test_drive_adds_harmonics_at_the_same_loudness() -> None:
    sine = (0.5 * np.sin(2 * np.pi * 200 * np.arange(SAMPLE_RATE) / SAMPLE_RATE)).astype(np.float32)
    driven = drive(sine, 1.0)
    assert rms(driven) == pytest.approx(rms(sine), rel=1e-3)
    spectrum = np.abs(np.fft.rfft(driven))
    assert spectrum[600] > 0.05 * spectrum[200] > 0


def test_compression_brings_loud_and_soft_together() -> None:
    level = np.repeat(np.float32([0.5, 0.15, 0.5, 0.15]), 50 * FRAME)
    gain = compression_gain(level * noise(200 * FRAME), 1.0)
    loud, soft = gain[25 * FRAME], gain[75 * FRAME]
    assert 0.1 < loud < 0.5 * soft
    np.testing.assert_array_equal(compression_gain(level * noise(200 * FRAME), 0.0), 1)


def test_the_limiter_leaves_quiet_signals_alone_and_holds_loud_ones() -> None:
    signal = np.zeros((1, 20 * FRAME), np.float32)
    signal[0, 10 * FRAME + 7] = 3.0
    gain = limiter_gain(signal)
    assert np.abs(signal * gain).max() <= 1
    np.testing.assert_array_equal(gain[: 6 * FRAME], 1)


def test_speech_is_trimmed_and_at_full_scale() -> None:
    spoken = speak("hello", "en-us+m1", 160, 50)
    assert 0.2 < len(spoken) / SAMPLE_RATE < 1.5
    assert np.abs(spoken).max() == pytest.approx(1.0)
    assert np.abs(spoken[:100]).max() > 0.005


def test_singing_is_at_its_pitch() -> None:
    voice = sing((Note(0, 4, 69, 100),), 16_000, 64_000, choir=True, rng=random.Random(3))
    spectrum = np.abs(np.fft.rfft(voice[8000:60000] * np.hanning(52000)))
    hertz = np.fft.rfftfreq(52000, 1 / SAMPLE_RATE)
    at, beside = (spectrum[(hertz > f * 0.97) & (hertz < f * 1.03)].sum() for f in (220, 311))
    assert at > 10 * beside


@pytest.mark.parametrize("voice", ["none", "choir", "singing", "rap", "speech"])
def test_voices_fill_a_song_again_and_again_the_same(voice: str) -> None:
    song = a_song(voice=voice)
    length = 16 * song.beat_frames * FRAME
    sung = voice_stem(song, length)
    assert sung.shape == (length,) and sung.dtype == np.float32
    halves = [rms(half) > 1e-3 for half in np.split(sung, 2)]
    assert halves == [voice != "none"] * 2
    np.testing.assert_array_equal(voice_stem(song, length), sung)


def test_rap_begins_on_the_bar() -> None:
    song = a_song(voice="rap")
    bar = 4 * song.beat_frames * FRAME
    sung = voice_stem(song, 4 * bar)
    for start in (0, bar, 2 * bar, 3 * bar):
        assert np.abs(sung[start : start + 1600]).max() > 0.003
        assert start == 0 or np.abs(sung[start - 200 : start]).max() < 0.003


@pytest.mark.parametrize("seed", [3, 4])
def test_an_audience_is_heard_all_through(seed: int) -> None:
    crowd = audience(a_song(seed=seed), 10 * SAMPLE_RATE)
    levels = [rms(second) for second in np.split(crowd, 10)]
    assert min(levels) > max(0.005, 0.1 * max(levels))
    assert levels[0] > levels[4] < levels[9], "applause swells at the ends"


def test_a_seed_gives_the_same_samples(synth: StemSynth, tmp_path: Path) -> None:
    song = a_song(lead=73, voice="rap", audience=True, room="hall", drive=1.0, compression=1.0)
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
    assert render(song, arrange(song), synth, first) == render(song, arrange(song), StemSynth(), second)
    assert (first / "000004_0.npy").read_bytes() == (second / "000004_0.npy").read_bytes()


def test_rendering_a_song_describes_what_sounds(synth: StemSynth, tmp_path: Path) -> None:
    song = a_song(lead=73)
    made = render(song, arrange(song), synth, tmp_path)
    stored = np.load(tmp_path / f"{song.name}.npy")
    assert made.active == ("drums", "bass", "plucked", "sustained")
    assert stored.shape == (4, made.samples) == (4, 16 * 24 * FRAME)
    assert stored.dtype == np.int16 and np.abs(stored).max(1).min() > 300
    assert (made.bar_frames, made.beat_frames, made.split) == (96, 24, song.split)
    sounding = {instrument_name(part.program) for part in arrange(song) if not part.drums}
    assert set(made.description.instruments) == sounding | {"drums"} and "flute" in sounding
    assert (made.description.genre, made.description.tempo) == ("bolero", 125.0)


@pytest.fixture(scope="module")
def scores() -> dict[str, list[Part]]:
    """One accompaniment in major and one in minor, so that nothing differs but what a test varies."""
    return {mode: accompaniment(a_song(mode=mode)) for mode in ("major", "minor")}


@pytest.mark.parametrize("axis", AXES)
def test_an_axis_is_heard(
    axis: str,
    scores: dict[str, list[Part]],
    synth: StemSynth,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("training.starter.corpus.score.accompaniment", lambda song: scores[song.mode])
    changed = replace(AXES[axis](a_song()), axis=axis, variant=1)
    _, made = (render(song, arrange(song), synth, tmp_path) for song in (a_song(), changed))
    before, after = (np.load(tmp_path / f"000004_{n}.npy").astype(np.float32).sum(0) for n in (0, 1))
    if axis == "tempo":
        assert len(after) * 3 == len(before) * 4
    else:
        assert rms(after - before) > 0.1 * rms(before)
    assert ("voice" in made.active) == (axis in ("live", "speech", "singing"))
    assert made.description.varied == (axis in ("tempo", "live", "speech", "singing"))


def test_a_corpus_is_built_once_and_read_back_by_split(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def short(seed: int, deck: object) -> Song:
        return a_song(seed=seed, split=split_of(seed))

    monkeypatch.setattr("training.starter.corpus.build.compose", short)
    monkeypatch.setattr("training.starter.corpus.build.VARIANTS", 1)
    (done, failed, hours), *rest = build(tmp_path, [0], workers=1)
    assert (done, failed, rest) == (1, 0, [])
    first, second = renderings(tmp_path)
    assert hours * 3600 * SAMPLE_RATE == pytest.approx(first.samples + second.samples)
    assert (first.axis, second.variant) == ("", 1) and second.axis in AXES
    assert {path.stem for path in (tmp_path / "audio").iterdir()} == {first.name, second.name}
    assert [done for done, _, _ in build(tmp_path, [0, 1], workers=1)] == [2]
    assert len(renderings(tmp_path)) == 4


def test_a_song_that_mma_cannot_play_is_counted_and_not_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "training.starter.corpus.build.compose", lambda seed, _: a_song(seed=seed, grooves=("Nonsense",))
    )
    assert list(build(tmp_path, [0], workers=1)) == [(1, 1, 0.0)]
    assert renderings(tmp_path) == []
    assert list(build(tmp_path, [0], workers=1)) == []


def test_renderings_are_read_by_split_in_the_order_of_their_seeds(tmp_path: Path) -> None:
    songs = write_corpus(tmp_path)
    assert renderings(tmp_path) == songs
    assert renderings(tmp_path, "validation") == [songs[1]]
    assert renderings(tmp_path, "nothing") == []
