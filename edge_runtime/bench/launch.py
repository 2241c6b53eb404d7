"""Runs a command and prints, as JSON, its wall and CPU seconds and its peak memory.

It is a process of its own: the peak memory that Linux reports of a child includes what its parent
had in memory when it started it, so a parent with numpy would be measured instead of a lean child.
"""

import json
import os
import sys
import time


def main() -> None:
    """``python launch.py COMMAND ...``; the command's stdout is thrown away."""
    begin = time.perf_counter()
    child = os.posix_spawn(
        sys.argv[1],
        sys.argv[1:],
        os.environ,
        file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)],
    )
    _, status, usage = os.wait4(child, 0)
    scale = 1024 if sys.platform != "darwin" else 2**20  # macOS counts bytes, Linux KiB
    cost = {
        "exit_code": os.waitstatus_to_exitcode(status),
        "wall_s": time.perf_counter() - begin,
        "cpu_s": usage.ru_utime + usage.ru_stime,
        "peak_rss_mib": usage.ru_maxrss / scale,
    }
    print(json.dumps(cost))


if __name__ == "__main__":
    main()
