#include "device.hpp"
#include "launch.cuh"

namespace pyntk {
namespace {

std::string version_name(int version) {  // 13010 is 13.1
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

}  // namespace

std::string device_problem() {
  int driver = 0, runtime = 0, count = 0;
  if (cudaDriverGetVersion(&driver) != cudaSuccess || driver == 0)
    return "no CUDA driver was found";
  const cudaError_t status = cudaGetDeviceCount(&count);
  static_cast<void>(cudaGetLastError());
  if (status == cudaErrorInsufficientDriver) {
    static_cast<void>(cudaRuntimeGetVersion(&runtime));
    return "the CUDA driver is for CUDA " + version_name(driver) + ", pyntk was built with CUDA " +
           version_name(runtime);
  }
  if (status == cudaErrorNoDevice || (status == cudaSuccess && count == 0))
    return "no CUDA device was found";
  if (status != cudaSuccess)
    return std::string("the CUDA driver answers: ") + cudaGetErrorString(status);
  return "";
}

std::string device_name() {
  int device = 0;
  cudaDeviceProp properties;
  check(cudaGetDevice(&device), "cudaGetDevice");
  check(cudaGetDeviceProperties(&properties, device), "cudaGetDeviceProperties");
  return properties.name;
}

void use_stream(std::uintptr_t stream, int device) {
  check(cudaSetDevice(device), "cudaSetDevice");
  stream_of_thread = reinterpret_cast<cudaStream_t>(stream);
}

void check_is_on_device(const void* address) {
  int device = 0;
  cudaPointerAttributes place;
  check(cudaGetDevice(&device), "cudaGetDevice");
  check(cudaPointerGetAttributes(&place, address), "cudaPointerGetAttributes");
  if (place.type != cudaMemoryTypeDevice && place.type != cudaMemoryTypeManaged)
    throw std::invalid_argument("an array claims to be on a CUDA device, but its memory is not");
  if (place.device != device)
    throw std::invalid_argument("an array is on CUDA device " + std::to_string(place.device) +
                                ", but the current device is " + std::to_string(device));
}

}  // namespace pyntk
