import numpy as np

from desktop.pairs import Clip, Pair
from desktop.player.mixer import Mixer
from desktop.player.mixing import Loop
from engine.job import Job
from engine.mix import Mix

RATE = 200  # a fade is one sample


def pair(base, tuned=None, filled=None):
    first = Clip(np.array([base], np.float32), len(base) if filled is None else filled)
    second = Clip(np.array([tuned], np.float32), len(tuned)) if tuned else first
    return Pair(Job(prompt="x", mix=Mix(knobs={"energy": 1})), RATE, first, second)


def test_it_plays_from_where_it_is_started():
    mixer = Mixer(pair([1, 2, 3, 4, 5, 6], [-1, -2, -3, -4, -5, -6]))
    mixer.start(1)
    assert mixer.pull(2).tolist() == [[0, -3]]
    mixer.switch("base")
    assert mixer.pull(3).tolist() == [[-4, 5, 6]]
    assert mixer.ended_at is None
    mixer.pull(4)
    mixer.pull(4)
    assert mixer.ended_at == 5
    mixer.start(0)
    assert mixer.ended_at is None


def test_a_jump_fades_out_and_in():
    mixer = Mixer(pair(list(range(1, 11))))
    mixer.start(0)
    mixer.pull(2)
    mixer.seek(7)
    assert mixer.pull(5).tolist() == [[3, 0, 0, 9, 10]]


def test_a_stop_is_heard_to_its_end():
    mixer = Mixer(pair([1, 2, 3, 4, 5, 6]))
    mixer.start(0)
    mixer.pull(2)
    mixer.stop()
    assert not mixer.silent
    assert mixer.pull(2).tolist() == [[3, 0]]
    assert mixer.silent


def test_what_is_heard_is_known_through_loops_waits_and_jumps():
    mixer = Mixer(pair(list(range(400))))
    mixer.set_loop(Loop(10, 20))
    mixer.start(15)
    for _ in range(3):
        mixer.pull(4)  # 15 16 17 18 | 19 10 11 12 | 13 14 15 16
    assert [mixer.heard(frames) for frames in (0, 4, 5, 8, 11, 12, 99)] == [15, 19, 10, 13, 16, 17, 17]


def test_waiting_for_more_audio_holds_the_place():
    growing = pair(list(range(400)), filled=6)
    mixer = Mixer(growing)
    mixer.start(0)
    mixer.pull(4)
    assert mixer.heard(4) == 0  # half a second must be there before it begins
    growing.base.filled = 300
    mixer.pull(4)
    assert mixer.heard(8) == 4
    growing.base.filled = 400


def test_a_pair_further_on_is_played_from_the_same_place():
    mixer = Mixer(pair([1, 2, 3, 4]))
    mixer.start(0)
    mixer.pull(2)
    mixer.exchange(pair([1, 2, 3, 4, 5]))
    assert mixer.pull(3).tolist() == [[3, 4, 5]]
