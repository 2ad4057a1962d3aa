"""Alembic's entry point for the keeper's tables; the connection comes from nightlatch.store.records.migrate."""

from alembic import context

from nightlatch.keeper.records import KeeperTables

context.configure(
    connection=context.config.attributes["connection"], target_metadata=KeeperTables.metadata, render_as_batch=True
)
with context.begin_transaction():
    context.run_migrations()
