from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import EncodecConfig, EncodecModel

from engine.codecs import Codec, build
from engine.errors import Problem


def tiny_encodec(**changes: Any) -> tuple[EncodecConfig, EncodecModel]:
    """MusicGen's EnCodec made small: 1600 Hz, 50 frames a second, 4 codebooks of 16."""
    values: dict[str, Any] = {
        "sampling_rate": 1600,
        "num_filters": 4,
        "upsampling_ratios": [4, 2, 4],
        "hidden_size": 16,
        "codebook_size": 16,
        "target_bandwidths": [0.8],
        "use_causal_conv": False,
        "use_conv_shortcut": False,
    }
    config = EncodecConfig(**{**values, **changes})
    torch.manual_seed(0)
    model = EncodecModel(config).eval()
    for name, tensor in model.state_dict().items():
        if name.endswith("codebook.embed"):
            tensor.normal_()
    return config, model


CONFIG, MODEL = tiny_encodec()
HOP = 32


def _codec(channels: int = 1) -> Codec:
    return build(CONFIG.to_dict(), MODEL.state_dict(), channels)


def _audio(*shape: int) -> Tensor:
    return 0.3 * torch.randn(shape, generator=torch.Generator().manual_seed(1))


def _reference_codes(audio: Tensor) -> Tensor:
    return MODEL.encode(audio, return_dict=True).audio_codes[0]


@torch.no_grad()
def _reference_audio(codes: Tensor) -> Tensor:
    return MODEL.decode(codes[None], [None]).audio_values


def test_facts_come_from_the_config() -> None:
    codec = _codec()
    facts = (codec.sample_rate, codec.channels, codec.hop, codec.codebooks, codec.card)
    assert facts == (1600, 1, HOP, 4, 16)
    assert (_codec(2).channels, _codec(2).codebooks) == (2, 8)


@pytest.mark.parametrize("samples", [1, 31, 32, 33, 800, 1000])
def test_mono_equals_transformers(samples: int) -> None:
    audio = _audio(2, 1, samples)
    codes = _codec().encode(audio)
    assert torch.equal(codes, _reference_codes(audio))
    assert codes.shape == (2, 4, -(-samples // HOP))
    decoded = _codec().decode(codes)
    torch.testing.assert_close(decoded, _reference_audio(codes))
    assert decoded.shape == (2, 1, codes.shape[-1] * HOP)


def test_stereo_interleaves_left_and_right() -> None:
    audio = _audio(2, 2, 1000)
    codes = _codec(2).encode(audio)
    left, right = _reference_codes(audio[:, :1]), _reference_codes(audio[:, 1:])
    for k in range(4):
        assert torch.equal(codes[:, 2 * k], left[:, k])
        assert torch.equal(codes[:, 2 * k + 1], right[:, k])
    decoded = _codec(2).decode(codes)
    torch.testing.assert_close(decoded[:, :1], _reference_audio(left))
    torch.testing.assert_close(decoded[:, 1:], _reference_audio(right))


def test_no_audio_is_no_frames_and_no_frames_are_no_audio() -> None:
    assert _codec(2).encode(torch.zeros(3, 2, 0)).shape == (3, 8, 0)
    assert _codec(2).decode(torch.zeros(3, 8, 0, dtype=torch.int64)).shape == (3, 2, 0)


def test_audio_of_other_channels_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="1 channels for a codec of 2"):
        _codec(2).encode(torch.zeros(1, 1, 64))


@pytest.mark.parametrize("causal", [False, True])
def test_context_is_as_far_as_the_convolutions_reach(causal: bool) -> None:
    config, model = tiny_encodec(use_causal_conv=causal)
    for name, parameter in model.named_parameters():
        if "lstm" in name:
            parameter.data.zero_()  # leaves the convolutions only
    codec = build(config.to_dict(), model.state_dict())
    codes = torch.randint(0, 16, (1, 4, 60), generator=torch.Generator().manual_seed(2))
    changed = codes.clone()
    changed[:, :, 30] = (codes[:, :, 30] + 1) % 16
    difference = (codec.decode(codes) - codec.decode(changed)).abs().view(60, HOP).amax(1)
    frames = difference.nonzero()[:, 0]
    assert frames.min() >= 30 - codec.context
    assert frames.max() <= 30 + codec.context
    assert max(30 - frames.min(), frames.max() - 30) >= codec.context - 2  # nor is it much too wide


def test_names_of_old_checkpoints_are_understood() -> None:
    old = {
        name.replace("parametrizations.weight.original0", "weight_g").replace(
            "parametrizations.weight.original1", "weight_v"
        ): tensor
        for name, tensor in MODEL.state_dict().items()
    }
    assert old.keys() != MODEL.state_dict().keys()
    codes = torch.randint(0, 16, (1, 4, 20), generator=torch.Generator().manual_seed(3))
    torch.testing.assert_close(build(CONFIG.to_dict(), old).decode(codes), _reference_audio(codes))


def test_half_precision_weights_are_run_in_float32() -> None:
    half = {n: t.half() if t.is_floating_point() else t for n, t in MODEL.state_dict().items()}
    codes = torch.randint(0, 16, (1, 4, 20), generator=torch.Generator().manual_seed(3))
    decoded = build(CONFIG.to_dict(), half).decode(codes)
    assert decoded.dtype == torch.float32
    torch.testing.assert_close(decoded, _reference_audio(codes), rtol=0, atol=1e-2)


def test_building_draws_nothing_at_random_and_leaves_the_weights_alone() -> None:
    before = {name: tensor.clone() for name, tensor in MODEL.state_dict().items()}
    state = torch.get_rng_state()
    _codec()
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(tensor, before[name]) for name, tensor in MODEL.state_dict().items())


def test_missing_weights_are_named() -> None:
    weights = dict(MODEL.state_dict())
    del weights["decoder.layers.1.lstm.weight_ih_l0"]
    with pytest.raises(Problem, match=r"do not fit.*decoder\.layers\.1\.lstm\.weight_ih_l0"):
        build(CONFIG.to_dict(), weights)


def test_weights_of_another_size_are_named() -> None:
    other = tiny_encodec(num_filters=8)[1].state_dict()
    with pytest.raises(Problem, match="do not fit"):
        build(CONFIG.to_dict(), other)


@pytest.mark.parametrize(
    "changes",
    [
        {"normalize": True},
        {"chunk_length_s": 1.0, "overlap": 0.01},
        {"norm_type": "time_group_norm"},
        {"audio_channels": 2},
    ],
    ids=str,
)
def test_an_encodec_that_musicgen_does_not_use_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(Problem, match="EnCodec"):
        build({**CONFIG.to_dict(), **changes}, MODEL.state_dict())


def test_an_unknown_codec_is_refused_with_the_known_ones() -> None:
    with pytest.raises(Problem, match=r"'dac'.*encodec"):
        build({"model_type": "dac"}, {})
