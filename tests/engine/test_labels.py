"""All thirteen metrics of a clip."""

from dataclasses import asdict

import numpy as np
import soundfile

from engine.labels import ESTIMATORS, label_audio, measure_file
from engine.measure import measure

RATE = 16_000


def test_a_file_s_measurement_comes_with_the_stand_ins_of_its_labels(tmp_path):
    t = np.arange(4 * RATE) / RATE
    audio = (0.3 * np.sin(2 * np.pi * 220 * t) * np.exp(-4 * (t % 0.5))).astype(np.float32)
    soundfile.write(tmp_path / "clip.wav", audio, RATE, subtype="FLOAT")
    found = measure_file(tmp_path / "clip.wav")
    labels = label_audio(audio[None], RATE)
    proxies = {name: labels[name] for name, estimator in ESTIMATORS.items() if estimator.proxy}
    assert found == asdict(measure(tmp_path / "clip.wav")) | proxies
    assert len(proxies) == 5 and None not in proxies.values()
