"""Time the engine's EM against scikit-learn's GaussianMixture and mclust's MclustSSC, in turn, on this machine.

python benchmarks/engine.py [--rounds 3] [--default-threads] [--quick]

- 1,000,000 × 6, four full components, no labels: both start from the same parameters, without a prior or a ridge, and
  are timed until they are within 1e-6 a row of the same log-likelihood.  scikit-learn is timed over a few of its
  iterations, and is charged with as many as plain EM needs, since its own stop rule asks for something else.
- 200,000 × 1, 30 % of the labels missing, a prior as by default: heights to 0.1 cm, where equal rows merge, and
  with all digits, where none do.  R is timed inside its process: starting it and reading the file are not counted.

Peers that are not installed are named and left out.  BLAS has one thread; with --default-threads scikit-learn is timed
once more, in a process of its own, with as many as it likes.
"""

import argparse
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

if "--default-threads-child" not in sys.argv:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from em_impute.columns.deduplicate import merge_equal_rows
from em_impute.em.blocks import Floats, Integers, Rows, sample_rows
from em_impute.em.em import Stopping, expect, iterate, make_problem
from em_impute.em.families import FAMILIES, Prior
from em_impute.em.mixture import MAX_SEARCH_ROWS, Recipe, climb, fit_mixture
from em_impute.em.parameters import Parameters

TIMED_ITERATIONS = 3
MCLUST = """
suppressMessages(library(mclust))
arguments <- commandArgs(trailingOnly = TRUE)
frame <- read.csv(arguments[1])
model <- if (arguments[2] == "V") "V" else NULL
seconds <- system.time(MclustSSC(frame["x"], factor(frame$label), modelNames = model, verbose = FALSE))[["elapsed"]]
cat(R.version.string, "mclust", as.character(packageVersion("mclust")), seconds, sep = "|")
"""


def main() -> None:
    """Run both comparisons and print ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--default-threads", action="store_true", help="scikit-learn with its own threads as well")
    parser.add_argument("--default-threads-child", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows, one round")
    options = parser.parse_args()
    n_rows = 100_000 if options.quick else 1_000_000
    if options.default_threads_child:
        print(sklearn_seconds(*four_components(n_rows)))
        return
    rounds = 1 if options.quick else options.rounds
    threads = os.environ["OPENBLAS_NUM_THREADS"]
    print(f"Python {platform.python_version()}, numpy {np.__version__}, BLAS threads: {threads}, {rounds} rounds")
    against_sklearn(n_rows, rounds, default_threads=options.default_threads)
    for digits in (1, 12):
        against_mclust(n_rows // 5, rounds, digits)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB, all data included")


def four_components(n_rows: int) -> tuple[Floats, Parameters]:
    """Draw rows of four overlapping components, and give them with a start that is not near the optimum."""
    rng = np.random.default_rng(0)
    n_features, n_components = 6, 4
    mean = rng.normal(size=(n_components, n_features)) * 1.2
    factor = np.eye(n_features) + 0.3 * rng.normal(size=(n_components, n_features, n_features))
    component = rng.integers(0, n_components, n_rows)
    x = mean[component] + np.einsum("nij,nj->ni", factor[component], rng.normal(size=(n_rows, n_features)))
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    first = np.array([x[component == k].mean(axis=0) for k in range(n_components)])
    start = first + 0.4 * rng.normal(size=first.shape)
    covariance = np.broadcast_to(0.7 * np.eye(n_features), (n_components, n_features, n_features)).copy()
    return x, Parameters(np.full(n_components, 1.0 / n_components), start, covariance)


def against_sklearn(n_rows: int, rounds: int, *, default_threads: bool) -> None:
    """Compare whole fits from the same start."""
    x, start = four_components(n_rows)
    n_components = start.weight.size
    label, weight = np.full(n_rows, -1), np.ones(n_rows)
    problem = make_problem(x, label, weight, np.arange(n_components))
    no_prior = Prior(0.0, np.zeros(x.shape[1]), np.eye(x.shape[1]))
    *_, best = iterate(problem, start, FAMILIES["full"], no_prior, Stopping(1e-6), accelerate=True)
    plain = iterate(problem, start, FAMILIES["full"], no_prior, Stopping(0.0))
    n_plain = next(step.iteration for step in plain if step.objective >= best.objective - 1e-6 * n_rows)
    print(f"\n{n_rows:,} x {x.shape[1]}, {n_components} full components: plain EM needs {n_plain} maps")
    rows, recipe = Rows(x, label, weight), Recipe("full", stopping=Stopping(0.5e-6 * n_rows))
    try:
        import sklearn
    except ImportError:
        print("scikit-learn is not installed: left out")
        sklearn = None
    ratios, per_map = [], []
    for _ in range(rounds):
        began = time.perf_counter()
        few = make_problem(*sample_rows(rows, MAX_SEARCH_ROWS, 0), np.arange(n_components))
        near = climb(few, start, no_prior, recipe).parameters
        fitted = climb(make_problem(*rows, np.arange(n_components)), near, no_prior, recipe)
        ours = time.perf_counter() - began
        began = time.perf_counter()
        expect(problem, start)
        our_map = time.perf_counter() - began
        below = (best.objective - fitted.objective) / n_rows
        said = f"em-impute {ours:.2f} s, {len(fitted.path) - 1} steps, {below:.1e} a row below the optimum"
        if sklearn is None:
            print(said)
            continue
        theirs = sklearn_seconds(x, start)
        ratios.append(theirs * n_plain / ours)
        per_map.append(theirs / our_map)
        print(f"{said}; scikit-learn {sklearn.__version__} {theirs * n_plain:.2f} s; ratio {ratios[-1]:.1f}")
    if ratios:
        print(f"median ratio {spread(ratios)}; one map {spread(per_map)}")
    if ratios and default_threads:
        environment = {k: v for k, v in os.environ.items() if k not in {"OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"}}
        command = [sys.executable, __file__, "--default-threads-child", *(["--quick"] if n_rows < 1_000_000 else [])]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        free = float(done.stdout)
        print(f"scikit-learn with its own threads: {free * n_plain:.2f} s, ratio {free * n_plain / ours:.1f}")


def sklearn_seconds(x: Floats, start: Parameters) -> float:
    """Time one iteration of scikit-learn: many less none, so that what is done once does not count."""
    import warnings

    from sklearn.mixture import GaussianMixture

    warnings.simplefilter("ignore")
    seconds = []
    for n_iterations in (1, 1 + TIMED_ITERATIONS):
        model = GaussianMixture(
            start.weight.size,
            tol=0.0,
            reg_covar=0.0,
            max_iter=n_iterations,
            weights_init=start.weight,
            means_init=start.mean,
            precisions_init=np.linalg.inv(start.covariance),
            init_params="random",
        )
        began = time.perf_counter()
        model.fit(x)
        seconds.append(time.perf_counter() - began)
    return (seconds[1] - seconds[0]) / TIMED_ITERATIONS


def against_mclust(n_rows: int, rounds: int, digits: int) -> None:
    """Compare fits with some labels known: one feature, two labels."""
    rng = np.random.default_rng(1)
    truth: Integers = rng.integers(0, 2, n_rows)
    height = np.round(rng.normal(np.where(truth == 1, 178.0, 165.0), 7.0), digits)
    label = np.where(rng.random(n_rows) < 0.3, -1, truth)
    print(f"\n{n_rows:,} x 1, 30 % of labels missing, {digits} digits behind the point")
    program = shutil.which("Rscript")
    if program is None:
        print("R is not installed: mclust is left out")
    with tempfile.TemporaryDirectory() as folder:
        source, script = Path(folder) / "rows.csv", Path(folder) / "time.R"
        script.write_text(MCLUST, encoding="utf-8")
        names = np.array(["NA", "a", "b"])[label + 1]
        lines = (f"{value!r},{name}" for value, name in zip(height.tolist(), names, strict=True))
        source.write_text("x,label\n" + "\n".join(lines), encoding="utf-8")
        ratios = []
        for _ in range(rounds):
            began = time.perf_counter()
            x = (height - height.mean()) / height.std()
            rows, _ = merge_equal_rows(Rows(x[:, None], label, np.ones(n_rows)))
            fitted = fit_mixture(rows, 2, Recipe("full"))
            ours = time.perf_counter() - began
            said = f"em-impute {ours:.4f} s, {len(fitted.path) - 1} steps over {rows.label.size:,} rows"
            answer = mclust(program, script, source) if program else None
            if answer is None:
                print(said)
                continue
            version, theirs = answer
            ratios.append(theirs / ours)
            print(f"{said}; {version} {theirs:.2f} s; ratio {ratios[-1]:.0f}")
        if ratios:
            print(f"median ratio {spread(ratios)}")


def mclust(program: str, script: Path, source: Path) -> tuple[str, float] | None:
    """Time MclustSSC, a variance for each label; None if it does not work here."""
    command = [program, "--vanilla", str(script), str(source), "V"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"mclust is left out: {(done.stderr.strip().splitlines() or ['R failed'])[-1]}")
        return None
    version, name, number, seconds = done.stdout.strip().split("|")
    return f"{version}, {name} {number}", float(seconds)


def spread(ratios: list[float]) -> str:
    """Write the median, and the least and the largest."""
    return f"{statistics.median(ratios):.1f} ({min(ratios):.1f} to {max(ratios):.1f})"


if __name__ == "__main__":
    main()
