"""The desktop app: a Qt-free state, actions that change it, panels that show it, one bridge to the work."""
