"""Figures over time are counted in two narrow tables, and a project may say what its work may cost.

Revision ID: 0020
Revises: 0019

Sessions and checkpoints are wide rows: a packet is read in tens of microseconds, a year of them in seconds. The
database keeps one narrow row beside each, so that it holds for what programs of the release before write, too.
"""

from alembic import op

revision = "0020"
down_revision = "0019"

TENANT_TABLES = ("session_figures", "checkpoint_figures")

TABLES = """
ALTER TABLE projects ADD COLUMN budget jsonb NOT NULL DEFAULT '{}'::jsonb;
CREATE TABLE session_figures (
  workspace_id uuid NOT NULL,
  session_id uuid NOT NULL,
  project_id uuid NOT NULL,
  agent_type text NOT NULL,
  template_id uuid,
  outcome text,
  cost_usd double precision NOT NULL DEFAULT 0,
  unpriced boolean NOT NULL DEFAULT false,
  tokens bigint NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL,
  settled_at timestamptz,
  PRIMARY KEY (workspace_id, session_id),
  FOREIGN KEY (workspace_id, session_id) REFERENCES work_sessions (workspace_id, id)
);
CREATE INDEX session_figures_created ON session_figures (workspace_id, created_at)
  INCLUDE (project_id, agent_type, template_id);
CREATE INDEX session_figures_settled ON session_figures (workspace_id, settled_at)
  INCLUDE (project_id, agent_type, template_id, outcome, cost_usd, unpriced, tokens) WHERE settled_at IS NOT NULL;
CREATE TABLE checkpoint_figures (
  workspace_id uuid NOT NULL,
  checkpoint_id uuid NOT NULL,
  session_id uuid NOT NULL,
  project_id uuid NOT NULL,
  agent_type text NOT NULL,
  template_id uuid,
  kind text NOT NULL,
  status text NOT NULL,
  risk text,
  claims int NOT NULL DEFAULT 0,
  needs_you int NOT NULL DEFAULT 0,
  kept int NOT NULL DEFAULT 0,
  check_was_wrong int NOT NULL DEFAULT 0,
  edit_words int,
  edit_of int,
  shown jsonb,
  signed jsonb,
  opened_at timestamptz NOT NULL,
  decided_at timestamptz,
  PRIMARY KEY (workspace_id, checkpoint_id),
  FOREIGN KEY (workspace_id, checkpoint_id) REFERENCES work_checkpoints (workspace_id, id),
  FOREIGN KEY (workspace_id, session_id) REFERENCES work_sessions (workspace_id, id)
);
CREATE INDEX checkpoint_figures_decided ON checkpoint_figures (workspace_id, decided_at)
  INCLUDE (project_id, agent_type, template_id, kind, status, opened_at, claims, needs_you, kept, check_was_wrong,
    edit_words, edit_of) WHERE decided_at IS NOT NULL;
CREATE INDEX checkpoint_figures_open ON checkpoint_figures (workspace_id, checkpoint_id)
  WHERE status = 'pending_review';
CREATE INDEX checkpoint_figures_by_session ON checkpoint_figures (workspace_id, session_id, opened_at);
"""

# What a session came to: a rejection and a lapse are decisions of people, not failures.
FUNCTIONS = """
CREATE FUNCTION proofroom_outcome(status text, failure jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE
    WHEN status = 'completed' OR status = 'cancelled' THEN status
    WHEN status <> 'failed' THEN NULL
    WHEN failure ->> 'code' = 'rejected' THEN 'rejected'
    WHEN failure ->> 'code' = 'review_expired' THEN 'expired'
    ELSE 'failed' END
$$;
CREATE FUNCTION proofroom_shown(packet jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(jsonb_agg(jsonb_build_object('slot', a -> 'slot', 'artifact_id', a -> 'artifact_id',
    'version', a -> 'version') ORDER BY a ->> 'slot'), '[]'::jsonb)
  FROM jsonb_array_elements(CASE jsonb_typeof(packet -> 'artifacts') WHEN 'array' THEN packet -> 'artifacts'
    ELSE '[]'::jsonb END) a
$$;
CREATE FUNCTION proofroom_kept(decision jsonb) RETURNS TABLE (kept int, wrong int) LANGUAGE sql IMMUTABLE AS $$
  SELECT count(*)::int, count(*) FILTER (WHERE each.kind = 'check_was_wrong')::int FROM (
    SELECT DISTINCT a ->> 'claim_id' AS claim, a ->> 'kind' AS kind
    FROM jsonb_array_elements(CASE WHEN jsonb_typeof(decision -> 'votes') = 'array'
      AND jsonb_array_length(decision -> 'votes') > 0 THEN decision -> 'votes'
      ELSE jsonb_build_array(coalesce(decision, '{}'::jsonb)) END) vote,
    jsonb_array_elements(CASE jsonb_typeof(vote -> 'acknowledged') WHEN 'array' THEN vote -> 'acknowledged'
      ELSE '[]'::jsonb END) a) each
$$;

CREATE FUNCTION proofroom_count_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO session_figures AS f (workspace_id, session_id, project_id, agent_type, template_id, outcome, cost_usd,
    unpriced, tokens, created_at, settled_at)
  VALUES (NEW.workspace_id, NEW.id, NEW.project_id, NEW.agent_type, NEW.template_id,
    proofroom_outcome(NEW.status, NEW.failure), coalesce((NEW.usage ->> 'cost_usd')::float8, 0),
    coalesce((NEW.usage ->> 'unpriced')::boolean, false),
    coalesce((NEW.usage ->> 'tokens_in')::bigint, 0) + coalesce((NEW.usage ->> 'tokens_out')::bigint, 0),
    NEW.created_at, NEW.settled_at)
  ON CONFLICT (workspace_id, session_id) DO UPDATE SET outcome = excluded.outcome, cost_usd = excluded.cost_usd,
    unpriced = excluded.unpriced, tokens = excluded.tokens, settled_at = excluded.settled_at;
  RETURN NULL;
END $$;
CREATE TRIGGER count_session_added AFTER INSERT ON work_sessions
  FOR EACH ROW EXECUTE FUNCTION proofroom_count_session();
CREATE TRIGGER count_session_settled AFTER UPDATE ON work_sessions
  FOR EACH ROW WHEN (NEW.settled_at IS DISTINCT FROM OLD.settled_at
    OR NEW.settled_at IS NOT NULL AND NEW.usage IS DISTINCT FROM OLD.usage)
  EXECUTE FUNCTION proofroom_count_session();

CREATE FUNCTION proofroom_count_checkpoint() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  decided boolean := NEW.decided_by IS NOT NULL AND NEW.status IN ('approved', 'changes_requested', 'rejected');
  packet jsonb;
  parts jsonb;
  first jsonb;
  kept_so int := 0;
  wrong int := 0;
BEGIN
  -- A packet is wide: it is read once (`#-` of nothing), and only when it is another one.
  IF TG_OP = 'INSERT' OR NEW.packet_digest IS DISTINCT FROM OLD.packet_digest THEN
    packet := NEW.packet #- '{}';
    parts := CASE WHEN NEW.kind = 'final' THEN proofroom_shown(packet) END;
  END IF;
  IF TG_OP = 'INSERT' THEN
    INSERT INTO checkpoint_figures (workspace_id, checkpoint_id, session_id, project_id, agent_type, template_id, kind,
      status, risk, claims, needs_you, shown, opened_at)
    SELECT NEW.workspace_id, NEW.id, NEW.session_id, NEW.project_id, s.agent_type, s.template_id, NEW.kind, NEW.status,
      packet #>> '{risk,level}', coalesce((packet #>> '{summary,claims}')::int, 0),
      coalesce((packet #>> '{summary,needs_you}')::int, 0), parts, NEW.opened_at
    FROM work_sessions s WHERE s.workspace_id = NEW.workspace_id AND s.id = NEW.session_id;
    RETURN NULL;
  END IF;
  IF packet IS NOT NULL THEN
    UPDATE checkpoint_figures f SET risk = packet #>> '{risk,level}',
      claims = coalesce((packet #>> '{summary,claims}')::int, 0),
      needs_you = coalesce((packet #>> '{summary,needs_you}')::int, 0), signed = parts
    WHERE f.workspace_id = NEW.workspace_id AND f.checkpoint_id = NEW.id;
  END IF;
  IF NEW.status IS NOT DISTINCT FROM OLD.status THEN
    RETURN NULL;
  END IF;
  IF decided AND NEW.kind = 'final' AND NEW.status = 'approved' THEN
    SELECT f.shown INTO first FROM checkpoint_figures f
      WHERE f.workspace_id = NEW.workspace_id AND f.session_id = NEW.session_id AND f.kind = 'final'
      ORDER BY f.opened_at, f.checkpoint_id LIMIT 1;
  END IF;
  IF decided AND (NEW.decision @? '$.acknowledged[*]' OR NEW.decision @? '$.votes[*].acknowledged[*]') THEN
    SELECT k.kept, k.wrong INTO kept_so, wrong FROM proofroom_kept(NEW.decision) k;
  END IF;
  -- What is not another packet is signed as it was shown. `first` is there only where somebody signed.
  UPDATE checkpoint_figures f SET
    status = NEW.status, kept = kept_so, check_was_wrong = wrong,
    signed = CASE WHEN first IS NOT NULL THEN coalesce(f.signed, f.shown) END,
    edit_words = CASE WHEN first = coalesce(f.signed, f.shown) THEN 0 END,
    edit_of = CASE WHEN first = coalesce(f.signed, f.shown) THEN 0 END,
    decided_at = CASE WHEN decided THEN NEW.decided_at END
  WHERE f.workspace_id = NEW.workspace_id AND f.checkpoint_id = NEW.id;
  RETURN NULL;
END $$;
"""

TRIGGERS = """
CREATE TRIGGER count_checkpoint_added AFTER INSERT ON work_checkpoints
  FOR EACH ROW EXECUTE FUNCTION proofroom_count_checkpoint();
CREATE TRIGGER count_checkpoint_changed AFTER UPDATE ON work_checkpoints
  FOR EACH ROW WHEN (NEW.status IS DISTINCT FROM OLD.status OR NEW.packet_digest IS DISTINCT FROM OLD.packet_digest)
  EXECUTE FUNCTION proofroom_count_checkpoint();
"""

# Row-level security holds for the owner too, where that is no superuser; it would see no row to fill in. Of what was
# edited while it was signed, only the signed version stands there: the one before it is what was shown.
FILL = """
ALTER TABLE work_sessions NO FORCE ROW LEVEL SECURITY;
ALTER TABLE work_checkpoints NO FORCE ROW LEVEL SECURITY;
INSERT INTO session_figures (workspace_id, session_id, project_id, agent_type, template_id, outcome, cost_usd, unpriced,
  tokens, created_at, settled_at)
SELECT s.workspace_id, s.id, s.project_id, s.agent_type, s.template_id, proofroom_outcome(s.status, s.failure),
  coalesce((s.usage ->> 'cost_usd')::float8, 0), coalesce((s.usage ->> 'unpriced')::boolean, false),
  coalesce((s.usage ->> 'tokens_in')::bigint, 0) + coalesce((s.usage ->> 'tokens_out')::bigint, 0),
  s.created_at, s.settled_at
FROM work_sessions s;
INSERT INTO checkpoint_figures (workspace_id, checkpoint_id, session_id, project_id, agent_type, template_id, kind,
  status, risk, claims, needs_you, kept, check_was_wrong, shown, signed, opened_at, decided_at)
SELECT c.workspace_id, c.id, c.session_id, c.project_id, s.agent_type, s.template_id, c.kind, c.status,
  c.packet #>> '{risk,level}', coalesce((c.packet #>> '{summary,claims}')::int, 0),
  coalesce((c.packet #>> '{summary,needs_you}')::int, 0),
  CASE WHEN d.decided THEN k.kept ELSE 0 END, CASE WHEN d.decided THEN k.wrong ELSE 0 END,
  CASE WHEN c.kind = 'final' THEN proofroom_shown(c.packet) END,
  CASE WHEN c.kind = 'final' AND d.decided AND c.status = 'approved' THEN proofroom_shown(c.packet) END,
  c.opened_at, CASE WHEN d.decided THEN c.decided_at END
FROM work_checkpoints c
JOIN work_sessions s ON s.workspace_id = c.workspace_id AND s.id = c.session_id
CROSS JOIN LATERAL (
  SELECT c.decided_by IS NOT NULL AND c.status IN ('approved', 'changes_requested', 'rejected')) d (decided)
CROSS JOIN LATERAL proofroom_kept(c.decision) k;
UPDATE checkpoint_figures f SET edit_words = 0, edit_of = 0
WHERE f.signed IS NOT NULL AND f.signed = (
  SELECT b.shown FROM checkpoint_figures b
  WHERE b.workspace_id = f.workspace_id AND b.session_id = f.session_id AND b.kind = 'final'
  ORDER BY b.opened_at, b.checkpoint_id LIMIT 1)
AND NOT EXISTS (SELECT FROM work_checkpoints c WHERE c.workspace_id = f.workspace_id AND c.id = f.checkpoint_id
  AND jsonb_typeof(c.decision -> 'edited') = 'array' AND jsonb_array_length(c.decision -> 'edited') > 0);
ALTER TABLE work_checkpoints FORCE ROW LEVEL SECURITY;
ALTER TABLE work_sessions FORCE ROW LEVEL SECURITY;
"""


def upgrade() -> None:
    # Nobody adds to them between the filling and the triggers, and the tables are taken in the order in which
    # everybody else takes them, so that nobody has to be undone for it.
    run("LOCK TABLE projects, work_sessions, work_checkpoints IN ACCESS EXCLUSIVE MODE;")
    run(TABLES + FUNCTIONS + TRIGGERS + FILL)
    for table in TENANT_TABLES:
        run(
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY; ALTER TABLE {table} FORCE ROW LEVEL SECURITY;"
            f"CREATE POLICY tenant ON {table} TO proofroom_app USING (workspace_id = proofroom_workspace())"
            " WITH CHECK (workspace_id = proofroom_workspace());"
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO proofroom_app;"
        )
    run("ANALYZE session_figures, checkpoint_figures;")


def downgrade() -> None:
    run(
        """
        DROP TRIGGER count_checkpoint_changed ON work_checkpoints;
        DROP TRIGGER count_checkpoint_added ON work_checkpoints;
        DROP TRIGGER count_session_settled ON work_sessions;
        DROP TRIGGER count_session_added ON work_sessions;
        DROP FUNCTION proofroom_count_checkpoint(), proofroom_count_session(), proofroom_kept(jsonb),
          proofroom_shown(jsonb), proofroom_outcome(text, jsonb);
        DROP TABLE checkpoint_figures, session_figures;
        ALTER TABLE projects DROP COLUMN budget;
        """
    )


def run(sql: str) -> None:
    """Several statements at once, with no parameters, so that `%` and `:` stay themselves."""
    op.get_bind().execution_options(no_parameters=True).exec_driver_sql(sql)
