"""Run the command in a process that writes down every file, process, address and pickle that it touches.

Python tells an audit hook (PEP 578) before it does any of these, whoever asked for it: also the libraries.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

HOOK = """
import json, os, sys

seen = open({path!r}, "w", encoding="utf-8")
WATCHED = {{"os.system", "os.exec", "os.posix_spawn", "subprocess.Popen", "pickle.find_class", "marshal.loads",
            "socket.connect", "socket.bind", "socket.getaddrinfo", "urllib.Request",
            "os.remove", "os.rename", "os.link", "os.symlink", "os.mkdir", "os.rmdir", "os.truncate",
            "os.chmod", "os.chown"}}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

def note(event, arguments):
    if event == "open":
        path, mode, flags = arguments
        if isinstance(path, int):
            return
        event = "write" if flags & WRITING else "read"
        arguments = (path,)
    elif event not in WATCHED:
        return
    words = [os.path.abspath(os.fsdecode(one)) if isinstance(one, (str, bytes, os.PathLike)) and event.split(".")[0] in ("read", "write", "os")
             else repr(one) for one in arguments]
    seen.write(json.dumps([event, *words]) + "\\n")
    seen.flush()

sys.addaudithook(note)
from em_impute.cli.main import main
main()
"""


class Touched(NamedTuple):
    """One thing that the process did: the event of PEP 578 (`open` as `read` or `write`), and to what."""

    event: str
    what: tuple[str, ...]


def watch(*arguments: str, folder: Path, log: Path, stdin: bytes = b"", **environment: str) -> list[Touched]:
    """Run em-impute in `folder`; give what it touched, in order."""
    result = subprocess.run(
        [sys.executable, "-B", "-c", HOOK.format(path=str(log)), *arguments],
        input=stdin,
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert result.returncode in {0, 1}, result.stderr.decode()
    lines = log.read_text(encoding="utf-8").splitlines()
    return [Touched(event, tuple(what)) for event, *what in map(json.loads, lines)]
