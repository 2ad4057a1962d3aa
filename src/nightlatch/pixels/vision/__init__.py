"""Looking: arrays in, words out. Pure: no files, no clocks, no threads."""
