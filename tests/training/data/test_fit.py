"""`training.data.fit`."""

import numpy as np

from evaluation.scorers import scores
from evaluation.scorers.starter import StarterScorer
from training.data.fit import embedding_of, fits

RATE = 32_000


def a_clip(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    beats = (np.arange(12 * RATE) % (RATE // 2) < 2000) * rng.standard_normal(12 * RATE)
    return (0.2 * beats + 0.1 * np.sin(np.arange(12 * RATE) * 0.05 * seed))[None].astype(np.float32)


def test_a_clip_fits_its_prompt_as_the_starter_scorer_says():
    clips, prompts = [a_clip(1), a_clip(2)], ["techno, drums", "solo violin"]
    scorer = StarterScorer()
    heard = [scorer.listener().hear(clip, None, RATE) for clip in clips]
    expected = np.diag(scores(scorer.embed(heard), scorer.embed_texts(prompts)))
    found = fits([embedding_of(clip, RATE) for clip in clips], prompts)
    np.testing.assert_allclose(found, expected, atol=2e-3)


def test_silence_fits_nothing():
    silence = np.zeros((1, 3 * RATE), dtype=np.float32)
    assert np.isnan(fits([embedding_of(silence, RATE), None], ["jazz", "jazz"])).all()
