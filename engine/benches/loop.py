"""The decode loop as the benches run it: a guided request of random text, on so many threads."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch

from engine.decoder import Condition, Decoder
from engine.generate import Clip, Request
from engine.job import Sampling

TEXT = 12  # tokens of the prompt
WINDOW = 1500  # frames that musicgen-small takes at once


def guided_request(decoder: Decoder, clips: Sequence[Clip], frames: int, known: int = 0) -> Request:
    """`clips` of `frames` frames, of which the first `known` are given."""
    condition = Condition(torch.full((TEXT, decoder.spec.hidden), 0.1).to(decoder.like))
    return Request(
        clips=clips,
        condition=lambda _: condition,
        frames=frames,
        window=WINDOW,
        sampling=Sampling(),
        prompt=torch.zeros(decoder.spec.codebooks, known, dtype=torch.int64),
    )


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Compute with so many threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
