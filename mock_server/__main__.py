"""``python -m mock_server`` is ``mock-server``."""

from mock_server.cli import main

if __name__ == "__main__":
    main()
