"""The other end of remote.py: measures a peer in its own process, by its own clock.

    python serve.py PEER THREADS

PEER names a module of the folder peers with ``prepare(X, **options)``. Requests and replies are
lines of JSON; the arrays of a request are .npy files. It imports NumPy, the standard library and
the peer alone.
"""

import json
import os
import sys
from pathlib import Path

# What libraries print must not come between the replies.
REPLIES = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)


def answer(request, served):
    """Return the reply to a request; ``served`` holds the peer once it is prepared."""
    import numpy as np
    from measure import Local

    match request["op"]:
        case "prepare":
            peer = __import__(sys.argv[1])
            X = np.load(request["X"])
            served.append(Local(peer.prepare(X, **request["options"])))
            return {}
        case "run":
            return {"seconds": served[0].run()}
        case "extra_memory":
            return {"bytes": served[0].extra_memory()}
        case "entries":
            return {"entries": served[0].entries(request["i"], request["j"]).tolist()}
        case "forget":
            served[0].forget()
            return {}
    raise ValueError(f"no such request: {request['op']}")


def main():
    # The same processors as the other contenders: not every library knows of OMP_NUM_THREADS.
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: int(sys.argv[2])])
    sys.path.insert(0, str(Path(__file__).parent / "peers"))
    served = []
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line), served)), file=REPLIES, flush=True)


if __name__ == "__main__":
    main()
