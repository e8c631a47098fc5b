CREATE TABLE idempotency_keys (
    workspace_id UUID NOT NULL,
    member_id UUID NOT NULL,
    key TEXT NOT NULL,
    request_hash TEXT NOT NULL,
    status INTEGER NOT NULL,
    response JSONB NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    PRIMARY KEY (workspace_id, member_id, key)
);
CREATE TABLE workspaces (
    id UUID NOT NULL,
    name TEXT NOT NULL,
    settings JSONB DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    PRIMARY KEY (id)
);
CREATE TABLE members (
    workspace_id UUID NOT NULL,
    id UUID NOT NULL,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY(workspace_id) REFERENCES workspaces (id),
    CONSTRAINT members_role CHECK (role IN ('viewer','requester','reviewer','admin'))
);
CREATE TABLE projects (
    workspace_id UUID NOT NULL,
    id UUID NOT NULL,
    name TEXT NOT NULL,
    description TEXT DEFAULT '' NOT NULL,
    sample_key TEXT,
    archived_at timestamptz,
    created_at timestamptz DEFAULT now() NOT NULL,
    updated_at timestamptz DEFAULT now() NOT NULL,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY(workspace_id) REFERENCES workspaces (id)
);
CREATE UNIQUE INDEX projects_sample ON projects (workspace_id, sample_key);
CREATE TABLE api_keys (
    workspace_id UUID NOT NULL,
    id UUID NOT NULL,
    member_id UUID NOT NULL,
    name TEXT NOT NULL,
    key_hash BYTEA NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    revoked_at timestamptz,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY(workspace_id, member_id) REFERENCES members (workspace_id, id),
    UNIQUE (key_hash)
);
CREATE TABLE baskets (
    workspace_id UUID NOT NULL,
    id UUID NOT NULL,
    project_id UUID NOT NULL,
    block_count BIGINT DEFAULT '0' NOT NULL,
    term_count BIGINT DEFAULT '0' NOT NULL,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY(workspace_id, project_id) REFERENCES projects (workspace_id, id),
    UNIQUE (workspace_id, project_id)
);
CREATE TABLE sources (
    workspace_id UUID NOT NULL,
    id UUID NOT NULL,
    project_id UUID NOT NULL,
    title TEXT NOT NULL,
    origin TEXT NOT NULL,
    url TEXT,
    filename TEXT,
    status TEXT NOT NULL,
    failure JSONB,
    version INTEGER DEFAULT '0' NOT NULL,
    retracted_at timestamptz,
    retract_reason TEXT,
    created_by UUID,
    created_at timestamptz DEFAULT now() NOT NULL,
    updated_at timestamptz DEFAULT now() NOT NULL,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY(workspace_id, project_id) REFERENCES projects (workspace_id, id),
    CONSTRAINT sources_status CHECK (status IN ('processing','ready','failed')),
    CONSTRAINT sources_origin CHECK (origin IN ('file','text','url'))
);
CREATE INDEX sources_by_project ON sources (workspace_id, project_id, id);
CREATE TABLE templates (
    workspace_id UUID NOT NULL,
    id UUID NOT NULL,
    project_id UUID NOT NULL,
    name TEXT NOT NULL,
    agent_type TEXT NOT NULL,
    content JSONB NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY(workspace_id, project_id) REFERENCES projects (workspace_id, id)
);
CREATE TABLE term_frequencies (
    workspace_id UUID NOT NULL,
    project_id UUID NOT NULL,
    term TEXT NOT NULL,
    blocks INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, project_id, term),
    FOREIGN KEY(workspace_id, project_id) REFERENCES projects (workspace_id, id)
);
CREATE TABLE work_sessions (
    workspace_id UUID NOT NULL,
    id UUID NOT NULL,
    project_id UUID NOT NULL,
    title TEXT NOT NULL,
    agent_type TEXT NOT NULL,
    task_description TEXT NOT NULL,
    task_configuration JSONB DEFAULT '{}'::jsonb NOT NULL,
    source_ids JSONB,
    approval_strategy TEXT NOT NULL,
    runtime TEXT NOT NULL,
    priority INTEGER DEFAULT '0' NOT NULL,
    budget JSONB DEFAULT '{}'::jsonb NOT NULL,
    deliver_to JSONB DEFAULT '[]'::jsonb NOT NULL,
    status TEXT NOT NULL,
    version INTEGER DEFAULT '1' NOT NULL,
    iteration INTEGER DEFAULT '1' NOT NULL,
    change_requests INTEGER DEFAULT '0' NOT NULL,
    leg INTEGER DEFAULT '0' NOT NULL,
    lease_until timestamptz,
    lease_owner TEXT,
    unsettled_claims INTEGER DEFAULT '0' NOT NULL,
    next_step TEXT DEFAULT 'work' NOT NULL,
    phase TEXT DEFAULT 'waiting to start' NOT NULL,
    progress JSONB DEFAULT '{}'::jsonb NOT NULL,
    plan JSONB,
    plan_approved TEXT,
    task_document_id UUID,
    runtime_state JSONB,
    usage JSONB DEFAULT '{}'::jsonb NOT NULL,
    failure JSONB,
    event_seq INTEGER DEFAULT '0' NOT NULL,
    audit_count INTEGER DEFAULT '0' NOT NULL,
    audit_head TEXT,
    external_ref TEXT,
    metadata JSONB DEFAULT '{}'::jsonb NOT NULL,
    template_id UUID,
    forked_from UUID,
    created_by UUID NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    updated_at timestamptz DEFAULT now() NOT NULL,
    started_at timestamptz,
    settled_at timestamptz,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY(workspace_id, project_id) REFERENCES projects (workspace_id, id),
    FOREIGN KEY(workspace_id, created_by) REFERENCES members (workspace_id, id),
    CONSTRAINT work_sessions_status CHECK (status IN ('initialized','queued','in_progress','pending_review','completed','failed','cancelled')),
    CONSTRAINT work_sessions_next_step CHECK (next_step IN ('work','finalize'))
);
CREATE INDEX work_sessions_by_project ON work_sessions (workspace_id, project_id, id);
CREATE INDEX work_sessions_claimable ON work_sessions (lease_until) WHERE status IN ('queued','in_progress');
CREATE INDEX work_sessions_updated ON work_sessions (workspace_id, updated_at);
CREATE TABLE audit_entries (
    workspace_id UUID NOT NULL,
    session_id UUID NOT NULL,
    n INTEGER NOT NULL,
    at TEXT NOT NULL,
    kind TEXT NOT NULL,
    commitment TEXT NOT NULL,
    previous TEXT,
    hash TEXT NOT NULL,
    salt TEXT,
    content JSONB,
    PRIMARY KEY (workspace_id, session_id, n),
    FOREIGN KEY(workspace_id, session_id) REFERENCES work_sessions (workspace_id, id)
);
CREATE TABLE context_envelopes (
    workspace_id UUID NOT NULL,
    id UUID NOT NULL,
    session_id UUID NOT NULL,
    iteration INTEGER NOT NULL,
    body TEXT NOT NULL,
    digest TEXT NOT NULL,
    receipt JSONB NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY(workspace_id, session_id) REFERENCES work_sessions (workspace_id, id),
    UNIQUE (workspace_id, session_id, iteration)
);
CREATE TABLE source_versions (
    workspace_id UUID NOT NULL,
    source_id UUID NOT NULL,
    version INTEGER NOT NULL,
    project_id UUID NOT NULL,
    original BYTEA,
    sha256 TEXT,
    byte_size BIGINT DEFAULT '0' NOT NULL,
    content_type TEXT,
    filename TEXT,
    extractor TEXT,
    text TEXT,
    pages JSONB DEFAULT '[]'::jsonb NOT NULL,
    tables JSONB DEFAULT '[]'::jsonb NOT NULL,
    status TEXT DEFAULT 'processing' NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    PRIMARY KEY (workspace_id, source_id, version),
    FOREIGN KEY(workspace_id, source_id) REFERENCES sources (workspace_id, id)
);
CREATE INDEX source_versions_by_hash ON source_versions (workspace_id, project_id, sha256);
CREATE TABLE tool_calls (
    workspace_id UUID NOT NULL,
    session_id UUID NOT NULL,
    key TEXT NOT NULL,
    iteration INTEGER NOT NULL,
    leg INTEGER NOT NULL,
    ordinal BIGINT GENERATED ALWAYS AS IDENTITY,
    tool TEXT NOT NULL,
    arguments JSONB NOT NULL,
    ok BOOLEAN NOT NULL,
    result JSONB NOT NULL,
    at timestamptz DEFAULT clock_timestamp() NOT NULL,
    PRIMARY KEY (workspace_id, session_id, key),
    FOREIGN KEY(workspace_id, session_id) REFERENCES work_sessions (workspace_id, id)
);
CREATE TABLE work_artifacts (
    workspace_id UUID NOT NULL,
    id UUID NOT NULL,
    session_id UUID NOT NULL,
    slot TEXT NOT NULL,
    artifact_type TEXT NOT NULL,
    title TEXT NOT NULL,
    version INTEGER NOT NULL,
    iteration INTEGER NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    updated_at timestamptz DEFAULT now() NOT NULL,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY(workspace_id, session_id) REFERENCES work_sessions (workspace_id, id),
    UNIQUE (workspace_id, session_id, slot),
    CONSTRAINT work_artifacts_type CHECK (artifact_type IN ('research_finding','content_draft','report','generic_output'))
);
CREATE TABLE work_checkpoints (
    workspace_id UUID NOT NULL,
    id UUID NOT NULL,
    session_id UUID NOT NULL,
    project_id UUID NOT NULL,
    kind TEXT NOT NULL,
    reasons TEXT[] NOT NULL,
    status TEXT NOT NULL,
    iteration INTEGER NOT NULL,
    packet JSONB NOT NULL,
    packet_digest TEXT NOT NULL,
    form JSONB,
    assignee UUID,
    due_at timestamptz,
    snoozed_until timestamptz,
    approve_pending BOOLEAN DEFAULT 'false' NOT NULL,
    undo_until timestamptz,
    decision JSONB,
    decided_by UUID,
    decided_at timestamptz,
    superseded_by UUID,
    opened_at timestamptz DEFAULT now() NOT NULL,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY(workspace_id, session_id) REFERENCES work_sessions (workspace_id, id),
    CONSTRAINT work_checkpoints_kind CHECK (kind IN ('plan','mid','final')),
    CONSTRAINT work_checkpoints_status CHECK (status IN ('pending_review','approved','rejected','changes_requested','expired','superseded'))
);
CREATE INDEX work_checkpoints_due ON work_checkpoints (undo_until) WHERE status = 'pending_review' AND approve_pending;
CREATE INDEX work_checkpoints_inbox ON work_checkpoints (workspace_id, status, opened_at, id);
CREATE UNIQUE INDEX work_checkpoints_one_open ON work_checkpoints (workspace_id, session_id) WHERE status = 'pending_review';
CREATE TABLE work_events (
    workspace_id UUID NOT NULL,
    session_id UUID NOT NULL,
    seq INTEGER NOT NULL,
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    type TEXT NOT NULL,
    at timestamptz DEFAULT clock_timestamp() NOT NULL,
    data JSONB DEFAULT '{}'::jsonb NOT NULL,
    PRIMARY KEY (workspace_id, session_id, seq),
    FOREIGN KEY(workspace_id, session_id) REFERENCES work_sessions (workspace_id, id)
);
CREATE INDEX work_events_stream ON work_events (workspace_id, xid, id);
CREATE TABLE work_triggers (
    workspace_id UUID NOT NULL,
    id UUID NOT NULL,
    session_id UUID NOT NULL,
    iteration INTEGER NOT NULL,
    key TEXT NOT NULL,
    kind TEXT NOT NULL,
    detail JSONB DEFAULT '{}'::jsonb NOT NULL,
    settled BOOLEAN DEFAULT 'false' NOT NULL,
    answers JSONB,
    checkpoint_id UUID,
    created_at timestamptz DEFAULT now() NOT NULL,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY(workspace_id, session_id) REFERENCES work_sessions (workspace_id, id),
    UNIQUE (workspace_id, session_id, key, kind)
);
CREATE TABLE artifact_versions (
    workspace_id UUID NOT NULL,
    artifact_id UUID NOT NULL,
    version INTEGER NOT NULL,
    session_id UUID NOT NULL,
    iteration INTEGER NOT NULL,
    leg INTEGER NOT NULL,
    title TEXT NOT NULL,
    document JSONB NOT NULL,
    digest TEXT NOT NULL,
    claims JSONB DEFAULT '[]'::jsonb NOT NULL,
    high_impact TEXT,
    confidence DOUBLE PRECISION,
    author TEXT NOT NULL,
    author_id UUID,
    signed_by UUID,
    signed_at timestamptz,
    created_at timestamptz DEFAULT now() NOT NULL,
    PRIMARY KEY (workspace_id, artifact_id, version),
    FOREIGN KEY(workspace_id, artifact_id) REFERENCES work_artifacts (workspace_id, id),
    CONSTRAINT artifact_versions_author CHECK (author IN ('agent','person'))
);
CREATE TABLE blocks (
    workspace_id UUID NOT NULL,
    id UUID NOT NULL,
    project_id UUID NOT NULL,
    source_id UUID NOT NULL,
    version INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    kind TEXT NOT NULL,
    char_start INTEGER NOT NULL,
    char_end INTEGER NOT NULL,
    page INTEGER,
    heading TEXT,
    text TEXT NOT NULL,
    terms JSONB DEFAULT '{}'::jsonb NOT NULL,
    length INTEGER DEFAULT '0' NOT NULL,
    tsv TSVECTOR DEFAULT '' NOT NULL,
    state TEXT DEFAULT 'accepted' NOT NULL,
    meta JSONB DEFAULT '{}'::jsonb NOT NULL,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY(workspace_id, source_id, version) REFERENCES source_versions (workspace_id, source_id, version),
    CONSTRAINT blocks_state CHECK (state IN ('proposed','accepted','locked','superseded','rejected'))
);
CREATE INDEX blocks_by_project ON blocks (workspace_id, project_id, id);
CREATE UNIQUE INDEX blocks_by_version ON blocks (workspace_id, source_id, version, ordinal);
CREATE INDEX blocks_tsv ON blocks USING gin (tsv) WITH (fastupdate = off) WHERE state IN ('accepted','locked');
CREATE TABLE deliveries (
    workspace_id UUID NOT NULL,
    id UUID NOT NULL,
    session_id UUID NOT NULL,
    checkpoint_id UUID NOT NULL,
    kind TEXT NOT NULL,
    target JSONB NOT NULL,
    packet_digest TEXT NOT NULL,
    status TEXT DEFAULT 'pending' NOT NULL,
    attempts INTEGER DEFAULT '0' NOT NULL,
    detail TEXT,
    due_at timestamptz DEFAULT now() NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    delivered_at timestamptz,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY(workspace_id, session_id) REFERENCES work_sessions (workspace_id, id),
    FOREIGN KEY(workspace_id, checkpoint_id) REFERENCES work_checkpoints (workspace_id, id),
    UNIQUE (workspace_id, checkpoint_id, kind, target),
    CONSTRAINT deliveries_status CHECK (status IN ('pending','delivered','failed','dropped'))
);
CREATE INDEX deliveries_due ON deliveries (due_at) WHERE status = 'pending';
CREATE TABLE work_obligations (
    workspace_id UUID NOT NULL,
    id UUID NOT NULL,
    session_id UUID NOT NULL,
    checkpoint_id UUID NOT NULL,
    iteration INTEGER NOT NULL,
    artifact_id UUID,
    artifact_slot TEXT,
    claim_id TEXT,
    claim_text TEXT,
    comment TEXT NOT NULL,
    state TEXT DEFAULT 'open' NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY(workspace_id, session_id) REFERENCES work_sessions (workspace_id, id),
    FOREIGN KEY(workspace_id, checkpoint_id) REFERENCES work_checkpoints (workspace_id, id)
);
