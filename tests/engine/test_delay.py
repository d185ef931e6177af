import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import MusicgenDecoderConfig, MusicgenForCausalLM

from engine.delay import columns, delayed, delays
from tests.engine.tiny import decoder_settings

P = 99


def test_mono_codebooks_wait_one_after_another() -> None:
    codes = torch.tensor([[0, 1, 2], [10, 11, 12], [20, 21, 22], [30, 31, 32]])
    waits = delays(4, channels=1)
    assert waits == [0, 1, 2, 3]
    assert columns(3, waits) == 7
    assert delayed(codes, waits, P).tolist() == [
        [P, 0, 1, 2, P, P, P],
        [P, P, 10, 11, 12, P, P],
        [P, P, P, 20, 21, 22, P],
        [P, P, P, P, 30, 31, 32],
    ]


def test_stereo_codebooks_wait_in_pairs() -> None:
    codes = torch.tensor([[0, 1, 2], [10, 11, 12], [20, 21, 22], [30, 31, 32]])
    waits = delays(4, channels=2)
    assert waits == [0, 0, 1, 1]
    assert delayed(codes, waits, P).tolist() == [
        [P, 0, 1, 2, P],
        [P, 10, 11, 12, P],
        [P, P, 20, 21, 22],
        [P, P, 30, 31, 32],
    ]


@given(st.integers(1, 3), st.sampled_from([(1, 1), (4, 1), (8, 1), (2, 2), (8, 2)]), st.integers(0, 12))
def test_a_codebooks_frame_stands_one_column_after_its_delay(B: int, layout: tuple[int, int], T: int) -> None:
    K, channels = layout
    codes = torch.arange(B * K * T).view(B, K, T)
    waits = delays(K, channels)
    sequence = delayed(codes, waits, -1)
    assert sequence.shape == (B, K, columns(T, waits))
    for k, wait in enumerate(waits):
        assert torch.equal(sequence[:, k, wait + 1 :][..., :T], codes[:, k])
    assert (sequence == -1).sum() == B * K * (max(waits) + 1)


@pytest.mark.parametrize(("K", "channels"), [(4, 1), (8, 2)])
def test_the_sequence_is_that_of_transformers(K: int, channels: int) -> None:
    with torch.device("meta"):
        settings = decoder_settings(num_codebooks=K, audio_channels=channels)
        model = MusicgenForCausalLM(MusicgenDecoderConfig(**settings))
    codes = torch.randint(0, 64, (2, K, 9), generator=torch.Generator().manual_seed(0))
    waits = delays(K, channels)
    begun = torch.cat([torch.full((2, K, 1), P), codes], dim=-1).flatten(0, 1)
    _, expected = model.build_delay_pattern_mask(begun, P, max_length=columns(9, waits))
    assert torch.equal(delayed(codes, waits, P).flatten(0, 1), expected)
