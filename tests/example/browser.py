"""A visitor of a running site: cookies, links, forms with their tokens. No scripts."""

import re
from dataclasses import dataclass
from html import unescape
from html.parser import HTMLParser
from http.cookiejar import CookieJar
from urllib.error import HTTPError
from urllib.parse import urljoin, urlsplit
from urllib.request import HTTPCookieProcessor, ProxyHandler, Request, build_opener

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart


@dataclass(frozen=True)
class Page:
    url: str
    status: int
    type: str
    body: bytes

    @property
    def html(self) -> str:
        return self.body.decode()

    @property
    def text(self) -> str:
        """What a person reads, on one line."""
        bare = re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", self.html, flags=re.DOTALL)
        return " ".join(unescape(bare).split())

    @property
    def addresses(self) -> set[str]:
        """Everything that the page links to or shows, on the same site."""
        found = _Addresses()
        found.feed(self.html)
        absolute = {urljoin(self.url, address).partition("#")[0] for address in found.addresses}
        return {a for a in absolute if urlsplit(a).netloc == urlsplit(self.url).netloc}

    @property
    def cards(self) -> dict[str, dict[str, str]]:
        """Title → link, picture and notice of each card of the gallery."""
        cards = {}
        for link, body in re.findall(
            r'<a class="card" href="([^"]+)">(.*?)</a>', self.html, re.DOTALL
        ):
            [title] = re.findall(r'class="title">([^<]+)<', body)
            [picture] = re.findall(r'<img src="([^"]+)"', body)
            notice = re.findall(r'class="nsfw-notice[^"]*">([^<]+)<', body)
            cards[unescape(title)] = {
                "link": link,
                "picture": picture,
                "notice": " ".join(notice),
            }
        return cards


class Browser:
    def __init__(self, site: str) -> None:
        self._site = site
        # Loopback is never asked of a proxy, whatever the environment says.
        self._opener = build_opener(ProxyHandler({}), HTTPCookieProcessor(CookieJar()))

    def get(self, address: str) -> Page:
        return self._open(Request(urljoin(self._site, address)))

    def submit(self, address: str, **fields) -> Page:
        """Fill in the form at ``address`` and follow where it leads."""
        url = urljoin(self._site, address)
        [token] = set(re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.get(url).html))
        body = encode_multipart(BOUNDARY, {"csrfmiddlewaretoken": token, **fields})
        return self._open(
            Request(url, data=body, headers={"Content-Type": MULTIPART_CONTENT, "Referer": url})
        )

    def upload(self, title: str, name: str, body: bytes, at: str = "/upload/") -> Page:
        return self.submit(at, title=title, image=SimpleUploadedFile(name, body))

    def _open(self, request: Request) -> Page:
        try:
            response = self._opener.open(request, timeout=60)
        except HTTPError as error:
            response = error
        with response:
            return Page(
                url=response.url,
                status=response.status,
                type=response.headers.get_content_type(),
                body=response.read(),
            )


class _Addresses(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.addresses: set[str] = set()

    def handle_starttag(self, tag, attributes):
        self.addresses |= {
            value for name, value in attributes if name in ("href", "src", "srcset") and value
        }
