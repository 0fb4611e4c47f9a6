"""The conformance driver: reads the catalogue and the cases, runs them, judges and reports."""
