"""How much memory workers get, of the machine's or the container's."""

from distributed.system import MEMORY_LIMIT

SERVERS_SHARE = 0.25  # of the memory, which the server itself may use, and no more than
SERVERS_MOST = 2 * 2**30  # bytes
LEAST = 256 * 2**20  # bytes, below which a worker cannot even start


def fair_share(workers: int, memory: int = MEMORY_LIMIT) -> int:
    """Bytes for each of `workers` local workers.

    memory: bytes in all; by default what Dask finds: the machine's, or less if a control group
    (version 1 or 2) or a resource limit says so.
    """
    server = min(int(SERVERS_SHARE * memory), SERVERS_MOST)
    return max(LEAST, (memory - server) // workers)
