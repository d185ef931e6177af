"""The desktop app. There is no window yet; the command line does the work."""
