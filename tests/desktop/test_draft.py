"""The draft, the two slots and the history."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.draft import Bars, Draft, blend
from desktop.history import Deed, History
from desktop.observable import Signal, Value
from engine.metrics import METRIC_IDS
from engine.mix import Mix

mixes = st.builds(
    Mix,
    knobs=st.dictionaries(st.sampled_from(METRIC_IDS), st.floats(-5, 5)),
    amount=st.floats(0, 4),
)


@given(mixes, mixes)
def test_the_ends_of_the_morph_are_the_slots_themselves(a, b):
    assert blend(a, b, 0) is a
    assert blend(a, b, 1) is b


@given(mixes, mixes, st.floats(0, 1))
def test_a_knob_of_the_morph_lies_between_those_of_the_slots(a, b, morph):
    mixed = blend(a, b, morph)
    for name in METRIC_IDS:
        ends = sorted((a.knobs.get(name, 0), b.knobs.get(name, 0)))
        assert ends[0] - 1e-9 <= mixed.knobs.get(name, 0) <= ends[1] + 1e-9


def test_a_change_goes_into_the_slot_the_morph_stands_on_and_into_both_in_between():
    def loud(mix):
        return Mix(knobs={**mix.knobs, "energy": 3})

    for morph, changed in ((0.0, (True, False)), (1.0, (False, True)), (0.5, (True, True))):
        draft = Draft(morph=morph).with_mix(loud)
        assert ("energy" in draft.slot_a.knobs, "energy" in draft.slot_b.knobs) == changed
        assert draft.mix.knobs == {"energy": 3}


def test_bars_are_seconds():
    assert Bars(8, 120).seconds == 16
    assert Bars(1, 300).seconds == 1  # the shortest a job may be
    assert Bars(256, 30).seconds == 600  # the longest


@pytest.fixture
def history():
    return History(Value(Draft()), Value(None))


def test_undo_and_redo_walk_over_the_entries(history):
    draft = history._draft
    for seed in (1, 2, 3):
        history.record(f"seed {seed}", Draft(seed=seed))
    history.undo()
    assert (draft.value.seed, history.undo_label, history.redo_label) == (2, "seed 2", "seed 3")
    history.undo()
    history.undo()
    history.undo()
    assert draft.value == Draft() and history.undo_label is None
    history.redo()
    assert draft.value.seed == 1
    history.record("other", Draft(seed=9))
    assert history.redo_label is None


def test_what_no_draft_holds_is_undone_in_its_turn(history):
    done = []
    history.record("Seed", Draft(seed=1))
    history.did(Deed("Rating", lambda: done.append("undone"), lambda: done.append("redone")))
    assert history.undo_label == "Rating"
    history.undo()
    assert done == ["undone"] and history._draft.value.seed == 1
    assert (history.undo_label, history.redo_label) == ("Seed", "Rating")
    history.redo()
    assert done == ["undone", "redone"] and history.redo_label is None
    history.undo()
    history.undo()
    assert history._draft.value.seed == 0
    history.did(Deed("Rating", lambda: None, lambda: None))
    assert history.redo_label is None


def test_a_gesture_is_one_entry_and_can_be_aborted(history):
    history.record("before", Draft(seed=1))
    gesture = object()
    for seed in (2, 3, 4):
        history.record("turn", Draft(seed=seed), gesture)
    history.undo()
    assert history._draft.value.seed == 1
    history.redo()
    assert history._draft.value.seed == 4
    history.abort(gesture)
    assert history._draft.value.seed == 1
    assert history.undo_label == "before"


def test_an_aborted_gesture_leaves_what_can_be_done_again(history):
    history.record("Seed", Draft(seed=1))
    history.undo()
    for seed in (5, 6):
        history.record("Knob", Draft(seed=seed), "gesture")
    assert history.redo_label is None
    history.abort("gesture")
    history.redo()
    assert history._draft.value.seed == 1


def test_a_gesture_that_comes_back_leaves_no_entry(history):
    gesture = object()
    history.record("turn", Draft(seed=2), gesture)
    history.record("turn", Draft(), gesture)
    assert history.undo_label is None


def test_a_signal_forgets_a_receiver_that_is_gone_and_calls_in_order():
    class Receiver:
        def __init__(self, name):
            self.name = name

        def hear(self, what):
            heard.append((self.name, what))

    heard: list[tuple[str, int]] = []
    signal, one, two = Signal(), Receiver("one"), Receiver("two")
    signal.connect(one.hear)
    signal.connect(two.hear)
    signal.emit(1)
    del one
    signal.emit(2)
    signal.disconnect(two.hear)
    signal.emit(3)
    assert heard == [("one", 1), ("two", 1), ("two", 2)]


def test_a_value_tells_only_of_changes():
    value, told = Value(1), []
    value.watch(told.append)
    value.value = 1
    value.value = 2
    assert told == [1, 2]
