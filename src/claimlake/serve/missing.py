"""What does not exist, or does not exist for this tenant: the two must look the same."""

from claimlake.errors import QueryError


class NotFoundError(QueryError):
    """An address names something the tenant does not have; answered with 404."""
