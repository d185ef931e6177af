"""The precision a model is decoded in: what was asked for, on what this computer has.

`auto` is half precision on CUDA. On a processor it is bf16 for a decoder whose weights do not fit into any
cache, if the processor multiplies bf16 itself, and fp32 for the rest, the starter among them. int8 rounds
most and is only taken when asked for.
"""

import torch

from engine.errors import CallProblem
from engine.job import Precision, Product
from engine.linear import int8_works

LARGE = 100_000_000  # parameters; the starter has 30 million, musicgen-small 400 million


def resolve(asked: Precision, device: str, parameters: int) -> Product:
    """The products that a decoder of so many parameters is packed for.

    Raises CallProblem if int8 is asked for where there is no kernel for it.
    """
    if asked == "int8" and not (device == "cpu" and int8_works()):
        raise CallProblem("int8 works on x86 processors only.", "Use --precision auto.")
    if asked != "auto":
        return asked
    if device.startswith("cuda"):
        return "fp16"
    return "bf16" if device == "cpu" and multiplies_bf16() and parameters >= LARGE else "fp32"


def for_measuring() -> torch.autocast:
    """A context in which a codec on the CPU decodes in bf16 if the processor multiplies it, else as ever.

    The starter's clips then take 0.6 of the time and differ by 46 dB less than they sound: nothing to an
    estimator, so pairs are labelled and clips are evaluated in it. What is heard or kept is not.
    """
    return torch.autocast("cpu", torch.bfloat16, multiplies_bf16())


def multiplies_bf16() -> bool:
    """Whether the processor multiplies bf16 itself, which is faster than fp32."""
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
