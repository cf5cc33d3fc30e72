import os
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualtrack.errors import DocumentError, FieldError, NotFoundError, PathError
from dualtrack.store.config import Compartment, Config, InstitutionConfig
from dualtrack.store.workspace import CONFIG_NAME, WORKSPACE_VARIABLE, Workspace, find_workspace


def test_a_new_workspace_is_private_and_opens(tmp_path):
    made = Workspace.create(tmp_path / "w", institutions=(InstitutionConfig(id="harbour"),))
    for path, mode in ((made.root, 0o700), (made.key_folder, 0o700), (made.root / CONFIG_NAME, 0o600)):
        assert stat.S_IMODE(path.stat().st_mode) == mode
    assert Workspace.open(tmp_path / "w").config == made.config
    assert not made.demo
    assert [path.name for path in tmp_path.iterdir()] == ["w"]


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a/../../x", "link/x", "link", "a\0b"])
def test_a_path_that_leads_outside_is_refused(tmp_path, name):
    made = Workspace.create(tmp_path / "w")
    (made.root / "link").symlink_to(tmp_path)
    with pytest.raises((PathError, ValueError)) as caught:
        made.path(name)
    assert "outside" in str(caught.value) or "\0" in name


def test_a_database_or_key_outside_is_refused_on_opening(tmp_path):
    made = Workspace.create(tmp_path / "w")
    for compartment in (
        Compartment(database="sqlite:////tmp/other.db", vault_key="keys/vault-main.key"),
        Compartment(database="sqlite:///../other.db", vault_key="keys/vault-main.key"),
        Compartment(database="sqlite:///:memory:", vault_key="keys/vault-main.key"),
        Compartment(database="sqlite:///main.db", vault_key="../vault.key"),
    ):
        made.save(Config(compartments={"main": compartment}))
        with pytest.raises(PathError):
            Workspace.open(made.root)


@pytest.mark.parametrize("name", [".", CONFIG_NAME, "keys"])
@pytest.mark.parametrize("mode", [0o040, 0o004, 0o077])
def test_modes_open_to_others_are_refused_with_the_command_that_repairs(tmp_path, name, mode):
    made = Workspace.create(tmp_path / "w")
    path = made.root / name
    path.chmod(path.stat().st_mode | mode)
    with pytest.raises(PathError) as caught:
        Workspace.open(made.root)
    assert caught.value.code == "input.path.mode"
    assert caught.value.fix.startswith("chmod ")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_another_users_workspace_is_refused(tmp_path):
    made = Workspace.create(tmp_path / "w")
    os.chown(made.root, 12345, -1)
    with pytest.raises(PathError) as caught:
        Workspace.open(made.root)
    assert caught.value.code == "input.path.owner"


def test_only_a_demo_is_replaced_and_only_by_a_demo(tmp_path):
    real, demo = Workspace.create(tmp_path / "real"), Workspace.create(tmp_path / "demo", demo=True)
    (demo.root / "old").write_text("x")
    for root, as_demo in ((real.root, True), (demo.root, False), (real.root, False)):
        with pytest.raises(PathError):
            Workspace.create(root, demo=as_demo, replace=True)
    with pytest.raises(PathError):
        Workspace.create(demo.root, demo=True)
    folder = tmp_path / "folder"
    folder.mkdir()
    (tmp_path / "link").symlink_to(demo.root)
    for root in (folder, tmp_path / "link"):
        with pytest.raises(PathError):
            Workspace.create(root, demo=True, replace=True)
    assert (demo.root / "old").exists()
    made = Workspace.create(demo.root, demo=True, replace=True)
    assert made.demo
    assert not (made.root / "old").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["demo", "folder", "link", "real"]


def test_nothing_is_left_when_a_workspace_cannot_be_made(tmp_path):
    with pytest.raises(FieldError):
        Workspace.create(tmp_path / "w", institutions=(InstitutionConfig(id="No Slug"),))
    with pytest.raises(PathError):
        Workspace.create(tmp_path / "absent" / "w")
    assert list(tmp_path.iterdir()) == []


def test_a_workspace_is_found_by_argument_then_variable_then_upward(tmp_path):
    made = Workspace.create(tmp_path / "w")
    deep = made.root / "a" / "b"
    deep.mkdir(parents=True)
    assert find_workspace(tmp_path, {WORKSPACE_VARIABLE: "/x"}, deep) == tmp_path
    assert str(find_workspace(None, {WORKSPACE_VARIABLE: "/x"}, deep)) == "/x"
    assert find_workspace(None, {}, deep) == made.root
    with pytest.raises(NotFoundError):
        find_workspace(None, {}, tmp_path)
    with pytest.raises(NotFoundError):
        Workspace.open(tmp_path)


@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), max_size=3),
    st.booleans(),
    st.dictionaries(st.sampled_from(["main", "restricted"]), st.text(max_size=8), max_size=2),
)
def test_settings_survive_being_written(witnesses, demo, logs):
    firm = InstitutionConfig(id="harbour", logs=logs, witnesses=tuple(witnesses), quorum=len(witnesses))
    config = Config(
        demo=demo, compartments={"main": Compartment(database="sqlite:///x", vault_key="k")}, institutions=(firm,)
    )
    assert Config.parse(config.encode(), where="test") == config


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("not toml", DocumentError),
        ("a = 1", FieldError),
        ("[compartments.main]\ndatabase='x'\nvault_key='k'\nextra=1", FieldError),
        ("[compartments.other]\ndatabase='x'\nvault_key='k'", FieldError),
        ("format='dualtrack.workspace/2'\n[compartments.main]\ndatabase='x'\nvault_key='k'", FieldError),
        ("[compartments.main]\ndatabase='x'\nvault_key='k'\n[[institutions]]\nid='a'\nquorum=1", FieldError),
        (
            "[compartments.main]\ndatabase='x'\nvault_key='k'\n[[institutions]]\nid='a'\n[[institutions]]\nid='a'",
            FieldError,
        ),
        ("#" * (1 << 20) + "\n", DocumentError),
    ],
)
def test_wrong_settings_are_refused_by_name(text, error):
    with pytest.raises(error):
        Config.parse(text.encode(), where="test")
