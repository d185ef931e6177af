import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from evaluation.listening.strengths import smoothed, strengths

WINS = np.array([[0, 3, 6.5, 2], [7, 0, 4, 5], [3.5, 6, 0, 8], [1, 4, 2, 0]])


def by_logistic_regression(wins):
    """The same by scikit-learn: a row for each ordered pair, weighted by its wins."""
    systems = len(wins)
    rows, outcomes, weights = [], [], []
    for i in range(systems):
        for j in range(systems):
            if i != j:
                row = np.zeros(systems)
                row[i], row[j] = 1, -1
                rows += [row, -row]
                outcomes += [1, 0]
                weights += [wins[i, j]] * 2
    fit = LogisticRegression(C=1e10, fit_intercept=False, tol=1e-10, max_iter=1000)
    fit.fit(np.array(rows)[:, 1:], outcomes, sample_weight=weights)
    return np.concatenate([[0], fit.coef_[0]])


def test_strengths_are_those_of_logistic_regression():
    assert strengths(WINS) == pytest.approx(by_logistic_regression(WINS), abs=1e-4)


def test_two_systems_by_hand():
    assert strengths(np.array([[0, 1.0], [3, 0]])) == pytest.approx([0, np.log(3)])


def test_many_at_once_are_each_by_itself():
    many = np.stack([WINS, WINS.T])
    assert strengths(many) == pytest.approx(np.stack([strengths(WINS), strengths(WINS.T)]))


def test_smoothing_keeps_a_winner_of_all_finite():
    assert smoothed(np.array([[0, 0.0], [9, 0]])).tolist() == [[0, 0.5], [9.5, 0]]
    assert strengths(smoothed(np.array([[0, 0.0], [9, 0]])))[1] == pytest.approx(np.log(19))
