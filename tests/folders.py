"""Where the project and what lies beside it are."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = ROOT / "workflow" / "scripts"
SHARED = ROOT.parent / "shared"
