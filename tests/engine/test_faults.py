"""What may be wrong with a clip, on tones whose fault is known."""

import numpy as np

from engine.faults import faults_of

RATE, HOP, FRAMES = 3200, 64, 200
TONE = 0.5 * np.sin(np.arange(FRAMES * HOP) / 5)[None].astype(np.float32)
MOVING = np.random.default_rng(0).integers(0, 64, (2, FRAMES))


def stuck_codes() -> np.ndarray:
    """A second and a bit of the same frame."""
    codes = MOVING.copy()
    codes[:, 40:92] = codes[:, 40:41]
    return codes


def test_a_clip_that_moves_is_right():
    assert faults_of(TONE, MOVING, RATE) == []


def test_silence_and_clipping():
    assert faults_of(0 * TONE, MOVING, RATE) == ["silent"]
    assert faults_of(np.sign(TONE), MOVING, RATE) == ["clipped"]


def test_stuck_is_a_second_of_sound_in_which_no_code_changes():
    assert faults_of(TONE, stuck_codes(), RATE) == ["stuck"]
    pause = TONE.copy()
    pause[:, 39 * HOP : 93 * HOP] = 0
    assert faults_of(pause, stuck_codes(), RATE) == [], "a pause may stay as it is"
