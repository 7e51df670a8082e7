"""Alembic runs this file; records.database hands it the connection, inside a transaction that it commits itself."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
