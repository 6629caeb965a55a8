"""One browser for all tests, the reports of em-impute, and the looks at them."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from browser.chromium import Chromium
from browser.pages import PAGES

KEPT = Path(__file__).parents[2] / "build" / "browser"
LOOKS = {
    "desktop-light": {"width": 1200, "height": 900, "scheme": "light"},
    "desktop-dark": {"width": 1200, "height": 900, "scheme": "dark"},
    "phone-light": {"width": 390, "height": 844, "phone": True, "scheme": "light"},
    "phone-dark": {"width": 390, "height": 844, "phone": True, "scheme": "dark"},
}


@pytest.fixture(scope="session")
def browser():
    """Chromium, for as long as there are tests."""
    with Chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def kept():
    """The folder in which pictures are left for people to look at."""
    KEPT.mkdir(parents=True, exist_ok=True)
    return KEPT


def fill(*arguments):
    """Complete a table."""
    command = [sys.executable, "-m", "em_impute", "fill", *map(str, arguments), "--quiet"]
    done = subprocess.run(command, capture_output=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr.decode()


@pytest.fixture(scope="session")
def written(tmp_path_factory):
    """Write the HTML report of a case, once; give its path."""
    paths = {}

    def written(name):
        if name not in paths:
            folder = tmp_path_factory.mktemp(name)
            case, options = PAGES[name], PAGES[name].options
            if case.known is not None:
                fill(case.known.write(folder), *case.known.options, "--save-model", folder / "m.json", "--no-report")
                options = ("--model", folder / "m.json")
            fill(case.write(folder), *options, "-r", folder / "report.html")
            paths[name] = folder / "report.html"
        return paths[name]

    return written


@pytest.fixture(scope="session", params=PAGES)
def report(request, written):
    """The HTML report of each case: its name and path."""
    return SimpleNamespace(name=request.param, path=written(request.param))


@pytest.fixture(scope="session")
def page(browser, report):
    """Each report on a desktop, everything that can be opened opened."""
    page = browser.open(report.path.as_uri(), **LOOKS["desktop-light"])
    page.measure("open_details")
    yield page
    page.close()


@pytest.fixture(scope="session", params=LOOKS)
def view(browser, report, request):
    """Each report as each screen shows it when it opens: its name, page, and look."""
    page = browser.open(report.path.as_uri(), **LOOKS[request.param])
    yield SimpleNamespace(name=f"{report.name}-{request.param}", page=page, look=LOOKS[request.param])
    page.close()


@pytest.fixture
def opened(view):
    """Each view with everything that can be opened opened."""
    view.page.measure("open_details")
    yield view
    view.page.measure("close_details")
