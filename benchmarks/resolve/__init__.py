"""The resolver beside the JavaScript orchestrator, on the same files in one run."""
