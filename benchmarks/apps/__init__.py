"""A federated page of an app against the same page from one app alone."""
