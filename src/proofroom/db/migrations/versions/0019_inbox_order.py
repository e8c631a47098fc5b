"""The inbox is ordered by what to look at first, and searched, without reading packets.

Revision ID: 0019
Revises: 0018

The program weighs what it opens, by `domain/inbox_order.py`. The database weighs what waits already, and what workers
of the release before open, by the same rule with the needs counted more roughly; where they set another due time, the
moment to begin moves along. What is decided has no weight.
"""

from alembic import op

revision = "0019"
down_revision = "0018"

# Row-level security holds for the owner too, where that is no superuser; it would see no row to fill in.
ORDER = """
LOCK TABLE work_sessions, work_checkpoints IN ACCESS EXCLUSIVE MODE;
ALTER TABLE work_checkpoints
  ADD COLUMN risk smallint, ADD COLUMN effort_seconds integer,
  ADD COLUMN begin_by timestamptz, ADD COLUMN find_text text;

CREATE FUNCTION proofroom_weigh(
  reasons text[], packet jsonb, due_at timestamptz, opened_at timestamptz, title text, agent_type text,
  OUT risk smallint, OUT effort_seconds integer, OUT begin_by timestamptz, OUT find_text text
) LANGUAGE sql STABLE AS $$
  SELECT w.risk, w.effort, coalesce(due_at, opened_at + interval '72 hours')
      - (ARRAY[interval '24 hours', interval '4 hours', interval '0'])[w.risk + 1] - make_interval(secs => w.effort),
    left(regexp_replace(lower(concat_ws(' ', title, w.headlines, agent_type)), '\\s+', ' ', 'g'), 1000)
  FROM (
    SELECT
      (CASE packet #>> '{risk,level}' WHEN 'high' THEN 0 WHEN 'medium' THEN 1 WHEN 'low' THEN 2 ELSE
        CASE WHEN 'high_impact' = ANY (reasons) THEN 0
          WHEN reasons && ARRAY['low_confidence','review_requested','conflict','suspicious_source','budget'] THEN 1
          ELSE 2 END END)::smallint AS risk,
      (10 + round(60.0 * coalesce((packet #>> '{reread,words}')::integer, c.words) / 238)
        + 20 * (coalesce((packet #>> '{summary,needs_you}')::integer, 0)
          + coalesce(jsonb_array_length(packet -> 'triggers'), 0)))::integer AS effort,
      c.headlines
    FROM (
      SELECT coalesce(sum(array_length(regexp_split_to_array(trim(claim ->> 'text'), '\\s+'), 1)), 0) AS words,
        string_agg(DISTINCT claim ->> 'headline', '; ') FILTER (WHERE (claim ->> 'needs_you')::boolean) AS headlines
      FROM jsonb_path_query(packet, '$.artifacts[*].claims[*]') claim) c) w
$$;

ALTER TABLE work_checkpoints NO FORCE ROW LEVEL SECURITY;
ALTER TABLE work_sessions NO FORCE ROW LEVEL SECURITY;
UPDATE work_checkpoints c SET (risk, effort_seconds, begin_by, find_text) = (
    SELECT w.risk, w.effort_seconds, w.begin_by, w.find_text
    FROM proofroom_weigh(c.reasons, c.packet, c.due_at, c.opened_at, s.title, s.agent_type) w)
  FROM work_sessions s
  WHERE s.workspace_id = c.workspace_id AND s.id = c.session_id AND c.status = 'pending_review';
ALTER TABLE work_sessions FORCE ROW LEVEL SECURITY;
ALTER TABLE work_checkpoints FORCE ROW LEVEL SECURITY;
CREATE INDEX work_checkpoints_waiting ON work_checkpoints (workspace_id, begin_by, id) WHERE status = 'pending_review';

CREATE FUNCTION proofroom_weigh_checkpoint() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  SELECT w.risk, w.effort_seconds, w.begin_by, w.find_text
    INTO NEW.risk, NEW.effort_seconds, NEW.begin_by, NEW.find_text
  FROM work_sessions s,
    proofroom_weigh(NEW.reasons, NEW.packet, NEW.due_at, NEW.opened_at, s.title, s.agent_type) w
  WHERE s.workspace_id = NEW.workspace_id AND s.id = NEW.session_id;
  RETURN NEW;
END $$;
CREATE TRIGGER weigh_checkpoint BEFORE INSERT ON work_checkpoints
  FOR EACH ROW WHEN (NEW.begin_by IS NULL AND NEW.status = 'pending_review')
  EXECUTE FUNCTION proofroom_weigh_checkpoint();

CREATE FUNCTION proofroom_move_checkpoint() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.begin_by := NEW.begin_by + (coalesce(NEW.due_at, NEW.opened_at + interval '72 hours')
    - coalesce(OLD.due_at, OLD.opened_at + interval '72 hours'));
  RETURN NEW;
END $$;
CREATE TRIGGER move_checkpoint BEFORE UPDATE ON work_checkpoints
  FOR EACH ROW WHEN (NEW.due_at IS DISTINCT FROM OLD.due_at AND NEW.begin_by = OLD.begin_by)
  EXECUTE FUNCTION proofroom_move_checkpoint();
"""


def upgrade() -> None:
    run(ORDER)


def downgrade() -> None:
    run(
        "DROP TRIGGER move_checkpoint ON work_checkpoints; DROP FUNCTION proofroom_move_checkpoint();"
        "DROP TRIGGER weigh_checkpoint ON work_checkpoints; DROP FUNCTION proofroom_weigh_checkpoint();"
        "DROP FUNCTION proofroom_weigh(text[], jsonb, timestamptz, timestamptz, text, text);"
        "DROP INDEX work_checkpoints_waiting;"
        "ALTER TABLE work_checkpoints DROP COLUMN risk, DROP COLUMN effort_seconds, DROP COLUMN begin_by,"
        " DROP COLUMN find_text;"
    )


def run(sql: str) -> None:
    """Several statements at once, with no parameters, so that `%` and `:` stay themselves."""
    op.get_bind().execution_options(no_parameters=True).exec_driver_sql(sql)
