"""From the button to the library: the order of events, cancel, failure at every step."""

import numpy as np
import pytest
from PySide6.QtCore import Qt

from desktop.actions import generating, listening, mixing, prompting
from desktop.bridge import ENDS
from engine.errors import Problem
from engine.events import Audio, Done, Loading, Progress, Started
from engine.library import open_library
from engine.take import is_take, read_take
from tests.desktop.conftest import ended
from tests.engine.fake import STEPS

LEFT = Qt.MouseButton.LeftButton


def test_the_button_makes_a_take_that_is_in_the_library(window, app, backend, qtbot):
    qtbot.mouseClick(window.panels["prompt"].generate, LEFT)
    qtbot.waitUntil(lambda: ended(app))
    pair = app.state.pair.value
    assert is_take(pair.folder)
    np.testing.assert_allclose(read_take(pair.folder).base, pair.base.audio, atol=2**-22)
    with open_library() as library:
        (entry,) = library.search()
    assert entry.prompt == backend.jobs[0].prompt == app.state.draft.value.prompt


def test_the_events_come_in_order_in_the_window_s_thread(running, app, qtbot):
    events = []
    running.bridge.job_event.connect(lambda number, event: events.append(event))
    generating.generate(app)
    qtbot.waitUntil(lambda: ended(app))
    kinds = [type(event) for event in events]
    assert kinds == [Loading, Started, *[Audio, Progress] * STEPS, Done]
    assert [isinstance(event, ENDS) for event in events] == [False] * (len(events) - 1) + [True]


def test_the_signals_of_a_job_come_strictly_in_order(running, app, qtbot):
    bridge = running.bridge
    kinds = [Loading, Started, Audio, Progress, Audio, Progress, Audio, Progress, Audio, Progress, Done]
    wanted = [(bridge.job_event, kind.__name__) for kind in kinds]
    checks = [lambda number, event, kind=kind: isinstance(event, kind) for kind in kinds]
    with qtbot.waitSignals([signal for signal in wanted], check_params_cbs=checks, order="strict"):
        generating.generate(app)
    qtbot.waitUntil(lambda: ended(app))


def test_the_clips_grow_while_the_job_runs(app, gate, qtbot):
    grown = []
    app.state.pair_grew.connect(lambda pair, which, start, stop: grown.append((which, start, stop)))
    prompting.set_seconds(app, 4)
    generating.generate(app)
    gate.let(2)
    qtbot.waitUntil(lambda: len(grown) == 2)
    pair = app.state.pair.value
    assert pair.base.filled == pair.base.samples.shape[1] // 2 == 16000
    assert np.any(pair.base.audio) and not np.any(pair.base.samples[:, pair.base.filled :])
    assert grown == [("base", 0, 8000), ("base", 8000, 16000)]
    gate.let_all()
    qtbot.waitUntil(lambda: ended(app))


def test_a_take_that_begins_while_another_plays_is_offered_when_it_is_finished(app, qtbot):
    generating.generate(app)
    qtbot.waitUntil(lambda: ended(app))
    heard = app.state.pair.value
    app.state.playing.value, app.state.playhead.value = True, 0.5
    generating.generate(app)
    qtbot.waitUntil(lambda: app.state.notice.value is not None)
    assert app.state.pair.value is heard and app.state.playing.value and app.state.playhead.value == 0.5
    assert (app.state.notice.value.text, app.state.notice.value.action) == ("A take is finished.", "Show")
    app.state.notice.value.run()
    assert app.state.pair.value is app.state.queue.value[-1].pair
    assert app.state.pair.value.folder not in (None, heard.folder)


def test_a_take_that_is_shown_again_keeps_its_stars(app, qtbot):
    generating.generate(app)
    qtbot.waitUntil(lambda: ended(app))
    first = app.state.pair.value
    listening.judge(app, stars=4)
    generating.generate(app)
    qtbot.waitUntil(lambda: app.state.queue.value[-1].status == "done" and ended(app))
    generating.show(app, first)
    qtbot.waitUntil(lambda: app.state.preference.value is not None)
    listening.judge(app, liked=True)
    assert app.state.preference.value.stars == 4


def test_a_take_that_begins_leaves_a_blind_comparison_alone(app, adapters, qtbot):
    mixing.set_knob(app, "energy", 3)
    generating.generate(app)
    qtbot.waitUntil(lambda: ended(app))
    compared = app.state.pair.value
    listening.begin_blind(app)
    generating.generate(app)
    qtbot.waitUntil(lambda: ended(app))
    assert app.state.blind.value is not None and app.state.pair.value is compared


def test_an_empty_prompt_is_told_in_the_window_and_runs_nothing(window, app, backend, qtbot):
    window.panels["prompt"].text.setPlainText("  ")
    qtbot.mouseClick(window.panels["prompt"].generate, LEFT)
    assert "prompt is empty" in window.status.text.text()
    assert not app.state.queue.value and not backend.jobs


@pytest.mark.parametrize("step", range(1, STEPS + 1))
def test_a_failure_at_any_step_is_told_and_the_next_job_works(window, app, backend, qtbot, step):
    def fail(at: int) -> None:
        if at == step:
            raise Problem("The fake gave up.", "Try the next one.")

    backend.on_step = fail
    generating.generate(app)
    qtbot.waitUntil(lambda: ended(app))
    assert app.state.queue.value[-1].status == "failed"
    assert window.status.text.text() == "The fake gave up. Try the next one."
    assert app.state.pair.value is None and not app.state.playing.value
    backend.on_step = lambda at: None
    generating.generate(app)
    qtbot.waitUntil(lambda: ended(app))
    assert app.state.queue.value[-1].status == "done"
    assert app.state.notice.value is None


def test_an_exception_of_the_backend_is_a_problem_with_details(window, app, backend, qtbot):
    def raise_it(at: int) -> None:
        raise ZeroDivisionError("deep inside")

    backend.on_step = raise_it
    generating.generate(app)
    qtbot.waitUntil(lambda: ended(app))
    assert "deep inside" in window.status.text.text()
    assert not window.status.details.isVisible()
    qtbot.mouseClick(window.status.unfold, LEFT)
    assert window.status.details.isVisible()
    assert "Traceback" in window.status.details.toPlainText()


@pytest.mark.parametrize("steps", range(STEPS))
def test_cancel_at_any_step(window, app, gate, qtbot, steps):
    generating.generate(app)
    gate.let(steps)
    for _ in range(steps + 1):
        assert gate.reached.acquire(timeout=60)
    generating.cancel(app, app.state.queue.value[-1].number)
    gate.let_all()
    qtbot.waitUntil(lambda: app.state.queue.value[-1].over)
    assert app.state.queue.value[-1].status == "cancelled"
    if steps:
        qtbot.waitUntil(lambda: app.state.pair.value.folder is not None)
        assert app.state.pair.value.partial
    else:
        assert app.state.pair.value is None


def test_escape_stops_the_job(window, app, gate, qtbot):
    generating.generate(app)
    assert gate.reached.acquire(timeout=60)
    window.actions_by_name["stop"].trigger()
    gate.let_all()
    qtbot.waitUntil(lambda: app.state.queue.value[-1].over)
    assert app.state.queue.value[-1].status == "cancelled"


def test_jobs_queue_and_a_waiting_one_can_be_stopped(window, app, backend, gate, qtbot):
    for _ in range(3):
        generating.generate(app)
    first, second, third = (entry.number for entry in app.state.queue.value)
    assert gate.reached.acquire(timeout=60)
    generating.cancel(app, second)
    gate.let_all()
    qtbot.waitUntil(lambda: ended(app))
    statuses = {entry.number: entry.status for entry in app.state.queue.value}
    assert statuses == {first: "done", second: "cancelled", third: "done"}
    assert len(backend.jobs) == 2


def test_each_take_has_a_new_seed_unless_it_is_locked(app, backend, qtbot):
    for locked in (False, False, True, True):
        prompting.lock_seed(app, locked)
        generating.generate(app)
    qtbot.waitUntil(lambda: ended(app))
    seeds = [job.seed for job in backend.jobs]
    assert len(set(seeds)) == 2 and seeds[1] == seeds[2] == seeds[3]


def test_scout_makes_previews_and_the_full_take_begins_like_them(window, app, backend, qtbot):
    prompting.set_seconds(app, 8)
    generating.scout(app)
    qtbot.waitUntil(lambda: ended(app))
    previews = app.state.queue.value
    assert len(previews) == 4 and len({entry.job.seed for entry in previews}) == 4
    assert {entry.pair.seconds for entry in previews} == {generating.SCOUT_SECONDS}
    assert app.state.pair.value is None
    assert window.drawer.currentWidget() is window.panels["queue"] and window.drawer.isVisible()
    generating.render_in_full(app, previews[2].number, 8)
    qtbot.waitUntil(lambda: ended(app))
    job = backend.jobs[-1]
    assert (job.seed, job.settings.seconds) == (previews[2].job.seed, 8)
    assert app.state.draft.value.seed == job.seed and app.state.draft.value.seed_locked
    with open_library() as library:
        assert len(library.search()) == 1


def test_the_scout_buttons_menu_offers_eight_seeds(window, app, qtbot):
    window.panels["prompt"].scout.menu().actions()[1].trigger()
    qtbot.waitUntil(lambda: ended(app))
    assert len({entry.job.seed for entry in app.state.queue.value}) == 8


def test_the_queue_panel_tells_progress_and_offers_to_try_again(window, app, backend, gate, qtbot):
    window.open_tab("queue")
    panel = window.panels["queue"]
    prompting.set_prompt(app, "slow blues, harmonica")
    generating.generate(app)
    number = app.state.queue.value[-1].number
    gate.let(2)
    qtbot.waitUntil(lambda: app.state.queue.value[-1].step == 2)
    row = panel.row_of(number)
    assert row.title.text() == "slow blues, harmonica"
    assert "50%" in row.told.text() and "2 s left" in row.told.text()
    assert (row.bar.value(), row.bar.maximum()) == (2, STEPS)
    qtbot.mouseClick(row.cancel, LEFT)
    gate.let_all()
    qtbot.waitUntil(lambda: app.state.queue.value[-1].over)
    backend.on_step = lambda step: None
    qtbot.mouseClick(row.again, LEFT)
    qtbot.waitUntil(lambda: app.state.queue.value[-1].status == "done")
    assert backend.jobs[-1] == backend.jobs[0]


def test_closing_while_a_job_runs_asks_once(window, app, gate, qtbot):
    generating.generate(app)
    assert gate.reached.acquire(timeout=60)
    assert not window.close()
    assert "Close again" in window.status.text.text() and window.isVisible()
    gate.let_all()
    assert window.close()


def test_the_knobs_go_into_the_job(app, adapters, backend, qtbot):
    mixing.set_knob(app, "energy", 3)
    mixing.set_amount(app, 0.5)
    generating.generate(app)
    qtbot.waitUntil(lambda: ended(app))
    assert dict(backend.jobs[0].mix.knobs) == {"energy": 3} and backend.jobs[0].mix.amount == 0.5
    assert not app.state.pair.value.neutral


def test_a_full_disk_is_told_and_the_clips_stay_in_the_window(window, app, qtbot, monkeypatch):
    def full(take, folder):
        raise Problem("The disk is full: x was not written.", "Free some space or choose another folder.")

    monkeypatch.setattr("desktop.actions.generating.write_take", full)
    generating.generate(app)
    qtbot.waitUntil(lambda: app.state.notice.value is not None)
    assert "disk is full" in window.status.text.text()
    assert app.state.pair.value is not None and app.state.pair.value.base.filled
