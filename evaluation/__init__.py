"""Judges models and adapters: distribution metrics, tables and listening tests. Nothing here yet."""
