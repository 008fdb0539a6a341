"""``python -m vca_core.cli``."""

from vca_core.cli import main

if __name__ == "__main__":
    main()
