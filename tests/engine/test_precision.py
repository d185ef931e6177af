"""Which products a decoder is packed for, by what the processor has instructions for."""

import pytest
import torch
from safetensors.torch import save_file

from engine import precision
from engine.checkpoint import open_checkpoint
from engine.errors import CallProblem
from engine.precision import LARGE, resolve


@pytest.fixture(params=[(True, True), (True, False), (False, False)], ids=["x86 with bf16", "x86", "other"])
def processor(request, monkeypatch):
    fbgemm, bf16 = request.param
    monkeypatch.setattr(precision, "has_fbgemm", lambda: fbgemm)
    monkeypatch.setattr(precision, "multiplies_bf16", lambda: bf16)
    return request.param


def test_auto_takes_what_is_fastest_there_and_exact_for_small_models(processor):
    large = {(True, True): "bf16", (True, False): "fp16", (False, False): "fp32"}[processor]
    assert resolve("auto", "cpu", LARGE) == large
    assert resolve("auto", "cpu", LARGE - 1) == "fp32"
    assert resolve("auto", "cpu", LARGE - 1, halves=True) == ("fp16" if processor[0] else "fp32")
    assert resolve("auto", "cuda:0", LARGE) == "fp16"
    assert resolve("auto", "mps", LARGE) == "fp32"


def test_what_the_processor_cannot_multiply_is_refused(processor):
    fbgemm, bf16 = processor
    for asked, works in (("fp32", True), ("fp16", fbgemm), ("bf16", bf16), ("int8", fbgemm)):
        if works:
            assert resolve(asked, "cpu", 1) == asked
        else:
            with pytest.raises(CallProblem, match=rf"bf16|{asked} works on x86"):
                resolve(asked, "cpu", 1)
    with pytest.raises(CallProblem, match="int8"):
        resolve("int8", "cuda", 1)
    assert resolve("fp16", "cuda", 1) == "fp16"


def test_a_checkpoint_tells_which_part_of_it_is_stored_in_halves(tmp_path):
    tensors = {"decoder.a": torch.ones(2).half(), "decoder.b": torch.ones(2).half(), "other.c": torch.ones(2)}
    save_file(tensors, tmp_path / "model.safetensors")
    checkpoint = open_checkpoint(tmp_path)
    assert checkpoint.below("decoder.").in_halves()
    assert not checkpoint.below("other.").in_halves() and not checkpoint.in_halves()
