"""The tutorial for authors of plugins, followed to the letter in a clean environment."""

from __future__ import annotations

import re
import shlex
from collections import defaultdict
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "plugin-authors.md"


def test_the_tutorial_works_to_the_letter(environment):
    page = PAGE.read_text(encoding="utf-8")
    files: dict[str, str] = defaultdict(str)
    for name, text in re.findall(r'^```\w+ title="(.+?)"\n(.*?)^```$', page, re.MULTILINE | re.DOTALL):
        files[name] += text
    assert len(files) > 4
    for name, text in files.items():
        path = environment.work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    commands = [
        line
        for block in re.findall(r"^```bash\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
        for line in block.splitlines()
    ]
    assert len(commands) > 3
    for command in commands:
        program, *words = shlex.split(command)
        if program == "pip":
            assert words[:2] == ["install", "-e"]
            environment.install(environment.work / words[2])
            continue
        done = environment.run(program, *words)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
    tests = environment.run(
        "python", "-W", "error", "-m", "pytest", "-q", "-p", "no:cacheprovider", "nlpsuite-urgency/tests"
    )
    assert tests.returncode == 0, tests.stdout
