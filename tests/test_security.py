"""What a run may do to the machine: read what was named, write what was named, and start nothing."""

import ast
import gzip
import os
import pickle
import stat
import sys
from pathlib import Path

import pytest
from watched import watch

PACKAGE = Path(__file__).parent.parent / "em_impute"

LIBRARIES = tuple({sys.prefix, sys.base_prefix, sys.exec_prefix, str(PACKAGE.parent), "/usr/lib", "/usr/share"})

ABOUT_THE_MACHINE = ("/sys/fs/cgroup", "/proc", "/dev", "/etc")
"""How much memory there is, which time zone; no user's file."""

FORBIDDEN_MODULES = {
    "pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib",  # run what they read
    "subprocess", "multiprocessing", "pty", "code", "ctypes", "webbrowser",  # start something
    "socket", "urllib", "http", "ftplib", "smtplib", "requests", "yaml", "xml",  # speak, or trust
}  # fmt: skip

FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__", "system", "popen", "execv", "execve", "spawnv", "fork"}

EXCEPT = {
    "environment.py": {"ctypes"},  # asks the BLAS that NumPy loaded for one thread
    "pipeline/backends.py": {"multiprocessing"},  # the workers of --each, where they are asked for
}

HOSTILE = [
    "__import__('os').system('touch pwned')",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "$(touch pwned)",
    "../../pwned",
    '=HYPERLINK("file:///etc/passwd")',
    "<script src=//pwned></script>",
    pickle.dumps(print).decode("latin-1").encode("unicode_escape").decode(),
]  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    """The working folder; the log of the watch and the temporary files lie elsewhere."""
    for name in ("work", "spool", "home"):
        (tmp_path / name).mkdir()
    return tmp_path / "work"


def touched(folder, *arguments, stdin=b""):
    elsewhere = folder.parent
    places = {"TMPDIR": str(elsewhere / "spool"), "HOME": str(elsewhere / "home")}
    return watch(*arguments, folder=folder, log=elsewhere / "log", stdin=stdin, **places)


def files(found, event):
    """The files of users that were touched."""
    return {
        Path(what[0])
        for happened, what in found
        if happened == event and not what[0].startswith((*LIBRARIES, *ABOUT_THE_MACHINE))
    }


def written(found):
    """Everything that was created, changed, moved or removed, whoever asked for it."""
    changing = ("os.remove", "os.rename", "os.link", "os.symlink", "os.mkdir", "os.rmdir", "os.truncate", "os.chmod")
    moved = {Path(one) for event, what in found if event in changing for one in what if one.startswith("/")}
    return {path for path in moved | files(found, "write") if not str(path).startswith(ABOUT_THE_MACHINE)}


def started(found):
    """Processes, connections and pickles."""
    names = ("os.system", "os.exec", "os.posix_spawn", "subprocess.Popen", "pickle.find_class")
    return [one for one in found if one.event in names or one.event.startswith(("socket.", "urllib."))]


def hostile_table():
    rows = "".join(
        f'"{HOSTILE[i % len(HOSTILE)].replace(chr(34), chr(34) * 2)}",{i * 7 % 13},{"ab"[i % 2] if i % 5 else ""}\n'
        for i in range(60)
    )
    return f"{{{{7*7}}}},x,../g\n{rows}"


COMMANDS = [
    ["fill", "in.csv", "-c", "3", "--by", "1", "-o", "out.csv.gz", "-r", "out.md", "--log-file", "x.log"],
    ["fill", "in.csv", "-c", "1", "--in-place", "--backup", ".bak", "-r", "x.json"],
    ["fill", "in.csv", "-c", "3", "--max-memory", "64M", "-o", "parts/"],
    ["evaluate", "in.csv", "-c", "3", "--repeats", "1", "-r", "x.json"],
]


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_a_run_reads_and_writes_what_was_named_and_starts_nothing(folder, arguments):
    (folder / "in.csv").write_text(hostile_table())
    (folder / "parts").mkdir()
    (folder / "secret.csv").write_text("not for this run")
    found = touched(folder, *arguments)

    assert files(found, "read") <= {folder, folder / "in.csv", folder / "parts"}
    assert all(path.is_relative_to(folder) for path in written(found))
    assert folder / "secret.csv" not in written(found)
    assert started(found) == []
    assert not list(folder.parent.rglob("pwned*"))
    assert not (folder / "out.md").exists() or "49" not in (folder / "out.md").read_text().split("../g")[0]


def test_what_is_spooled_can_be_read_by_its_owner_only(tmp_path, monkeypatch):
    from em_impute.table.source import open_source

    monkeypatch.setenv("TMPDIR", str(tmp_path))
    (tmp_path / "in.csv.gz").write_bytes(gzip.compress(hostile_table().encode()))
    with open_source(tmp_path / "in.csv.gz") as source:
        mode = os.fstat(source.file.fileno()).st_mode

    assert stat.S_IMODE(mode) == 0o600


def calls_and_imports(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name.split(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").split(".")[0]
        elif isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name):
                yield f"{node.func.id}()"
            elif isinstance(node.func, ast.Attribute):
                is_of_os = isinstance(node.func.value, ast.Name) and node.func.value.id == "os"
                yield f"{node.func.attr}()" if is_of_os else ""
            yield from ("allow_pickle" for one in node.keywords if one.arg == "allow_pickle" and one.value.value)
            yield from ("shell" for one in node.keywords if one.arg == "shell")


def test_no_file_can_evaluate_text_unpickle_or_start_a_process():
    forbidden = FORBIDDEN_MODULES | {f"{name}()" for name in FORBIDDEN_CALLS} | {"allow_pickle", "shell"}
    found = {str(path.relative_to(PACKAGE)): set(calls_and_imports(path)) & forbidden for path in PACKAGE.rglob("*.py")}

    assert {name: words for name, words in found.items() if words} == EXCEPT
