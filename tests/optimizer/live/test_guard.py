"""Who may speak with the live page: no other site, no other name, nobody without the token where it is needed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from autoevol.optimizer.live.guard import Rules, is_loopback
from autoevol.optimizer.live.server import make_app
from tests.optimizer.pages.sample_run import write_run

PORT = 8321
JSON = {"content-type": "application/json"}


async def _ask(
    root: Path, path: str, method: str = "GET", *, host: str = f"127.0.0.1:{PORT}", token: str = "",
    headers: Mapping[str, str] | None = None, content: str = "",
) -> httpx.Response:  # fmt: skip
    rules = Rules(("127.0.0.1", "box.lan") if token else ("127.0.0.1",), PORT, token)
    transport = httpx.ASGITransport(make_app(root, rules))
    async with httpx.AsyncClient(transport=transport, base_url=f"http://{host}") as client:
        return await client.request(method, path, headers=dict(headers or {}), content=content)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with one run."""
    write_run(tmp_path / "one")
    return tmp_path


@pytest.mark.parametrize(
    ("host", "code"),
    [
        ("127.0.0.1:8321", 200), ("localhost:8321", 200), ("[::1]:8321", 200), ("127.0.0.1:9999", 403),
        ("evil.example:8321", 403), ("127.0.0.1.evil.example:8321", 403), ("127.0.0.1", 403),
    ],
)  # fmt: skip
async def test_only_our_own_names_are_answered(root: Path, host: str, code: int) -> None:
    """A name of somebody else's that points at this machine (DNS rebinding) reads nothing."""
    assert code == (await _ask(root, "/", host=host)).status_code


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        (JSON, 400),
        ({**JSON, "origin": f"http://127.0.0.1:{PORT}"}, 400),
        ({**JSON, "origin": "https://evil.example"}, 403),
        ({**JSON, "origin": "null"}, 403),
        ({**JSON, "sec-fetch-site": "cross-site"}, 403),
        ({"content-type": "text/plain"}, 403),
        ({"content-type": "application/x-www-form-urlencoded"}, 403),
    ],
)
async def test_another_sites_page_cannot_write(root: Path, headers: Mapping[str, str], code: int) -> None:
    """What a form or a script of another site can send is refused before it is read; ours is looked at (400: empty)."""
    answer = await _ask(root, "/run/one/label", "POST", headers=headers, content="{}")

    assert code == answer.status_code
    assert not (root / "one" / "labels.jsonl").exists()


async def test_without_the_token_there_is_nothing(root: Path) -> None:
    """It is shown once by address, which is then forgotten, and by a cookie that no script and no other site sees."""
    plain = await _ask(root, "/", token="secret", host=f"box.lan:{PORT}")
    wrong = await _ask(root, "/?token=secre", token="secret")
    right = await _ask(root, "/run/one/?token=secret", token="secret")
    cookie = right.headers["set-cookie"]
    later = await _ask(root, "/run/one/", token="secret", headers={"cookie": cookie.split(";")[0]})
    bearer = await _ask(root, "/", token="secret", headers={"authorization": "Bearer secret"})

    assert [401, 401, 303, 200, 200] == [each.status_code for each in (plain, wrong, right, later, bearer)]
    assert "/run/one/" == right.headers["location"]
    assert "httponly" in cookie.lower()
    assert "samesite=strict" in cookie.lower()


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/run/one/dataset.jsonl", 200), ("/run/one/steps/000/decision.json", 200), ("/run/one/steps", 200),
        ("/run/one/journal.sqlite", 404), ("/run/one/%2e%2e/other.json", 404),
        ("/run/..%2fone/", 404), ("/run/two/", 404), ("/run/one/link.json", 404),
    ],
)  # fmt: skip
async def test_only_the_readable_files_of_a_run_are_shown(root: Path, path: str, code: int) -> None:
    """No path, no link and no file of another kind leads out of the run; what is shown is shown as plain text."""
    (root / "other.json").write_text("{}", encoding="utf-8")
    (root / "one" / "journal.sqlite").write_text("x", encoding="utf-8")
    (root / "one" / "link.json").symlink_to(root / "other.json")
    answer = await _ask(root, path)

    assert code == answer.status_code
    assert answer.headers["content-type"].startswith("text/plain") or code != 200
    assert "sandbox" in answer.headers["content-security-policy"]
    assert "nosniff" == answer.headers["x-content-type-options"]


@pytest.mark.parametrize("path", ["settings.json", "steps/%2e%2e/settings.json", "%2e/settings.json", "also.json"])
async def test_the_secret_of_a_run_stays_in_its_file(root: Path, path: str) -> None:
    """Settings are shown without what the delimiters derive from, by whatever way they are named."""
    (root / "one" / "also.json").symlink_to("settings.json")
    answer = await _ask(root, f"/run/one/{path}")

    assert 200 == answer.status_code
    assert "5ec2e7" not in answer.text


async def test_every_page_allows_its_own_script_alone(root: Path) -> None:
    """The policy stands in the page and, with what only a header can say, in the answer."""
    for path in ("/", "/compare", "/run/one/", "/run/one/quality"):
        answer = await _ask(root, path)
        policy = answer.headers["content-security-policy"]

        assert 200 == answer.status_code
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "require-trusted-types-for 'script'" in policy
        assert "unsafe" not in policy


@pytest.mark.parametrize(
    ("host", "only_here"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("box", False)],
)
def test_loopback_is_told_by_its_address(host: str, only_here: bool) -> None:
    """Every other address asks for a token."""
    assert only_here == is_loopback(host)
