"""From profile, file and flags to settings."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoevol.agents.gateway.errors import StorageError, UsageError
from autoevol.optimizer.record.config import freeze, resolve, thaw
from autoevol.optimizer.record.profiles import PROFILES
from autoevol.optimizer.record.settings import Settings
from autoevol.optimizer.record.tree import Tree, merge

LOCAL: Tree = {"endpoints": {"default": {"local": "smollm2-135m"}}}
KEY = "sk-proj-abcdefgh12345678"

SAME = {
    "run.toml": """
profile = "paper"
[endpoints.default]
base_url = "http://h/v1"
prices."m.1" = {input = 1, output = 2}
[roles.evolver]
model = "m.1"
[search]
steps = 4
rungs = [8, 16]
""",
    "run.yaml": """
profile: paper
endpoints:
  default:
    base_url: http://h/v1
    prices:
      m.1: {input: 1, output: 2}
roles:
  evolver: {model: m.1}
search:
  steps: 4
  rungs: [8, 16]
""",
    "run.json": json.dumps(
        {
            "profile": "paper",
            "endpoints": {"default": {"base_url": "http://h/v1", "prices": {"m.1": {"input": 1, "output": 2}}}},
            "roles": {"evolver": {"model": "m.1"}},
            "search": {"steps": 4, "rungs": [8, 16]},
        }
    ),
}


@pytest.fixture(autouse=True)
def _no_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.chdir(tmp_path)


def _write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def _refusal(config: Path | None, flags: Tree) -> str:
    with pytest.raises(UsageError) as caught:
        resolve(config, flags)
    return str(caught.value)


def test_every_form_of_file_says_the_same(tmp_path: Path) -> None:
    """TOML, YAML and JSON are three ways to write one value."""
    found = [resolve(_write(tmp_path, name, text), {"model": "m"}) for name, text in SAME.items()]

    assert [found[0]] * 3 == found
    assert "m.1" == found[0].roles.evolver.model
    assert (8, 16) == found[0].search.rungs


def test_flags_win_over_the_file_and_the_file_over_the_profile(tmp_path: Path) -> None:
    """Each layer only changes what it says."""
    config = _write(tmp_path, "run.toml", '[search]\nsteps = 4\ndev = 33\n[endpoints.default]\nlocal = "a"\n')

    settings = resolve(config, {"profile": "paper", "search": {"steps": 2}})

    assert 2 == settings.search.steps
    assert 33 == settings.search.dev
    assert 1 == settings.search.patience
    assert settings.judge is False


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_makes_settings(profile: str) -> None:
    """The table of profiles holds only settings that there are."""
    settings = resolve(None, {**LOCAL, "profile": profile})

    assert profile == settings.profile
    assert 0 < settings.search.test


def test_the_paper_profile_has_the_published_numbers() -> None:
    """Auto Evol-Instruct, Appendix F.2 and footnote 1."""
    settings = resolve(None, {**LOCAL, "profile": "paper"})
    search, roles = settings.search, settings.roles

    assert (10, 50, 5, 10, 1, 2000) == (
        search.batch, search.dev, search.candidates, search.steps, search.rounds, search.train,
    )  # fmt: skip
    assert (0.6, 0.95) == (roles.analyst.temperature, roles.analyst.top_p)
    assert (0.6, 0.95) == (roles.refiner.temperature, roles.refiner.top_p)
    assert 0.0 == roles.evolver.temperature
    assert (False, (), 1) == (settings.judge, search.rungs, search.patience)


def test_the_code_profile_decodes_everything_alike_and_never_stops_early() -> None:
    """The authors' launcher: 0.0 / 0.9 / 1,500 for everybody."""
    settings = resolve(None, {**LOCAL, "profile": "official-code"})
    seats = [settings.roles.evolver, settings.roles.responder, settings.roles.analyst, settings.roles.refiner]

    assert {(0.0, 0.9, 1500)} == {(seat.temperature, seat.top_p, seat.max_tokens) for seat in seats}
    assert settings.search.patience is None


def test_none_can_be_said_in_toml(tmp_path: Path) -> None:
    """TOML has no null; the word does where a setting may be absent, and stays a word where text is meant."""
    config = _write(tmp_path, "run.toml", '[search]\npatience = "none"\n[seeds]\nlanguage = "none"\nlimit = "none"\n')

    settings = resolve(config, LOCAL)

    assert settings.search.patience is None
    assert settings.seeds.limit is None
    assert "none" == settings.seeds.language


def test_the_common_model_seats_roles_without_one() -> None:
    """`model` fills gaps and overrides no role."""
    flags: Tree = {"model": "big", "roles": {"judge": {"model": "small"}}, "endpoints": {"default": {"base_url": "u"}}}

    roles = resolve(None, flags).roles

    assert ("big", "big", "small") == (roles.evolver.model, roles.student.model, roles.judge.model)


@pytest.mark.parametrize(
    ("kind", "value", "model"),
    [("local", "smollm2-135m", "smollm2-135m"), ("local", "dir/My-M.gguf", "My-M"), ("script", "s.jsonl", "script")],
)  # fmt: skip
def test_an_endpoint_with_one_model_names_it(kind: str, value: str, model: str) -> None:
    """Whoever runs a local model need not name it again, and no other name is put on record."""
    settings = resolve(None, {"model": "gpt", "endpoints": {"default": {kind: value}}})

    assert model == settings.roles.evolver.model


def test_a_kind_on_the_command_line_replaces_that_of_the_file(tmp_path: Path) -> None:
    """`--local` with a file that has a base_url is not a contradiction."""
    config = _write(tmp_path, "run.toml", '[endpoints.default]\nbase_url = "http://h/v1"\nconcurrency = 3\n')

    endpoint = resolve(config, LOCAL).endpoints["default"]

    assert (None, "smollm2-135m", 3) == (endpoint.base_url, endpoint.local, endpoint.concurrency)


def test_paths_start_where_they_were_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the file at its folder, those of flags here: so a run goes on from any folder."""
    (tmp_path / "conf").mkdir()
    config = _write(
        tmp_path / "conf", "run.toml",
        '[seeds]\nsource = "s.jsonl"\n[search]\nmethod = "./m.md"\n[endpoints.default]\nscript = "../x.jsonl"\n',
    )  # fmt: skip

    settings = resolve(config, {"endpoints": {"default": {"key_file": "key"}}})
    named = resolve(None, {**LOCAL, "seeds": {"source": "hub:a/b"}, "search": {"method": "chat"}})

    assert str(tmp_path / "conf" / "s.jsonl") == settings.seeds.source
    assert str(tmp_path / "conf" / "m.md") == settings.search.method
    assert str(tmp_path / "x.jsonl") == settings.endpoints["default"].script
    assert str(tmp_path / "key") == settings.endpoints["default"].key_file
    assert ("hub:a/b", "chat") == (named.seeds.source, named.search.method)


def test_the_usual_key_variable_is_taken_where_it_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only for the default endpoint, only where nothing else is said: no other place is sent this key."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    flags: Tree = {"model": "m", "endpoints": {"default": {"base_url": "u"}, "other": {"base_url": "v"}}}

    settings = resolve(None, flags)

    assert "OPENAI_API_KEY" == settings.endpoints["default"].key_env
    assert settings.endpoints["other"].key_env is None
    assert KEY not in json.dumps(freeze(settings))
    assert resolve(None, LOCAL).endpoints["default"].key_env is None


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ({**LOCAL, "search": {"stepz": 1}}, "no setting search.stepz on the command line. Did you mean search.steps?"),
        ({**LOCAL, "steps": 1}, "Did you mean search.steps?"),
        ({**LOCAL, "zzz": 1}, "Known there: name, recipe, make, profile"),
        ({**LOCAL, "search": {"steps": -1}}, "steps on the command line must be greater than or equal to 0, not -1."),
        ({**LOCAL, "search": {"steps": "ten"}}, "must be a whole number, not 'ten'."),
        ({**LOCAL, "search": 3}, "search on the command line must be a table of settings"),
        ({**LOCAL, "judge": "maybe"}, "judge on the command line must be true or false, not 'maybe'."),
        ({**LOCAL, "profile": "papr"}, "no profile 'papr'. Did you mean 'paper'? Profiles are: recommended"),
        ({**LOCAL, "profile": 3}, "There is no profile of this name."),
        ({**LOCAL, "responder_form": "loud"}, "must be 'direct', 'step-by-step', 'scratchpad' or 'own'"),
        ({**LOCAL, "search": {"a": 1, "steps": -1}}, "(1 more after it.)"),
        ({}, "No model is named. Give --base-url URL --model NAME, or --local"),
        ({"endpoints": {"default": {"base_url": "u"}}}, "No model is named for the evolver. Give --model NAME"),
        ({"endpoints": {"default": {"rpm": 3}}}, "give exactly one of base_url, local, packaged and script"),
        ({"endpoints": {"small": {"local": "a"}}}, "which is no endpoint of these settings. Endpoints are: small."),
        ({**LOCAL, "model": 3}, "model must be the name of a model."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_words(flags: Tree, words: str) -> None:
    """Which setting, where it was said, what it must be, what was meant."""
    assert words in _refusal(None, flags)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("run.toml", "a = \n", "is not valid TOML at line 1, column 5."),
        ("run.toml", "search = {steps = 1", "is not valid TOML at"),
        ("run.yaml", "a: [1", "is not valid YAML at line"),
        ("run.yaml", "!!python/object/apply:os.system [ls]", "is not valid YAML"),
        ("run.yaml", "1: 2", "has a name that is not text"),
        ("run.yaml", "- a", "holds no settings"),
        ("run.yaml", "a: &a\n  b: *a\n", "nested too deeply"),
        ("run.json", '{"a": }', "is not valid JSON at line 1."),
        ("run.json", "[" * 100_000, "run.json is n"),
        ("run.json", "[]", "holds no settings"),
        ("run.ini", "a=1", "Its name must end in .toml, .yaml, .yml or .json."),
        ("run.toml", "[search]\nstepz = 1", "There is no setting search.stepz in "),
        ("run.toml", "[search]\nsteps = 1.5", "must be a whole number, not 1.5."),
    ],
)
def test_a_bad_file_is_said_in_words(tmp_path: Path, name: str, text: str, words: str) -> None:
    """Each names the file and, where there is one, the line."""
    message = _refusal(_write(tmp_path, name, text), LOCAL)

    assert words in message
    assert name in message


def test_files_that_cannot_be_read_are_said_in_words(tmp_path: Path) -> None:
    """Missing, a folder, not text."""
    (tmp_path / "dir.toml").mkdir()
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe\x00")

    assert "There is no settings file" in _refusal(tmp_path / "no.toml", {})
    assert "cannot be read" in _refusal(tmp_path / "dir.toml", {})
    assert "is not UTF-8 text" in _refusal(tmp_path / "bytes.toml", {})


@pytest.mark.parametrize("text", ["", "# nothing\n"])
@pytest.mark.parametrize("name", ["run.toml", "run.yaml"])
def test_an_empty_file_says_nothing(tmp_path: Path, name: str, text: str) -> None:
    """It is not an error either."""
    assert resolve(None, LOCAL) == resolve(_write(tmp_path, name, text), LOCAL)


@pytest.mark.parametrize(
    "tree",
    [
        {"endpoints": {"default": {"local": "a", "headers": {"X": f"Bearer {KEY}"}}}},
        {"endpoints": {"default": {"local": "a", "headers": {"Authorization": "abc"}}}},
        {"endpoints": {"default": {"local": "a", "api_key": "abc"}}},
        {"endpoints": {"default": {"base_url": f"https://user:{KEY}@host/v1"}}},
        {"endpoints": {"default": {"base_url": f"https://host/v1?key={KEY}"}}},
        {"endpoints": {"default": {"base_url": "u", "key_env": KEY}}},
        {"endpoints": {"default": {"base_url": "u", "key_env": "not a name"}}},
        {"endpoints": {KEY: {"local": "a"}}},
        {"search": {"rungs": [KEY]}},
        {"profile": KEY},
        {"model": KEY},
    ],
)
@pytest.mark.parametrize("where", ["file", "flags"])
def test_keys_in_settings_are_refused_and_not_repeated(tmp_path: Path, tree: Tree, where: str) -> None:
    """Settings are written into the run folder; a key must never get that far."""
    config = _write(tmp_path, "run.json", json.dumps(tree)) if where == "file" else None

    message = _refusal(config, {} if where == "file" else tree)

    assert KEY not in message
    assert "key" in message


def test_a_damaged_file_with_a_key_does_not_repeat_it(tmp_path: Path) -> None:
    """Parsers like to quote what they cannot read."""
    for name in ("run.toml", "run.yaml", "run.json"):
        assert KEY not in _refusal(_write(tmp_path, name, f"{{ key: {KEY}"), LOCAL)


def test_frozen_settings_thaw_to_the_same() -> None:
    """Through JSON text, as settings.json holds them."""
    settings = resolve(None, {**LOCAL, "search": {"rungs": [1, 2]}, "budget": {"usd": 0.1}})

    assert settings == thaw(json.loads(json.dumps(freeze(settings))))


@pytest.mark.parametrize("frozen", [None, [], {"nonsense": 1}, {"search": {"steps": -1}}])
def test_damaged_frozen_settings_are_refused(frozen: object) -> None:
    """A run never goes on with settings that are not its own."""
    with pytest.raises(StorageError, match=r"settings\.json cannot be used"):
        thaw(frozen)


_LEAF = st.one_of(st.integers(), st.text(max_size=5), st.booleans())
_TREES = st.recursive(
    st.dictionaries(st.sampled_from("abcd"), _LEAF, max_size=4),
    lambda inner: st.dictionaries(st.sampled_from("abcd"), st.one_of(_LEAF, inner), max_size=4),
    max_leaves=12,
)


@given(_TREES, _TREES)
def test_merging_keeps_everything_that_nobody_overrides(under: Tree, over: Tree) -> None:
    """Every leaf of `over` is there; a name only `under` has is as it was; the inputs are not changed."""
    before = json.dumps([under, over])
    merged = merge(under, over)

    assert before == json.dumps([under, over])
    assert {*under, *over} == set(merged)
    assert all(merged[key] == under[key] for key in under if key not in over)
    assert all(merged[key] == value for key, value in over.items() if not isinstance(value, dict))
    assert merged == merge(merged, over)


def test_settings_files_of_the_same_words_are_one_value() -> None:
    """The profiles are written with the names that settings have."""
    for name, tree in PROFILES.items():
        assert Settings.model_validate({**tree, "profile": name})
    assert {} == tomllib.loads("")
