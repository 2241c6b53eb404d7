"""The edges of what is taken as a request."""

import h11
import pytest

from edge_runtime.web.request import BadRequest, next_request


def parsed(head: bytes):
    http = h11.Connection(h11.SERVER)
    http.receive_data(head)
    return next_request(http)


def head(target: str = "/", *lines: str) -> bytes:
    return "\r\n".join([f"GET {target} HTTP/1.1", "Host: a", *lines, "", ""]).encode()


def refused(data: bytes) -> int:
    with pytest.raises(BadRequest) as caught:
        parsed(data)
    return caught.value.status


def test_a_request_is_taken_apart():
    request = parsed(head("/a?token=b%20c&token=d", "X: y", "Cookie: e=f; g=h", "X: z"))
    assert (request.method, request.path, request.query) == ("GET", "/a", "token=b%20c&token=d")
    assert (request.parameter("token"), request.parameter("none")) == ("b c", None)
    assert (request.cookie("g"), request.cookie("h")) == ("h", None)
    assert request.headers["x"] == "y, z"


def test_an_address_has_up_to_2048_bytes():
    assert len(parsed(head("/" + 2047 * "a")).path) == 2048
    assert refused(head("/" + 2048 * "a")) == 414


def test_there_are_up_to_64_headers():
    assert len(parsed(head("/", *(f"X{n}: y" for n in range(63)))).headers) == 64
    assert refused(head("/", *(f"X{n}: y" for n in range(64)))) == 431


def test_the_name_of_a_header_has_up_to_256_bytes():
    assert 256 * "x" in parsed(head("/", 256 * "X" + ": y")).headers
    assert refused(head("/", 257 * "X" + ": y")) == 400


def test_a_head_has_up_to_8192_bytes():
    rest = len(head("/", "X: ")) - 4
    assert parsed(head("/", "X: " + (8192 - rest) * "y")) is not None
    assert refused(head("/", "X: " + (8193 - rest) * "y")) == 431


@pytest.mark.parametrize("name", ["Host", "Authorization", "Origin"])
def test_a_header_that_decides_comes_once(name):
    line = f"{name}: a"
    assert refused(head("/", *[line] * (1 if name == "Host" else 2))) == 400


def test_an_incomplete_request_is_waited_for():
    assert parsed(head("/")[:-2]) is None
