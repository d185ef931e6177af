"""The benches at tiny shapes: that they measure what they say, never how long it takes."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from transformers import EncodecConfig, EncodecModel

from engine import codecs
from engine.benches import codec, decode, load, measure, merge
from engine.benches.random_model import decoder_weights, write_model
from engine.decoder import Decoder, DecoderSpec

TINY = DecoderSpec(
    hidden=32,
    layers=2,
    heads=4,
    ffn=64,
    codebooks=4,
    card=64,
    channels=1,
    max_positions=2048,
    activation="gelu",
    cross_attention=True,
)
ENCODEC = {
    "sampling_rate": 1600,
    "num_filters": 4,
    "upsampling_ratios": [4, 2, 4],
    "hidden_size": 16,
    "codebook_size": 64,
    "target_bandwidths": [1.2],
    "use_causal_conv": False,
    "use_conv_shortcut": False,
}
PARTS = {
    "text_encoder": {
        "model_type": "t5",
        "d_model": 24,
        "d_kv": 8,
        "d_ff": 32,
        "num_layers": 1,
        "num_heads": 3,
        "vocab_size": 32,
    },
    "audio_encoder": {"model_type": "encodec", **ENCODEC},
    "decoder": {
        "model_type": "musicgen_decoder",
        "vocab_size": 64,
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "ffn_dim": 64,
        "num_codebooks": 4,
        "pad_token_id": 64,
        "bos_token_id": 64,
    },
}


def test_merging_is_told_for_the_way_that_decoding_takes() -> None:
    found = merge.compare(TINY, "fp32", runs=1)
    taken = getattr(found, found.taken)
    assert (found.vs_copy, found.vs_paper, found.one_knob_vs_all) == (
        taken.vs_copy,
        taken.vs_paper,
        taken.one_knob_vs_all,
    )
    for way in (found.added, found.merged):
        assert way.vs_copy == way.one_seconds / found.copy_seconds
        assert way.vs_paper == found.paper_seconds / way.all_seconds
    assert found.read_seconds > 0


def test_a_pair_is_told_for_the_way_that_is_taken() -> None:
    found = decode.pair(decode.Stage(TINY, decoder_weights(TINY), rounds=1))
    for count, key in (("1", "pair_1_adapter"), ("13", "pair_13_adapters")):
        told = found["pair"][count]
        assert found[key] == told["over_single"][told["taken"]]


def test_products_alone_read_what_a_step_reads() -> None:
    decoder = Decoder(TINY, decoder_weights(TINY))
    D, layers = TINY.hidden, TINY.layers * (4 * 32 * 32 + 2 * 32 * 32 + 2 * 32 * 64)
    assert decoder.bytes == 4 * (layers + TINY.codebooks * TINY.card * D)
    told = decode.products_alone(decoder)
    assert told["ms"] > 0 and told["bandwidth_fraction"] > 0


def test_the_papers_way_is_the_average_of_fourteen(tmp_path: Path) -> None:
    weights = decoder_weights(TINY)
    torch.save(weights, tmp_path / merge.STATE)
    average = merge._average(tmp_path / merge.STATE)
    assert average.keys() == weights.keys()
    for name, weight in weights.items():  # all fourteen are one
        torch.testing.assert_close(average[name], weight)


def test_measuring_is_told_in_clips_a_second() -> None:
    found = measure.compare(clips=2, seconds=1.0, workers=1)
    assert found.one_by_one > 0 and found.batched_ratio == found.batched / found.one_by_one


def test_a_rate_is_of_the_second_half(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter([5.0, 7.0, 7.5, 8.0])
    monkeypatch.setattr(measure, "time", SimpleNamespace(perf_counter=lambda: next(ticks)))
    assert measure.rate(iter([None] * 4)) == 2 / (8.0 - 7.0)  # type: ignore[list-item]


def test_the_codec_is_told_beside_the_loop() -> None:
    settings = EncodecConfig(**ENCODEC)
    made = codecs.build(settings.to_dict(), EncodecModel(settings).state_dict())
    found = codec.compare(Decoder(TINY, decoder_weights(TINY)), made, threads=(1, 2), runs=1)
    assert found.seconds_per_audio_second > 0
    assert found.held_back.keys() == found.loop_per_audio_second.keys() == {1, 2}


def test_both_starts_come_to_a_first_step(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_model(tmp_path / "model", PARTS)
    told = {}
    for way in (load.theirs, load.ours):
        way(str(folder), 1.0, "fp32")
        told = json.loads(capsys.readouterr().out.splitlines()[-1])
        assert told["at"] > 0 and told["peak"] >= told["before"] > 0
    stored = (folder / "model.safetensors").stat().st_size
    assert 0.9 * stored < told["weights"] <= stored
    frames, hidden, layers, rows = 54, 32, 2, 2
    assert told["cache"] == 2 * layers * rows * frames * hidden * 4


def test_a_start_that_fails_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "CHILD", "raise SystemExit('no luck with {way}')")
    with pytest.raises(RuntimeError, match="no luck with ours"):
        load.compare(tmp_path, 1.0, "fp32", runs=1)
