"""The command `reproduce`, without a user's settings of TensorFlow and Keras."""

from reproduce.core import environment


def main() -> None:
    """Run the command line in an environment of its own."""
    # Before anything else is imported: these libraries, and our settings of them, look there once.
    environment.forget_settings()
    from reproduce import cli

    cli.main()


if __name__ == "__main__":
    main()
