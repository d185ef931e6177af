import dataclasses
import json
import math
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor
from transformers import MusicgenForCausalLM

from engine.codecs.metre import metre_codes
from engine.delay import delayed, delays
from engine.errors import Problem
from tests.training.fixtures import rendering, write_corpus
from training.starter import checkpoint
from training.starter.lm.books import PARTS, STARTER
from training.starter.lm.copying import BACK, looking_back, set_copying
from training.starter.lm.data import Track, batches, cut, load_tracks, looped
from training.starter.lm.train import (
    LmPlan,
    TextStates,
    book_weights,
    loss_by_codebook,
    new_decoder,
    train_lm,
    trained_decoder,
    training_losses,
)

PLAN = LmPlan(steps=2, rows=2, layers=2, warmup=1, held=0, save_every=1)
WINDOW = 24
K = 16
SILENCE = torch.full((14,), 7)


def track(frames: int = 200, first: int = 0) -> Track:
    """A track whose codes are the numbers of its frames, counted from `first`."""
    return Track(rendering(frames), np.tile(np.arange(first, first + frames, dtype=np.int16), (K, 1)))


def test_the_loss_is_that_of_predicting_each_code_from_those_before() -> None:
    torch.manual_seed(0)
    decoder = new_decoder(PLAN).eval()
    codes = torch.randint(0, 1024, (1, K, 5))
    states, mask = torch.randn(1, 3, 384), torch.ones(1, 3, dtype=torch.long)
    with torch.no_grad():
        losses = loss_by_codebook(decoder, codes, states, mask)
        brute = torch.zeros(K)
        sequence = delayed(codes, delays(K, channels=1), pad=1024)
        for k in range(K):
            for t in range(5):
                seen = sequence[..., : t + k + 1].reshape(K, -1)
                logits = decoder(
                    input_ids=seen, encoder_hidden_states=states, encoder_attention_mask=mask
                ).logits
                brute[k] -= torch.log_softmax(logits[k, -1], -1)[codes[0, k, t]] / 5
    torch.testing.assert_close(losses, brute, atol=0.02, rtol=0)


@torch.no_grad()
def test_what_is_predicted_stays_when_something_else_is_heard() -> None:
    torch.manual_seed(0)
    decoder = new_decoder(PLAN).eval()
    codes, heard = torch.randint(0, 1024, (2, 1, K, 6))
    states, mask = torch.randn(1, 3, 384), torch.ones(1, 3, dtype=torch.long)
    found = training_losses(decoder, decoder.model, codes, heard, states, mask)
    sequence = delayed(heard, delays(K, channels=1), pad=1024)[..., :-1].reshape(K, -1)
    logits = decoder(input_ids=sequence, encoder_hidden_states=states, encoder_attention_mask=mask).logits
    brute = torch.stack(
        [torch.nn.functional.cross_entropy(logits[k, k : k + 6], codes[0, k]) for k in range(K)]
    )
    torch.testing.assert_close(found, brute, atol=0.02, rtol=0)


def test_padding_of_captions_does_not_change_the_loss() -> None:
    torch.manual_seed(0)
    decoder = new_decoder(PLAN).eval()
    codes = torch.randint(0, 1024, (1, K, 5))
    states = torch.randn(1, 3, 384)
    padded = torch.cat([states, torch.zeros(1, 4, 384)], dim=1)
    with torch.no_grad():
        plain = loss_by_codebook(decoder, codes, states, torch.tensor([[1, 1, 1]]))
        longer = loss_by_codebook(decoder, codes, padded, torch.tensor([[1, 1, 1, 0, 0, 0, 0]]))
    torch.testing.assert_close(plain, longer, atol=0.01, rtol=0)


def test_padded_text_states_are_zero_and_the_others_do_not_depend_on_the_batch() -> None:
    text = TextStates()
    states, mask = text(["jazz", "slow blues with a harmonica"])
    assert states.shape == (2, mask.shape[1], 384)
    assert mask[0].sum() < mask[1].sum()
    assert states[0, mask[0] == 0].abs().max() == 0
    alone, heard = text(["jazz"])
    torch.testing.assert_close(states[0, mask[0] == 1], alone[0, heard[0] == 1], atol=1e-4, rtol=0)


def test_clips_begin_on_a_beat_mostly_on_a_bar_line() -> None:
    rng = random.Random(0)
    clips = [cut(track(), 50, rng) for _ in range(300)]
    starts = [int(clip[0, 0]) for clip in clips]
    assert all(torch.equal(clip[3], torch.arange(s, s + 50)) for clip, s in zip(clips, starts, strict=True))
    assert all(start % 4 == 0 and start + 50 <= 200 for start in starts)
    assert 240 < sum(start % 16 == 0 for start in starts) < 300
    assert len(set(starts)) > 20


def test_a_loop_repeats_its_bar() -> None:
    codes = torch.tensor([[1, 2, 3, 4, 5, 6, 7, 8], [9, 8, 7, 6, 5, 4, 3, 2]])
    assert looped(codes, 3).tolist() == [[1, 2, 3, 1, 2, 3, 1, 2], [9, 8, 7, 9, 8, 7, 9, 8]]


def test_as_many_clips_as_wanted_are_loops_of_a_bar_or_two() -> None:
    codes, _ = next(batches([track()], 300, 80, random.Random(0), loops=0.4))
    again = [(codes[:, 0, period:] == codes[:, 0, :-period]).all(1).float().mean() for period in (16, 32)]
    assert 0.13 < again[0] < 0.27 and 0.3 < again[1] < 0.5


def test_later_books_of_a_stem_weigh_less() -> None:
    weights = book_weights((2, 1, 3))
    torch.testing.assert_close(weights / weights[0], torch.tensor([1, 0.5, 1, 1, 0.5, 0.25]))
    assert weights.mean().item() == pytest.approx(1.0)


def test_a_track_of_one_clip_is_cut_from_its_beginning() -> None:
    assert {int(cut(track(50), 50, random.Random(n))[0, 0]) for n in range(20)} == {0}


def test_batches_leave_out_tracks_that_are_too_short_and_favour_long_ones() -> None:
    tracks = [track(49), track(100, first=1000), track(300, first=2000)]
    source = batches(tracks, 40, 50, random.Random(0))
    codes, captions = next(source)
    assert codes.shape == (40, K, 50) and len(captions) == 40
    firsts = torch.cat([codes[:, 0, 0], *(next(source)[0][:, 0, 0] for _ in range(9))])
    assert firsts.min() >= 1000
    assert 0.65 < (firsts >= 2000).float().mean() < 0.85
    assert len(set(captions)) > 5


def test_without_a_track_that_is_long_enough_the_commands_are_named() -> None:
    with pytest.raises(Problem, match=r"python -m training\.starter"):
        next(batches([track(30)], 1, 50, random.Random(0)))


def test_tracks_without_codes_are_left_out(tmp_path: Path) -> None:
    songs = write_corpus(tmp_path)
    assert load_tracks(tmp_path, tmp_path / "tokens", "train", {}) == []
    (tmp_path / "tokens").mkdir()
    np.save(tmp_path / "tokens" / f"{songs[0].name}.npy", np.zeros((K, 40), np.int16))
    (found,) = load_tracks(tmp_path, tmp_path / "tokens", "train", {})
    assert found.rendering == songs[0] and found.codes.shape == (K, 40)
    assert load_tracks(tmp_path, tmp_path / "tokens", "validation", {}) == []


def test_heads_look_back_to_the_position_they_are_set_to() -> None:
    decoder = new_decoder(PLAN)
    positions = decoder.model.decoder.embed_positions.weights
    for back in BACK:
        query, key = looking_back(384, 64, back)
        found = (positions[100:200] @ query.T) @ (positions @ key.T).T
        assert found.argmax(1).tolist() == list(range(100 - back, 200 - back))


@torch.no_grad()
@pytest.mark.parametrize("stem", [0, 1, 2, 3, 4, None])
def test_before_training_heads_look_at_what_came_next_the_last_times(stem: int | None) -> None:
    """Each stem's head finds where its stem stood before, whatever others play; the last, whole frames."""
    decoder = new_decoder(PLAN).eval()
    set_copying(decoder, PARTS, torch.Generator().manual_seed(0))
    generator = torch.Generator().manual_seed(1)
    bar, codes = (torch.randint(0, 1024, (K, frames), generator=generator) for frames in (50, 200))
    metre, *stems = torch.arange(K).split(PARTS)
    repeats = torch.arange(K) if stem is None else torch.cat([metre, stems[stem]])
    codes[repeats] = bar.repeat(1, 4)[repeats]
    seen = second_attention(decoder, codes)
    head = 5 if stem is None else stem
    for at in (140, 160, 180):
        came_next = [at - 50 * n + 1 for n in (1, 2, 3) if at - 50 * n + 1 > 28]
        assert seen[head, at, came_next].sum() > 0.75


@torch.no_grad()
def test_a_stem_that_has_left_the_way_is_looked_for_by_the_metre() -> None:
    """Nothing comes again but the metre: drums still look at what came next a bar ago."""
    decoder = new_decoder(PLAN).eval()
    set_copying(decoder, PARTS, torch.Generator().manual_seed(0))
    codes = torch.randint(0, 1024, (K, 300), generator=torch.Generator().manual_seed(1))
    codes[:2] = metre_codes(torch.arange(300), 24, 4, STARTER.beat_frames, STARTER.bar_beats)
    drums = second_attention(decoder, codes)[0]
    looked = [drums[at, [at - 95, at - 191]].sum().item() for at in range(220, 290)]
    assert sum(looked) / len(looked) > 0.3


def second_attention(decoder: MusicgenForCausalLM, codes: Tensor) -> Tensor:
    """Weights [H, T, T] of the second layer's heads when codes [K, T] are read."""
    sequence = delayed(codes[None], delays(K, channels=1), pad=1024)[..., :-1]
    seen = decoder.model(
        input_ids=sequence.reshape(K, -1),
        encoder_hidden_states=torch.zeros(1, 2, 384),
        encoder_attention_mask=torch.ones(1, 2, dtype=torch.long),
        output_attentions=True,
    )
    weights: Tensor = seen.attentions[1][0]
    return weights


def test_attention_that_copies_rests_at_first(corpus: Path) -> None:
    plan = dataclasses.replace(PLAN, held=2)
    list(train_lm(corpus, corpus / "tokens", SILENCE, corpus / "run", plan))
    untrained = new_decoder(plan)
    set_copying(untrained, PARTS, torch.Generator().manual_seed(plan.seed))
    trained = trained_decoder(corpus / "run")
    copied, learned = (decoder.model.decoder.layers[1] for decoder in (untrained, trained))
    assert torch.equal(copied.self_attn.k_proj.weight, learned.self_attn.k_proj.weight)
    assert not torch.equal(copied.fc1.weight, learned.fc1.weight)


class PlainText:
    """Text states without MiniLM."""

    def __call__(self, captions: list[str]) -> tuple[Tensor, Tensor]:
        return torch.ones(len(captions), 2, 384), torch.ones(len(captions), 2, dtype=torch.long)


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Songs whose codes repeat, and windows short enough to train on in no time."""
    monkeypatch.setattr("training.starter.lm.train.WINDOW", WINDOW)
    monkeypatch.setattr("training.starter.lm.train.TextStates", PlainText)
    songs = write_corpus(tmp_path, frames=48)
    (tmp_path / "tokens").mkdir()
    for song in songs:
        np.save(tmp_path / "tokens" / f"{song.name}.npy", np.tile(np.arange(4, dtype=np.int16), (K, 12)))
    return tmp_path


def test_training_goes_on_from_its_checkpoint(corpus: Path) -> None:
    run, tokens = corpus / "run", corpus / "tokens"
    assert [step for step, _, _ in train_lm(corpus, tokens, SILENCE, run, PLAN)] == [1, 2]
    first = trained_decoder(run)
    assert list(train_lm(corpus, tokens, SILENCE, run, PLAN)) == []
    longer = dataclasses.replace(PLAN, steps=3, save_every=3)
    assert [step for step, _, _ in train_lm(corpus, tokens, SILENCE, run, longer)] == [3]
    state = checkpoint.load(run / "lm.pt")
    assert state is not None and state["step"] == 3
    _, adam = state["optimizers"]
    assert {int(values["step"]) for values in adam["state"].values()} == {3}
    moved = [
        (after - before).abs().max().item()
        for before, after in zip(first.parameters(), trained_decoder(run).parameters(), strict=True)
    ]
    assert 0 < max(moved) < 0.1


def test_training_begins_with_the_decoder_of_a_model_folder(corpus: Path) -> None:
    torch.manual_seed(7)
    decoder = new_decoder(PLAN)
    folder = corpus / "model"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"decoder": decoder.config.to_dict()}))
    weights = {f"decoder.{n}": v for n, v in decoder.state_dict().items() if "embed_positions" not in n}
    save_file(weights, folder / "model.safetensors")
    still = dataclasses.replace(PLAN, rate=0.0, matrix_rate=0.0, steps=1)
    list(train_lm(corpus, corpus / "tokens", SILENCE, corpus / "run", still, start=folder))
    for before, after in zip(decoder.parameters(), trained_decoder(corpus / "run").parameters(), strict=True):
        torch.testing.assert_close(after, before)


def test_what_repeats_is_learned_and_validated_with_averaged_weights(corpus: Path) -> None:
    plan = dataclasses.replace(PLAN, steps=12, save_every=12, average=0.5)
    *_, (step, _, held_out) = train_lm(corpus, corpus / "tokens", SILENCE, corpus / "run", plan)
    assert step == 12 and len(held_out) == K
    assert max(held_out) < math.log(1024) - 0.5


def test_validation_comes_with_each_checkpoint_only(corpus: Path) -> None:
    plan = dataclasses.replace(PLAN, steps=3, save_every=2)
    held_out = [
        len(values) for _, _, values in train_lm(corpus, corpus / "tokens", SILENCE, corpus / "run", plan)
    ]
    assert held_out == [0, K, K]


def test_without_a_language_model_the_command_to_train_it_is_named(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"python -m training\.starter lm"):
        trained_decoder(tmp_path)
