"""A browser without a window: cookies, forms and links against the application in this process."""

import asyncio
import html
import re
from typing import Any

import httpx
from fastapi import FastAPI

from tests.serve.invented import PASSWORD


class Browser:
    """Keeps cookies; never follows a redirect by itself."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self.cookies = httpx.Cookies()

    def send(self, method: str, address: str, **options: Any) -> httpx.Response:
        async def answer() -> httpx.Response:
            transport = httpx.ASGITransport(app=self._app, raise_app_exceptions=False)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://lake.test", cookies=self.cookies
            ) as client:
                found = await client.request(method, address, **options)
                self.cookies = client.cookies
                return found

        return asyncio.run(answer())

    def get(self, address: str, **headers: str) -> httpx.Response:
        return self.send(
            "GET", address, headers={name.replace("_", "-"): text for name, text in headers.items()}
        )

    def post(self, address: str, **form: str) -> httpx.Response:
        return self.send("POST", address, data=form)

    def sign_in(self, name: str, password: str = PASSWORD, **form: str) -> httpx.Response:
        return self.post("/login", name=name, password=password, csrf=csrf(self.get("/login")), **form)


def csrf(page: httpx.Response) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert found, "the page has no form token"
    return found[1]


def links(page: httpx.Response, start: str = "/") -> list[str]:
    """Addresses of the page's links that start so, unescaped, each once."""
    found = [html.unescape(text) for text in re.findall(r'<a[^>]*href="([^"]+)"', page.text)]
    return [text for text in dict.fromkeys(found) if text.startswith(start)]


def visible(page: httpx.Response) -> str:
    """The text a reader sees."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.text)).split())
