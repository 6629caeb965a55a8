"""Which component gets which name, when no label says so."""

import numpy as np

from em_impute.design import Design
from em_impute.engine.mixture import Mixture
from em_impute.errors import ColumnError

__all__ = ["ordering_feature", "sort_components"]


def ordering_feature(design: Design, order_by: str | None) -> int:
    """Find the predictor whose mean orders the components: the first one, unless `order_by` names another."""
    names = [feature.name for feature in design.features if feature.category is None]
    if order_by is None:
        return 0
    if order_by not in names:
        raise ColumnError(f"--order-by {order_by!r} is not among the predictors", f"predictors are {', '.join(names)}")
    return names.index(order_by)


def sort_components(mixture: Mixture, feature: int) -> Mixture:
    """Sort the components by their mean of one predictor, so that the first name goes to the smallest."""
    fit = mixture.fit
    order = np.argsort(fit.parameters.mean[:, feature], kind="stable")
    weight, mean, covariance = (values[order] for values in fit.parameters)
    return mixture._replace(
        fit=fit._replace(parameters=fit.parameters._replace(weight=weight, mean=mean, covariance=covariance))
    )
