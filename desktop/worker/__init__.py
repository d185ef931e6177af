"""The engine in a process of its own: the window never waits for it, and survives its end.

Importing torch and a decode loop hold Python's global lock for longer than a window may stand still, and a
process that runs out of memory is killed. So jobs and measuring run in children, behind the same protocols.
"""
