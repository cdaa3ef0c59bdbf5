"""The budgets that a job had before its present one, which an audit needs."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("hps_jobs", sa.Column("earlier_budgets", sa.Text()))


def downgrade() -> None:
    op.drop_column("hps_jobs", "earlier_budgets")
