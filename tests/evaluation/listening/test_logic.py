"""The page's own JavaScript, run by Qt's engine, against what Python reads."""

import json
from pathlib import Path

import pytest
from PySide6.QtQml import QJSEngine

import evaluation.listening
from evaluation.listening.answers import Answers, carelessness, misfit
from evaluation.listening.make import repeatable
from tests.evaluation.listening.sitting import a_key

LOGIC = Path(evaluation.listening.__file__).with_name("logic.js")


@pytest.fixture(scope="module")
def run(qapp):
    engine = QJSEngine()
    loaded = engine.evaluate(LOGIC.read_text())
    assert not loaded.isError(), loaded.toString()

    def call(code, **values):
        for name, value in values.items():
            assert not engine.evaluate(f"var {name} = {json.dumps(value)};").isError()
        found = engine.evaluate(f"JSON.stringify({code})")
        assert not found.isError(), found.toString()
        return json.loads(found.toString())

    yield call


def as_page_has_it(key):
    trials = [{"id": trial.id, "prompt": trial.prompt, "clips": sorted(trial.clips)} for trial in key.trials]
    return {"id": key.id, "title": key.title, "repeats": key.repeats, "trials": trials}


def test_the_numbers_are_mulberry32s(run):
    numbers = run("(function () { var r = randomOf(1); return [r(), r(), r()]; })()")
    assert numbers == pytest.approx([0.6270739405881613, 0.002735721180215478, 0.5274470399599522], abs=1e-15)


@pytest.mark.parametrize("takes", [1, 2, 3, 4, 9])
def test_every_trial_is_met_once_and_some_again_with_the_sides_changed(run, takes):
    key = a_key(takes, anchors=0, repeats=repeatable(takes))
    orders = set()
    for seed in range(30):
        met = run("arrange(test, seed)", test=as_page_has_it(key), seed=seed)
        assert len(met) == key.presentations
        first = {one["trial"]: (n, one) for n, one in enumerate(met) if not one["repeat"]}
        assert first.keys() == {trial.id for trial in key.trials}
        for n, one in enumerate(met):
            if one["repeat"]:
                before, original = first[one["trial"]]
                assert before < n and (takes < 3 or before < n - 1)
                assert (one["left"], one["right"]) == (original["right"], original["left"])
        orders.add(json.dumps(met))
    assert len(orders) > 1


def test_sides_are_even(run):
    key = a_key(8, anchors=0, repeats=0)
    lefts = [
        one["left"]
        for seed in range(100)
        for one in run("arrange(test, seed)", test=as_page_has_it(key), seed=seed)
    ]
    assert 0.45 < sum(left.startswith("base") for left in lefts) / len(lefts) < 0.55


def test_a_trial_is_done_when_both_clips_were_heard_and_rated_and_one_chosen(run):
    answer = {"left": "x", "right": "y", "heard": {"x": True}, "ovl": {}, "rel": {}, "preferred": None}
    assert run("missing(answer)", answer=answer) == "listen"
    answer["heard"]["y"] = True
    answer["ovl"], answer["rel"] = {"x": 1, "y": 2}, {"x": 3}
    assert run("missing(answer)", answer=answer) == "rate"
    answer["rel"]["y"] = 4
    assert run("missing(answer)", answer=answer) == "choose"
    assert run("missing(answer)", answer={**answer, "preferred": "tie"}) == ""


def test_what_the_page_saves_is_what_python_reads(run):
    key = a_key()
    state = run('newSession(test, 7, "s1", "2026-01-01T10:00:00.000Z")', test=as_page_has_it(key))
    for answer in state["answers"]:
        clips = {answer["left"], answer["right"]}
        answer["heard"] = dict.fromkeys(clips, True)
        answer["ovl"] = answer["rel"] = {clip: 4 if clip.startswith("base") else 2 for clip in clips}
        answer["preferred"] = "left" if answer["left"].startswith("base") else "right"
    state |= {"finished": "2026-01-01T10:20:00.000Z", "rater": "Zoë"}
    read = Answers.model_validate_json(
        json.dumps(run("report(test, state)", test=as_page_has_it(key), state=state))
    )
    assert (read.rater, len(read.answers)) == ("Zoë", key.presentations)
    assert misfit(read, key) == "" and carelessness(read, key) == ""
    assert all(answer.chosen().startswith("base") for answer in read.answers)
    state["answers"][0]["preferred"] = None
    assert len(run("report(test, state)", test=as_page_has_it(key), state=state)["answers"]) == (
        key.presentations - 1
    )
