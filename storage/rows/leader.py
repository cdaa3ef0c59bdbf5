"""The row of `hps_leader`: which server runs the jobs, by a number that counts up.

A server takes the next number together with the writer lock. Each of its transactions looks at the
number first, and holds the row until it ends: whoever takes the lock waits for what is under way,
and afterwards nothing that bears an older number is written.
"""

import os
import socket

from sqlalchemy import Connection, select

from hpsearch.errors import LeadershipLost
from storage.rows.jobs import now
from storage.rows.tables import insert_into, leader

_PK = 1  # there is one row
_EPOCH = select(leader.c.epoch).where(leader.c.pk == _PK)
_EPOCH_HELD = _EPOCH.with_for_update(read=True)  # SQLite, with its one writer, leaves this out


def take(connection: Connection) -> int:
    """Count the number up; returns it."""
    facts = {"holder": f"process {os.getpid()} on {socket.gethostname()}"[:255], "taken_at": now()}
    statement = insert_into(connection, leader).values(pk=_PK, epoch=1, **facts)
    taken = statement.on_conflict_do_update(
        index_elements=[leader.c.pk], set_={"epoch": leader.c.epoch + 1, **facts}
    )
    epoch: int = connection.execute(taken.returning(leader.c.epoch)).scalar_one()
    return epoch


def read(connection: Connection) -> int | None:
    """The number of the server that took the lock last."""
    return connection.execute(_EPOCH).scalar()


def require(connection: Connection, epoch: int | None) -> None:
    """Raises LeadershipLost unless `epoch` is the newest, which it then stays to the commit."""
    if epoch is None or connection.execute(_EPOCH_HELD).scalar() != epoch:
        raise LeadershipLost
