from training.stopping import good_evaluations


def counts(*accuracies: float) -> list[int]:
    return [good_evaluations(accuracies[: n + 1], 100) for n in range(len(accuracies))]


def test_the_latest_of_equally_good_evaluations_counts_most() -> None:
    assert counts(0.5, 0.9, 0.9, 0.88) == [1, 2, 3, 4], "0.03 is one standard error"


def test_worse_evaluations_do_not_count() -> None:
    assert counts(0.5, 0.9, 0.8, 0.85, 0.91) == [1, 2, 2, 2, 3]


def test_after_all_are_right_one_wrong_may_be_chance() -> None:
    assert counts(1.0, 0.99, 0.98) == [1, 2, 2]
