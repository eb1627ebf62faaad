"""The command `autoevol`, one file a command."""


def main() -> None:
    """Run the command."""
    raise SystemExit("not built yet")
