"""`python -m nightlatch.lab.eye FOLDER [--steps N] [--out FILE]`; FOLDER holds the images, packed or unpacked."""

from nightlatch.lab.eye.train import main

main()
