"""Alembic's entry point for the cloud's tables; the connection comes from nightlatch.store.records.migrate."""

from alembic import context

from nightlatch.cloud.records import MailboxTables

context.configure(
    connection=context.config.attributes["connection"], target_metadata=MailboxTables.metadata, render_as_batch=True
)
with context.begin_transaction():
    context.run_migrations()
