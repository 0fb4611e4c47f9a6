"""The transparency driver: other people's programs, bare against shimmed, test by test."""
