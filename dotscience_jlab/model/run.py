"""A run: what a user compares. One or more executions with parameters, metrics, inputs, outputs and a true end state."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Dict, Optional, Tuple

from .execution import FileUse
from .ids import BlobDigest, ExecutionId, NotebookId, RunId, SessionId, SnapshotId
from .instant import Instant
from .paths import WorkspacePath
from .states import FAILED, FINISHED, INCOMPLETE, INTERRUPTED, KILLED, RUNNING, STATES
from .values import Scalar


@dataclass(frozen=True)
class MetricSummary:
    """One metric of a run at a glance. A value that is not finite is kept as such; min and max leave NaN out."""

    last: float
    min: float
    max: float
    n_points: int
    last_step: Optional[int] = None
    """None: logged without steps."""
    n_non_finite: int = 0


@dataclass(frozen=True)
class ResourceSummary:
    """What a run took of the machine, one thing at a glance; the unit stands in its name."""

    mean: float
    """Over the time that was watched."""
    max: float
    watched_s: float = 0.0
    """Seconds of its cells in which it was read; a cell under half a second is not."""


@dataclass(frozen=True)
class Artifact:
    """Something a run showed or saved that is worth a name: an image, a table, a text, a model."""

    name: str
    kind: str
    """image | table | text | model"""
    step: Optional[int] = None
    mime: str = ""
    blob: Optional[BlobDigest] = None
    path: Optional[WorkspacePath] = None
    """For a model: its file."""
    value: Optional[str] = None
    """A short text itself."""
    details: Dict[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    id: RunId
    name: str
    """`train · 7` until renamed: notebook stem and the workspace's counter."""
    number: int
    """The workspace's counter, from 1; two merged stores may repeat one, the id never repeats."""
    session: Optional[SessionId]
    state: str
    started_at: Instant
    opened_by: str = "implicit"
    """implicit | start | with | magic | track | dotscience | marker | kept (from an old execution)"""
    finished_at: Optional[Instant] = None
    duration_s: Optional[float] = None
    state_reason: str = ""
    """Why it is failed, killed or incomplete, in words."""
    description: str = ""
    notebook: Optional[NotebookId] = None
    path: Optional[WorkspacePath] = None
    """Of the notebook or script."""
    executions: Tuple[ExecutionId, ...] = ()
    """In order of start."""
    parameters: Dict[str, Scalar] = field(default_factory=dict)
    metrics: Dict[str, MetricSummary] = field(default_factory=dict)
    metric_texts: Dict[str, str] = field(default_factory=dict)
    """Metrics whose value was not a number, as text."""
    summary: Dict[str, Scalar] = field(default_factory=dict)
    labels: Dict[str, Scalar] = field(default_factory=dict)
    carried_over: Tuple[str, ...] = ()
    """Names among parameters and labels that come from the run before."""
    inputs: Tuple[FileUse, ...] = ()
    outputs: Tuple[FileUse, ...] = ()
    artifacts: Tuple[Artifact, ...] = ()
    snapshot: Optional[SnapshotId] = None
    """State at its end."""
    published_at: Optional[Instant] = None
    environment: Optional[BlobDigest] = None
    series_blob: Optional[BlobDigest] = None
    """All points, in Parquet, when more than the inline limit; see docs/store-format.md."""
    is_starred: bool = False
    note: str = ""
    resources: Dict[str, ResourceSummary] = field(default_factory=dict)
    """cpu_share, memory_bytes, gpu0_power_w, … (docs/capture.md); {} where its cells were too short to be read."""
    resources_blob: Optional[BlobDigest] = None
    """The points behind them, as those of metrics are kept; see docs/store-format.md."""
    resources_note: str = ""
    """Why something is missing among them, in a sentence."""
    seeds: Dict[str, str] = field(default_factory=dict)
    """Random generator -> digest of its state when the run's cell began; of torch the seed. Equal ones drew the same numbers."""
    loaded: Optional[BlobDigest] = None
    """JSON of what was in memory when it ended: packages with their versions, numeric libraries, threads (docs/capture.md)."""


@dataclass(frozen=True)
class Series:
    """Points of one metric, in the order logged. steps, times, values: each (n_points,), same length.

    steps: None where none was given. times: epoch seconds. values: NaN and infinities as logged.
    When downsampled, every bucket's minimum and maximum are among the points, and `n_points_logged` is the true number.
    """

    name: str
    steps: Tuple[Optional[int], ...]
    times: Tuple[float, ...]
    values: Tuple[float, ...]
    n_points_logged: int


PATH = "path"
"""Field of an annotation about a notebook: it was renamed."""
RECIPE = "recipe"
"""Field of an annotation about a run or an execution: its recipe was run again (model/recipe.py)."""


@dataclass(frozen=True)
class Annotation:
    """A later word about a run, an execution or a notebook: a small record of its own, so that two stores merge by union.

    The newest of one (`about`, `field`, `name`) counts.
    """

    id: str
    about: str
    """RunId, ExecutionId, SnapshotId or NotebookId"""
    field: str
    """name | note | star | label | description; pin, of a snapshot; path, of a notebook; recipe, of a run or an execution"""
    value: Scalar
    """None removes. For star and pin: true or false. Of a path: where the notebook lies now."""
    created_at: Instant
    name: str = ""
    """Of the label. Of a path: where the notebook lay before."""
    by: str = ""


FORGET, PURGE = "forget", "purge"


@dataclass(frozen=True)
class Tombstone:
    """These ids were forgotten or purged, or the bytes of these digests; a tombstone wins every union."""

    id: str
    ids: Tuple[str, ...]
    reason: str
    created_at: Instant
    by: str = ""
    act: str = FORGET
    """forget | purge"""
    snapshot_times: Tuple[Instant, ...] = ()
    """When each of `ids` was made, in their order, if they are snapshots: the nearest kept one is named by it."""


__all__ = [
    "FAILED", "FINISHED", "INCOMPLETE", "INTERRUPTED", "KILLED", "PATH", "RUNNING", "STATES",
    "Annotation", "Artifact", "MetricSummary", "ResourceSummary", "Run", "Series", "Tombstone",
]
