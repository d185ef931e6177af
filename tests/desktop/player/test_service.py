import numpy as np
import pytest
from PySide6.QtCore import QObject, Signal

from desktop.actions import listening
from desktop.pairs import Clip, add_audio
from desktop.player.service import Player
from desktop.state import Blind, Span
from engine.events import Audio
from tests.desktop.alone import make_app, make_pair

RATE = 8000


class HandCard(QObject):
    """A sound card that takes samples when the test says so."""

    available = Signal(bool)

    def __init__(self, there=True):
        super().__init__()
        self.there, self.mixer, self.closed = there, None, False

    def prepare(self):
        pass

    def play(self, mixer):
        self.mixer = mixer
        self.available.emit(self.there)

    def stop(self):
        pass

    def heard(self, mixer):
        return mixer.pulled

    def close(self):
        self.closed = True


@pytest.fixture
def app():
    return make_app()


@pytest.fixture
def card():
    return HandCard()


@pytest.fixture
def player(qapp, app, card):
    player = Player(app, card)
    yield player
    player.close()


def ramp(seconds=1.0, sign=1):
    return sign * np.linspace(0.1, 0.9, round(seconds * RATE), dtype=np.float32)[None]


def heard(card, frames, fade=100):
    """Samples that come out after the fade of whatever was asked for."""
    card.mixer.pull(fade)
    return card.mixer.pull(frames)[0]


def test_play_and_switch_go_on_at_the_same_place(app, card, player):
    app.state.pair.value = make_pair(ramp(), ramp(sign=-1))
    listening.play_or_stop(app)
    np.testing.assert_allclose(heard(card, 50), ramp()[0, 100:150])
    listening.switch(app)
    np.testing.assert_allclose(heard(card, 50), -ramp()[0, 250:300])
    listening.play_or_stop(app)
    assert not heard(card, 50).any()


def test_the_playhead_follows_what_is_heard_and_playing_stops_at_the_end(app, card, player, qtbot):
    app.state.pair.value = make_pair(ramp())
    app.state.playing.value = True
    card.mixer.pull(2000)
    qtbot.waitUntil(lambda: app.state.playhead.value == 0.25)
    card.mixer.pull(7000)
    qtbot.waitUntil(lambda: not app.state.playing.value)
    assert app.state.playhead.value == 0.0


def test_seeking_jumps(app, card, player):
    app.state.pair.value = make_pair(ramp())
    app.state.playing.value = True
    listening.seek(app, 0.5)
    np.testing.assert_allclose(heard(card, 10, fade=41 + 60), ramp()[0, 4060:4070])


def test_the_loop_is_the_selection_or_all(app, card, player):
    app.state.pair.value = make_pair(ramp())
    listening.toggle_loop(app)
    app.state.playing.value = True
    card.mixer.pull(8000)
    np.testing.assert_allclose(card.mixer.pull(3)[0], ramp()[0, :3])
    listening.select(app, Span(0.25, 0.5))
    app.state.playing.value = False
    app.state.playing.value = True
    card.mixer.pull(1999)
    np.testing.assert_allclose(card.mixer.pull(3)[0], ramp()[0, [3999, 2000, 2001]])


def test_clips_are_brought_to_one_loudness_unless_that_is_turned_off(app, card, player, qtbot):
    quiet = make_pair(np.tile(ramp(), 1), 0.1 * ramp())
    app.state.pair.value = quiet
    qtbot.waitUntil(lambda: len(app.state.loudness.value) == 2)
    gap = app.state.loudness.value["base"] - app.state.loudness.value["tuned"]
    assert gap == pytest.approx(20, abs=0.01)
    app.state.playing.value = True
    np.testing.assert_allclose(heard(card, 20), 0.1 * ramp()[0, 100:120], rtol=1e-3)
    app.state.level_matched.value = False
    np.testing.assert_allclose(heard(card, 20), ramp()[0, 220:240], rtol=1e-5)
    app.state.blind.value = Blind("tuned", "base")
    np.testing.assert_allclose(heard(card, 20), 0.1 * ramp()[0, 340:360], rtol=1e-3)


def test_a_clip_is_played_while_it_grows_and_when_it_is_finished(app, card, player):
    whole = ramp(2.0)
    growing = make_pair(np.zeros((1, 16_000), np.float32), filled=0)
    app.state.pair.value = growing
    app.state.playing.value = True
    assert not card.mixer.pull(1000).any()
    add_audio(growing, Audio("base", 0, whole[:, :6000]))
    app.state.pair_grew.emit(growing, "base", 0, 6000)
    np.testing.assert_allclose(heard(card, 50), whole[0, 100:150])
    app.state.pair.value = make_pair(whole)
    np.testing.assert_allclose(card.mixer.pull(7000)[0], whole[0, 150:7150])


def test_another_take_starts_from_its_beginning(app, card, player, tmp_path):
    app.state.pair.value = make_pair(ramp(), folder=tmp_path)
    app.state.playing.value = True
    card.mixer.pull(500)
    first = card.mixer
    app.state.playhead.value = 0.0
    app.state.pair.value = make_pair(ramp(), folder=tmp_path)
    assert card.mixer is not first
    np.testing.assert_allclose(heard(card, 5), ramp()[0, 100:105])


def test_a_pair_that_goes_away_stops_the_sound(app, card, player):
    app.state.pair.value = make_pair(ramp())
    app.state.playing.value = True
    app.state.pair.value = None
    assert not app.state.playing.value
    app.state.playing.value = True
    assert not app.state.playing.value


def test_without_a_device_the_playhead_runs_and_a_line_says_so(qapp, app, qtbot):
    player = Player(app, HandCard(there=False))
    app.state.pair.value = make_pair(ramp(0.1))
    app.state.playing.value = True
    assert app.state.output.value == "No sound device: plays without sound"
    with qtbot.waitSignal(_Told(app.state.playing).told, timeout=5000):
        pass
    assert not app.state.playing.value
    player.close()


class _Told(QObject):
    told = Signal(object)

    def __init__(self, value):
        super().__init__()
        value.changed.connect(lambda now: self.told.emit(now))


def test_a_device_that_comes_and_goes_is_followed(app, card, player):
    app.state.pair.value = make_pair(ramp())
    app.state.playing.value = True
    card.available.emit(False)
    assert app.state.output.value
    card.available.emit(True)
    assert app.state.output.value == ""


def test_growing_loudness_is_of_what_came_so_far(app, card, player, qtbot):
    growing = make_pair(np.zeros((1, 16_000), np.float32), np.zeros((1, 16_000), np.float32), filled=0)
    app.state.pair.value = growing
    for which in ("base", "tuned"):
        stop = add_audio(growing, Audio(which, 0, ramp(1.0)))
        app.state.pair_grew.emit(growing, which, 0, stop)
    qtbot.waitUntil(lambda: len(app.state.loudness.value) == 2)
    assert isinstance(growing.base, Clip)
    assert app.state.loudness.value["base"] == app.state.loudness.value["tuned"]
