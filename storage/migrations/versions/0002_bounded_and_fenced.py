"""A version beside each spec, who may write, what is kept of ended jobs, and what deletes need."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

OF_KEYS = ("created_at", "job_id")


def of_jobs() -> list[sa.Column[Any]]:
    """Columns that jobs get."""
    return [
        sa.Column("spec_version", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("owner", sa.String(200)),
        sa.Column("labels", sa.Text(), nullable=False, server_default="[]"),
        sa.Column("archived_at", sa.DateTime()),
        sa.Column("deleted_at", sa.DateTime()),
        sa.Column("data_sha256", sa.String(64)),
        sa.Column("split_sha256", sa.String(64)),
        sa.Column("digest", sa.String(64)),
        sa.Column("waits_for", sa.Text()),
    ]


def upgrade() -> None:
    for column in of_jobs():
        op.add_column("hps_jobs", column)
    op.create_index("ix_hps_jobs_deleted_at", "hps_jobs", ["deleted_at"])
    op.add_column("hps_trials", sa.Column("ended_version", sa.Integer()))
    for name in OF_KEYS:
        op.create_index(f"ix_hps_idempotency_keys_{name}", "hps_idempotency_keys", [name])
    op.create_table(
        "hps_leader",
        sa.Column("pk", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("holder", sa.String(255)),
        sa.Column("taken_at", sa.DateTime()),
        sa.PrimaryKeyConstraint("pk", name="pk_hps_leader"),
    )
    op.create_table(
        "hps_last_deleted",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_hps_last_deleted"),
    )
    op.create_table(
        "hps_confirmations",
        sa.Column("job_pk", sa.Integer(), nullable=False),
        sa.Column("stage", sa.String(16), nullable=False),
        sa.Column("trial", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("repeat", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("found", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_pk"], ["hps_jobs.pk"], name="fk_hps_confirmations_job_pk_hps_jobs"
        ),
        sa.PrimaryKeyConstraint("job_pk", "stage", "trial", "repeat", name="pk_hps_confirmations"),
    )


def downgrade() -> None:
    op.drop_table("hps_confirmations")
    op.drop_table("hps_last_deleted")
    op.drop_table("hps_leader")
    for name in OF_KEYS:
        op.drop_index(f"ix_hps_idempotency_keys_{name}", "hps_idempotency_keys")
    op.drop_column("hps_trials", "ended_version")
    op.drop_index("ix_hps_jobs_deleted_at", "hps_jobs")
    for column in of_jobs():
        op.drop_column("hps_jobs", column.name)
