from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from transformers import AutoTokenizer

from engine import generate as loop
from engine.adapters import LowRank
from engine.decoder import PREFILL_FRAMES
from engine.errors import Problem
from engine.generate import Clip, Request, Window, generate, total_steps, windows
from engine.job import Sampling
from engine.linear import Tuning
from engine.melody import chroma
from engine.model import Model, load_model
from tests.engine import tiny

PROMPT = "rock loud piano drums"
FRAMES = 250
GUIDANCE = 3.0

Saved = tuple[tiny.Reference, Path]


def saved(model: tiny.Reference, factory: pytest.TempPathFactory) -> Saved:
    return model, tiny.save(model, factory.mktemp("model"))


@pytest.fixture(scope="module")
def mono(tmp_path_factory: pytest.TempPathFactory) -> Saved:
    return saved(tiny.mono(), tmp_path_factory)


@pytest.fixture(scope="module")
def stereo(tmp_path_factory: pytest.TempPathFactory) -> Saved:
    return saved(tiny.stereo(), tmp_path_factory)


@pytest.fixture(scope="module")
def melody(tmp_path_factory: pytest.TempPathFactory) -> Saved:
    return saved(tiny.melody(), tmp_path_factory)


@pytest.fixture(scope="module")
def model(mono: Saved) -> Model:
    return load_model(mono[1])


@pytest.fixture(scope="module")
def starter(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return load_model(tiny.save_starter(tmp_path_factory.mktemp("starter")))


def request_for(model: Model, settings: dict[str, Any] | None = None, **changes: Any) -> Request:
    """A request of one clip of 40 frames; `settings` and `changes` replace what they name."""
    states = model.read_prompt(PROMPT)
    values: dict[str, Any] = {
        "clips": [Clip(0)],
        "condition": lambda _: model.condition(states),
        "frames": 40,
        "window": 1500,
        "sampling": Sampling(**({"guidance": GUIDANCE} | (settings or {}))),
        "prompt": torch.zeros(model.decoder.spec.codebooks, 0, dtype=torch.int64),
    }
    return Request(**(values | changes))


def codes_of(model: Model, **changes: Any) -> Tensor:
    """The codes [B, K, T] of a request."""
    *_, last = generate(model.decoder, request_for(model, **changes))
    assert last.ready == last.codes.shape[-1]
    return last.codes


def tuning_for(model: Model, seed: int = 0) -> Tuning:
    random = torch.Generator().manual_seed(seed)
    draw = lambda *shape: 0.2 * torch.randn(shape, generator=random)  # noqa: E731
    shapes = model.decoder.linear_shapes.items()
    return model.decoder.tune({m: LowRank(draw(4, into), draw(out, 4), 1.0) for m, (out, into) in shapes})


def greedy_reference(saved: Saved, frames: int, **inputs: Any) -> tuple[Tensor, Tensor]:
    """What transformers generates: codes [K, frames], logits after guidance [steps, K, V]."""
    model, folder = saved
    caught: list[Tensor] = []
    decode = model.audio_encoder.decode

    def catch(codes: Tensor, **rest: Any) -> Any:
        caught.append(codes[0, 0])
        return decode(codes, **rest)

    channels = model.config.decoder.audio_channels
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model.audio_encoder, "decode", catch)
        made = model.generate(
            **AutoTokenizer.from_pretrained(folder)(PROMPT, return_tensors="pt"),
            **({"guidance_scale": GUIDANCE} | inputs),
            max_length=frames + model.config.decoder.num_codebooks // channels,
            do_sample=False,
            return_dict_in_generate=True,
            output_scores=True,
        )
    return torch.stack(caught, dim=1).flatten(0, 1), torch.stack(made.scores)


def assert_greedy_equal(
    saved: Saved, monkeypatch: pytest.MonkeyPatch, inputs: dict[str, Any], **changes: Any
) -> Tensor:
    """Greedy decoding gives transformers' codes, and logits within 1e-4; the codes [K, T] are varied."""
    codes, scores = greedy_reference(saved, FRAMES, **inputs)
    seen: list[Tensor] = []

    def watch(logits: Tensor, *rest: Any) -> Tensor:
        seen.append(logits[0])
        return logits.argmax(-1)

    monkeypatch.setattr(loop, "sample", watch)
    ours = codes_of(load_model(saved[1]), frames=FRAMES, **changes)[0]
    assert ours.shape == codes.shape
    assert torch.equal(ours, codes)
    assert len(seen) == len(scores) >= 200
    assert (torch.stack(seen) - scores).abs().max() < 1e-4
    assert min(len(row.unique()) for row in ours) > 15
    return ours


@pytest.mark.parametrize("kind", ["mono", "stereo", "melody"])
def test_greedy_codes_and_logits_equal_transformers(
    kind: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_greedy_equal(request.getfixturevalue(kind), monkeypatch, {})


def test_codes_that_are_counted_are_not_drawn_and_the_model_reads_them(mono: Saved) -> None:
    """The first codebook is what it would be, plus one at each frame; others answer to what they read."""
    model = load_model(mono[1])

    def up(codes: Tensor, codebook: int, frame: int) -> Tensor | None:
        return None if codebook or frame == 0 else (codes[:, 0, frame - 1] + 1) % model.codec.card

    free, counted = codes_of(model, window=24), codes_of(model, window=24, counted=up)
    first = counted[0, 0]
    assert torch.equal(first, (first[0] + torch.arange(40)) % model.codec.card)
    assert first[0] == free[0, 0, 0]
    given = codes_of(model, window=24, frames=41, prompt=counted[0], counted=up)
    assert torch.equal(given[..., :40], counted)
    assert (free[0, 1] != counted[0, 1]).any()


def test_without_guidance_too(mono: Saved, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {"guidance": 1.0}
    assert_greedy_equal(mono, monkeypatch, {"guidance_scale": 1.0}, settings=settings)


@pytest.mark.parametrize("kind", ["mono", "stereo"])
def test_continuing_audio_equals_transformers(
    kind: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = request.getfixturevalue(kind)
    channels = saved[0].config.decoder.audio_channels
    audio = np.random.default_rng(0).normal(0, 0.3, (channels, 40 * tiny.HOP)).astype(np.float32)
    prompt = load_model(saved[1]).encode_audio(audio)
    inputs = {"input_values": torch.from_numpy(audio)[None]}
    codes = assert_greedy_equal(saved, monkeypatch, inputs, prompt=prompt)
    assert prompt.shape == (saved[0].config.decoder.num_codebooks, 40)
    assert torch.equal(codes[:, :40], prompt)


@pytest.mark.parametrize("seconds", [1, 20])
def test_following_a_melody_equals_transformers(
    seconds: int, melody: Saved, monkeypatch: pytest.MonkeyPatch
) -> None:
    audio = np.random.default_rng(1).normal(0, 0.1, seconds * tiny.SAMPLE_RATE).cumsum().astype(np.float32)
    model = load_model(melody[1])
    states = model.read_prompt(PROMPT)
    inputs = {"input_features": chroma(audio, tiny.SAMPLE_RATE)[None]}
    heard = lambda _: model.condition(states, audio)  # noqa: E731
    codes = assert_greedy_equal(melody, monkeypatch, inputs, condition=heard)
    monkeypatch.undo()
    plain = codes_of(model, frames=FRAMES, settings={"top_k": 1})[0]
    assert not torch.equal(codes, plain)


def test_windows_slide_by_three_fifths() -> None:
    assert windows(0, 10, 10) == [Window(0, 0, 10)]
    assert windows(0, 23, 10) == [Window(0, 0, 10), Window(6, 10, 16), Window(12, 16, 22), Window(18, 22, 23)]
    assert windows(3, 11, 10) == [Window(0, 3, 10), Window(6, 10, 11)]
    assert windows(13, 16, 10) == [Window(9, 13, 16)]
    assert windows(0, 9, 7) == [Window(0, 0, 7), Window(5, 7, 9)]


def test_steps_are_counted_beforehand_and_frames_come_in_order(model: Model) -> None:
    request = request_for(model, frames=50, window=20)
    made = list(generate(model.decoder, request))
    steps = [each.step for each in made if each.step]
    assert sorted(set(steps)) == list(range(1, total_steps(request, model.decoder) + 1))
    assert [each.ready for each in made] == sorted(each.ready for each in made)
    final = made[-1].codes.clone()
    for each in generate(model.decoder, request):
        assert torch.equal(each.codes[..., : each.ready], final[..., : each.ready])


def test_a_longer_clip_begins_like_a_shorter_one(model: Model) -> None:
    """All but the end of the shorter, whose last frames are predicted beside the padding after it."""
    wait = max(model.waits)
    short = codes_of(model, frames=40, window=60)
    for frames in (60, 100):
        assert torch.equal(codes_of(model, frames=frames, window=60)[..., : 40 - wait], short[..., :-wait])


def test_a_window_continues_what_is_before_it(model: Model) -> None:
    """The second window is the continuation of the first one's end, with the noise of its steps."""
    long = codes_of(model, frames=45, window=30)
    request = request_for(model, frames=45, window=30, prompt=long[0, :, :30])
    *_, again = generate(model.decoder, request)
    assert torch.equal(again.codes, long)
    fresh = codes_of(model, frames=30, window=30, prompt=long[0, :, 18:30])
    assert not torch.equal(fresh[..., 12:27], long[..., 30:])


def test_a_long_prompt_is_read_in_pieces_that_can_be_stopped(model: Model) -> None:
    prompt = torch.zeros(4, 3 * PREFILL_FRAMES, dtype=torch.int64)
    made = list(generate(model.decoder, request_for(model, frames=3 * PREFILL_FRAMES + 1, prompt=prompt)))
    assert [each.step for each in made] == [0, 0, 0, 1, 2, 3, 4]


@pytest.mark.parametrize("guidance", [1.0, 3.0])
def test_a_clip_is_the_same_alone_and_in_a_batch_and_at_any_number_of_threads(
    starter: Model, guidance: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not only the codes: the logits, bit for bit, so that no seed can find a tie that rounding breaks."""
    tunings = [tuning_for(starter, 0), tuning_for(starter, 1)]
    clips = [Clip(seed, (None, *tunings)[seed % 3]) for seed in range(8)]
    seen: list[Tensor] = []
    drawn = loop.sample

    def watch(logits: Tensor, *rest: Any) -> Tensor:
        seen.append(logits)
        return drawn(logits, *rest)

    monkeypatch.setattr(loop, "sample", watch)

    def run(clips: list[Clip], threads: int) -> tuple[Tensor, Tensor]:
        """Codes [B, K, T] and logits [steps, B, K, V]."""
        seen.clear()
        torch.set_num_threads(threads)
        codes = codes_of(starter, clips=clips, frames=30, settings={"guidance": guidance})
        return codes, torch.stack(seen)

    codes, logits = run(clips, 1)
    assert 1 < logits.std() < 8
    for threads in (1, 2, 3):
        again, those = run(clips, threads)
        assert torch.equal(again, codes) and torch.equal(those, logits)
        for b, clip in enumerate(clips[:3]):
            alone, its = run([clip], threads)
            assert torch.equal(alone[0], codes[b]) and torch.equal(its[:, 0], logits[:, b])


def test_a_prompt_is_read_the_same_at_any_number_of_threads(starter: Model, mono: Saved) -> None:
    audio = np.random.default_rng(0).normal(0, 0.3, (1, 70 * tiny.HOP)).astype(np.float32)
    for model in (starter, load_model(mono[1])):
        states, codes = model.read_prompt(PROMPT), model.encode_audio(audio)
        for threads in (2, 3, 8):
            torch.set_num_threads(threads)
            assert torch.equal(model.read_prompt(PROMPT), states)
            assert torch.equal(model.encode_audio(audio), codes)
        torch.set_num_threads(1)


def test_seeds_differ_and_equal_seeds_do_not(model: Model) -> None:
    codes = codes_of(model, clips=[Clip(1), Clip(2), Clip(1)])
    assert torch.equal(codes[0], codes[2])
    assert not torch.equal(codes[0], codes[1])


def test_numbers_that_are_not_finite_are_a_problem(model: Model) -> None:
    huge = {
        m: LowRank(torch.full((1, i), 1e30), torch.full((o, 1), 1e30), 1.0)
        for m, (o, i) in model.decoder.linear_shapes.items()
    }
    with pytest.raises(Problem, match="not finite"):
        codes_of(model, clips=[Clip(0, model.decoder.tune(huge))])
