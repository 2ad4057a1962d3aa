"""The review room without its pictures: labels, the roster, the programme's entries in the log. No frame comes here."""
