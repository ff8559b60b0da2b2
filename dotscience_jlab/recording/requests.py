"""What the recorder can be asked: docs/requests.md is the table, `answers/` its other half.

Each answer checks what came in, finds the workspace, calls the one function that knows, and returns plain JSON.
"""

from __future__ import annotations

from typing import Any, Callable, Mapping

from ..errors import InvalidRequest
from ..settings import Settings
from ..store.base import Store
from .activity import Activity
from .answers.environments import EnvironmentAnswers
from .answers.exchange import ExchangeAnswers
from .answers.executions import ExecutionAnswers
from .answers.forgetting import ForgettingAnswers
from .answers.forks import ForkAnswers
from .answers.params import Params, Progress
from .answers.recipes import RecipeAnswers
from .answers.reports import ReportAnswers
from .answers.restoring import RestoreAnswers
from .answers.runs import RunAnswers
from .answers.secrets import SecretAnswers
from .answers.sessions import SessionAnswers
from .answers.snapshots import SnapshotAnswers
from .answers.workspaces import WorkspaceAnswers
from .kernels import Kernels
from .remotes import Remotes
from .resources.sampler import Resources
from .workspaces import Workspaces

KINDS = (
    WorkspaceAnswers, ForgettingAnswers, ExecutionAnswers, RunAnswers, SnapshotAnswers, RestoreAnswers, ForkAnswers,
    ExchangeAnswers, ReportAnswers, EnvironmentAnswers, RecipeAnswers, SessionAnswers, SecretAnswers,
)


class Desk:
    """Answers requests; many threads ask at once."""

    def __init__(
        self,
        workspaces: Workspaces,
        kernels: Kernels,
        activity: Callable[[Store], Activity],
        notify: Callable[..., None],
        settings: Settings,
        remotes: Remotes | None = None,
        resources: Resources | None = None,
    ) -> None:
        self.workspaces = workspaces
        self.kernels = kernels
        self.activity = activity
        self.notify = notify
        self.settings = settings
        self.remotes = remotes or Remotes(workspaces, activity)
        self.resources = resources or Resources()
        self._methods: dict[str, Callable[[Params, Progress], Any]] = {
            name: method.__get__(answers) for answers in (kind(self) for kind in KINDS) for name, method in answers.METHODS.items()
        }

    def answer(self, method: str, params: Params, progress: Progress) -> Any:
        """The result as JSON; a DotscienceError says what was wrong with the question."""
        found = self._methods.get(method)
        if found is None:
            raise InvalidRequest(f"There is no request {method!r}.", "docs/requests.md lists them.")
        if not isinstance(params, Mapping):
            raise InvalidRequest("The parameters of a request are an object.")
        return found(params, progress)
