"""Alembic's entry point for the hub's tables; the connection comes from nightlatch.store.records.migrate."""

from alembic import context

from nightlatch.hub.serve.books.records import HubTables

context.configure(
    connection=context.config.attributes["connection"], target_metadata=HubTables.metadata, render_as_batch=True
)
with context.begin_transaction():
    context.run_migrations()
