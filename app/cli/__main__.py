"""`python -m app.cli` is the `mast` command."""

from app.cli import main

if __name__ == "__main__":
    main()
