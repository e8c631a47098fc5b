"""Vectors of blocks for search by meaning.

Revision ID: 0003
Revises: 0002

A process of the release before goes on working: it knows nothing of the vectors, and triggers keep them in step with
the blocks that it writes.
"""

from alembic import op

revision = "0003"
down_revision = "0002"

# The extension may be there already, in a schema of its own: hosted servers do that, with that schema in every role's
# search path.
EXTENSION = "CREATE EXTENSION IF NOT EXISTS vector;"

TABLES = """
CREATE TABLE block_embeddings (
  workspace_id uuid NOT NULL,
  project_id uuid NOT NULL,
  block_id uuid NOT NULL,
  model text NOT NULL,
  embedding {schema}.halfvec(384) NOT NULL,
  PRIMARY KEY (workspace_id, block_id),
  FOREIGN KEY (workspace_id, block_id) REFERENCES blocks (workspace_id, id) ON DELETE CASCADE,
  FOREIGN KEY (workspace_id, project_id) REFERENCES projects (workspace_id, id)
);
CREATE INDEX block_embeddings_by_project ON block_embeddings (workspace_id, project_id, model);
CREATE INDEX block_embeddings_hnsw ON block_embeddings USING hnsw (embedding {schema}.halfvec_cosine_ops);
ALTER TABLE baskets ADD COLUMN vectors_model text;
ALTER TABLE block_embeddings ENABLE ROW LEVEL SECURITY;
ALTER TABLE block_embeddings FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON block_embeddings TO proofroom_app USING (workspace_id = proofroom_workspace())
  WITH CHECK (workspace_id = proofroom_workspace());
GRANT SELECT, INSERT, UPDATE, DELETE ON block_embeddings TO proofroom_app;
"""

# `baskets.vectors_model` names the model that every searchable block of the project has a vector of; null when one may
# be missing. Whoever writes blocks need not know of it: counting blocks in or out takes the mark away, and a block that
# is live no longer loses its vector, so that the vectors are those of live blocks at all times.
TRIGGERS = """
CREATE FUNCTION proofroom_vectors_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM block_embeddings e USING changed c
  WHERE e.workspace_id = c.workspace_id AND e.block_id = c.id AND c.state NOT IN ('accepted', 'locked');
  RETURN NULL;
END $$;
CREATE TRIGGER vectors_follow AFTER UPDATE ON blocks REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION proofroom_vectors_follow();
CREATE FUNCTION proofroom_vectors_open() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.vectors_model := NULL;
  RETURN NEW;
END $$;
CREATE TRIGGER vectors_open BEFORE UPDATE OF block_count ON baskets
  FOR EACH ROW EXECUTE FUNCTION proofroom_vectors_open();
"""

# Small projects first: one of a hundred thousand blocks does not keep the others waiting.
ACROSS = """
CREATE FUNCTION proofroom_without_vectors(model text, max_rows int)
RETURNS TABLE (workspace_id uuid, project_id uuid)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT b.workspace_id, b.project_id FROM baskets b
  WHERE b.block_count > 0 AND b.vectors_model IS DISTINCT FROM model ORDER BY b.block_count LIMIT max_rows
$$;
GRANT SELECT ON baskets TO proofroom_system;
CREATE POLICY system_read ON baskets FOR SELECT TO proofroom_system USING (true);
GRANT CREATE ON SCHEMA public TO proofroom_system;
ALTER FUNCTION proofroom_without_vectors(text, int) OWNER TO proofroom_system;
REVOKE CREATE ON SCHEMA public FROM proofroom_system;
REVOKE ALL ON FUNCTION proofroom_without_vectors(text, int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION proofroom_without_vectors(text, int) TO proofroom_app;
"""


def upgrade() -> None:
    run(EXTENSION)
    run(TABLES.replace("{schema}", _schema()))
    run(TRIGGERS)
    run(ACROSS)


def downgrade() -> None:
    """The extension stays: others may use it."""
    run(
        """
        DROP FUNCTION proofroom_without_vectors(text, int);
        DROP POLICY system_read ON baskets;
        REVOKE SELECT ON baskets FROM proofroom_system;
        DROP TRIGGER vectors_follow ON blocks;
        DROP TRIGGER vectors_open ON baskets;
        DROP FUNCTION proofroom_vectors_follow();
        DROP FUNCTION proofroom_vectors_open();
        ALTER TABLE baskets DROP COLUMN vectors_model;
        DROP TABLE block_embeddings;
        """
    )


def _schema() -> str:
    """The schema of the extension, quoted."""
    found = op.get_bind().exec_driver_sql(
        "SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace"
        " WHERE e.extname = 'vector'"
    )
    return str(found.scalar_one())


def run(sql: str) -> None:
    """Several statements at once, with no parameters, so that `%` stays itself."""
    op.get_bind().execution_options(no_parameters=True).exec_driver_sql(sql)
