"""The options, each said once: what is read, the model, what is written.  Each file says in `__all__` what it adds."""

from em_impute.cli.options.model import *  # noqa: F403
from em_impute.cli.options.reading import *  # noqa: F403
from em_impute.cli.options.writing import *  # noqa: F403
