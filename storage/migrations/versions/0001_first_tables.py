"""The first tables: jobs, idempotency keys, rounds, the index of trials, wishes, events."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

BigKey = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "hps_jobs",
        sa.Column("pk", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("study", sa.String(512), nullable=False),
        sa.Column("spec", sa.Text(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("wish", sa.String(16), nullable=False),
        sa.Column("stop_reason", sa.Text()),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("priority", sa.Double(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("warm_start", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("started_at", sa.DateTime()),
        sa.Column("finished_at", sa.DateTime()),
        sa.PrimaryKeyConstraint("pk", name="pk_hps_jobs"),
        sa.UniqueConstraint("id", name="uq_hps_jobs_id"),
        sa.UniqueConstraint("study_id", name="uq_hps_jobs_study_id"),
    )
    op.create_index("ix_hps_jobs_state", "hps_jobs", ["state"])
    op.create_table(
        "hps_idempotency_keys",
        sa.Column("key_sha256", sa.String(64), nullable=False),
        sa.Column("body_sha256", sa.String(64), nullable=False),
        sa.Column("job_id", sa.String(16), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key_sha256", name="pk_hps_idempotency_keys"),
    )
    op.create_table(
        "hps_rounds",
        sa.Column("job_pk", sa.Integer(), nullable=False),
        sa.Column("index", sa.Integer(), nullable=False),
        sa.Column("round", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("job_pk", "index", name="pk_hps_rounds"),
        sa.ForeignKeyConstraint(["job_pk"], ["hps_jobs.pk"], name="fk_hps_rounds_job_pk"),
    )
    op.create_table(
        "hps_trials",
        sa.Column("trial_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("job_pk", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("cohort", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("epochs", sa.Double(), nullable=False),
        sa.Column("value", sa.Double()),
        sa.PrimaryKeyConstraint("trial_id", name="pk_hps_trials"),
        sa.ForeignKeyConstraint(["job_pk"], ["hps_jobs.pk"], name="fk_hps_trials_job_pk"),
        sa.UniqueConstraint("job_pk", "number", name="uq_hps_trials_job_pk_number"),
    )
    op.create_index(
        "ix_hps_trials_job_pk_value_number", "hps_trials", ["job_pk", "value", "number"]
    )
    op.create_index(
        "ix_hps_trials_job_pk_state_epochs", "hps_trials", ["job_pk", "state", "epochs"]
    )
    op.create_table(
        "hps_enqueued",
        sa.Column("pk", sa.Integer(), nullable=False),
        sa.Column("job_pk", sa.Integer(), nullable=False),
        sa.Column("params", sa.Text(), nullable=False),
        sa.Column("cohort", sa.Integer()),
        sa.PrimaryKeyConstraint("pk", name="pk_hps_enqueued"),
        sa.ForeignKeyConstraint(["job_pk"], ["hps_jobs.pk"], name="fk_hps_enqueued_job_pk"),
    )
    op.create_index("ix_hps_enqueued_job_pk", "hps_enqueued", ["job_pk"])
    op.create_table(
        "hps_events",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("job_pk", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_hps_events"),
        sa.ForeignKeyConstraint(["job_pk"], ["hps_jobs.pk"], name="fk_hps_events_job_pk"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_hps_events_job_pk_id", "hps_events", ["job_pk", "id"])


def downgrade() -> None:
    for table in ("events", "enqueued", "trials", "rounds", "idempotency_keys", "jobs"):
        op.drop_table(f"hps_{table}")
