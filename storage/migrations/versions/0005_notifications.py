"""Where somebody wants to be told that a job has ended, and up to which event they were."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("hps_jobs", sa.Column("notify_url", sa.Text()))
    op.add_column("hps_jobs", sa.Column("notified", sa.BigInteger()))


def downgrade() -> None:
    op.drop_column("hps_jobs", "notified")
    op.drop_column("hps_jobs", "notify_url")
