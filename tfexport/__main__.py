"""``python -m tfexport`` and the console command."""

import sys


def main() -> None:
    """Run the command line and exit with its code."""
    from tfexport.cli.main import run_command_line

    sys.exit(run_command_line(own_process=True))


if __name__ == "__main__":
    main()
