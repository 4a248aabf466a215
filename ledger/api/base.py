"""What the views of the API share: parse, one call, answer."""

from collections.abc import Sequence
from typing import Any, ClassVar

from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from ledger.api.authentication import HasScope, KeyAuthentication
from ledger.api.parameters import refuse_null_characters


class LedgerView(APIView):
    """A view behind an API key with `scope`; it answers JSON and nothing else.

    A view that also takes something may ask for another scope then: `post_scope`.
    """

    scope: ClassVar[str]
    post_scope: ClassVar[str | None] = None
    authentication_classes: Sequence[type[BaseAuthentication]] = (KeyAuthentication,)
    permission_classes: Sequence[type[BasePermission]] = (HasScope,)
    renderer_classes = (JSONRenderer,)
    parser_classes = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Check the key, and refuse text that PostgreSQL cannot hold."""
        super().initial(request, *args, **kwargs)
        refuse_null_characters(request)


class PublicView(LedgerView):
    """A view that needs no key and shows nothing of any party."""

    authentication_classes = ()
    permission_classes = ()
