"""How many validation images each class has, without which no audit knows what a guess scores."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("hps_jobs", sa.Column("validation_counts", sa.Text()))
    op.add_column("hps_jobs", sa.Column("counts_sha256", sa.String(64)))


def downgrade() -> None:
    op.drop_column("hps_jobs", "counts_sha256")
    op.drop_column("hps_jobs", "validation_counts")
