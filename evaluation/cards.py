"""What an evaluation found, written into the cards of a pack."""

from engine.adapters import WEIGHTS_FILE
from engine.errors import Problem
from engine.files import replace_file, sha256_of
from engine.packs import CARD_FILE, Card, DosePoint, Pack
from engine.recipe import Direction
from evaluation.dose import Dose, Report


def write_cards(pack: Pack, report: Report) -> int:
    """Write each measured adapter's doses and verdict into its card; returns how many.

    What training wrote there stays. Raises Problem if a card cannot be written.
    """
    written = 0
    for metric, dose in report.metrics.items():
        for direction in ("positive", "negative"):
            adapter = pack.adapters.get((metric, direction))
            if adapter is None:
                continue
            known = adapter.card or Card(
                metric=metric,
                direction=direction,
                trained_on="not said",
                method="not said",
                measured_as=dose.estimator,
                verdict="not measured",
            )
            card = measured(known, direction, dose, report, sha256_of(adapter.folder / WEIGHTS_FILE))
            text = card.model_dump_json(indent=1, exclude_none=True)
            replace_file(adapter.folder / CARD_FILE, text.encode())
            written += 1
    if not written:
        raise Problem(
            f"No card of '{pack.manifest.name}' was written.", "Evaluate a metric that the pack has."
        )
    return written


def measured(card: Card, direction: Direction, dose: Dose, report: Report, sha256: str) -> Card:
    """`card` with what was measured of the weights of this sum."""
    points = [
        DosePoint(strength=value, mean=mean, interval=(low, high))
        for value, mean, (low, high) in zip(report.values, dose.means, dose.ci95, strict=True)
        if mean is not None and low is not None and high is not None
    ]
    return card.model_copy(
        update={
            "measured_as": dose.estimator,
            "proxy": dose.proxy,
            "doses": tuple(points),
            "cross_talk": dose.cross_talk,
            "recommended": dose.recommended,
            "adherence_ratio": dose.adherence_ratios[direction == "positive"],
            "verdict": dose.verdict,
            "measured_sha256": sha256,
        }
    )
