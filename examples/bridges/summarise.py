"""What is kept of a report: ``python summarise.py REPORT.json FOLDER`` writes ``FOLDER/<provider>.json``."""

import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

__all__ = ["summary"]


def summary(report: dict[str, Any]) -> dict[str, Any]:
    """Which suite judged when, how many checks ended how, and which cases failed which requirement."""
    failed: dict[str, set[str]] = defaultdict(set)
    for check in report["checks"]:
        if check["verdict"] == "failed":
            for id in check["ids"]:
                failed[id].add(check["case"])
    return {
        "suite": report["suite"]["version"],
        "made_at": report["made_at"],
        "checks": report["totals"]["checks"],
        "failed": {id: sorted(cases) for id, cases in sorted(failed.items())},
    }


if __name__ == "__main__":
    report = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    [provider] = report["providers"]
    folder = Path(sys.argv[2])
    folder.mkdir(exist_ok=True)
    text = json.dumps(summary(report), indent=1, ensure_ascii=False)
    (folder / f"{provider}.json").write_text(f"{text}\n", encoding="utf-8")
