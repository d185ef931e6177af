"""`tunedial bench codec`: what EnCodec costs beside the decode loop, in the thread it runs in.

At musicgen-small's shape, random weights, a base and a tuned clip in one batch. While the loop makes two
seconds of audio, the codec decodes the two seconds before, of both clips: one piece of `engine.playback`.
"""

import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import click

from engine.commands.common import echo_json, json_option, note, precision_option
from engine.job import Precision

if TYPE_CHECKING:
    from engine.codecs import Codec
    from engine.decoder import Decoder

FRAMES_A_SECOND = 50
PIECE = 2 * FRAMES_A_SECOND


@dataclass(frozen=True)
class Found:
    """`held_back` is by how much of its time the loop is slower beside the codec, by its threads."""

    precision: str
    seconds_per_audio_second: float  # of one clip, streamed, one thread
    loop_per_audio_second: dict[int, float]
    held_back: dict[int, float]


def compare(decoder: "Decoder", codec: "Codec", threads: tuple[int, ...], runs: int) -> Found:
    """Time the loop with and without the codec in turn, `runs` times; the fastest of each counts."""
    import torch

    from engine.benches.loop import threads as on_threads
    from engine.codecs.stream import StreamDecoder

    codes = torch.randint(codec.card, (2, codec.codebooks, 2 * PIECE))
    with on_threads(1):
        stream = StreamDecoder(codec, 1)
        stream.push(codes[:1, :, :PIECE])
        start = time.perf_counter()
        stream.push(codes[:1, :, PIECE:])
        alone = (time.perf_counter() - start) * FRAMES_A_SECOND / PIECE
    loops: dict[int, float] = {}
    held: dict[int, float] = {}
    for number in threads:
        with on_threads(number):
            pairs = [(_loop(decoder, None), _loop(decoder, codec)) for _ in range(runs)]
        free, beside = (min(times) for times in zip(*pairs, strict=True))
        loops[number] = free * FRAMES_A_SECOND / PIECE
        held[number] = beside / free - 1
    return Found(decoder.product, alone, loops, held)


def _loop(decoder: "Decoder", codec: "Codec | None") -> float:
    """Seconds of PIECE steps of two guided clips, beside the codec if there is one."""
    import contextlib

    import torch

    from engine.benches.loop import guided_request
    from engine.generate import Clip, generate
    from engine.playback import Playback

    request = guided_request(decoder, [Clip(1), Clip(2)], 2 * PIECE)
    with contextlib.ExitStack() as held:
        steps = held.enter_context(contextlib.closing(generate(decoder, request)))
        next(steps)  # the text's keys and values
        start = time.perf_counter()
        if codec is not None:
            playback = held.enter_context(Playback(codec, 2, "cpu"))
            list(playback.push(torch.randint(codec.card, (2, codec.codebooks, PIECE)), PIECE))
        for _ in range(PIECE):
            next(steps)
        return time.perf_counter() - start


@click.command()
@precision_option
@click.option("--runs", type=click.IntRange(1), default=2, show_default=True, help="The fastest counts.")
@json_option
def codec(precision: Precision, runs: int, as_json: bool) -> None:
    """Time EnCodec (random weights) in its thread, and how far it holds the decode loop back."""
    import os

    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    import math

    import torch
    from transformers import EncodecConfig, EncodecModel

    from engine import codecs
    from engine.benches.random_model import SMALL, SMALL_DECODER, decoder_weights
    from engine.decoder import Decoder, tensor_shapes
    from engine.precision import resolve

    note("Making random weights, then running the loop with and without the codec; a minute or two.")
    parameters = sum(map(math.prod, tensor_shapes(SMALL_DECODER).values()))
    product = resolve(precision, "cpu", parameters)
    encodec = EncodecConfig(**{k: v for k, v in SMALL["audio_encoder"].items() if k != "model_type"})
    network = EncodecModel(encodec)
    made = codecs.build(encodec.to_dict(), network.state_dict())
    threads = tuple(sorted({1, torch.get_num_threads()}))
    with torch.inference_mode():
        decoder = Decoder(SMALL_DECODER, decoder_weights(SMALL_DECODER), product)
    found = compare(decoder, made, threads, runs)
    if as_json:
        echo_json(asdict(found))
        return
    click.echo(f"the codec {found.seconds_per_audio_second:.2f} s per second of audio, of one clip")
    for number, loop in found.loop_per_audio_second.items():
        click.echo(
            f"the loop, {number} threads, {found.precision}: {loop:.2f} s per second of audio,"
            f" held back {100 * found.held_back[number]:.1f} %"
        )
