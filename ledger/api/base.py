"""What the views of the API share: parse, one call, answer."""

from collections.abc import Sequence
from typing import Any, ClassVar

from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from ledger.api.authentication import HasScope, KeyAuthentication, allowance_of, check_signature
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
        """Check the key and its signature, and refuse text that PostgreSQL cannot hold."""
        super().initial(request, *args, **kwargs)
        check_signature(request)
        refuse_null_characters(request)

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        """Tell whoever uses a limited key what it has left, whatever the answer is."""
        answer = super().finalize_response(request, response, *args, **kwargs)
        if allowance := allowance_of(request):
            for name, value in allowance.headers().items():
                answer.headers[name] = value
        return answer


class PublicView(LedgerView):
    """A view that needs no key and shows nothing of any party."""

    authentication_classes = ()
    permission_classes = ()
