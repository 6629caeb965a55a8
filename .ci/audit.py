"""Ask pip-audit whether what a user of em-impute installs has known vulnerabilities.

A gate must not fail because the network is away, nor say that all is well when nobody could be asked: then it says
that nothing was audited, and passes.  What has no remedy yet is told and passes too; what a newer version has mended
fails.
"""

import json
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from packaging.requirements import Requirement

ROOT = "em-impute[dask,report,zstd]"  # the tools of developers reach no user


def installed(root: str = ROOT) -> dict[str, str]:
    """Give name and version of everything in this environment that `root` needs."""
    found: dict[str, str] = {}
    seen, waiting = set(), [Requirement(root)]
    while waiting:
        wanted = waiting.pop()
        for text in requires(wanted.name) or []:
            needed = Requirement(text)
            applies = needed.marker is None or any(
                needed.marker.evaluate({"extra": extra}) for extra in (wanted.extras or {""})
            )
            if not applies or str(needed) in seen:
                continue
            seen.add(str(needed))
            try:
                found[needed.name.lower()] = version(needed.name)
            except PackageNotFoundError:
                continue  # an extra of an extra
            waiting.append(needed)
    return found


def ask(packages: dict[str, str]) -> dict[str, Any] | None:
    """Give what pip-audit answers, or None if nobody could be asked."""
    with TemporaryDirectory() as folder:
        pins = Path(folder) / "pins.txt"
        pins.write_text("".join(f"{name}=={number}\n" for name, number in sorted(packages.items())))
        command = [sys.executable, "-m", "pip_audit", "--format", "json", "--progress-spinner", "off", "--timeout", "5"]
        command += ["--disable-pip", "--no-deps", "--requirement", str(pins)]
        try:
            answer = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)  # noqa: S603
            return dict(json.loads(answer.stdout))
        except (subprocess.TimeoutExpired, ValueError):
            return None


def judge(answer: dict[str, Any] | None) -> tuple[list[str], bool]:
    """Give the lines to print, and whether the gate is open."""
    asked = [one for one in (answer or {}).get("dependencies", []) if "skip_reason" not in one]
    if not asked:
        return ["Dependencies not audited: the database of known vulnerabilities cannot be reached"], True
    skipped = [one["name"] for one in (answer or {})["dependencies"] if "skip_reason" in one]
    lines = [f"Dependencies audited: {len(asked)}"]
    lines += [f"not in the database: {', '.join(skipped)}"] if skipped else []
    is_open = True
    for one in asked:
        for flaw in one["vulns"]:
            remedy = ", ".join(flaw["fix_versions"])
            lines.append(
                f"{one['name']} {one['version']}: {flaw['id']}, {f'mended in {remedy}' if remedy else 'no remedy yet'}"
            )
            is_open &= not remedy
    return lines, is_open


if __name__ == "__main__":
    LINES, IS_OPEN = judge(ask(installed()))
    sys.stdout.write("\n".join(LINES) + "\n")
    sys.exit(not IS_OPEN)
