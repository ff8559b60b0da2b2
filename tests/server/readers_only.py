"""An authoriser for tests: everybody who is logged in may read, nobody may write."""

from __future__ import annotations

from typing import Any

from jupyter_server.auth import Authorizer


class ReadersOnly(Authorizer):
    def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
        return action == "read"
