"""What a page put in front of its reader without being asked: notifications, dialogs, and each word of the recording state."""

from __future__ import annotations

from playwright.sync_api import Page

WATCH = """() => {
  const seen = window.seen = { notifications: [], dialogs: [], states: [] };
  const note = (list, text) => { if (text && list[list.length - 1] !== text) list.push(text); };
  const look = () => {
    for (const toast of document.querySelectorAll('.Toastify__toast:not([data-seen])')) {
      toast.dataset.seen = 'yes';
      note(seen.notifications, toast.innerText.trim());
    }
    for (const dialog of document.querySelectorAll('.jp-Dialog:not([data-seen])')) {
      dialog.dataset.seen = 'yes';
      note(seen.dialogs, dialog.innerText.trim());
    }
    const item = document.querySelector('.ds-StatusItem');
    if (item) note(seen.states, item.title);
  };
  new MutationObserver(look).observe(document.body, { childList: true, subtree: true, attributes: true, characterData: true });
  look();
}"""

ADDITIONS = """() => {
  const namesOf = node => [node.className, node.id, node.dataset.id, node.dataset.command].join(' ');
  const isOurs = node => /(^|[\\s"])(ds-|dotscience)/.test(namesOf(node));
  const found = [];
  const visit = node => {
    if (!(node instanceof HTMLElement) || !node.checkVisibility()) return;
    if (isOurs(node)) { found.push(node.dataset.id || node.id || node.className); return; }
    [...node.children].forEach(visit);
  };
  visit(document.body);
  return found;
}"""


class Witness:
    """Of one page, from now on."""

    def __init__(self, page: Page) -> None:
        self._page = page
        page.evaluate(WATCH)

    @property
    def notifications(self) -> list[str]:
        return self._page.evaluate("window.seen.notifications")

    @property
    def dialogs(self) -> list[str]:
        return self._page.evaluate("window.seen.dialogs")

    @property
    def states(self) -> list[str]:
        """What the status bar said, in order: 'recorded 3 s ago', 'not recorded: …'."""
        return self._page.evaluate("window.seen.states")

    def additions(self) -> list[str]:
        """What of the visible page is ours, outermost parts only."""
        return self._page.evaluate(ADDITIONS)
