import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from engine.codecs.stem import StemCodec, headroom_gain
from engine.codecs.stem_network import LINE_LEVEL, StemCodecConfig, StemNetwork, overlapped
from engine.errors import Problem
from engine.precision import quick
from tests.training.fixtures import TINY, random_network, rendering, write_codec, write_corpus
from training.starter import checkpoint
from training.starter.codec.data import StemBatch, load_stems, stem_batches
from training.starter.codec.loss import energy_loss, log_mel_distance, mel_spectrogram, pitch_loss
from training.starter.codec.quantizer import CodebookLearner
from training.starter.codec.train import (
    CodecPlan,
    Learner,
    held_out_distance,
    new_network,
    roundtrip,
    stem_and_mix_loss,
    take_codec,
    train_codec,
    train_decoder,
    train_splitter,
    trained_network,
)
from training.starter.corpus.synth import FRAME

PLAN = CodecPlan(steps=2, rows=2, frames=16, unquantized=1, save_every=1)


@pytest.fixture(autouse=True)
def _tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.starter.codec.train.StemCodecConfig", lambda: TINY)


def test_stems_lie_in_their_order_and_silence_fills_the_rest(tmp_path: Path) -> None:
    write_corpus(tmp_path, frames=2)
    stored = np.load(tmp_path / "audio" / "000000_0.npy")
    stems = load_stems(tmp_path, rendering(2), FRAME, 2 * FRAME)
    np.testing.assert_array_equal(stems[[0, 2], :FRAME], stored[:, FRAME:])
    assert not stems[[1, 3, 4]].any() and not stems[:, FRAME:].any()


def test_a_batch_is_crops_of_songs_with_their_stems(tmp_path: Path) -> None:
    songs = write_corpus(tmp_path)
    source = stem_batches(tmp_path, songs, 8, 16, np.random.default_rng(0))
    for batch, _ in zip(source, range(10), strict=False):
        R, N = batch.audio.shape
        assert R >= 8 and N == 16 * FRAME
        assert batch.audio.dtype == torch.float32 and batch.audio.abs().max() <= 1
        assert batch.group.tolist() == sorted(batch.group.tolist())
        assert set(batch.group.tolist()) == set(range(batch.groups))
        for group in range(batch.groups):
            stems = batch.stem[batch.group == group].tolist()
            assert {0, 2} <= set(stems) and len(stems) == len(set(stems))


def test_stems_that_are_silent_are_seldom_in_a_batch(tmp_path: Path) -> None:
    songs = write_corpus(tmp_path)
    source = stem_batches(tmp_path, songs, 800, 16, np.random.default_rng(0))
    batch = next(source)
    silent = (batch.audio.abs().amax(1) == 0).float().mean().item()
    assert 0 < silent < 0.1
    assert set(batch.stem[batch.audio.abs().amax(1) == 0].tolist()) == {1, 3, 4}


def test_without_songs_the_command_to_render_them_is_named(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"python -m training\.starter corpus"):
        next(stem_batches(tmp_path, [], 1, 1, np.random.default_rng(0)))


def test_mixes_are_the_sums_of_their_groups() -> None:
    batch = StemBatch(torch.zeros(3, 2), torch.tensor([0, 1, 2]), torch.tensor([0, 0, 1]), 2)
    assert batch.mixes(torch.tensor([[1.0, 2], [3, 4], [5, 6]])).tolist() == [[4, 6], [5, 6]]


def test_distance_of_equal_sounds_is_zero_and_of_ten_times_louder_is_its_logarithm() -> None:
    torch.manual_seed(0)
    noise = torch.randn(2, 32_000)
    assert log_mel_distance(noise, noise).tolist() == [0, 0]
    assert log_mel_distance(noise, noise * 10).tolist() == pytest.approx([np.log(10)] * 2, abs=1e-3)


def spectral_loss(decoded: torch.Tensor, original: torch.Tensor, sizes: list[int]) -> torch.Tensor:
    """The reference for one decoding: log-mel distance plus 0.3 of the relative difference."""
    loss = torch.zeros(len(decoded))
    for size in sizes:
        with quick():
            a, b = mel_spectrogram(decoded, size).float(), mel_spectrogram(original, size).float()
        relative = (a - b).abs().mean((1, 2)) / b.mean((1, 2)).clamp(min=1e-3)
        logs = a.clamp(min=1e-4).log() - b.clamp(min=1e-4).log()
        loss += logs.abs().mean((1, 2)) + 0.3 * relative
    return loss / len(sizes)


def test_the_loss_at_all_resolutions_without_linear_part_is_the_distance() -> None:
    torch.manual_seed(0)
    a, b = torch.randn(2, 2, 20_000)
    loss = energy_loss((a, a), b, (512, 1024, 2048, 4096), linear=0.0)
    torch.testing.assert_close(loss, log_mel_distance(a, b), atol=0.01, rtol=0)


def test_mix_loss_counts_a_lone_stem_as_its_mix() -> None:
    torch.manual_seed(0)
    audio = torch.randn(3, 8192)
    batch = StemBatch(audio, torch.tensor([0, 1, 2]), torch.tensor([0, 0, 1]), 2)
    zero = torch.zeros(2, 3, 8192)
    mix, stems = stem_and_mix_loss(zero, batch, [512], spread=1.0)
    assert stems.item() == pytest.approx(spectral_loss(zero[0], audio, [512]).mean().item())
    sums = torch.stack([audio[0] + audio[1], audio[2]])
    assert mix.item() == pytest.approx(spectral_loss(zero[0, :2], sums, [512]).mean().item())


def test_the_energy_loss_is_least_for_noise_as_loud_as_the_original() -> None:
    torch.manual_seed(0)
    original, first, second = torch.randn(3, 1, 320_000)
    losses = {
        gain: energy_loss((gain * first, gain * second), original, [1024], spread=1.0).item()
        for gain in (0.0, 0.7, 1.0, 1.4)
    }
    assert min(losses, key=losses.__getitem__) == 1.0
    still = energy_loss((first, first), original, [1024], spread=1.0)
    torch.testing.assert_close(still, spectral_loss(first, original, [1024]))
    assert losses[1.0] < still.item()


def test_the_learner_finds_the_points_that_latents_gather_at() -> None:
    network = StemNetwork(TINY)
    learner = CodebookLearner(network)
    torch.manual_seed(2)
    points = torch.randn(16, 8) * 5
    stem = torch.zeros(4, dtype=torch.long)
    for _ in range(60):
        latents = points[torch.randint(16, (4, 50))] + 0.01 * torch.randn(4, 50, 8)
        quantized, _ = learner(network, latents, stem, revive=True)
    assert (quantized - latents).norm(dim=-1).mean() < 0.5
    assert not network.codebooks[2:].any(), "the books of other stems moved"


def test_dead_codes_move_to_where_latents_are() -> None:
    torch.manual_seed(0)
    network = StemNetwork(TINY)
    learner = CodebookLearner(network)
    stem = torch.zeros(1, dtype=torch.long)
    learner(network, torch.randn(1, 50, 8), stem, revive=True)
    for _ in range(500):
        learner(network, torch.randn(1, 50, 8) + 30, stem, revive=True)
    assert network.codebooks[0].mean(1).min() > 20


def test_gradients_pass_the_quantiser_straight_through() -> None:
    torch.manual_seed(0)
    network = StemNetwork(TINY)
    latents = torch.randn(2, 6, 8, requires_grad=True)
    quantized, _ = CodebookLearner(network)(network, latents, torch.tensor([0, 3]), revive=True)
    quantized.sum().backward()
    torch.testing.assert_close(latents.grad, torch.ones_like(latents))


def test_commitment_pulls_latents_to_their_codes() -> None:
    torch.manual_seed(0)
    network = StemNetwork(TINY)
    latents = torch.randn(2, 6, 8, requires_grad=True)
    quantized, commitment = CodebookLearner(network)(network, latents, torch.tensor([1, 1]), revive=False)
    commitment.backward()
    towards = (quantized - latents).detach()
    torch.testing.assert_close(latents.grad, -2 * towards / towards.numel())


def test_codebooks_rest_in_the_first_steps() -> None:
    network = new_network(TINY)
    batch = StemBatch(torch.randn(3, 640 * 8), torch.tensor([0, 1, 3]), torch.tensor([0, 0, 1]), 2)
    learner = Learner(network)
    plan = CodecPlan(steps=10, unquantized=5)
    learner(network, batch, 4, plan)
    assert not learner.books.started.any()
    learner(network, batch, 5, plan)
    assert learner.books.started.tolist() == [True] * 4 + [False] * 4 + [True] * 4 + [False] * 2


def test_codes_are_learned_that_hold_the_spectra(tmp_path: Path) -> None:
    write_corpus(tmp_path)
    plan = CodecPlan(steps=80, rows=2, frames=16, rate=1e-2, warmup=1, unquantized=5)
    losses = [loss for _, loss in train_codec(tmp_path, tmp_path / "run", plan)]
    assert losses[-1] < 0.6 * losses[0]


def test_the_pitch_loss_knows_what_an_oscillator_sounds_like() -> None:
    config = StemCodecConfig()
    network = StemNetwork(config)
    held = torch.full((1, 100, 2 * config.lines), -20.0)
    held[..., config.lines :] = 0.7
    held[..., 150] = 2.0  # MIDI pitch 74
    window = network.synthesis_window
    sound = overlapped(network.lines(held, 0) * window, window, 320)
    heard = 3 * network.spectra(sound)[:, 10:40, 2 * config.mels :] - 4
    sizes = held[:, 20:80, : config.lines] - LINE_LEVEL
    assert heard.argmax(-1).unique().tolist() == [74 - 28]
    right = pitch_loss(config, sizes, heard)
    assert right < 0.1
    for other in (147, 153):
        assert pitch_loss(config, sizes.roll(other - 150, -1), heard) > 3 * right


def test_roundtrip_is_what_the_codec_of_the_engine_does() -> None:
    network = random_network()
    stems = torch.randn(1, 5, 640 * 6) * 0.1
    codec = StemCodec(TINY.model_dump(), network.state_dict())
    expected = codec.decode_stems(codec.encode_stems(stems))[0]
    plain = roundtrip(network, stems[0], torch.arange(5))
    torch.testing.assert_close(plain * headroom_gain(plain.sum(0)), expected, atol=1e-5, rtol=0)


def test_held_out_distance_is_of_the_mix_and_of_each_stem_that_sounds(tmp_path: Path) -> None:
    write_corpus(tmp_path)
    mix, stems = held_out_distance(random_network(), tmp_path, "test", 1, frames=16)
    assert mix > 0
    assert [value > 0 for value in stems] == [True, False, True, False, False]


def test_training_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    write_corpus(tmp_path)
    run = tmp_path / "run"
    assert [step for step, _ in train_codec(tmp_path, run, PLAN)] == [1, 2]
    first = trained_network(run)
    assert list(train_codec(tmp_path, run, PLAN)) == []
    assert [step for step, _ in train_codec(tmp_path, run, dataclasses.replace(PLAN, steps=3))] == [3]
    state = checkpoint.load(run / "codec.pt")
    assert state is not None and state["step"] == 3
    assert {int(s["step"]) for s in state["optimizer"]["state"].values()} == {3}
    moved = (trained_network(run).encoder_out.weight - first.encoder_out.weight).abs().max()
    assert 0 < moved < 0.01


def test_training_the_decoder_on_leaves_the_codes_as_they_are(tmp_path: Path) -> None:
    songs = write_corpus(tmp_path)
    run = tmp_path / "run"
    list(train_codec(tmp_path, run, PLAN))
    before = trained_network(run)
    assert [step for step, _ in train_decoder(tmp_path, run, PLAN)] == [1, 2]
    after = trained_network(run)
    assert (after.head.weight - before.head.weight).abs().max() > 0
    stems = torch.tensor(load_stems(tmp_path, songs[0], 0, 16 * FRAME) / 32768, dtype=torch.float32)
    for stem in range(5):
        latents = [n.encode_latents(stems[stem : stem + 1], torch.tensor([stem])) for n in (before, after)]
        assert torch.equal(*latents)
    assert torch.equal(before.codebooks, after.codebooks)
    assert list(train_decoder(tmp_path, run, PLAN)) == []


def test_the_codec_of_a_model_can_be_taken_and_its_decoder_trained_on(tmp_path: Path) -> None:
    network = random_network()
    model, run = tmp_path / "model", tmp_path / "run"
    model.mkdir()
    save_file({f"audio_encoder.{n}": v for n, v in network.state_dict().items()}, model / "model.safetensors")
    take_codec(model, run)
    taken = trained_network(run)
    assert all(torch.equal(taken.state_dict()[n], v) for n, v in network.state_dict().items())
    assert checkpoint.load(run / "splitter.pt")
    songs = tmp_path / "corpus"
    write_corpus(songs)
    assert [step for step, _ in train_decoder(songs, run, PLAN)] == [1, 2]
    with pytest.raises(Problem, match="decoder"):
        next(train_codec(songs, run, PLAN))
    with pytest.raises(Problem, match="already"):
        take_codec(model, run)


def test_a_codec_of_another_shape_is_not_taken(tmp_path: Path) -> None:
    save_file({"audio_encoder.codebooks": torch.zeros(3)}, tmp_path / "model.safetensors")
    with pytest.raises(Problem, match="shape"):
        take_codec(tmp_path, tmp_path / "run")
    with pytest.raises(Problem, match=r"There is no .*nowhere"):
        take_codec(tmp_path / "nowhere", tmp_path / "run")


def test_a_stopped_run_leaves_its_last_checkpoint(tmp_path: Path) -> None:
    write_corpus(tmp_path)
    steps = train_codec(tmp_path, tmp_path / "run", dataclasses.replace(PLAN, steps=100))
    next(steps)
    steps.close()
    state = checkpoint.load(tmp_path / "run" / "codec.pt")
    assert state is not None and state["step"] == 1


def test_the_trained_network_has_the_averaged_weights(tmp_path: Path) -> None:
    network = random_network()
    write_codec(tmp_path, network)
    state = checkpoint.load(tmp_path / "codec.pt")
    assert state is not None
    state["average"]["head.bias"] = torch.full_like(network.head.bias, 7.0)
    checkpoint.save(tmp_path / "codec.pt", state)
    assert (trained_network(tmp_path).head.bias == 7).all()


def test_without_a_codec_the_command_to_train_it_is_named(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"python -m training\.starter codec"):
        trained_network(tmp_path)


def test_the_splitter_learns_and_is_saved_by_itself(tmp_path: Path) -> None:
    write_corpus(tmp_path)
    write_codec(tmp_path / "run", random_network())
    losses = [loss for _, loss in train_splitter(tmp_path, tmp_path / "run", steps=5, rate=0.03)]
    assert len(losses) == 5 and losses == sorted(losses, reverse=True)
    saved = checkpoint.load(tmp_path / "run" / "splitter.pt")
    assert saved is not None
    assert set(saved) == {name for name in random_network().state_dict() if name.startswith("splitter")}
