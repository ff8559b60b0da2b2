"""A JupyterLab page in words of a user: open a notebook, run a cell, look into the panel. Finds things by role and text."""

from __future__ import annotations

import json
import re
import secrets
import time
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from lab_server import LabServer

WAIT_MS = 30_000

KERNEL_IS_READY = """async () => {
  const context = window.jupyterapp?.shell.currentWidget?.sessionContext;
  const kernel = context?.session?.kernel;
  if (!kernel || !context.isReady || kernel.connectionStatus !== 'connected') return false;
  await kernel.info;
  return kernel.status === 'idle' && context.kernelDisplayStatus === 'idle';
}"""


class LabPage:
    def __init__(self, page: Page, server: LabServer, shots: Path) -> None:
        self.page = page
        self.server = server
        self._shots = shots
        self.page_errors: list[str] = []
        page.on("pageerror", lambda error: self.page_errors.append(str(error)))
        page.set_default_timeout(WAIT_MS)

    # -- the shell -----------------------------------------------------------------------------------

    def open_lab(self, path: str = "") -> None:
        """The whole page anew, with an empty layout; then a file, opened as a user does once all is there.

        The empty layout is a workspace of its own: `?reset` would load the page a second time under the test's hands.
        """
        layout = f"lab/workspaces/{secrets.token_hex(4)}"
        self.page.goto(f"{self.server.url}{layout}?token={self.server.token}", wait_until="domcontentloaded")
        self.wait_until("async () => !!window.jupyterapp && (await window.jupyterapp.restored, true)")
        self.page.locator("#jupyterlab-splash").wait_for(state="detached")
        if path:
            self.open_file(path)

    def open_file(self, path: str) -> None:
        """Beside what is open, as a double click does."""
        self.command("docmanager:open", path=path)
        if path.endswith(".ipynb"):
            self.wait_until(f"() => window.jupyterapp.shell.currentWidget?.context?.path === {json.dumps(path)}")
            self.wait_for_kernel()

    def command(self, name: str, **arguments: object) -> None:
        """Any JupyterLab command by its id; `jupyterapp` is the page's own handle for tests and extensions."""
        self.page.evaluate(
            "([name, args]) => { void window.jupyterapp.commands.execute(name, args); }", [name, arguments]
        )

    def wait_until(self, question: str) -> None:
        """Ask the page until the answer is true. Unlike `wait_for_function` this waits for promises too."""
        deadline = time.monotonic() + WAIT_MS / 1000
        while not self.page.evaluate(question):
            assert time.monotonic() < deadline, f"never true: {question}"
            self.page.wait_for_timeout(50)

    def is_command(self, name: str) -> bool:
        return bool(self.page.evaluate("name => window.jupyterapp.commands.hasCommand(name)", name))

    def theme(self, name: str) -> None:
        self.command("apputils:change-theme", theme=name)
        self.page.locator(f'body[data-jp-theme-name="{name}"]').wait_for(state="attached")
        self.page.locator("#jupyterlab-splash").wait_for(state="detached")

    def shot(self, name: str) -> Path:
        self._shots.mkdir(parents=True, exist_ok=True)
        path = self._shots / f"{name}.png"
        self.page.screenshot(path=path)
        return path

    # -- the notebook --------------------------------------------------------------------------------

    @property
    def notebook(self) -> Locator:
        """The one in front."""
        return self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")

    def wait_for_kernel(self) -> None:
        """Connected and idle, by the notebook's own session: its indicator says idle while the connection is still made, and
        JupyterLab then drops what is run."""
        self.wait_until(KERNEL_IS_READY)

    def cell(self, number: int) -> Locator:
        """Code cells only, from 0, in document order."""
        return self.notebook.locator(".jp-CodeCell").nth(number)

    def type_into(self, number: int, source: str) -> None:
        """Replace what the cell says; not saved."""
        self.cell(number).locator(".cm-content").click()
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.insert_text(source)

    def start_cell(self, number: int) -> None:
        self.cell(number).locator(".cm-content").click()
        self.page.keyboard.press("Control+Enter")

    def run_cell(self, number: int) -> None:
        """Run it and wait until it has its number."""
        before = self.prompt(number)
        self.start_cell(number)
        expect(self.cell(number).locator(".jp-InputPrompt")).not_to_have_text(before, timeout=WAIT_MS)
        self.wait_until_run(number)

    def wait_until_run(self, number: int) -> None:
        expect(self.cell(number).locator(".jp-InputPrompt")).to_have_text(re.compile(r"\[\d+\]:"), timeout=WAIT_MS)

    def prompt(self, number: int) -> str:
        return self.cell(number).locator(".jp-InputPrompt").inner_text()

    def output(self, number: int) -> str:
        return self.cell(number).locator(".jp-Cell-outputArea").inner_text()

    def wait_for_cells(self, n_code_cells: int) -> None:
        expect(self.notebook.locator(".jp-CodeCell")).to_have_count(n_code_cells, timeout=WAIT_MS)

    # -- our panel -----------------------------------------------------------------------------------

    @property
    def panel(self) -> Locator:
        return self.page.locator(".ds-Panel")

    def show_panel(self, tab: str = "History") -> None:
        self.command("dotscience:show-panel", tab=tab.lower())
        self.panel.wait_for()
        tab_there = self.panel.get_by_role("tab", name=tab, exact=True)
        expect(tab_there).to_have_attribute("aria-selected", "true", timeout=WAIT_MS)

    @property
    def entries(self) -> Locator:
        """Rows of the timeline: executions and runs, newest first."""
        return self.panel.get_by_role("tree", name="Cell history").get_by_role("treeitem")

    def entry_with(self, text: str) -> Locator:
        """The newest row that shows this text."""
        return self.entries.filter(has_text=text).first

    def wait_for_entry(self, text: str) -> Locator:
        found = self.entry_with(text)
        expect(found).to_be_visible(timeout=WAIT_MS)
        return found

    def open_entry(self, text: str) -> None:
        self.wait_for_entry(text).click()
        self.panel.get_by_role("tablist", name="Parts of this entry").wait_for()

    def entry_tab(self, name: str) -> str:
        """What Code, Output, Files or Why of the open entry says."""
        self.panel.get_by_role("tablist", name="Parts of this entry").get_by_role("tab", name=name).click()
        body = self.panel.locator(".ds-Entry-content")
        expect(body).not_to_be_empty(timeout=WAIT_MS)
        return body.inner_text()

    def verb(self, name: str) -> None:
        """Of the open entry: Copy code, Show as it was, Fork…, Restore…"""
        self.panel.get_by_role("button", name=name).first.click()

    def dialog_button(self, name: str) -> None:
        self.page.get_by_role("dialog").get_by_role("button", name=name).click()

    def say_in_panel(self, text: str) -> None:
        """Wait until the panel's line about now says so."""
        expect(self.panel.get_by_role("status")).to_contain_text(text, timeout=WAIT_MS)
