"""Stories in a real browser against a real JupyterLab; they say what appears and in which order, never when."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import Callable, Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from lab_page import LabPage
from lab_server import LabServer, start_lab_server

HERE = Path(__file__).resolve().parent
QUICKSTART = HERE.parent / "binder" / "quickstart"
SHOTS = HERE / "screenshots"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in Path(item.fspath).parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(autouse=True)
def jp_server_cleanup() -> None:
    """In place of pytest-jupyter's, which closes its event loop while Playwright's is running; its servers are not used here."""


@pytest.fixture(autouse=True)
def jp_asyncio_loop() -> None:
    """In place of pytest-jupyter's: Playwright has a loop of its own running here, which is not anyone's to close."""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    executable = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    assert executable, "The browser stories need Chromium: `make test` installs it, or set CHROMIUM to one."
    flags = ["--disable-dev-shm-usage", "--disable-gpu", "--hide-scrollbars"]
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=executable, args=flags, chromium_sandbox=os.geteuid() != 0)
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def lab_server_with(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., LabServer]]:
    """Makes servers on a fresh copy of the quickstart; all end with the module."""
    started: list[LabServer] = []

    def make(base_url: str = "/", **environ: str) -> LabServer:
        root = tmp_path_factory.mktemp("lab") / "quickstart"
        shutil.copytree(QUICKSTART, root)
        (root / "requirements.txt").write_text("scikit-learn\n")  # the mark of a project folder
        server = start_lab_server(root, base_url, **environ)
        started.append(server)
        return server

    yield make
    for server in started:
        server.stop()


@pytest.fixture(scope="module")
def server(lab_server_with: Callable[..., LabServer]) -> LabServer:
    return lab_server_with()


@pytest.fixture
def open_page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Callable[[LabServer], LabPage]]:
    """Makes pages; after a failure the last state of each is kept as a picture, beside the server's log."""
    name = re.sub(r"\W+", "-", request.node.name)
    opened: list[LabPage] = []
    contexts = []

    def make(server: LabServer) -> LabPage:
        context = browser.new_context(viewport={"width": 1400, "height": 900}, accept_downloads=True)
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        contexts.append(context)
        page = LabPage(context.new_page(), server, SHOTS)
        opened.append(page)
        return page

    yield make
    if getattr(request.node, "has_failed", False):
        for number, page in enumerate(opened):
            page.shot(f"failed-{name}-{number}")
            (SHOTS / f"failed-{name}-{number}.log").write_text(page.server.log + page.server.recorder_log)
    for context in contexts:
        context.close()


@pytest.fixture
def lab(server: LabServer, open_page: Callable[[LabServer], LabPage]) -> LabPage:
    return open_page(server)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):  # noqa: ANN201
    report = yield
    if report.when == "call":
        item.has_failed = report.failed  # type: ignore[attr-defined]
    return report
