"""Rendering on the server beside Module Federation's Node runtime, on the same components in one run."""
