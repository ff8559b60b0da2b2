"""Lineage: the graph computed from provenance. Nodes are file versions, executions, runs; edges say used or generated."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Dict, Optional, Tuple

from .values import Scalar


@dataclass(frozen=True)
class LineageNode:
    id: str
    """`file:<path>@<digest or ?>`, `execution:<id>`, `run:<id>`, `notebook:<id>`, `outside:<disk_path>`"""
    kind: str
    """file | execution | run | notebook | model"""
    label: str
    path: Optional[str] = None
    details: Dict[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True)
class LineageEdge:
    """`source` -> `target`, in the direction data flowed."""

    source: str
    target: str
    kind: str
    """used (file -> execution) | generated (execution -> file) | fed (execution -> execution) | part_of (execution -> run)"""
    evidence: str = "observed"
    """declared | observed | corrected | ambiguous"""
    seen_by: Tuple[str, ...] = ()


@dataclass(frozen=True)
class Lineage:
    nodes: Tuple[LineageNode, ...]
    edges: Tuple[LineageEdge, ...]
    focus: str
    """Id of the node asked about."""
    is_partial: bool = False
    partial_reasons: Tuple[str, ...] = ()
    n_hidden: int = 0
    """Nodes left out by the limit."""
