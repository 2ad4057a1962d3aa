"""`python -m nightlatch.lab.judge [--out FOLDER] [--stories N]`."""

from nightlatch.lab.judge.train import main

main()
