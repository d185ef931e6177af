from pathlib import Path

import numpy as np
import pytest
import soundfile

from desktop.audio_prompt.picture import COLUMNS, Picture
from engine.errors import Problem


def test_a_long_file_is_read_in_pieces_and_shows_every_peak(tmp_path: Path) -> None:
    """Three minutes in stereo, one sample of which stands out to the left, another to the right."""
    sound = np.zeros((180 * 1000, 2), np.float32)
    sound[45_000, 0], sound[170_000, 1] = 0.75, -0.5
    soundfile.write(tmp_path / "long.wav", sound, 1000, subtype="FLOAT")
    picture = Picture(tmp_path / "long.wav")
    pieces = 0
    while picture.advance():
        pieces += 1
    assert (picture.seconds, pieces) == (180, 3)
    peaks = picture.peaks(COLUMNS)
    assert peaks.least.shape == (1, COLUMNS)
    assert peaks.greatest[0].nonzero()[0].tolist() == [COLUMNS * 45 // 180]
    assert peaks.least[0].nonzero()[0].tolist() == [COLUMNS * 170 // 180]
    narrow = picture.peaks(18)
    assert narrow.greatest.max() == 0.75 and narrow.least.min() == -0.5


def test_what_was_not_read_yet_is_silent(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "long.wav", np.full(180_000, 0.5, np.float32), 1000)
    picture = Picture(tmp_path / "long.wav")
    picture.advance()
    shown = picture.peaks(18).greatest[0]
    assert (shown[:6] > 0.4).all() and not shown[7:].any()


def test_fewer_samples_than_columns_are_shown_too(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "short.wav", np.array([0, 0.5, -0.5, 0], np.float32), 8000)
    picture = Picture(tmp_path / "short.wav")
    while picture.advance():
        pass
    peaks = picture.peaks(4)
    assert peaks.greatest[0].tolist() == pytest.approx([0, 0.5, -0.5, 0], abs=1e-3)
    assert peaks.least[0].tolist() == pytest.approx([0, 0.5, -0.5, 0], abs=1e-3)


def test_a_file_that_is_no_audio_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "x.wav").write_text("no")
    with pytest.raises(Problem):
        Picture(tmp_path / "x.wav")
