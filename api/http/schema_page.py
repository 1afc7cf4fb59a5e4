"""The API as a page that people read: drawn here, so that nothing is loaded from elsewhere."""

from typing import Any

from litestar import Request
from litestar.enums import MediaType
from litestar.openapi.plugins import OpenAPIRenderPlugin

from api.http.problems import locale_of
from api.language import context_for


class ReadablePlugin(OpenAPIRenderPlugin):
    """Draws the OpenAPI document as one plain page."""

    def __init__(self) -> None:
        super().__init__(path="/", media_type=MediaType.HTML)

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """Return the page."""
        engine = request.app.template_engine
        assert engine is not None
        locale = locale_of(request)
        template = engine.get_template(f"{locale}/kit/schema.html")
        operations = [
            {"path": path, "method": method.upper(), **operation}
            for path, item in openapi_schema["paths"].items()
            for method, operation in item.items()
            if method in ("get", "post", "patch", "put", "delete")
        ]
        page: str = template.render(
            **context_for(locale), info=openapi_schema["info"], operations=operations
        )
        return page.encode()
