import numpy as np
import pytest

from desktop.player.frames import Resampler, encoded

STEREO = np.array([[0.5, -1], [0.25, 1]], np.float32)


@pytest.mark.parametrize(
    ("channels", "values"),
    [(1, [0.375, 0]), (2, [0.5, 0.25, -1, 1]), (4, [0.5, 0.25, 0, 0, -1, 1, 0, 0])],
)
def test_channels_are_interleaved(channels, values):
    assert np.frombuffer(encoded(STEREO, channels, "float"), "<f4").tolist() == values


def test_one_channel_goes_to_both_ears():
    assert np.frombuffer(encoded(STEREO[:1], 2, "float"), "<f4").tolist() == [0.5, 0.5, -1, -1]


@pytest.mark.parametrize(
    ("encoding", "dtype", "values"),
    [
        ("uint8", "u1", [1, 128, 192, 255]),
        ("int16", "<i2", [-32767, 0, 16384, 32767]),
        ("int32", "<i4", [-2147483647, 0, 1073741824, 2147483647]),
        ("float", "<f4", [-1, 0, 0.5, 1]),
    ],
)
def test_samples_are_encoded_and_clipped(encoding, dtype, values):
    block = np.array([[-1.5, 0, 0.5, 2]], np.float32)
    assert np.frombuffer(encoded(block, 1, encoding), dtype).tolist() == values


def test_a_resampler_keeps_pitch_and_length():
    time = np.arange(64_000) / 32_000
    source = np.sin(2 * np.pi * 440 * time).astype(np.float32)[None]
    at = 0

    def pull(frames):
        nonlocal at
        at += frames
        return source[:, at - frames : at]

    resampler = Resampler(pull, 32_000, 48_000, 1)
    out = np.concatenate([resampler.pull(size) for size in (1, 480, 4096, 40_000)], axis=1)
    assert out.shape == (1, 44_577)
    expected = np.sin(2 * np.pi * 440 * np.arange(44_577) / 48_000)
    assert np.abs(out[0, 1000:-1000] - expected[1000:-1000]).max() < 1e-3
    assert at / 32_000 == pytest.approx(44_577 / 48_000, abs=0.2)
