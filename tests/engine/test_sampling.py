import numpy as np
import pytest
import torch
from scipy import stats

from engine.sampling import gumbel, noise_for, sample

WORD = 2**64
SEED, STEP = 7, 11


def philox(counter: list[int], key: list[int]) -> list[int]:
    """Philox 4x64-10 (Salmon et al., Parallel Random Numbers: As Easy as 1, 2, 3), word by word."""
    x, (k0, k1) = counter, key
    for _ in range(10):
        high0, low0 = divmod(x[0] * 0xD2E7470EE14C6C93, WORD)
        high1, low1 = divmod(x[2] * 0xCA5A826395121157, WORD)
        x = [high1 ^ x[1] ^ k0, low1, high0 ^ x[3] ^ k1, low0]
        k0, k1 = (k0 + 0x9E3779B97F4A7C15) % WORD, (k1 + 0xBB67AE8584CAA73B) % WORD
    return x


def test_the_noise_is_philox_keyed_by_seed_step_and_codebook() -> None:
    words = [w for block in range(1, 4) for w in philox([block, 2, STEP, 0], [SEED, 0])]
    uniform = [((w >> 12) + 0.5) / 2**52 for w in words]
    expected = stats.gumbel_r.ppf(uniform)
    np.testing.assert_allclose(gumbel(SEED, STEP, 3, 12)[2], expected, rtol=1e-6)


def test_the_noise_does_not_depend_on_how_many_codebooks_or_codes_there_are() -> None:
    assert np.array_equal(gumbel(SEED, STEP, 8, 64)[:4, :32], gumbel(SEED, STEP, 4, 32))


@pytest.mark.parametrize("other", [(SEED + 1, STEP), (SEED, STEP + 1), (2**63 - 1, STEP)])
def test_another_seed_or_step_has_other_noise(other: tuple[int, int]) -> None:
    assert not np.isin(gumbel(*other, 4, 64), gumbel(SEED, STEP, 4, 64)).any()


def test_the_noise_is_standard_gumbel_float32() -> None:
    drawn = np.concatenate([gumbel(SEED, step, 4, 1024).ravel() for step in range(10)])
    assert drawn.dtype == np.float32
    assert stats.kstest(drawn, "gumbel_r").pvalue > 0.01


def test_equal_seeds_share_their_noise() -> None:
    noise = noise_for([3, 5, 3], STEP, 2, 16)
    assert noise.shape == (3, 2, 16)
    assert torch.equal(noise[0], noise[2])
    assert np.array_equal(noise[1].numpy(), gumbel(5, STEP, 2, 16))


@pytest.mark.parametrize(("temperature", "top_k"), [(1.0, 40), (1.0, 8), (0.7, 12), (1.6, 20)])
def test_samples_follow_the_softmax_of_the_top_k(temperature: float, top_k: int) -> None:
    """Chi-square over 20,000 draws; the expected shares are worked out by scipy in float64."""
    draws, V = 20_000, 40
    logits = torch.randn(V, generator=torch.Generator().manual_seed(1)) * 1.5
    noise = torch.from_numpy(np.concatenate([gumbel(SEED, step, 100, V) for step in range(draws // 100)]))
    tokens = sample(logits.expand(draws, V), noise, temperature, top_k)
    counts = np.bincount(tokens.numpy(), minlength=V)
    kept = np.argsort(-logits.numpy())[:top_k]
    scaled = logits.numpy().astype(np.float64)[kept] / temperature
    shares = np.exp(scaled - np.logaddexp.reduce(scaled))
    assert counts.sum() == counts[kept].sum() == draws
    assert stats.chisquare(counts[kept], shares * draws).pvalue > 0.01


def test_top_k_one_takes_the_largest_logit() -> None:
    logits = torch.randn(50, 4, 64, generator=torch.Generator().manual_seed(2))
    noise = torch.randn(50, 4, 64, generator=torch.Generator().manual_seed(3)) * 100
    assert torch.equal(sample(logits, noise, 0.5, 1), logits.argmax(-1))


def test_a_top_k_beyond_the_codes_keeps_them_all() -> None:
    logits, noise = torch.zeros(1, 16), noise_for([SEED], STEP, 1, 16)[0]
    assert torch.equal(sample(logits, noise, 1.0, 250), noise.argmax(-1))


@pytest.mark.parametrize("top_k", [1, 2, 5, 63])
def test_the_winner_is_the_best_of_the_top_k_alone(top_k: int) -> None:
    rng = np.random.default_rng(3)
    logits = rng.normal(size=(40, 3, 64)).astype(np.float32)
    noise = rng.gumbel(size=logits.shape).astype(np.float32)
    rank = np.argsort(np.argsort(-logits, axis=-1), axis=-1)
    scores = np.where(rank < top_k, logits / np.float32(0.7) + noise, -np.inf)
    won = sample(torch.from_numpy(logits), torch.from_numpy(noise), 0.7, top_k)
    np.testing.assert_array_equal(won, scores.argmax(-1))
