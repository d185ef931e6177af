"""The precision a model is decoded in: what was asked for, on what this computer has.

`auto` is half precision on CUDA. On a CPU, decoders whose weights do not fit into any cache are decoded in
bf16 if the processor multiplies it itself, else in fp16 on x86: its products read half as much and add up in
float32. Smaller ones are decoded exactly: in fp16 where that is how they are stored, else in fp32. int8
rounds most and is only taken when asked for.
"""

import torch

from engine.errors import CallProblem
from engine.job import Precision, Product
from engine.linear import has_fbgemm

LARGE = 100_000_000  # parameters; the starter has 30 million, musicgen-small 400 million


def resolve(asked: Precision, device: str, parameters: int, halves: bool = False) -> Product:
    """The products that a decoder of so many parameters, stored in fp16 if `halves`, is packed for.

    Raises CallProblem if what is asked for has no kernel there.
    """
    if asked == "auto":
        return _best(device, parameters, halves)
    cpu = device == "cpu"
    if (asked == "int8" and not (cpu and has_fbgemm())) or (asked == "fp16" and cpu and not has_fbgemm()):
        raise CallProblem(f"{asked} works on x86 processors only.", "Use --precision auto.")
    if asked == "bf16" and cpu and not multiplies_bf16():
        raise CallProblem("This processor does not multiply bf16.", "Use --precision auto.")
    return asked


def _best(device: str, parameters: int, halves: bool) -> Product:
    if device.startswith("cuda"):
        return "fp16"
    if device != "cpu":
        return "fp32"
    if parameters >= LARGE and multiplies_bf16():
        return "bf16"
    return "fp16" if (halves or parameters >= LARGE) and has_fbgemm() else "fp32"


def quick() -> torch.autocast:
    """A context in which the CPU multiplies in bf16 if it has instructions for that, else in float32 as ever.

    Training and measuring are done in it; what is heard or kept is not. The starter's clips decode in 0.6 of
    the time and differ by 46 dB less than they sound: nothing to an estimator.
    """
    return torch.autocast("cpu", torch.bfloat16, multiplies_bf16())


def multiplies_bf16() -> bool:
    """Whether the processor has instructions for bf16, which is 50 times slower than fp32 without."""
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
