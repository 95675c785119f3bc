// A CUDA device on the CPU, for tests: g++ -std=c++20 -x c++ -include emulator.hpp compiles the
// very .cu files that ship, and the address, undefined-behaviour and thread sanitizers see them.
//
// Every CUDA thread of a block is a std::thread, __syncthreads() is a std::barrier, and the blocks
// run one after another, so __shared__ memory may be static. Fresh device memory is full of NaN
// (all bits set), so a kernel that reads what nobody wrote shows. Not emulated: warps, streams,
// caches, speed, and the limits of a real device.
#pragma once

#include <unistd.h>

#include <atomic>
#include <barrier>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <thread>
#include <vector>

#define PYNTK_EMULATED 1
#define __global__
#define __device__
#define __host__
#define __shared__ static
#define __launch_bounds__(...)

struct dim3 {
  unsigned x = 1, y = 1, z = 1;
};

inline constinit thread_local dim3 threadIdx{0, 0, 0}, blockIdx{0, 0, 0};
inline constinit thread_local dim3 blockDim, gridDim;

namespace emulator {

struct block {
  explicit block(std::ptrdiff_t threads) : barrier(threads) {}
  std::barrier<> barrier;
  std::atomic<int> any{0};
};

inline block* current = nullptr;
inline std::mutex device;  // one kernel at a time, as on one stream

// kernel() by every thread of every block.
template <class Kernel>
void run(unsigned blocks, unsigned threads, const Kernel& kernel) {
  const std::lock_guard<std::mutex> lock(device);
  block shared(threads);
  current = &shared;
  const auto thread = [&](unsigned number) {
    threadIdx.x = number;
    blockDim.x = threads;
    gridDim.x = blocks;
    for (unsigned b = 0; b < blocks; ++b) {
      blockIdx.x = b;
      kernel();
      shared.barrier.arrive_and_wait();  // the next block has the same shared memory
    }
  };
  std::vector<std::thread> all;
  all.reserve(threads);
  for (unsigned number = 0; number < threads; ++number) all.emplace_back(thread, number);
  for (std::thread& one : all) one.join();
}

}  // namespace emulator

inline void __syncthreads() { emulator::current->barrier.arrive_and_wait(); }

inline int __syncthreads_or(int predicate) {
  std::atomic<int>& any = emulator::current->any;
  if (predicate) any = 1;
  __syncthreads();
  const int result = any;
  __syncthreads();
  if (threadIdx.x == 0) any = 0;
  __syncthreads();
  return result;
}

inline int __popcll(unsigned long long bits) { return __builtin_popcountll(bits); }

// The calls of the CUDA runtime that csrc/cuda makes.

enum cudaError_t {
  cudaSuccess = 0,
  cudaErrorMemoryAllocation = 2,
  cudaErrorInsufficientDriver = 35,
  cudaErrorNoDevice = 100,
};
enum cudaMemoryType { cudaMemoryTypeDevice = 2, cudaMemoryTypeManaged = 3 };
using cudaStream_t = void*;

struct cudaDeviceProp {
  char name[256];
};
struct cudaPointerAttributes {
  cudaMemoryType type;
  int device;
};

inline cudaError_t cudaMallocAsync(void** memory, std::size_t bytes, cudaStream_t) {
  *memory = std::malloc(bytes);
  if (!*memory) return cudaErrorMemoryAllocation;
  std::memset(*memory, 0xFF, bytes);
  return cudaSuccess;
}
inline cudaError_t cudaFreeAsync(void* memory, cudaStream_t) {
  std::free(memory);
  return cudaSuccess;
}
inline cudaError_t cudaMemGetInfo(std::size_t* available, std::size_t* total) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  *available = static_cast<std::size_t>(sysconf(_SC_AVPHYS_PAGES)) * page;
  *total = static_cast<std::size_t>(sysconf(_SC_PHYS_PAGES)) * page;
  return cudaSuccess;
}
inline cudaError_t cudaGetLastError() { return cudaSuccess; }
inline cudaError_t cudaDeviceSynchronize() { return cudaSuccess; }
inline const char* cudaGetErrorString(cudaError_t) { return "an emulated error"; }
inline cudaError_t cudaDriverGetVersion(int* version) {
  *version = 13000;
  return cudaSuccess;
}
inline cudaError_t cudaRuntimeGetVersion(int* version) { return cudaDriverGetVersion(version); }
inline cudaError_t cudaGetDeviceCount(int* count) {
  *count = 1;
  return cudaSuccess;
}
inline cudaError_t cudaGetDevice(int* device) {
  *device = 0;
  return cudaSuccess;
}
inline cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int) {
  std::strcpy(properties->name, "CPU block emulator");
  return cudaSuccess;
}
inline cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* place, const void*) {
  *place = {cudaMemoryTypeDevice, 0};
  return cudaSuccess;
}
