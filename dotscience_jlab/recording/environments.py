"""The environment of a session as one small JSON document, stored once by content and named by its digest."""

from __future__ import annotations

import json
from typing import Any

from ..model.codec import to_json
from ..model.ids import BlobDigest, StoreId
from ..store.base import Store
from ..store.cleaning import Cleaning


def environment_bytes(environment: dict[str, Any], cleaning: Cleaning) -> bytes:
    """Canonical: equal environments give equal bytes, so a thousand sessions in one environment keep one copy."""
    return json.dumps(cleaning.record(to_json(environment)), sort_keys=True, separators=(",", ":")).encode("utf-8")


class SessionEnvironment:
    """As a session reported it last: installing a package changes it."""

    def __init__(self) -> None:
        self._seen: dict[str, Any] | None = None
        self._digests: dict[StoreId, BlobDigest] = {}

    def see(self, environment: dict[str, Any]) -> None:
        self._seen, self._digests = environment, {}

    def put(self, store: Store) -> BlobDigest | None:
        """Stored there, once; None: not reported yet."""
        if self._seen is None:
            return None
        if store.workspace.id not in self._digests:
            self._digests[store.workspace.id] = store.put_bytes(environment_bytes(self._seen, store.cleaning))
        return self._digests[store.workspace.id]

    def known(self, store: Store) -> BlobDigest | None:
        """Only if it is in the store already: showing a live run writes nothing."""
        return self._digests.get(store.workspace.id)
