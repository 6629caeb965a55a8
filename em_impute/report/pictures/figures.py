"""All pictures of one report, each where there is something to draw."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from em_impute.report.pictures.accuracy import coverage_picture, reliability_picture
from em_impute.report.pictures.features import known_and_missing_pictures, label_pictures, then_and_now_pictures
from em_impute.report.pictures.groups import Group, Picture, labels_in_groups
from em_impute.report.pictures.path import path_picture
from em_impute.report.pictures.plane import plane_picture
from em_impute.report.pictures.predictor import predictor_picture
from em_impute.report.pictures.svg import default_settings
from em_impute.report.pictures.totals import sensitivity_picture, totals_picture

__all__ = ["Pictures", "draw"]


class Pictures(NamedTuple):
    """What was drawn; None and empty lists are left out quietly."""

    groups: tuple[Group, ...]
    main: Picture | None
    known_and_missing: list[Picture]
    then_and_now: list[Picture]
    by_label: list[Picture]
    path: Picture | None
    reliability: Picture | None
    coverage: Picture | None
    totals: Picture | None
    sensitivity: Picture | None


def draw(report: Mapping[str, Any], prefix: str) -> Pictures:
    """Draw everything a report has; `prefix` keeps the ids of several reports on one page apart."""
    with default_settings():
        return _draw(report, prefix)


def _draw(report: Mapping[str, Any], prefix: str) -> Pictures:
    groups = labels_in_groups(report["labels"])
    plane = plane_picture(f"{prefix}-plane", report, groups)
    return Pictures(
        groups,
        plane or predictor_picture(f"{prefix}-predictor", report, groups),
        known_and_missing_pictures(f"{prefix}-who", report),
        then_and_now_pictures(f"{prefix}-moved", report.get("applied")),
        label_pictures(f"{prefix}-label", report, groups) if plane else [],
        path_picture(f"{prefix}-path", report.get("plain_em")),
        reliability_picture(f"{prefix}-reliability", report.get("accuracy")),
        coverage_picture(f"{prefix}-coverage", report.get("accuracy")),
        totals_picture(f"{prefix}-totals", report["totals"], groups) if report["missing"]["cells"] else None,
        sensitivity_picture(f"{prefix}-delta", report.get("sensitivity"), groups),
    )
