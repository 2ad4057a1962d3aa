"""Alembic's entry point for the review room's tables; the connection comes from nightlatch.store.records.migrate."""

from alembic import context

from nightlatch.review.records import ReviewTables

context.configure(
    connection=context.config.attributes["connection"], target_metadata=ReviewTables.metadata, render_as_batch=True
)
with context.begin_transaction():
    context.run_migrations()
