"""``cupy.cuda``: devices, streams, events and memory."""

import sys
import types
import warnings

from . import order
from .array import MemoryPointer
from .machine import DEVICES, OutOfMemoryError, check_device, machine


class Device:
    """``cupy.cuda.Device``."""

    __module__ = "cupy.cuda.device"

    def __init__(self, device=None):
        self.id = machine.device if device is None else int(device)

    def __int__(self):
        return self.id

    def __enter__(self):
        machine.stack.append(machine.device)
        machine.device = self.id
        return self

    def __exit__(self, *error):
        machine.device = machine.stack.pop()

    def __eq__(self, other):
        return isinstance(other, Device) and self.id == other.id

    def __hash__(self):
        return self.id

    def __repr__(self):
        return f"<CUDA Device {self.id}>"

    def use(self):
        machine.device = self.id
        return self

    def synchronize(self):
        machine.synchronise(None, self.id)

    @property
    def mem_info(self):
        return machine.free_bytes(self.id), machine.limit[self.id]

    @property
    def compute_capability(self):
        return "90"


class _BaseStream:
    __module__ = "cupy.cuda.stream"

    def __init__(self, ptr, device_id):
        self.ptr, self.device_id = ptr, device_id

    def __eq__(self, other):
        return isinstance(other, _BaseStream) and self.ptr == other.ptr

    def __hash__(self):
        return self.ptr

    def __enter__(self):
        device = self._device()
        machine.stack.append((device, machine.streams[device]))
        machine.streams[device] = self
        return self

    def __exit__(self, *error):
        device, before = machine.stack.pop()
        machine.streams[device] = before

    def __repr__(self):
        return f"<{type(self).__name__} {self.ptr} (device {self.device_id})>"

    def __cuda_stream__(self):
        return 0, self.ptr

    def use(self):
        machine.streams[self._device()] = self
        return self

    @property
    def done(self):
        return True

    def synchronize(self):
        device = machine.device if self.device_id < 0 else self.device_id
        machine.synchronise(self.ptr, device)

    def record(self, event=None):
        event = Event() if event is None else event
        event.record(self)
        return event

    def wait_event(self, event):
        device = machine.device if self.device_id < 0 else self.device_id
        order.wait((device, order.canonical(self.ptr)), event._before)

    def _device(self):
        """Return the device the stream is for; raise if another one is current."""
        if self.device_id not in (-1, machine.device):
            raise RuntimeError(
                f"This stream was not created on the current device: {self.device_id}, "
                f"{machine.device}"
            )
        return machine.device


class Stream(_BaseStream):
    """``cupy.cuda.Stream``."""

    def __init__(self, null=False, non_blocking=False, ptds=False, priority=None):
        if ptds:
            raise NotImplementedError("the pretended machine has no per-thread default stream")
        super().__init__(0 if null else machine.new_handle(), -1 if null else machine.device)
        if non_blocking:
            order.be_non_blocking((machine.device, self.ptr))

    @classmethod
    def from_external(cls, obj):
        """Return the stream of another library: an object with ``__cuda_stream__``."""
        _, ptr = obj.__cuda_stream__()
        stream = cls.__new__(cls)
        _BaseStream.__init__(stream, ptr, -1)
        return stream


Stream.null = Stream(null=True)


class ExternalStream(_BaseStream):
    """``cupy.cuda.ExternalStream``, deprecated since CuPy 14."""

    def __init__(self, ptr, device_id=-1):
        warnings.warn(
            "ExternalStream is deprecated. Use Stream.from_external() instead to interoperate "
            "with external streams that implement the CUDA stream protocol.",
            DeprecationWarning,
            stacklevel=2,
        )
        super().__init__(ptr, device_id)


class Event:
    """``cupy.cuda.Event``."""

    __module__ = "cupy.cuda.stream"

    def __init__(self, block=False, disable_timing=False, interprocess=False):
        self._before = {}

    @property
    def done(self):
        return True

    def record(self, stream=None):
        ptr = machine.stream if stream is None else stream.ptr
        self._before = dict(order.clock((machine.device, order.canonical(ptr))))

    def synchronize(self):
        machine.synchronise(machine.stream, machine.device)
        order.host_waits(self._before)


class MemoryPool:
    """``cupy.cuda.MemoryPool``: it keeps what is freed."""

    __module__ = "cupy.cuda.memory"

    def free_bytes(self):
        return machine.pooled[machine.device]

    def used_bytes(self):
        return machine.used[machine.device]

    def total_bytes(self):
        return self.used_bytes() + self.free_bytes()

    def free_all_blocks(self, stream=None):
        machine.pooled[machine.device] = 0

    def get_limit(self):
        return machine.pool_limit[machine.device]

    def set_limit(self, size=None, fraction=None):
        device = machine.device
        machine.pool_limit[device] = int(fraction * machine.limit[device]) if size is None else size


def alloc(size):
    return MemoryPointer(machine.allocate(size), 0)


def get_current_stream(device_id=-1):
    current = machine.streams[machine.device if device_id < 0 else device_id]
    return Stream.null if current is None else current


def get_device_id():
    return machine.device


def get_elapsed_time(start_event, end_event):
    return 0.0


def is_available():
    return True


pool = MemoryPool()


def get_default_memory_pool():
    return pool


class PointerAttributes:
    """What ``runtime.pointerGetAttributes`` returns."""

    def __init__(self, device, ptr):
        self.device, self.devicePointer, self.type = device, ptr, 2


class CUDARuntimeError(RuntimeError):
    """``cupy.cuda.runtime.CUDARuntimeError``."""

    __module__ = "cupy_backends.cuda.api.runtime"


def _set_device(device):
    check_device(device)
    machine.device = device


def _attributes(ptr):
    block = machine.find(ptr)
    if block is None:
        raise CUDARuntimeError("cudaErrorInvalidValue: invalid argument")
    return PointerAttributes(block.device, ptr)


def runtime():
    """Return the module ``cupy.cuda.runtime``."""
    module = types.ModuleType("cupy.cuda.runtime")
    module.CUDARuntimeError = CUDARuntimeError
    module.getDevice = lambda: machine.device
    module.setDevice = _set_device
    module.getDeviceCount = lambda: DEVICES
    module.memGetInfo = lambda: Device().mem_info
    module.deviceSynchronize = lambda: machine.synchronise(None, machine.device)
    module.streamSynchronize = lambda stream: machine.synchronise(stream, machine.device)
    module.pointerGetAttributes = _attributes
    module.driverGetVersion = lambda: 13000
    module.runtimeGetVersion = lambda: 13000
    module.streamLegacy, module.streamPerThread, module.is_hip = 1, 2, False
    return module


def memory():
    """Return the module ``cupy.cuda.memory``."""
    module = types.ModuleType("cupy.cuda.memory")
    module.OutOfMemoryError, module.MemoryPool, module.alloc = OutOfMemoryError, MemoryPool, alloc
    module.MemoryPointer = MemoryPointer
    return module


def module():
    """Return the module ``cupy.cuda``."""
    names = (
        "Device Stream ExternalStream Event MemoryPool MemoryPointer alloc get_current_stream "
        "get_device_id get_elapsed_time is_available"
    )
    made = types.ModuleType("cupy.cuda")
    for name in names.split():
        setattr(made, name, getattr(sys.modules[__name__], name))
    made.runtime, made.memory = runtime(), memory()
    return made
