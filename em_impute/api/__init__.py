"""em-impute for Python: data frames, files and scikit-learn's conventions around the steps that the command line takes.

The names meant for users are those of the package `em_impute` itself.
"""

import em_impute.report.forms  # noqa: F401  # so that reports can be written
