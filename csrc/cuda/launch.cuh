// How kernels are launched, errors become exceptions, and workspace is owned.
//
// Everything a thread launches runs on its stream, in the order of the calls; no call waits for the
// device.
// The one construct that is not C++, <<<...>>>, is here alone, so that the CPU block emulator
// (tests/emulator) compiles the very files that ship.
#pragma once

#include <climits>
#include <cstddef>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>

#if !defined(PYNTK_EMULATED)
#include <cuda_runtime.h>
#endif

#include "../core/view.hpp"

namespace pyntk {

// Python sees a MemoryError: pybind11 translates std::bad_alloc.
class device_memory_error : public std::bad_alloc {
 public:
  device_memory_error(std::size_t needed, std::size_t available)
      : message_("the CUDA device has " + std::to_string(available) + " bytes free, but " +
                 std::to_string(needed) + " bytes of workspace are needed") {}
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  std::string message_;
};

// Throws std::runtime_error unless the call succeeded. An error that a synchronisation meets again
// after it was read has taken the process's context with it.
inline void check(cudaError_t status, const char* call) {
  if (status == cudaSuccess) return;
  static_cast<void>(cudaGetLastError());
  const cudaError_t after = cudaDeviceSynchronize();
  const bool lost =
      after != cudaSuccess && after != cudaErrorInsufficientDriver && after != cudaErrorNoDevice;
  throw std::runtime_error(std::string("CUDA: ") + call + ": " + cudaGetErrorString(status) +
                           (lost ? "; the device's context is lost, restart Python" : ""));
}

// The stream of this thread, which use_stream() of device.hpp sets: the default stream before.
inline thread_local cudaStream_t stream_of_thread = nullptr;

// Uninitialised memory of the device. Freed in the order of the stream: the kernels that were
// launched on it before its end of scope still have it.
template <class T>
class device_memory {
 public:
  explicit device_memory(index count) {
    if (count == 0) return;
    const std::size_t bytes = static_cast<std::size_t>(count) * sizeof(T);
    void* memory = nullptr;
    const cudaError_t status = cudaMallocAsync(&memory, bytes, stream_of_thread);
    if (status == cudaErrorMemoryAllocation) {
      static_cast<void>(cudaGetLastError());  // the context stays usable
      std::size_t available = 0, total = 0;
      check(cudaMemGetInfo(&available, &total), "cudaMemGetInfo");
      throw device_memory_error(bytes, available);
    }
    check(status, "cudaMallocAsync");
    data_ = static_cast<T*>(memory);
  }
  ~device_memory() {
    if (data_) cudaFreeAsync(data_, stream_of_thread);
  }
  device_memory(device_memory&& other) noexcept : data_(std::exchange(other.data_, nullptr)) {}
  device_memory& operator=(device_memory&&) = delete;

  T* get() const { return data_; }

 private:
  T* data_ = nullptr;
};

// kernel(arguments...) on so many blocks of so many threads; no blocks is no launch.
template <class... Parameters, class... Arguments>
void launch(void (*kernel)(Parameters...), index blocks, int threads,
            const Arguments&... arguments) {
  if (blocks == 0) return;
  if (blocks > INT_MAX) throw std::length_error("CUDA: a grid has at most 2^31 - 1 blocks");
#if defined(PYNTK_EMULATED)
  emulator::run(static_cast<unsigned>(blocks), static_cast<unsigned>(threads),
                [&] { kernel(arguments...); });
#else
  // clang-format off
  kernel<<<static_cast<unsigned>(blocks), static_cast<unsigned>(threads), 0, stream_of_thread>>>(
      arguments...);
  // clang-format on
#endif
  check(cudaGetLastError(), "launch");
}

}  // namespace pyntk
