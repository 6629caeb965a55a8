"""Command lines, made up to suit a file, or to make no sense."""

from dataclasses import dataclass

from fuzz.files import MadeUp, chance, made_up_files
from hypothesis import strategies as st

SENSELESS = 12
"""Of a hundred command lines."""

ORDINARY = [
    "--single", "--probability", "--probabilities", "--indicator", "--dry-run", "--diff", "--strict", "-v", "--no-advice",
    "--no-progress", "--no-clobber", "--long", "--debug",
]  # fmt: skip

WITH_VALUE = {
    "--covariance": ["full", "tied", "diag", "eii", "vev", "tied-diag", "evv"],
    "--prior-strength": ["1", "0", "0.5", "1e-9", "1000"],
    "--unlabelled-weight": ["0", "1", "0.1", "auto"],
    "--shares": ["free", "common"],
    "--max-iter": ["1", "5", "50"],
    "--tol": ["1e-3", "0", "1", "1e-300"],
    "--seed": ["1", "4294967296", "99999999999999999999999"],
    "--min-probability": ["0.5", "0.9", "1", "0", "1e-300"],
    "--method": ["map", "draw"],
    "--imputations": ["2", "3"],
    "--components": ["1", "2", "3", "auto"],
    "--color": ["always", "never", "auto"],
    "--log-file": ["run.log", "/dev/stderr"],
    "-o": ["out.csv", "out.csv.gz", "out.csv.xz", "out.csv.bz2", "out.csv.zst", "-", "-", "/dev/stdout", "/dev/null", "out"],
    "-r": ["r.json", "r.md", "-", "r.html", "/dev/null"],
    "--backup": [".bak", "~"],
    "--max-memory": ["1K", "2G"],
    "--backend": ["serial"],
}  # fmt: skip

NONSENSE = [
    ("-d", "ab"), ("-d", ""), ("-d", '"'), ("-d", "é"), ("-d", "\n"), ("-e", "nonsense"), ("-e", ""), ("-e", "hex"),
    ("-e", "utf-7"), ("-e", "ascii"), ("-e", "utf-16"), ("-e", "utf-32-be"), ("-e", "shift_jis"), ("-e", "cp037"),
    ("-e", "a\nb"), ("--decimal", "x"), ("--decimal", ","), ("--skip-lines", "-1"), ("--skip-lines", "999"),
    ("--skip-lines", "x"), ("--skip-lines", "9" * 30), ("-c", "nobody"), ("-c", "0"), ("-c", "9" * 5000), ("-c", ""),
    ("-c", "-3"), ("-c", "a\nb\x1b[1m"), ("-x", "nobody"), ("-x", ""), ("-x", "1"), ("-x", "2"), ("--labels", "a"),
    ("--labels", "a,a"), ("--labels", ""), ("--labels", "x,y,z"), ("--components", "0"), ("--components", "-1"),
    ("--components", "x"), ("--components", "\u0663"), ("--components", "50"), ("--components", "9" * 5000),
    ("--covariance", "round"), ("--prior-strength", "-1"), ("--prior-strength", "nan"), ("--prior-strength", "inf"),
    ("--prior-strength", "1e308"), ("--unlabelled-weight", "2"), ("--unlabelled-weight", "nan"),
    ("--unlabelled-weight", "1e-320"), ("--max-iter", "0"), ("--max-iter", "1e3"), ("--tol", "-1"), ("--tol", "nan"),
    ("--tol", "inf"), ("--seed", "-1"), ("--seed", "x"), ("--min-probability", "1.5"), ("--min-probability", "nan"),
    ("--imputations", "1"), ("--imputations", "1001"), ("--imputations", "x"), ("--delta", "x"), ("--delta", "=1"),
    ("--delta", "nobody=1"), ("--delta", "a=1e308"), ("--delta", "a=nan"), ("-o", ""), ("-o", "."), ("-o", "no/out.csv"),
    ("-o", "table.csv"), ("-o", "x" * 300), ("-o", "a\nb.csv"), ("-r", "r.txt"), ("-r", ""), ("-r", "no/r.json"),
    ("-r", "."), ("-r", "r.json"), ("-r", "x" * 300 + ".json"), ("--backup", ""), ("--backup", "/x"), ("--backup", "x"),
    ("--log-file", ""), ("--log-file", "-"), ("--log-file", "."), ("--log-file", "no/run.log"), ("--max-memory", "x"),
    ("--max-memory", "0"), ("--workers", "0"), ("--backend", "x"), ("--scheduler", "nowhere"), ("--color", "x"),
    ("--method", "x"), ("--shares", "x"), ("--by", "nobody"), ("--weights", "nobody"), ("--order-by", "nobody"),
    ("--order-by", "1"), ("--null-value", ""), ("--keep-value", ""), ("--keep-value", "NA"), ("--null-value", "NA"),
    ("--nonsense", None), ("another.csv", None), ("-h", None), ("--version", None), ("--in-place", "x"), ("", None),
    ("--no-default-nulls", None), ("-", None), ("-z", None), ("-q", "-q"),
]  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """A command line."""

    command: str
    options: tuple[tuple[str, str | None], ...]
    file: str | None
    """as it is named; None where the file is given by standard input"""

    @property
    def arguments(self) -> list[str]:
        """The words after `em-impute`."""
        words = [word for name, value in self.options for word in (name, value) if word is not None]
        return [self.command, *words, *([] if self.file is None else [self.file])]

    def has(self, *names: str) -> bool:
        """Tell whether an option is there."""
        return any(name in names for name, _ in self.options)

    def values(self, *names: str) -> list[str]:
        """Give the values of an option, in order."""
        return [value for name, value in self.options if name in names and value is not None]

    def value(self, *names: str) -> str | None:
        """Give the value that counts where an option may be given once: the last."""
        return ([None, *self.values(*names)])[-1]


@st.composite
def fills(draw) -> tuple[MadeUp, Asked]:
    """Make up a file and a command that fills it."""
    made = draw(made_up_files())
    options = [*_needed(draw, made), *_chosen(draw, made)]
    options += [(name, None) for name in ORDINARY if chance(draw, 4)]
    for name, values in WITH_VALUE.items():
        if chance(draw, 2):
            options.append((name, draw(st.sampled_from(values))))
    if chance(draw, 50):
        options.append(("-q", None))
    if not any(name == "-r" for name, _ in options):
        options += draw(
            st.sampled_from([[("--no-report", None)], [("-r", "r.json")], [], [("-r", "r.json"), ("-r", "r.md")]])
        )
    return made, draw(_asked("fill", made, options))


@st.composite
def others(draw) -> tuple[MadeUp, Asked]:
    """Make up a file and another command about it."""
    made = draw(made_up_files())
    command = draw(st.sampled_from(["check", "check", "explain", "evaluate"]))
    own = {
        "check": [("-q", None)],
        "explain": [
            ("--steps", "all"), ("--steps", "2"), ("--rows", "1"), ("--line", "3"), ("--line", "999"), ("--json", None),
            ("--covariance", "diag"), ("--components", "2"), ("--prior-strength", "0"), ("-r", "x.json"), ("-r", "x.md"),
        ],
        "evaluate": [
            ("--hide", "0.5"), ("--hide", "0"), ("--hide", "x"), ("--how", "random"), ("--how", "by-class"), ("--json", None),
            ("--hide-label", "a=0.5"), ("-r", "e.json"), ("-r", "e.md"), ("--single", None), ("-q", None), ("--seed", "3"),
        ],
    }[command]  # fmt: skip
    options = [*_needed(draw, made), *_chosen(draw, made)[:1]]
    options += [one for one in own if chance(draw, 12)]
    if command == "evaluate":
        options.append(("--repeats", "1"))
    return made, draw(_asked(command, made, options))


@st.composite
def _asked(draw, command: str, made: MadeUp, options: list[tuple[str, str | None]]) -> Asked:
    """Order the options, add some nonsense, and say where the file comes from."""
    if chance(draw, SENSELESS):
        options = [*options, *draw(st.lists(st.sampled_from(NONSENSE), min_size=1, max_size=2))]
    in_place = command == "fill" and chance(draw, 6)
    options += [("--in-place", None)] * in_place + [("--backup", ".bak")] * (in_place and chance(draw, 50))
    file = draw(st.sampled_from(["table", "table", "table", "my [x] table é", "./table", "-"])) + made.suffix
    if file.startswith("-") or (not in_place and chance(draw, 15)):
        file = draw(st.sampled_from(["-", None]))
    if chance(draw, 20):
        options = draw(st.permutations(options))
    return Asked(command, tuple(options), file)


def _needed(draw, made: MadeUp) -> list[tuple[str, str | None]]:
    """Say what must be said of this file for it to be read, most of the time."""

    def unless_forgotten(condition: bool, *option: str | None) -> list[tuple[str, str | None]]:
        return [option] if condition and not chance(draw, 6) else []

    name = made.names[made.target]
    by_number = not made.has_header or made.names.count(name) > 1 or name.isdigit() or chance(draw, 15)
    transparent = made.encoding in {"latin-1", "cp1252"}
    needed = [
        *unless_forgotten(True, "-c", str(made.target + 1) if by_number else name),
        *unless_forgotten(not made.has_header, "-n", None),
        *unless_forgotten(transparent, "-e", made.encoding),
        *unless_forgotten(bool(made.skip_lines), "--skip-lines", str(made.skip_lines)),
        *unless_forgotten(made.decimal == ",", "--decimal", ","),
    ]
    if chance(draw, 15):
        needed.append(("-d", draw(st.sampled_from([made.delimiter, made.delimiter, "tab", ";"]))))
    for mark in dict.fromkeys(made.marks):
        needed += unless_forgotten(bool(mark.strip()) and mark.isascii(), "--null-value", mark)
    return needed


def _chosen(draw, made: MadeUp) -> list[tuple[str, str | None]]:
    """Choose among the columns, and name labels."""
    options: list[tuple[str, str | None]] = []
    if made.numbers and chance(draw, 30):
        options += [("-x", str(i + 1)) for i in draw(st.lists(st.sampled_from(made.numbers), min_size=1, max_size=3))]
    if made.texts and chance(draw, 25):
        options.append((draw(st.sampled_from(["--by", "-x", "-c"])), str(made.texts[0] + 1)))
    if made.numbers and chance(draw, 6):
        options.append((draw(st.sampled_from(["--weights", "--order-by"])), str(made.numbers[0] + 1)))
    if chance(draw, 6):
        options.append(("--labels", "x,y"))
    if chance(draw, 5):
        options.append(
            ("--delta", f"{draw(st.sampled_from(made.labels))}={draw(st.sampled_from(['0.5', '-3', '1e9']))}")
        )
    return options
