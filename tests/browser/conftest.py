"""Chromium without a window, where there is one, and the reports that it opens."""

from __future__ import annotations

import shutil

import pytest
from browser import reports

NAMES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def chromium():
    """A running browser; without one on this machine the tests are skipped."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip("no chromium on this machine (apt-get install chromium)")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def report(chromium, tmp_path_factory):
    """A report by its name, made when it is first asked for."""
    folder = tmp_path_factory.mktemp("reports")
    made = {}

    def path(name):
        if name not in made:
            made[name] = getattr(reports, name)(folder / name)
        return made[name]

    return path


@pytest.fixture
def opened(chromium, report):
    """Open a report on a screen: nothing may be said on the console, nothing asked of a network."""
    contexts, said = [], []

    def open_report(name, width, scheme="light", height=900):
        context = chromium.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, offline=True
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("requestfailed", lambda request: said.append(request.url))
        page.goto(report(name).as_uri())
        return page

    yield open_report
    for context in contexts:
        context.close()
    assert said == []
