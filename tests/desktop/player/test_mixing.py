"""At 200 samples a second a fade is one sample long, so that every sample can be written down."""

from dataclasses import replace

import numpy as np
import pytest

from desktop.player.mixing import Controls, Head, Loop, advance, positions, render

RATE = 200
BASE = np.array([[1, 2, 3, 4, 5, 6, 7, 8]], np.float32)
TUNED = BASE * 10
PLAY = Controls(playing=True, which="base")
OPEN = Head(open=1.0, blend=0.0)


def play(frames, controls=PLAY, head=OPEN, growing=False, base=BASE, tuned=TUNED, rate=RATE):
    return render(base, tuned, growing, controls, head, frames, rate)


def test_samples_come_out_as_they_are():
    block = play(3, head=replace(OPEN, position=2))
    assert block.samples.tolist() == [[3, 4, 5]]
    assert (block.head, block.moved, block.ended) == (Head(5, 1.0, 0.0), 3, False)


def test_a_start_fades_in():
    block = play(3, head=Head(blend=0.0))
    assert block.samples.tolist() == [[0, 2, 3]]


def test_a_stop_fades_out_and_then_nothing_moves():
    block = play(3, Controls(playing=False, which="base"))
    assert block.samples.tolist() == [[1, 0, 0]]
    after = play(3, Controls(playing=False, which="base"), replace(block.head))
    assert after.samples.tolist() == [[0, 0, 0]]
    assert after.head.position == block.head.position
    assert after.moved == 0


def test_a_switch_goes_on_at_the_same_place():
    block = play(4, Controls(playing=True, which="tuned"))
    assert block.samples.tolist() == [[1, 20, 30, 40]]
    assert play(2, Controls(playing=True, which="base"), block.head).samples.tolist() == [[50, 6]]


def test_a_switch_crosses_linearly():
    """Four samples of fade at 800 samples a second; alike clips keep their sum."""
    block = play(6, Controls(playing=True, which="tuned"), rate=800)
    assert block.samples[0] == pytest.approx(
        [1, 2 * 0.75 + 20 * 0.25, 3 * 0.5 + 30 * 0.5, 4 * 0.25 + 40 * 0.75, 50, 60]
    )
    same = play(6, Controls(playing=True, which="tuned"), tuned=BASE, rate=800)
    assert same.samples[0] == pytest.approx(BASE[0, :6])


def test_a_switch_while_stopped_is_over_at_once():
    head = play(1, Controls(playing=False, which="tuned"), Head(blend=0.0)).head
    assert head.blend == 1.0


def test_gains_are_reached_within_a_block():
    quieter = Controls(playing=True, which="base", gains={"base": 0.5, "tuned": 1.0})
    block = play(2, quieter)
    assert block.samples.tolist() == [[1, 1]]
    assert play(2, quieter, block.head).samples.tolist() == [[1.5, 2]]


def test_a_loop_has_no_gap():
    looped = replace(PLAY, loop=Loop(2, 5))
    block = play(8, looped, replace(OPEN, position=1))
    assert block.samples.tolist() == [[2, 3, 4, 5, 3, 4, 5, 3]]
    assert block.head.position == 3
    assert not block.ended


def test_a_loop_of_one_sample_and_a_loop_longer_than_the_clip():
    assert play(3, replace(PLAY, loop=Loop(6, 7)), replace(OPEN, position=6)).samples.tolist() == [[7, 7, 7]]
    assert play(4, replace(PLAY, loop=Loop(6, 99)), replace(OPEN, position=6)).samples.tolist() == [
        [7, 8, 7, 8]
    ]


def test_beyond_its_loop_a_clip_plays_to_its_end():
    block = play(4, replace(PLAY, loop=Loop(0, 3)), replace(OPEN, position=5))
    assert block.samples[0, :2].tolist() == [6, 7]
    assert (block.moved, block.ended) == (3, True)


def test_the_end_fades_and_is_told():
    block = play(4, head=replace(OPEN, position=5), rate=400)
    assert block.samples.tolist() == [[6, 7, 0, 0]]
    assert (block.moved, block.ended, block.head.position, block.head.open) == (3, True, 8, 0.0)
    again = play(4, head=block.head)
    assert (again.moved, again.ended) == (0, True)


def test_a_growing_clip_waits_and_goes_on():
    short = BASE[:, :4]
    block = play(6, growing=True, base=short, tuned=short)
    assert (block.moved, block.ended, block.head.position) == (4, False, 4)
    waits = play(2, head=block.head, growing=True)  # 4 more, and half a second would be 100
    assert (waits.moved, waits.samples.tolist(), waits.ended) == (0, [[0, 0]], False)
    goes_on = play(2, head=block.head, growing=True, base=np.tile(BASE, 20), tuned=np.tile(BASE, 20))
    assert (goes_on.moved, goes_on.samples.tolist()) == (2, [[0, 6]])
    assert play(2, head=block.head).samples.tolist() == [[0, 6]]  # or when nothing more comes


def test_the_shorter_of_two_growing_clips_counts():
    block = play(6, growing=True, tuned=TUNED[:, :3])
    assert block.moved == 3


def test_the_end_of_a_loop_that_is_not_there_yet_is_waited_for():
    block = play(6, replace(PLAY, loop=Loop(2, 7)), replace(OPEN, position=2), growing=True, base=BASE[:, :5])
    assert (block.moved, block.head.position, block.ended) == (3, 5, False)


def test_nothing_to_play_is_silence():
    empty = np.zeros((2, 0), np.float32)
    block = play(3, base=empty, tuned=empty)
    assert block.samples.tolist() == [[0, 0, 0], [0, 0, 0]]
    assert block.ended


def test_pieces_sound_like_the_whole():
    noise = np.random.default_rng(1).uniform(-1, 1, (2, 2, 4000)).astype(np.float32)
    controls = replace(PLAY, which="tuned", loop=Loop(100, 1234))
    whole = play(4000, controls, base=noise[0], tuned=noise[1], rate=8000).samples
    head, pieces = OPEN, []
    for size in (1, 37, 512, 2048, 1402):
        block = play(size, controls, head, base=noise[0], tuned=noise[1], rate=8000)
        head = block.head
        pieces.append(block.samples)
    np.testing.assert_allclose(np.concatenate(pieces, axis=1), whole, atol=1e-6)


@pytest.mark.parametrize("loop", [None, Loop(2, 5), Loop(0, 1)])
@pytest.mark.parametrize("start", [0, 3, 5, 7])
def test_advance_is_the_position_after(loop, start):
    at = positions(start, 30, loop)
    assert [advance(start, frames, loop) for frames in range(30)] == at.tolist()
