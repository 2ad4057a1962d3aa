"""Prints the shape of the Python code: long functions, large classes, branches, broad excepts, doubles, loose dicts.

`make shape`. Signs, not laws: an exception that reads better stays, with a reason beside it.
"""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

LONGEST_FUNCTION, LARGEST_CLASS, MOST_BRANCHES = 50, 250, 15
BRANCHES = (ast.If, ast.For, ast.While, ast.AsyncFor, ast.ExceptHandler, ast.IfExp, ast.comprehension, ast.match_case)
Function = ast.FunctionDef | ast.AsyncFunctionDef


def complexity(function: Function) -> int:
    """McCabe's number: one more than the decisions."""
    decisions = sum(isinstance(node, BRANCHES) for node in ast.walk(function))
    return 1 + decisions + sum(len(node.values) - 1 for node in ast.walk(function) if isinstance(node, ast.BoolOp))


def lines(node: Function | ast.ClassDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def parsed(root: Path) -> Iterator[tuple[Path, str, ast.Module]]:
    for path in sorted(root.rglob("*.py")):
        if "migrations" not in path.parts:
            text = path.read_text()
            yield path.relative_to(root), text, ast.parse(text)


def main(root: Path, *, names: bool) -> None:
    """Print the table; with `names` each place, too."""
    found: dict[str, list[str]] = defaultdict(list)
    classes: dict[str, list[str]] = defaultdict(list)
    functions = 0
    for path, text, tree in parsed(root):
        found["dict[str, Any]"] += [str(path)] * text.count("dict[str, Any]")
        for node in ast.walk(tree):
            place = f"{path}:{getattr(node, 'lineno', 0)}"
            if isinstance(node, Function):
                functions += 1
                if lines(node) > LONGEST_FUNCTION:
                    found[f"functions over {LONGEST_FUNCTION} lines"].append(f"{place} {node.name} {lines(node)}")
                if complexity(node) > MOST_BRANCHES:
                    found[f"complexity over {MOST_BRANCHES}"].append(f"{place} {node.name} {complexity(node)}")
            elif isinstance(node, ast.ClassDef):
                classes[node.name].append(place)
                if lines(node) > LARGEST_CLASS:
                    found[f"classes over {LARGEST_CLASS} lines"].append(f"{place} {node.name} {lines(node)}")
            elif isinstance(node, ast.ExceptHandler):
                found["except clauses"].append(place)
                if node.type is None or (
                    isinstance(node.type, ast.Name) and node.type.id in ("Exception", "BaseException")
                ):
                    found["broad excepts"].append(place)
    for name, places in sorted(classes.items()):
        if len(places) > 1:
            found["class names in two or more places"].append(f"{name}: {', '.join(places)}")
    print(f"{'functions':36} {functions}")
    for sign in (
        f"functions over {LONGEST_FUNCTION} lines",
        f"classes over {LARGEST_CLASS} lines",
        f"complexity over {MOST_BRANCHES}",
        "except clauses",
        "broad excepts",
        "class names in two or more places",
        "dict[str, Any]",
    ):
        print(f"{sign:36} {len(found[sign])}")
        if names and sign != "except clauses":
            print("".join(f"    {each}\n" for each in found[sign]), end="")


if __name__ == "__main__":
    main(Path(__file__).parents[1] / "src" / "nightlatch", names="--names" in sys.argv)
