// What the bindings ask about the device; they are compiled without the headers of CUDA.
#pragma once

#include <cstdint>
#include <string>

namespace pyntk {

// Why no kernel can run on this machine, empty if they can. Creates no context on the device.
std::string device_problem();

// The name of the current device.
std::string device_name();

// From now on this thread's kernels run on this device and on this stream of it, 0 for its default.
void use_stream(std::uintptr_t stream, int device);

// Throws std::invalid_argument unless the address is memory of the current device.
void check_is_on_device(const void* address);

}  // namespace pyntk
