"""Story 10: names and outputs that try to be more than text stay text, everywhere they are shown."""

from __future__ import annotations

from urllib.parse import quote

from playwright.sync_api import expect

from lab_page import WAIT_MS, LabPage
from notebooks import write_notebook

IMAGE = "<img src=x onerror=window.hit=1>"
SCRIPT = "<script>window.hit=1</script>"
LINK = "[go](javascript:window.hit=1)"
RTL = "\u202egnp.exe\u2066"
ESCAPES = "\x1b[2J\x1b]8;;javascript:window.hit=1\x07link\x1b[31mred"
ALL = f"{IMAGE} {SCRIPT} {LINK} {RTL}"

CELL = f"""# {IMAGE}
import dotscience_jlab as ds
from IPython.display import HTML, display, Javascript, Markdown
ds.start({ALL!r})
ds.parameter({IMAGE!r}, {SCRIPT!r})
ds.metric({'acc ' + IMAGE!r}, 0.5)
ds.label({IMAGE!r}, {SCRIPT!r})
ds.summary({LINK!r}, {RTL!r})
open({'out ' + IMAGE.replace('/', '') + RTL + '.txt'!r}, 'w').write('x')
print({ALL!r}, {ESCAPES!r})
display(Markdown({LINK!r}))
ds.publish({ALL!r})
raise ValueError({ALL!r})"""

COUNT = "window.ran = (window.ran || 0) + 1"
TRUSTED_ONLY = f"display(HTML('<img src=x onerror=\"{COUNT}\"><script>{COUNT}</script>'), Javascript('{COUNT}'))"


def test_nothing_hostile_executes_and_the_layout_holds(lab: LabPage) -> None:
    """Rich outputs of the second cell run when the reader executes it, as JupyterLab means it; never when history shows it."""
    name = f"evil {IMAGE.replace('/', '')}.ipynb"
    write_notebook(lab.server.root, name, CELL, TRUSTED_ONLY)
    lab.open_lab()
    lab.open_file(name)
    lab.run_cell(0)
    assert "ValueError" in lab.output(0)
    lab.run_cell(1)
    lab.wait_until("() => window.ran === 3")

    lab.show_panel()
    lab.wait_for_entry("In [2]")
    holds(lab)
    lab.panel.get_by_role("checkbox").first.check()
    lab.shot("story-10-list")
    lab.open_entry("In [2]")
    for tab in ("Code", "Output", "Files", "Why"):
        lab.entry_tab(tab)
        holds(lab)
    lab.page.keyboard.press("Escape")
    lab.open_entry("In [1]")
    for tab in ("Code", "Output", "Files", "Why"):
        lab.entry_tab(tab)
        holds(lab)
    lab.entry_tab("Output")
    lab.shot("story-10-output")
    lab.verb("Show as it was")
    expect(lab.page.locator(".ds-AsCell").first).to_be_visible(timeout=WAIT_MS)
    holds(lab)
    lab.page.keyboard.press("Escape")

    workspace, run = lab.server.workspace()["id"], lab.server.runs()[0]["id"]
    lab.command("dotscience:show-entry", workspace=workspace, run=run)
    expect(lab.panel.get_by_role("heading", name="Metrics")).to_be_visible(timeout=WAIT_MS)
    expect(lab.panel).to_contain_text(IMAGE)
    lab.shot("story-10-run")
    holds(lab)
    main = lab.page.get_by_role("main")
    lab.command("dotscience:open-runs", workspace=workspace)
    expect(main.get_by_role("table", name="Runs")).to_contain_text(IMAGE, timeout=WAIT_MS)
    holds(lab)
    lab.shot("story-10-runs")
    lab.command("dotscience:compare", workspace=workspace, runs=[run, run])
    lab.command("dotscience:open-chart", workspace=workspace, runs=[run])
    for tab in ("Charts", "Lineage"):
        lab.show_panel(tab)
        expect(lab.panel.get_by_role("tabpanel").first).not_to_be_empty(timeout=WAIT_MS)
        holds(lab)
    lab.command("dotscience:open-lineage", workspace=workspace, of=f"run:{run}")
    expect(main.locator(".ds-Lineage").first).to_be_visible(timeout=WAIT_MS)
    lab.shot("story-10-lineage")
    holds(lab)
    assert lab.server.get(f"api/contents/{quote(name)}")["type"] == "notebook"
    assert not lab.page_errors


def holds(lab: LabPage) -> None:
    """Nothing ran, nothing of it became an element, nothing sticks out of the panel."""
    assert lab.page.evaluate("[window.hit, window.ran]") == [None, 3]
    assert lab.panel.locator("img[onerror], script, a[href^='javascript:']").count() == 0
    assert lab.panel.evaluate("panel => panel.scrollWidth <= panel.clientWidth + 1")
