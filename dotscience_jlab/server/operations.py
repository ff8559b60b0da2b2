"""What can be asked over HTTP, one entry a row of docs/requests.md: routes, checks and the OpenAPI document are read off it.

An operation names the recorder's method. Its path, query and body give that method's parameters under the same names,
but for `path` where `is_contents_path`: that is a path as Jupyter's contents name it, handed on as `disk_path`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..model.change import Change, RestorePlan
from ..model.execution import OUTCOMES, Execution, FileUse, Session
from ..model.lineage import Lineage
from ..model.recipe import Confirmation
from ..model.remote import LineState, Remote
from ..model.run import STATES, Run, Series
from ..model.snapshot import Skipped, Snapshot, TreeEntry
from ..model.workspace import Origin, Status
from .record_schemas import JSON_FLOAT, Schema, list_of, map_of, or_null, record_of, reference

SMALL_BODY_BYTES = 1_000_000
DOCUMENT_BODY_BYTES = 60_000_000
"""A whole notebook with its outputs; the recorder takes lines up to 64 MiB."""

TEXT: Schema = {"type": "string"}
SHORT_TEXT: Schema = {"type": "string", "minLength": 1, "maxLength": 1000}
COUNT: Schema = {"type": "integer", "minimum": 0}
FLAG: Schema = {"type": "boolean"}
TEXTS: Schema = list_of(TEXT)
ANY_OBJECT: Schema = {"type": "object"}
SCALAR: Schema = {"anyOf": [{"type": each} for each in ("boolean", "number", "string", "null")]}
LIMIT: Schema = {"type": "integer", "minimum": 0, "maximum": 1000}
CONTENTS_PATH: Schema = {"type": "string", "maxLength": 4096, "description": "As Jupyter's contents name it; '' is its root."}
INSIDE_PATH: Schema = {"type": "string", "maxLength": 4096, "description": "Relative to the project folder, with '/'."}
INSTANT: Schema = {"type": "string", "description": "UTC, as 2026-11-21T09:18:00.123456Z."}

WORKSPACE_ROW = {"$ref": "#/components/schemas/WorkspaceRow"}
WORKSPACE_ROW_SCHEMA = record_of(
    id=TEXT, root=TEXT, name=TEXT, store_bytes=COUNT, is_paused=FLAG, n_executions=COUNT, n_runs=COUNT,
    recorded_at=or_null(TEXT), origin=or_null(reference(Origin)),
    contents_path={"anyOf": [TEXT, {"type": "null"}], "description": "null: outside Jupyter's folder."},
)
LINES = list_of(reference(LineState))
REMOTE_ROW: Schema = {
    "allOf": [reference(Remote), record_of(lines=LINES, copied_at=or_null(TEXT), problem=TEXT)],
}
EXCHANGED = {"remote": TEXT, "url": TEXT, "lines": LINES, "sentence": TEXT}
PULLED = {"n_executions": COUNT, "n_runs": COUNT, "is_forwarded": FLAG}
NUMBERED_TEXT = record_of(name=TEXT, value=JSON_FLOAT, text=TEXT)
FINDING = record_of(
    kind=TEXT, what=TEXT, sentence=TEXT, remedy=TEXT, is_damage=FLAG, is_repaired=FLAG, snapshots=TEXTS, n_snapshots=COUNT,
    paths=TEXTS, n_paths=COUNT, records=TEXTS, n_records=COUNT,
)
CODE_CHANGE = record_of(title=TEXT, before=TEXT, after=TEXT, unified=TEXT)


@dataclass(frozen=True)
class Operation:
    verb: str
    path: str
    """Below `<base_url>dotscience/api/v1/`; `{workspace}` and its like are parameters of the method."""
    method: str
    summary: str
    answer: Schema
    query: Mapping[str, Schema] = field(default_factory=dict)
    required_query: tuple[str, ...] = ()
    body: Mapping[str, Schema] | None = None
    required: tuple[str, ...] = ()
    is_contents_path: bool = False
    is_download: bool = False
    """The answer is the bytes of `content_base64`, as an attachment."""
    max_body_bytes: int = SMALL_BODY_BYTES


def items_of(item: Schema, **more: Schema) -> Schema:
    return record_of(items=list_of(item), **more)


W = "workspaces/{workspace}"
E = f"{W}/executions/{{execution}}"
R = f"{W}/runs/{{run}}"
S = f"{W}/snapshots/{{snapshot}}"
PATHS = {"anyOf": [TEXTS, {"type": "null"}]}
FORK_BODY = {"snapshot": SHORT_TEXT, "path": {**CONTENTS_PATH, "minLength": 1}}

DAYS: Schema = {"type": "integer", "minimum": 0, "maximum": 36_500}
POLICY = {"everything_days": DAYS, "daily_days": DAYS, "weekly_days": DAYS, "also_executions": FLAG}
FORGET_PLAN = record_of(
    sentence=TEXT, policy=record_of(**POLICY), n_snapshots=COUNT, n_kept=COUNT, n_executions=COUNT,
    n_executions_without_files=COUNT, freed_bytes=COUNT, oldest=TEXT, newest=TEXT, plan_digest=TEXT,
)
PURGE_BODY = {"path": or_null(INSIDE_PATH), "blob": or_null(SHORT_TEXT), "execution": or_null(SHORT_TEXT)}
POLICY_BODY = {name: or_null(schema) for name, schema in POLICY.items()}

RECIPE = record_of(
    of=TEXT, notebook=ANY_OBJECT, cells=list_of(record_of(execution=TEXT, source=TEXT, because=TEXTS)), n_left_out=COUNT,
    confirmation=or_null(reference(Confirmation)), reasons=TEXTS,
)
OF: Schema = {**SHORT_TEXT, "description": "run:REF, file:PATH, variable:NAME or execution:ID."}

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "GET", "status", "status", "How it is with the recording of a notebook or folder",
        {"allOf": [reference(Status), record_of(contents_path=or_null(TEXT))]},
        query={"path": CONTENTS_PATH}, is_contents_path=True,
    ),
    Operation("GET", "workspaces", "workspaces.list", "All project folders seen", items_of(WORKSPACE_ROW)),
    Operation(
        "GET", "workspaces/find", "workspaces.find", "The project folder of a notebook or folder", WORKSPACE_ROW,
        query={"path": CONTENTS_PATH}, required_query=("path",), is_contents_path=True,
    ),
    Operation(
        "POST", "workspaces", "workspaces.init", "Begin recording in a folder", WORKSPACE_ROW,
        body={"path": CONTENTS_PATH}, required=("path",), is_contents_path=True,
    ),
    Operation("GET", W, "workspaces.get", "One project folder", WORKSPACE_ROW),
    Operation(
        "PATCH", W, "workspaces.change", "Pause, resume, or change its settings", WORKSPACE_ROW,
        body={"is_paused": or_null(FLAG), "settings": or_null(ANY_OBJECT)},
    ),
    Operation("POST", f"{W}/widen", "workspaces.widen", "Move its history to the parent folder", WORKSPACE_ROW, body={}),
    Operation(
        "POST", f"{W}/forget/plan", "workspaces.forget_plan", "What forgetting everything would remove",
        record_of(n_executions=COUNT, n_runs=COUNT, n_snapshots=COUNT, store_bytes=COUNT, sentence=TEXT), body={},
    ),
    Operation(
        "POST", f"{W}/forget", "workspaces.forget", "Forget everything recorded in it", record_of(freed_bytes=COUNT),
        body={"confirm": SHORT_TEXT}, required=("confirm",),
    ),
    Operation(
        "POST", f"{W}/retention/plan", "retention.plan", "What a retention policy would forget, and what that frees",
        FORGET_PLAN, body=POLICY_BODY,
    ),
    Operation(
        "POST", f"{W}/retention/apply", "retention.apply", "Forget what the plan said",
        record_of(n_snapshots=COUNT, n_executions=COUNT, sentence=TEXT),
        body={**POLICY_BODY, "plan_digest": SHORT_TEXT}, required=("plan_digest",),
    ),
    Operation(
        "GET", f"{W}/space", "space", "What takes the room, and who pins it",
        record_of(
            sentence=TEXT, total_bytes=COUNT, kinds=map_of(COUNT), shared_bytes=COUNT,
            largest=list_of(record_of(
                path=TEXT, stored_bytes=COUNT, n_versions=COUNT, n_snapshots=COUNT, n_runs=COUNT, runs=TEXTS, sentence=TEXT,
            )),
            forgettable=FORGET_PLAN,
        ),
    ),
    Operation(
        "POST", f"{W}/purge/plan", "purge.plan", "What purging a file, some bytes or an execution would take with it",
        record_of(
            sentence=TEXT, paths=list_of(record_of(path=TEXT, n_snapshots=COUNT)), n_paths=COUNT, n_snapshots=COUNT,
            n_executions=COUNT, n_objects=COUNT, stored_bytes=COUNT, warnings=TEXTS, plan_digest=TEXT,
        ),
        body=PURGE_BODY,
    ),
    Operation(
        "POST", f"{W}/purge/apply", "purge.apply", "Purge what the plan said; every object is looked at for the proof",
        record_of(sentence=TEXT, n_objects=COUNT, freed_bytes=COUNT, n_looked_at=COUNT, warnings=TEXTS),
        body={**PURGE_BODY, "reason": SHORT_TEXT, "plan_digest": SHORT_TEXT}, required=("reason", "plan_digest"),
    ),
    # -- executions
    Operation(
        "GET", f"{W}/executions", "executions.list", "Executions, newest first, without outputs",
        items_of(reference(Execution), total=COUNT, next=or_null(TEXT), being_read=TEXT),
        query={
            "path": INSIDE_PATH, "cell_id": TEXT, "outcome": {"type": "string", "enum": list(OUTCOMES)}, "text": TEXT,
            "file": INSIDE_PATH, "session": TEXT, "after": TEXT, "limit": LIMIT,
        },
    ),
    Operation("GET", E, "executions.get", "One execution with its outputs", reference(Execution)),
    Operation(
        "GET", f"{E}/why", "executions.why", "Where its state came from",
        record_of(
            inputs=list_of(reference(FileUse)),
            upstream=list_of(record_of(execution=reference(Execution), because=TEXTS)),
            environment=or_null(ANY_OBJECT),
            session=or_null(reference(Session)),
        ),
    ),
    Operation("GET", f"{E}/numbers", "executions.numbers", "Numbers found in its printed output", items_of(NUMBERED_TEXT)),
    Operation(
        "POST", f"{E}/keep", "executions.keep", "Make a run of an execution that logged nothing", reference(Run),
        body={
            "name": or_null(SHORT_TEXT), "metrics": or_null(map_of({"type": "number"})),
            "parameters": or_null(map_of(SCALAR)), "labels": or_null(map_of(SCALAR)),
        },
    ),
    Operation(
        "PUT", "executions", "foreign.execution", "Report an execution of a kernel that cannot report itself",
        record_of(execution=or_null(TEXT)),
        body={
            "path": CONTENTS_PATH, "kernel_id": SHORT_TEXT, "kernel_name": TEXT, "msg_id": SHORT_TEXT,
            "cell_id": or_null(TEXT), "execution_count": or_null(COUNT), "source": TEXT, "started_at": INSTANT,
            "finished_at": or_null(INSTANT),
            "outcome": {"type": "string", "enum": list(OUTCOMES)},
            "error": or_null(record_of(name=TEXT, value=TEXT, traceback=TEXTS)), "outputs": list_of(ANY_OBJECT),
            "only_if_unheard": FLAG,
        },
        required=("path", "kernel_id", "msg_id", "source", "started_at", "outcome"),
        is_contents_path=True, max_body_bytes=DOCUMENT_BODY_BYTES,
    ),
    # -- runs
    Operation(
        "GET", f"{W}/runs", "runs.list", "Runs, filtered, sorted, by page", items_of(reference(Run), total=COUNT, being_read=TEXT),
        query={
            "path": INSIDE_PATH, "state": {"type": "string", "enum": list(STATES)}, "text": TEXT, "ids": TEXTS,
            "sort": TEXT, "offset": {**COUNT, "maximum": 10_000_000}, "limit": LIMIT,
        },
    ),
    Operation("GET", R, "runs.get", "One run, by id, prefix, number or name", reference(Run)),
    Operation(
        "PATCH", R, "runs.change", "Rename, annotate, star, label", reference(Run),
        body={
            "name": or_null(TEXT), "note": or_null(TEXT), "description": or_null(TEXT), "is_starred": or_null(FLAG),
            "labels": or_null(map_of(SCALAR)),
        },
    ),
    Operation(
        "GET", f"{R}/series", "runs.series", "Points of its metrics; downsampled, every bucket keeps its extremes",
        items_of(reference(Series)),
        query={
            "names": TEXTS, "max_points": {**COUNT, "maximum": 10_000_000}, "since": {**COUNT, "maximum": 10**12},
        },
    ),
    Operation(
        "GET", f"{R}/resources", "runs.resources", "What its cells took of the machine, as series", items_of(reference(Series)),
        query={"max_points": {**COUNT, "maximum": 10_000_000}},
    ),
    Operation(
        "GET", f"{R}/environment", "environments.of_run", "What it took place in: what was installed, loaded, the random state",
        record_of(environment=ANY_OBJECT, loaded=ANY_OBJECT, seeds=map_of(TEXT)),
    ),
    Operation(
        "GET", f"{R}/lock", "environments.lock", "A lock file of what was installed",
        record_of(text=TEXT, name=TEXT, sentence=TEXT),
        query={"format": {"type": "string", "enum": ["requirements", "pylock", "conda"]}},
        required_query=("format",),
    ),
    Operation(
        "GET", f"{W}/compare", "runs.compare", "Runs side by side, what differs first",
        record_of(
            runs=list_of(reference(Run)),
            rows=list_of(record_of(group=TEXT, name=TEXT, values=list_of({}), is_different=FLAG)),
            code=list_of(CODE_CHANGE),
            files=list_of(record_of(path=TEXT, kind=TEXT)),
        ),
        query={"runs": TEXTS}, required_query=("runs",),
    ),
    Operation(
        "GET", f"{W}/runs.export", "runs.export", "Runs as a table of text", record_of(text=TEXT, media_type=TEXT),
        query={
            "format": {"type": "string", "enum": ["json", "csv", "tsv", "markdown"]}, "ids": TEXTS, "path": INSIDE_PATH,
            "text": TEXT, "sort": TEXT,
        },
    ),
    # -- snapshots
    Operation(
        "POST", f"{W}/snapshots", "snapshots.make", "Take a snapshot with a message", reference(Snapshot),
        body={"message": {"type": "string", "minLength": 1, "maxLength": 10_000}}, required=("message",),
    ),
    Operation(
        "GET", f"{W}/snapshots", "snapshots.list", "Snapshots, newest first", items_of(reference(Snapshot)),
        query={"before": TEXT, "limit": LIMIT},
    ),
    Operation("GET", S, "snapshots.get", "One snapshot, by id, prefix, execution, run, time or `@{1}`", reference(Snapshot)),
    Operation(
        "PATCH", S, "snapshots.change", "Pin it, so that no policy forgets it, or unpin it", reference(Snapshot),
        body={"is_pinned": FLAG}, required=("is_pinned",),
    ),
    Operation(
        "GET", f"{S}/tree", "snapshots.tree", "Its files",
        items_of({"allOf": [reference(TreeEntry), record_of(path=TEXT)]}), query={"under": INSIDE_PATH},
    ),
    Operation(
        "GET", f"{S}/file", "snapshots.file", "A file's bytes as they were", {}, query={"path": INSIDE_PATH},
        required_query=("path",), is_download=True,
    ),
    Operation(
        "GET", f"{S}/changes", "snapshots.changes", "What differs from its first parent, or from `since`",
        items_of(reference(Change)), query={"since": TEXT},
    ),
    Operation(
        "GET", f"{W}/snapshots/{{after}}/diff", "snapshots.diff", "Files, and lines of text files, that differ since `before`",
        items_of({"allOf": [reference(Change), {"type": "object"}]}), query={"before": SHORT_TEXT}, required_query=("before",),
    ),
    # -- acts
    Operation(
        "POST", f"{W}/restore/plan", "restore.plan", "What a restore would do", reference(RestorePlan),
        body={"snapshot": SHORT_TEXT, "paths": PATHS}, required=("snapshot",),
    ),
    Operation(
        "POST", f"{W}/restore/apply", "restore.apply", "Put files back; a snapshot is taken first",
        record_of(snapshot_before=TEXT, snapshot_after=TEXT, written=TEXTS, removed=TEXTS, sentence=TEXT),
        body={"snapshot": SHORT_TEXT, "paths": PATHS, "plan_digest": SHORT_TEXT, "even_open": or_null(FLAG)},
        required=("snapshot", "plan_digest"),
    ),
    Operation(
        "POST", f"{W}/restore/into", "restore.into", "Write files of a snapshot into a new folder; nothing else is touched",
        record_of(disk_path=TEXT, n_files=COUNT, bytes=COUNT, missing=list_of(reference(Skipped))),
        body={**FORK_BODY, "paths": PATHS}, required=("snapshot", "path"), is_contents_path=True,
    ),
    Operation(
        "POST", f"{W}/fork/plan", "fork.plan", "What a fork would hold",
        record_of(
            n_files=COUNT, bytes=COUNT, n_later=COUNT, later_bytes=COUNT, missing=list_of(reference(Skipped)), warnings=TEXTS,
            tied=TEXTS,
        ),
        body=FORK_BODY, required=("snapshot", "path"), is_contents_path=True,
    ),
    Operation(
        "POST", f"{W}/fork", "fork", "A new folder with a snapshot's files and a history of its own",
        record_of(workspace=WORKSPACE_ROW, n_files=COUNT, bytes=COUNT, n_later=COUNT, later_bytes=COUNT),
        body=FORK_BODY, required=("snapshot", "path"), is_contents_path=True,
    ),
    # -- other places
    Operation("GET", f"{W}/remotes", "remotes.list", "Other places that keep this history", items_of(REMOTE_ROW)),
    Operation(
        "POST", f"{W}/remotes", "remotes.add", "Name another place; nothing is sent yet", REMOTE_ROW,
        body={
            "name": SHORT_TEXT, "url": {"type": "string", "minLength": 1, "maxLength": 2000}, "is_unscanned_allowed": or_null(FLAG),
            "keeps_copy": or_null(FLAG), "is_new_repository": or_null(FLAG),
        },
        required=("name", "url"),
    ),
    Operation(
        "POST", f"{W}/remotes/remove", "remotes.remove", "Forget another place; what it keeps, it keeps", record_of(),
        body={"name": SHORT_TEXT, "is_agreed": or_null(FLAG)}, required=("name",),
    ),
    Operation(
        "POST", f"{W}/push", "push", "Send this history to a remote", record_of(n_sent=COUNT, **EXCHANGED),
        body={"name": or_null(SHORT_TEXT), "is_unscanned_allowed": or_null(FLAG), "main_as": or_null(SHORT_TEXT)},
    ),
    Operation(
        "GET", f"{W}/secrets", "secrets.list", "Where secrets were replaced, and which files no push sends; never a value",
        record_of(
            redacted=list_of(record_of(execution=TEXT, path=or_null(TEXT), started_at=TEXT, names=TEXTS)),
            quarantined=list_of(record_of(path=TEXT, digest=TEXT, line=COUNT, kinds=map_of(COUNT), is_allowed=FLAG)),
            not_secret=TEXTS,
        ),
    ),
    Operation(
        "POST", f"{W}/secrets/allow", "secrets.allow", "Let a file be pushed as it is, or a value be kept as it is",
        record_of(sentence=TEXT), body={"what": SHORT_TEXT}, required=("what",),
    ),
    Operation(
        "POST", f"{W}/pull", "pull", "Take in what a remote has; files are not touched", record_of(**EXCHANGED, **PULLED),
        body={"name": or_null(SHORT_TEXT), "join": or_null(FLAG)},
    ),
    Operation(
        "POST", "history/get-back", "history.get_back", "Get a lost history back from where a copy is kept",
        record_of(**EXCHANGED, **PULLED, root=TEXT, workspace=WORKSPACE_ROW),
        body={"path": CONTENTS_PATH, "url": or_null(SHORT_TEXT), "join": or_null(FLAG)}, required=("path",),
        is_contents_path=True,
    ),
    Operation(
        "GET", f"{W}/lineage", "lineage", "What came from what", reference(Lineage),
        query={
            "of": {**SHORT_TEXT, "description": "file:PATH, run:REF, execution:ID or notebook:PATH"},
            "direction": {"type": "string", "enum": ["up", "down", "both"]}, "limit": {**COUNT, "maximum": 10_000},
        },
        required_query=("of",),
    ),
    Operation(
        "GET", f"{W}/recipe", "recipes.get", "The smallest list of executed cells that made a result", RECIPE,
        query={"of": OF, "session": SHORT_TEXT}, required_query=("of",),
    ),
    Operation(
        "POST", f"{W}/recipe/confirm", "recipes.confirm", "Run a recipe again, elsewhere, and say whether it gave the same", RECIPE,
        body={"of": OF, "session": or_null(SHORT_TEXT)}, required=("of",),
    ),
    Operation(
        "GET", f"{W}/sessions/{{session}}", "sessions.get", "One life of a kernel or script, and how it ended", reference(Session),
    ),
    Operation(
        "POST", f"{W}/resume", "sessions.resume", "What putting back the last state of a cut-off run or session would do",
        record_of(
            session=TEXT, run=or_null(TEXT), snapshot=TEXT, paths=TEXTS, sentence=TEXT, plan=reference(RestorePlan),
        ),
        body={"run": or_null(SHORT_TEXT), "session": or_null(SHORT_TEXT)},
    ),
    Operation("GET", f"{W}/environments/{{digest}}", "environments.get", "Python and packages as captured", ANY_OBJECT),
    Operation("GET", f"{W}/artifacts/{{digest}}", "blobs.get", "Bytes that a record names", {}, is_download=True),
    # -- reports, health
    Operation(
        "POST", f"{W}/check", "check", "Is every byte of its history what it was; on request, tidy up what can lose nothing",
        record_of(
            root=TEXT, n_objects=COUNT, n_bytes=COUNT, n_snapshots=COUNT, n_records=COUNT, n_sessions=COUNT, is_whole=FLAG,
            sentence=TEXT, findings=list_of(FINDING),
        ),
        body={"repair": or_null(FLAG)},
    ),
    Operation(
        "PUT", "documents", "documents.report", "The notebook as the browser holds it", record_of(needs_whole=FLAG),
        body={
            "path": CONTENTS_PATH, "document_id": SHORT_TEXT, "base_revision": or_null(COUNT), "revision": COUNT,
            "cells": map_of(ANY_OBJECT), "order": TEXTS, "metadata": or_null(ANY_OBJECT), "is_unsaved": or_null(FLAG),
        },
        required=("path", "document_id", "revision", "cells", "order"),
        is_contents_path=True, max_body_bytes=DOCUMENT_BODY_BYTES,
    ),
    Operation(
        "GET", "doctor", "doctor", "Is everything as it should be",
        record_of(
            checks=list_of(record_of(
                name=TEXT, state={"type": "string", "enum": ["ok", "warning", "problem"]}, sentence=TEXT, remedy=TEXT,
            ))
        ),
        query={"path": CONTENTS_PATH}, is_contents_path=True,
    ),
)
