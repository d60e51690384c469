"""The program `tierwise`, also as `python -m tierwise`: the command line, or the status line without it.

A client runs `tierwise statusline` every few hundred milliseconds, so that one is led past everything that
the other commands load.
"""

import sys

STATUS_LINE = (["statusline"], ["statusline", "--json"])
"""What leads past the command line; any other arguments are its to explain."""


def main() -> None:
    """Run the command that the arguments name."""
    if sys.argv[1:] in STATUS_LINE:
        from tierwise.statusline.program import run

        run(as_json=len(sys.argv) == len(STATUS_LINE[1]) + 1)
        return
    from tierwise.cli import main as command_line

    command_line()


if __name__ == "__main__":
    main()
