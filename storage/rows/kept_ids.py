"""Ids that were deleted and are never given again.

SQLite takes the highest id of a table plus one: once the newest study or trial is deleted the next
one would get its id, and whoever remembers the old one (Optuna's caches, a dashboard's address)
would show it under a new name. PostgreSQL's sequences do not go back.
"""

from sqlalchemy import Column, Connection, case, func, select

from storage.rows.tables import insert_into, last_deleted


def keep_ids_unused(connection: Connection, column: "Column[int]", highest: int) -> None:
    """Remember that ids of this column up to `highest` have been used."""
    if connection.dialect.name != "sqlite":
        return
    statement = insert_into(connection, last_deleted).values(name=str(column), id=highest)
    new, old = statement.excluded.id, last_deleted.c.id
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[last_deleted.c.name], set_={"id": case((new > old, new), else_=old)}
        )
    )


def next_id(connection: Connection, column: "Column[int]") -> int | None:
    """The lowest id that was never used; None if the database itself keeps count."""
    if connection.dialect.name != "sqlite":
        return None
    kept = select(last_deleted.c.id).where(last_deleted.c.name == str(column)).scalar_subquery()
    query = select(func.coalesce(func.max(column), 0), func.coalesce(kept, 0))
    highest, deleted = connection.execute(query).one()
    return max(int(highest), int(deleted)) + 1
