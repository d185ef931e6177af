"""Training the probe: what it learns from, and that it is the regression it says it is."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from engine.errors import Problem
from engine.probe.timbre import SIZE
from tests.training.fixtures import DESCRIPTION
from training.starter.probe import (
    accuracies,
    answers,
    in_order,
    instrument_family,
    learn,
    most_frequent,
    prompt_words,
)


@pytest.mark.parametrize(
    ("instruments", "family"),
    [
        (("drums",), "drums"),
        (("upright bass", "electric piano"), "keys"),
        (("synth bass", "distorted guitar"), "guitar"),
        (("drums", "violin"), "strings"),
        (("bass guitar",), "other"),
    ],
)
def test_instrument_family(instruments: tuple[str, ...], family: str) -> None:
    assert instrument_family(instruments) == family


def test_words_of_prompts_are_those_of_captions() -> None:
    words = prompt_words()
    assert words["genre"]["heavy metal"] == "rock"
    assert [words["instrument"][name] for name in ("jazz guitar", "synth bass", "drums")] == [
        "guitar",
        None,
        "drums",
    ]
    assert words["instrument"]["guitar"] == "guitar", "people say less than captions"


def test_it_is_the_regression_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    timbres = rng.standard_normal((300, SIZE)) * 3 + 5
    families = np.array(["jazz", "pop", "rock"])[timbres[:, :3].argmax(axis=1)]
    drums = timbres[:, 3] > 5
    told = [
        answers(
            DESCRIPTION.model_copy(update={"family": str(f), "instruments": ("drums",) if d else ("piano",)})
        )
        for f, d in zip(families, drums, strict=True)
    ]
    probe = learn(timbres, told)
    standard = ((timbres - timbres.mean(0)) / timbres.std(0)).clip(-8, 8)
    for question in told[0]:
        own = [one[question] for one in told]
        expected = LogisticRegression(C=0.03, max_iter=1000).fit(standard, own).predict_proba(standard)
        assert probe.probabilities(question, timbres) == pytest.approx(expected, abs=1e-4)
    found = accuracies(probe, timbres, told)
    assert all(found[question] > most_frequent(told)[question] + 0.2 for question in told[0])


def test_too_few_clips_are_told() -> None:
    with pytest.raises(Problem, match="3 clips"):
        learn(np.zeros((3, SIZE)), [answers(DESCRIPTION)] * 3)


def test_clips_come_in_order() -> None:
    rows = [(2, np.full(3, 2.0)), (0, np.zeros(3)), (1, np.ones(3))]
    assert in_order(rows)[:, 0].tolist() == [0, 1, 2]
