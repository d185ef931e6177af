import json
import subprocess
import sys

import librosa
import mir_eval
import numpy as np
import pytest

from engine.audio import write_audio
from engine.errors import CallProblem, Problem
from engine.measure import (
    Measurement,
    key_of,
    measure,
    measure_audio,
    measure_many,
    refined_lag,
    tempo_of,
    vibes_of,
)

VIBES = (
    "acousticness",
    "danceability",
    "energy",
    "instrumentalness",
    "liveness",
    "speechiness",
    "valence",
)
RATE = 16_000


def clicks(bpm, seconds=10.0):
    times = np.arange(0, seconds, 60 / bpm)
    return librosa.clicks(times=times, sr=RATE, length=round(seconds * RATE)).astype(np.float32)


def tone(midi, seconds, rate=RATE):
    t = np.arange(round(seconds * rate)) / rate
    partials = sum(np.sin(2 * np.pi * librosa.midi_to_hz(midi) * n * t) / n**2 for n in (1, 2, 3, 4))
    return (0.2 * partials * np.exp(-2 * t)).astype(np.float32)


def melody(*midis):
    return np.concatenate([tone(midi, 0.4) for midi in midis])


def noise(seconds, rate=RATE, seed=0):
    return (0.1 * np.random.default_rng(seed).standard_normal(round(seconds * rate))).astype(np.float32)


@pytest.mark.parametrize("bpm", [60, 70, 75, 93.75, 100, 110, 120, 127.3, 150, 170])
def test_a_click_track_has_the_tempo_of_its_clicks(bpm):
    tempo, confidence = tempo_of(clicks(bpm))
    assert tempo == pytest.approx(bpm, rel=0.005)
    assert confidence > 0.8


def test_the_tempo_agrees_with_librosa_s_beats():
    rhythm = clicks(104) + 0.5 * clicks(208) + 0.1 * noise(10)
    tempo, _ = tempo_of(rhythm)
    reference = librosa.feature.tempo(y=rhythm, sr=RATE, hop_length=64)[0]
    assert tempo == pytest.approx(reference, rel=0.01)


def test_mir_eval_finds_the_tempo_of_drum_patterns_detected():
    """By MIREX's rule (https://mir-eval.readthedocs.io): within 8 % of the beat's tempo or of twice it."""
    hits = []
    for bpm in np.linspace(70, 150, 9):
        pattern = clicks(bpm) + 0.4 * clicks(2 * bpm) + 0.05 * noise(10)
        found, _ = tempo_of(pattern)
        assert found is not None
        _, one_correct, _ = mir_eval.tempo.detection(
            np.array([bpm, 2 * bpm]), 0.8, np.array([found, 2 * found])
        )
        hits.append(one_correct)
    assert all(hits)


def test_a_slope_two_beats_later_does_not_move_the_beat():
    """Its parabola is nearly a line: the top would lie 4,000 frames away."""
    similarity = np.zeros(40, np.float32)
    similarity[9:12] = 0.5, 1.0, 0.5  # the beat, 10 frames
    similarity[20:25] = 0.1, 0.4, 0.8, 1.1999, 1.5
    assert refined_lag(similarity, 10) == 10


def test_a_tempo_is_found_in_three_seconds():
    assert tempo_of(clicks(120, 3.0))[0] == pytest.approx(120, rel=0.01)


def test_noise_has_no_sure_tempo():
    assert tempo_of(noise(20))[1] < 0.2


@pytest.mark.parametrize(
    "audio", [np.zeros(5 * RATE, np.float32), clicks(120, 1.9), np.ones(5 * RATE, np.float32)]
)
def test_without_onsets_or_time_there_is_no_tempo(audio):
    tempo, confidence = tempo_of(audio)
    assert tempo is None or confidence < 0.2


@pytest.mark.parametrize(
    ("midis", "key"),
    [
        ((60, 62, 64, 65, 67, 69, 71, 72, 67, 64, 60), "C major"),
        ((61, 63, 65, 66, 68, 70, 72, 73, 68, 65, 61), "C# major"),
        ((57, 59, 60, 62, 64, 65, 67, 69, 64, 60, 57), "A minor"),
        ((54, 56, 57, 59, 61, 62, 64, 66, 61, 57, 54), "F# minor"),
    ],
)
def test_a_scale_that_ends_on_its_chord_is_in_its_key(midis, key):
    found, confidence = key_of(melody(*midis))
    assert found == key
    assert confidence > 0.7


def test_a_tuning_a_quarter_tone_off_does_not_lose_the_key():
    off = melody(*(midi + 0.3 for midi in (60, 62, 64, 65, 67, 69, 71, 72, 67, 64, 60)))
    assert key_of(off)[0] == "C major"


def test_mir_eval_finds_the_keys_of_cadences_right():
    """Mean of MIREX's weighted key score over the 24 keys, each a cadence of four chords; chance is 0.1."""
    names = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
    scores = []
    for tonic, name in enumerate(names):
        for mode, third in (("major", 4), ("minor", 3)):
            roots = (0, 5, 7, 0)
            chords = [
                sum(tone(48 + tonic + root + step, 0.8) for step in (0, 4 if root == 7 else third, 7))
                for root in roots
            ]
            found, _ = key_of(np.concatenate(chords))
            assert found is not None
            scores.append(mir_eval.key.weighted_score(f"{name} {mode}", found))
    assert np.mean(scores) > 0.9


def test_noise_has_no_sure_key():
    assert key_of(noise(5))[1] < key_of(melody(60, 64, 67, 72))[1] - 0.2


def test_the_seven_metrics_are_vibenet_s():
    import warnings

    with warnings.catch_warnings(action="ignore"):
        import vibenet

        want = vibenet.load_model().predict(noise(10), RATE)[0].to_dict()
    assert vibes_of(noise(10)) == pytest.approx(want)


def test_a_long_clip_is_averaged_over_windows_that_cover_it():
    parts = [noise(10, seed=1), melody(*range(40, 65))[: 10 * RATE]]
    together = vibes_of(np.concatenate(parts))
    first, second = map(vibes_of, parts)
    for name in VIBES:
        assert together[name] == pytest.approx((first[name] + second[name]) / 2, abs=1e-4)


def test_silence_at_the_end_does_not_count():
    music = melody(*range(40, 65))[: 10 * RATE]
    assert vibes_of(np.concatenate([music, np.zeros(10 * RATE, np.float32)])) == pytest.approx(
        vibes_of(music)
    )


def in_bounds(measurement: Measurement) -> bool:
    values = json.loads(json.dumps(measurement.to_json(), allow_nan=False))
    return all(values[name] is None or 0 <= values[name] <= 1 for name in (*VIBES, "tempo_confidence"))


def test_silence_has_none_of_it_but_a_duration():
    got = measure_audio(np.zeros((2, 96_000), np.float32), 48_000)
    assert got == Measurement(**dict.fromkeys(VIBES), tempo=None, tempo_confidence=0, key=None,
                              key_confidence=0, loudness=None, duration=2.0)  # fmt: skip
    assert in_bounds(got)


@pytest.mark.parametrize("samples", [1, 10, 4_800, 24_000])
def test_the_shortest_clips_are_measured(samples):
    got = measure_audio(noise(samples / 48_000, 48_000)[None], 48_000)
    assert got.duration == samples / 48_000
    assert in_bounds(got)


def test_the_loudness_of_ebu_3341_case_1(tmp_path):
    t = np.arange(20 * 48_000) / 48_000
    sine = (10 ** (-23 / 20) * np.sin(2 * np.pi * 1000 * t)).astype(np.float32)
    write_audio(tmp_path / "a.wav", np.stack([sine, sine]), 48_000)
    assert measure(tmp_path / "a.wav").loudness == pytest.approx(-23.0, abs=0.1)


def test_a_stereo_file_is_measured_as_its_mono_fold_is(tmp_path):
    audio = np.stack([clicks(120), clicks(120)])
    write_audio(tmp_path / "a.flac", audio, RATE, "flac")
    write_audio(tmp_path / "b.wav", audio[:1], RATE)
    stereo, mono = measure(tmp_path / "a.flac"), measure(tmp_path / "b.wav")
    assert (stereo.tempo, stereo.energy) == pytest.approx((mono.tempo, mono.energy))
    assert stereo.key == mono.key
    assert stereo.duration == 10.0


def test_of_a_long_file_the_middle_is_measured(tmp_path, monkeypatch):
    monkeypatch.setattr("engine.measure.MAX_SECONDS", 4.0)
    audio = np.concatenate([noise(5), clicks(120, 4), noise(5)])
    write_audio(tmp_path / "a.wav", audio[None], RATE)
    got = measure(tmp_path / "a.wav")
    assert got.tempo == pytest.approx(120, rel=0.01)
    assert got.duration == 14.0


def test_files_are_measured_one_by_one_and_one_that_fails_does_not_stop_the_rest(tmp_path):
    write_audio(tmp_path / "a.wav", noise(1)[None], RATE)
    (tmp_path / "b.wav").write_text("no audio")
    paths = [tmp_path / "a.wav", tmp_path / "b.wav", tmp_path / "c.wav"]
    results = list(measure_many(paths))
    assert [(got.path, got.number, got.total) for got in results] == [
        (path, n, 3) for n, path in enumerate(paths, 1)
    ]
    assert [type(got.result) for got in results] == [Measurement, Problem, CallProblem]


def test_in_processes_of_their_own_files_measure_the_same(tmp_path):
    write_audio(tmp_path / "a.wav", melody(60, 64, 67)[None], RATE)
    (tmp_path / "b.wav").write_text("no audio")
    paths = [tmp_path / "a.wav", tmp_path / "b.wav"]
    alone, shared = list(measure_many(paths)), list(measure_many(paths, workers=2))
    assert shared[0] == alone[0]
    assert [str(got.result) for got in shared[1:]] == [str(got.result) for got in alone[1:]]
    assert (shared[1].number, shared[1].total) == (2, 2)


def test_importing_measure_loads_nothing_heavy():
    heavy = "{'torch', 'scipy', 'librosa', 'onnxruntime', 'vibenet'}"
    code = f"import sys, engine.measure; sys.exit(bool({heavy} & set(sys.modules)))"
    subprocess.run([sys.executable, "-c", code], check=True)
