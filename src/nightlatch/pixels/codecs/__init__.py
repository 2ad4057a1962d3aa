"""How streams are encoded."""
