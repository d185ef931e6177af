import json

import numpy as np
import pytest
from click.testing import CliRunner

from engine.errors import CallProblem, Problem
from evaluation.cli import evaluate
from evaluation.listening.answers import carelessness, misfit
from evaluation.listening.findings import findings, read_findings
from evaluation.listening.key import keep_key, key_file
from evaluation.listening.resampling import crossed_mean
from tests.evaluation.listening.sitting import a_key, a_rater, an_answer, write_takes

KEY = a_key()


def save(folder, answers):
    file = folder / f"{answers.session}.json"
    file.write_text(answers.model_dump_json())
    return file


def changed(answers, **by_trial):
    """Answers with some replaced, by trial."""
    kept = [by_trial.get(answer.trial, answer) if not answer.repeat else answer for answer in answers.answers]
    return answers.model_copy(update={"answers": tuple(kept)})


def trial(name):
    return next(trial for trial in KEY.trials if trial.id == name)


def test_scores_and_choices_by_hand():
    key = a_key(takes=2, anchors=1, repeats=0)
    energy, tempo, anchor = key.trials
    raters = []
    for name, ratings in (("x", (2, 4, "other")), ("y", (3, 3, "tie"))):
        answers = (
            an_answer(energy, *ratings),
            an_answer(tempo, 5, 1, "plain"),
            an_answer(anchor, 4, 1, "plain"),
        )
        raters.append(a_rater(key, name).model_copy(update={"answers": answers}))
    found = findings(key, raters)
    means = {(one.system, one.question): (one.mean, one.gain) for one in found.opinions}
    assert means["base", "ovl"] == (15 / 4, None)
    assert means["energy +5", "rel"] == (3.5, 1.0)
    assert means["tempo −5", "ovl"] == (1.0, -4.0)
    assert means["anchor", "ovl"] == (1.0, -3.0)
    up, down = found.contests
    assert (up.wins, up.ties, up.losses, up.rate) == (1, 1, 0, 0.75)
    assert (down.wins, down.ties, down.losses, down.rate) == (0, 0, 2, 0.0)
    assert up.strength == pytest.approx(np.log(2.0 / 1.0)) and down.strength == pytest.approx(
        np.log(0.5 / 2.5)
    )
    assert all(one.interval is None for one in found.opinions if one.takes == 1)


def test_a_liking_is_found_and_none_is_not():
    liked = findings(a_key(12), [a_rater(a_key(12), f"r{n}", 1.5, n) for n in range(8)])
    assert all(
        one.gain_interval[0] > 0 for one in liked.opinions if one.gain is not None and one.system != "anchor"
    )
    assert all(one.rate_interval[0] > 0.5 and one.strength_interval[0] > 0 for one in liked.contests)
    indifferent = findings(a_key(12), [a_rater(a_key(12), f"r{n}", 0, n) for n in range(8)])
    assert all(one.rate_interval[0] < 0.5 < one.rate_interval[1] for one in indifferent.contests)


def test_an_interval_is_wider_than_ratings_that_are_taken_one_by_one_would_have_it():
    rng = np.random.default_rng(0)
    values = rng.normal(0, 1, (10, 1)) + rng.normal(0, 1, (1, 12)) + rng.normal(0, 0.1, (10, 12))
    mean, (low, high) = crossed_mean(values)
    assert mean == pytest.approx(values.mean()) and low < mean < high
    expected = 2 * 1.96 * np.sqrt(values.mean(1).var(ddof=1) / 10 + values.mean(0).var(ddof=1) / 12)
    assert 0.75 < (high - low) / expected < 1.2
    assert crossed_mean(values[:1])[1] is None and crossed_mean(values[:, :1])[1] is None


def test_careless_raters_are_found_with_the_reason():
    good = a_rater(KEY, "good")
    assert carelessness(good, KEY) == ""
    bad = an_answer(trial("a0"), 4, 1, "other")
    assert carelessness(changed(good, a0=bad), KEY) == "", "one of three anchors may be missed"
    worse = an_answer(trial("a1"), 2, 3, "plain")
    assert carelessness(changed(good, a0=bad, a1=worse), KEY) == "failed 2 of 3 hidden anchors"
    far = {"t0": an_answer(trial("t0"), 1, 1, "tie"), "t1": an_answer(trial("t1"), 1, 1, "tie")}
    assert carelessness(changed(good, **far), KEY).startswith("rated the same clips 2")
    turned = []
    for answer in good.answers:
        if answer.repeat:
            side = {"left": "right", "right": "left", "tie": "tie"}[answer.preferred]
            answer = answer.model_copy(update={"preferred": side})
        turned.append(answer)
    assert carelessness(good.model_copy(update={"answers": tuple(turned)}), KEY) == (
        "preferred the other clip in 2 of 2 trials that came again"
    )
    assert carelessness(good.model_copy(update={"answers": good.answers[:4]}), KEY) == "stopped after 4 of 11"
    assert carelessness(good.model_copy(update={"finished": None}), KEY) == "stopped after 11 of 11"


def test_answers_that_do_not_fit_the_test_are_found():
    good = a_rater(KEY, "good")
    strange = good.answers[0].model_copy(update={"trial": "t9"})
    assert "no trial 't9'" in misfit(changed(good, t0=strange), KEY)
    twice = good.model_copy(update={"answers": (*good.answers, good.answers[0])})
    assert "answered twice" in misfit(twice, KEY)
    other = good.answers[0].model_copy(update={"ovl": {"base0": 1, "tuned5": 2}})
    assert "ratings of other clips" in misfit(changed(good, t0=other), KEY)


def test_files_that_do_not_count_are_told_and_the_rest_is_read(tmp_path):
    keep_key(KEY)
    files = [save(tmp_path, a_rater(KEY, f"r{n}", seed=n)) for n in range(3)]
    again = a_rater(KEY, "r0")
    again = again.model_copy(update={"answers": again.answers[:5], "finished": None})
    (tmp_path / "early.json").write_text(again.model_dump_json())
    (tmp_path / "torn.json").write_text('{"schema": 1')
    found = read_findings([*files, tmp_path / "early.json", tmp_path / "torn.json"], None)
    assert found.raters == 3
    reasons = {one.file.split("/")[-1]: one.reason for one in found.left_out}
    assert reasons["early.json"] == "the same sitting is in another file"
    assert "holds no answers" in reasons["torn.json"]
    with pytest.raises(Problem, match="No rater is left"):
        read_findings([tmp_path / "early.json"], None)


def test_answers_of_two_tests_or_of_another_key_are_refused(tmp_path):
    keep_key(KEY)
    other = KEY.model_copy(update={"id": "f" * 16})
    files = [save(tmp_path, a_rater(KEY, "a")), save(tmp_path, a_rater(other, "b"))]
    with pytest.raises(CallProblem, match="of 2 tests"):
        read_findings(files, None)
    with pytest.raises(CallProblem, match="does not exist"):
        read_findings(files[1:], None)
    with pytest.raises(CallProblem, match="The key is of test"):
        read_findings(files[1:], key_file(KEY.id))


def test_the_commands_make_a_page_and_read_what_it_saves(tmp_path):
    write_takes(tmp_path / "takes", 3)
    call = ["listen", "make", str(tmp_path / "takes"), "--out", str(tmp_path / "test.html"), "--json"]
    made = CliRunner().invoke(evaluate, call, catch_exceptions=False)
    told = json.loads(made.stdout)
    assert (tmp_path / "test.html").stat().st_size == told["bytes"]
    from evaluation.listening.key import read_key

    key = read_key(key_file(told["test"]))
    assert key.presentations == told["trials"] == 3 + 3 + 2
    files = [str(save(tmp_path, a_rater(key, f"r{n}", seed=n))) for n in range(2)]
    read = CliRunner().invoke(evaluate, ["listen", "read", *files, "--json"], catch_exceptions=False)
    found = json.loads(read.stdout)
    assert (found["raters"], found["takes"], found["base_model"]) == (2, 3, "starter")
    assert {one["system"] for one in found["contests"]} == {"energy +5", "energy −5"}
    shown = CliRunner().invoke(evaluate, ["listen", "read", *files], catch_exceptions=False)
    assert "2 raters, 3 takes of starter" in shown.stdout and "Krippendorff" in shown.stdout
