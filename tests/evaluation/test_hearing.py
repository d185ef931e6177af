"""Second opinions, faults and adherence, on sounds and features whose answer is known."""

import numpy as np
import pytest

from engine.paths import resources
from engine.probe.families import load_probe
from evaluation.adherence import adherence_ratio, family_fits, hear_timbre, prompt_scores
from evaluation.hearing import hear
from evaluation.opinions import NAMES, OPINIONS, RATE, second_opinions

TIME = np.arange(8 * RATE) / RATE
RNG = np.random.default_rng(0)
NOISE = RNG.standard_normal(len(TIME)) * 0.1
TONE = 0.2 * np.sin(2 * np.pi * 440 * TIME)


def opinions(audio: np.ndarray) -> dict:
    return second_opinions(audio.astype(np.float32))


def clicks(beats_per_minute: float) -> np.ndarray:
    return NOISE * np.exp(-30 * (TIME % (60 / beats_per_minute))) * 5


@pytest.mark.parametrize("tempo", [75, 110, 165])
def test_the_tempo_is_that_of_the_clicks(tempo):
    assert opinions(clicks(tempo))["tempo"] == pytest.approx(tempo, rel=0.02)


@pytest.mark.parametrize("tempo", [90, 110, 125])
def test_softer_eighths_between_do_not_double_the_tempo(tempo):
    assert opinions(clicks(tempo) + 0.3 * clicks(2 * tempo))["tempo"] == pytest.approx(tempo, rel=0.02)


def test_clicks_have_a_pulse_and_noise_has_none():
    assert opinions(clicks(120))["danceability"] > 0.7 > 0.4 > opinions(NOISE)["danceability"]


def test_twice_as_loud_is_six_decibels():
    assert opinions(2 * NOISE)["energy"] - opinions(NOISE)["energy"] == pytest.approx(6.02, abs=0.05)


def test_partials_are_clear_and_distortion_fills_their_gaps():
    chord = sum(np.sin(2 * np.pi * f * TIME) for f in (2200, 3300, 4400)) * 0.1
    assert opinions(chord)["acousticness"] > opinions(chord + 0.3 * NOISE)["acousticness"] + 6


def test_syllables_come_four_times_a_second():
    def spoken(rate: float) -> np.ndarray:
        return NOISE * (1 + 0.9 * np.sin(2 * np.pi * rate * TIME))

    assert opinions(spoken(4))["speechiness"] > 0.7 > 0.3 > opinions(spoken(10))["speechiness"]


def test_silence_and_short_clips_have_no_opinion():
    assert opinions(np.zeros(3 * RATE)) == dict.fromkeys(OPINIONS)
    assert opinions(TONE[:RATE]) == dict.fromkeys(OPINIONS)
    assert set(NAMES) == set(OPINIONS)


def test_all_that_is_heard_can_be_kept_as_json():
    import json

    found = hear(TONE[None, : 4 * RATE].astype(np.float32), RNG.integers(0, 9, (2, 200)), RATE)
    assert set(found) == {"labels", "opinions", "faults"}
    assert json.loads(json.dumps(found)) == found


def test_the_score_is_the_share_of_clips_of_other_prompts_that_fit_less():
    fits = np.array([[0.9, 0.1, 0.2], [0.2, 0.6, 0.1], [0.1, 0.5, 0.7], [0.8, 0.3, 0.9], [np.nan] * 3])
    found = prompt_scores(fits, [0, 1, 2, 1, 1], [True, True, True, False, False])
    assert found.tolist() == [1.0, 1.0, 1.0, 0.5, 0.0]


def test_a_silent_clip_of_the_base_fits_less_than_any_that_sounds():
    found = prompt_scores(np.array([[0.1, -0.5], [np.nan, np.nan]]), [0, 1], [True, True])
    assert found.tolist() == [1.0, 0.0]


def test_of_one_prompt_there_is_no_score():
    assert np.isnan(prompt_scores(np.array([[0.5]]), [0], [True])).all()


def test_adherence_is_kept_or_lost():
    base = np.array([[0.9, 0.7], [0.8, 0.6]])
    assert adherence_ratio(base, base - 0.05, chance=0.5) == pytest.approx(0.8)
    assert adherence_ratio(base, base / 2) == pytest.approx(0.5)
    assert adherence_ratio(base, np.full((2, 2), 0.5), chance=0.5) == pytest.approx(0)
    assert adherence_ratio(np.full((2, 2), 0.4), base, chance=0.5) is None
    some = np.where(base > 0.65, base, np.nan)
    assert adherence_ratio(base, some / 2) == pytest.approx(0.5), "what is not told is left out on both sides"
    assert adherence_ratio(base, np.full((2, 2), np.nan)) is None


def test_silence_fits_no_family_and_a_prompt_without_one_is_not_told():
    probe = load_probe(resources() / "probe")
    clip = 0.1 * np.random.default_rng(0).standard_normal((2, 32_000)).astype(np.float32)
    heard = [hear_timbre(clip, None, 32_000)["timbre"], hear_timbre(0 * clip, None, 32_000)["timbre"]]
    assert heard[1] is None and hear_timbre(clip[:, :1000], None, 32_000)["timbre"] is None
    fits = family_fits(probe, ["jazz, piano", "jazz, piano", "something", "something"], [*heard, *heard])
    assert 0 < fits[0] < 1 and fits[1] == 0 and np.isnan(fits[2:]).all()
