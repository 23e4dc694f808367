"""One Alembic tree for both databases. Migrations import nothing from `core`."""
