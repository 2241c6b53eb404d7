"""Who may read the page."""

import hashlib
import hmac

import pytest

from edge_runtime.web.access import Access
from edge_runtime.web.request import Request

TOKEN = "correct-horse"
HASH = hmac.new(TOKEN.encode(), b"edge-genre page", hashlib.sha256).hexdigest()


def status(access, path="/api/state", query="", host="localhost", **headers):
    """Of the refusal; None where the request passes."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    response = access.respond(Request("GET", path, query, {"host": host, **named}))
    return None if response is None else response.status


@pytest.mark.parametrize(
    ("host", "here_alone", "on_the_network"),
    [
        ("localhost:8080", None, None),
        ("127.0.0.1", None, None),
        ("[::1]:8080", None, None),
        ("192.0.2.1:8080", 403, None),
        ("[2001:db8::1]", 403, None),
        ("pi", 403, None),
        ("PI.local:8080", 403, None),
        ("evil.example", 403, 403),
        ("localhost.evil.example", 403, 403),
        ("", 403, 403),
    ],
)
def test_the_page_goes_by_addresses_and_by_names_that_nobody_on_the_internet_owns(
    host, here_alone, on_the_network
):
    assert status(Access(port=8080, loopback=True), host=host) == here_alone
    assert status(Access(port=8080, loopback=False), host=host) == on_the_network


@pytest.mark.parametrize(
    ("headers", "wanted"),
    [
        ({"sec_fetch_site": "same-origin"}, None),
        ({"sec_fetch_site": "none"}, None),
        ({"sec_fetch_site": "same-site"}, 403),
        ({"sec_fetch_site": "cross-site"}, 403),
        ({"origin": "http://localhost"}, None),
        ({"origin": "http://LOCALHOST"}, None),
        ({"origin": "http://localhost:81"}, 403),
    ],
)
def test_only_the_pages_own_scripts_read_its_state(headers, wanted):
    access = Access(port=8080, loopback=True)
    assert status(access, **headers) == wanted
    assert status(access, path="/", **headers) is None


def test_the_token_is_taken_from_the_header_the_cookie_and_the_address_alone():
    access = Access(port=8080, loopback=False, token=TOKEN)
    assert status(access) == 401
    assert status(access, authorization=f"Bearer {TOKEN}") is None
    assert status(access, authorization=f"bearer  {TOKEN} ") is None
    assert status(access, authorization=f"Basic {TOKEN}") == 401
    assert status(access, authorization=f"Bearer {TOKEN}x") == 401
    assert status(access, cookie=f"a=b; edge_genre_8080={HASH}") is None
    assert status(access, cookie=f"edge_genre_8081={HASH}") == 401, "of another listener"
    assert status(access, cookie=f"edge_genre_8080={TOKEN}") == 401
    assert status(access, query=f"token={TOKEN}") == 303
    assert status(access, query="token=wrong") == 401


@pytest.mark.parametrize("path", ["/healthz", "/page.css", "/icon.svg"])
def test_what_gives_nothing_away_needs_no_token(path):
    assert status(Access(port=8080, loopback=False, token=TOKEN), path=path) is None


def test_the_cookie_holds_for_a_year_and_no_script_and_no_other_site_gets_it():
    access = Access(port=8080, loopback=False, token=TOKEN)
    request = Request("GET", "/", f"token={TOKEN}", {"host": "pi"})
    assert access.respond(request).headers == (
        ("Cache-Control", "no-store"),
        ("Location", "/"),
        (
            "Set-Cookie",
            f"edge_genre_8080={HASH}; Path=/; Max-Age=31536000; HttpOnly; SameSite=Strict",
        ),
    )
