"""The documentation's examples are real."""

from __future__ import annotations

import ast
import re
import shlex
import tomllib

import pytest
import yaml
from folders import ROOT
from marked_blocks import PAGES as READ
from marked_blocks import blocks

from c2c_timing.cards import pair_card
from c2c_timing.cards.dataset_card import read_dataset_card
from c2c_timing.data.prompts import build_prompt
from c2c_timing.places import LIBRARY

MAP = ROOT / "CONTRIBUTING.md"
PAGES = [*READ, ROOT / "CHANGELOG.md"]


def example(page):
    return re.search(r"```yaml\n(.*?)```", (ROOT / "docs" / page).read_text(), re.S)[1]


def test_the_example_data_set(tmp_path):
    path = tmp_path / "riddles.yaml"
    path.write_text(example("add-a-data-set.md"))
    card = read_dataset_card(path)
    assert card.expand_subjects(["hard"]) == ["long_ones"]
    prompt = build_prompt(card, "short", {"riddle": "What am I?", "options": ["a hole", "a pole"]})
    assert "B. a pole" in prompt.messages[0]["content"]


def test_the_example_pair(tmp_path, monkeypatch):
    (tmp_path / "mine.yaml").write_text(example("add-a-model-pair.md"))
    monkeypatch.setattr(pair_card, "PAIRS", tmp_path)
    card = pair_card.load_pair_card("mine")
    assert len(card.teachers) == len(card.fusers) == 2
    assert yaml.safe_load(example("add-a-model-pair.md"))["fusion_mode"] == card.fusion_mode


def anchor(heading):
    """As GitHub makes it."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_and_commands_name_what_is_there(page):
    text = page.read_text()
    for target in re.findall(r"\]\(([^)]+)\)", text):
        file, _, heading = target.partition("#")
        assert target.startswith("https://") or (page.parent / file).exists(), target
        if heading and not target.startswith("https://"):
            headings = re.findall(
                "^#+ (.+)$", (page.parent / (file or page.name)).read_text(), re.M
            )
            assert heading in map(anchor, headings), target
    for block in blocks(page):
        for command in block.commands() if block.language == "sh" else ():
            first, *others = shlex.split(command, comments=True)
            script = others[0] if first == "python" else first
            is_ours = first == "python" or "/" in first
            assert not is_ours or (ROOT / script).is_file(), script
    for config in re.findall(r"configs/\w+\.yaml", text):
        assert (ROOT / config).is_file()


def file_tree():
    """Paths of the file tree of CONTRIBUTING.md, in its order."""
    tree, _ = re.findall(r"^```text\n(.*?)^```", MAP.read_text(), re.S | re.M)
    paths, folders = [], {0: ROOT}
    for line in tree.splitlines():
        indent, name = re.match(r"( *)(\S+) +\S", line).groups()
        path = folders[len(indent)] / name
        paths.append(path)
        if name.endswith("/"):
            folders[len(indent) + 2] = path
    return paths


def test_the_file_tree_names_what_is_there():
    paths = file_tree()
    assert len(paths) == len(set(paths)) > 40
    assert [path for path in paths if not path.exists()] == []


def test_the_file_tree_names_every_part_of_the_library_in_the_order_of_imports():
    shown = [path.stem for path in file_tree() if path.parent == LIBRARY]
    rooms = [path.parent.name for path in LIBRARY.glob("*/__init__.py")]
    modules = [path.stem for path in LIBRARY.glob("*.py") if path.stem != "__init__"]
    assert sorted(shown) == sorted(rooms + modules)

    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    layers = [layer.split(" | ") for layer in contracts["contracts"][0]["layers"]]
    depth = {name: number for number, names in enumerate(layers) for name in names}
    assert shown == sorted(shown, key=depth.get)


def test_the_example_method_is_the_one_that_is_tested():
    row, file = re.findall(r"```python\n(.*?)```", MAP.read_text(), re.S)
    tested = ast.parse((ROOT / "tests" / "methods" / "test_toy_method.py").read_text())
    values = {
        statement.targets[0].id: statement.value
        for statement in tested.body
        if isinstance(statement, ast.Assign)
    }
    assert ast.literal_eval(values["FILE"]).strip() == file.strip()
    assert ast.dump(values["ROW"]) == ast.dump(ast.parse(row.strip(), mode="eval").body)


def test_the_citation_names_what_the_project_names():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert citation["cff-version"] == "1.2.0"
    assert citation["version"] == project["version"]
    assert citation["license"] == project["license"] == "MIT"
    licence = (ROOT / "LICENSE").read_text()
    assert licence.startswith("MIT License")
    assert citation["authors"][0]["name"] in licence


def test_ci_and_hooks_run_the_commands_of_the_readme():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
    runs = [
        step["run"] for job in workflow["jobs"].values() for step in job["steps"] if "run" in step
    ]
    shown = [block.text.strip() for block in blocks(ROOT / "README.md")][:2]
    assert sorted(runs) == sorted(shown)
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    assert {hook["entry"] for hook in hooks} == {"make style", "make test"}
    assert "make test" in runs
