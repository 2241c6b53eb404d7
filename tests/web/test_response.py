"""Responses and their headers."""

import math

from edge_runtime.web.request import Request
from edge_runtime.web.response import Response, json_text, refusal, text, token_form
from edge_runtime.web.static_files import StaticFiles

EVERY = [
    (
        "Content-Security-Policy",
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
]


def test_every_response_has_the_headers_that_protect_it():
    assert text("ok").all_headers == [
        ("Cache-Control", "no-store"), *EVERY,
        ("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", "3"),
    ]  # fmt: skip


def test_a_stream_has_no_length_and_an_unchanged_file_neither_length_nor_type():
    streamed = Response(stream=True, content_type="text/event-stream", headers=())
    assert streamed.all_headers == [*EVERY, ("Content-Type", "text/event-stream")]
    assert Response(status=304, headers=()).all_headers == EVERY


def test_a_refusal_names_the_allowed_methods_and_the_delay():
    assert refusal(405, "no").headers == (("Cache-Control", "no-store"), ("Allow", "GET, HEAD"))
    assert refusal(503, "no").headers == (("Cache-Control", "no-store"), ("Retry-After", "5"))
    assert refusal(404, "nothing").body == b"404: nothing\n"
    assert refusal(404, "nothing", ("A", "b")).headers == (
        ("Cache-Control", "no-store"), ("A", "b"),
    )  # fmt: skip


def test_numbers_that_json_lacks_are_null_wherever_they_stand():
    values = {"a": math.nan, "b": [math.inf, 1.5, ("c", -math.inf)], "d": {"e": math.nan}}
    assert json_text(values) == '{"a": null, "b": [null, 1.5, ["c", null]], "d": {"e": null}}'
    assert json_text({"name": "métal"}) == '{"name": "m\\u00e9tal"}'


def test_the_form_for_the_token_is_a_refusal_that_a_browser_shows():
    form = token_form("That is <not> it.")
    assert form.status == 401
    assert b"<p>That is &lt;not&gt; it.</p>" in form.body
    assert ("WWW-Authenticate", 'Bearer realm="edge-genre"') in form.headers


def test_a_file_that_the_browser_has_is_not_sent_again_and_is_asked_for_each_time():
    files = StaticFiles()
    first = files.respond(Request("GET", "/page.css", "", {}))
    assert (first.status, first.content_type) == (200, "text/css; charset=utf-8")
    etag = dict(first.headers)["ETag"]
    again = files.respond(Request("GET", "/page.css", "", {"if-none-match": etag}))
    assert (again.status, again.body) == (304, b"")
    assert again.headers == first.headers == (("ETag", etag), ("Cache-Control", "no-cache"))
    other = files.respond(Request("GET", "/page.js", "", {"if-none-match": etag}))
    assert (other.status, other.content_type) == (200, "text/javascript; charset=utf-8")
    assert files.respond(Request("GET", "/static/page.css", "", {})) is None
