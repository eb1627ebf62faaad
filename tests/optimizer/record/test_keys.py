"""What looks like a key is found wherever it stands, and nothing else is touched."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from autoevol.optimizer.record import keys

_PIECES = st.sampled_from([
    "sk-abcdefgh12", "pk-ABCDEFGH12", "gsk_abcdefghijklmnop", "hf-abcdefghijklmnop", "r8_abcdefghijklmnop",
    "AIzaabcdefghijklmnopqrst", "ghp_abcdefghijklmnopqrst", "Bearer abcdefgh", "BEARER\tabcdefgh", "https://me:word@host",
    "?key=abcdefgh", "&KEY=abcdefgh", "api_\u212aey=abcdefgh", "api-key=abcdefgh", "&token=abcdefgh", "task-abcdefgh",
    "key", "://", " ", "\n", "a", "-", "=", "\u0130", "\u017f",
])  # fmt: skip


@given(st.lists(_PIECES, max_size=6))
def test_the_quick_look_finds_what_the_pattern_finds(pieces: list[str]) -> None:
    """Texts without any mark of a key are not searched; none of them has one."""
    text = "".join(pieces)

    assert keys.KEY.sub("[hidden key]", text) == keys.hide_keys(text)
    assert bool(keys.KEY.search(text)) == keys.looks_like_key(text)
