"""The page beside the npm orchestrator's and a hand-made one, in a real Chromium on a slow network."""
