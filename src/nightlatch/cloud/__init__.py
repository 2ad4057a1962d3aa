"""The blind mailbox: takes sealed bytes, keeps them a day, gives them to their owner."""
