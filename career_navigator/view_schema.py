"""How a view is described in the OpenAPI document. Apart from the pages that show it, since every view imports this."""

from typing import Any

from drf_spectacular.openapi import AutoSchema


class ViewSchema(AutoSchema):
    """drf-spectacular's, which passes over the body of a DELETE even where a view declares one."""

    def get_request_serializer(self) -> Any:
        return None if self.method == "DELETE" else super().get_request_serializer()

    def _get_request_body(self, direction: Any = "request") -> Any:
        if self.method != "DELETE" or self.get_request_serializer() is None:
            return super()._get_request_body(direction)
        self.method = "POST"
        try:
            return super()._get_request_body(direction)
        finally:
            self.method = "DELETE"
