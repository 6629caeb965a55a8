"""The options, each said once: what is read, the model, what is written; those of `scaled` belong to `fill` alone."""

from em_impute.cli.options.model import *  # noqa: F403
from em_impute.cli.options.reading import *  # noqa: F403
from em_impute.cli.options.writing import *  # noqa: F403
