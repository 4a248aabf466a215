"""PostgreSQL in everything but the connection, so that models and SQL can be read without one."""

from typing import Any, NoReturn

from django.db.backends.postgresql import base
from django.db.utils import OperationalError


class DatabaseWrapper(base.DatabaseWrapper):
    """Refuse to connect, with the sentence that says what to do."""

    def get_connection_params(self) -> dict[str, Any]:
        """Return nothing: there is nowhere to connect to."""
        return {}

    def get_new_connection(self, _conn_params: dict[str, Any] | None = None) -> NoReturn:
        """Refuse.

        :raises OperationalError: always.
        """
        msg = (
            "DATABASE_URL is not set: set it to a PostgreSQL server, "
            "or start this through manage.py, which brings an embedded one."
        )
        raise OperationalError(msg)
