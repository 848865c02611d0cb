"""Starts the kernel of a notebook: IPython's, without what a machine sets for all of its users.

IPython takes settings and start-up scripts from `/etc/ipython`, `/usr/local/etc/ipython` and
`etc/ipython` of the interpreter's own folder, wherever IPYTHONDIR is, and has no option against it.
"""

from ipykernel import kernelapp
from IPython.core import application


def main() -> None:
    """Start the kernel with the options of the command line."""
    # Emptied and not replaced: other modules of IPython hold the same lists.
    application.SYSTEM_CONFIG_DIRS.clear()
    application.ENV_CONFIG_DIRS.clear()
    kernelapp.launch_new_instance()


if __name__ == "__main__":
    main()
