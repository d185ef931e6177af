"""`python -m training`: `tunedial train` as a module, for `accelerate launch`."""

import sys

from engine.cli import main

if __name__ == "__main__":
    sys.exit(main(["train", *sys.argv[1:]]))
