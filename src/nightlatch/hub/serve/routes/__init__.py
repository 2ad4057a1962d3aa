"""The page of the hub: one file per action of the owner."""
