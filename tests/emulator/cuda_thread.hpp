// A CUDA thread: a fiber, and what it waits for.
#pragma once

#include <cstddef>
#include <source_location>
#include <vector>

#include "fiber.hpp"

struct dim3 {
  unsigned x = 1, y = 1, z = 1;
};

constexpr int warpSize = 32;

// The scheduler sets threadIdx before it resumes a thread.
inline dim3 threadIdx{0, 0, 0}, blockIdx{0, 0, 0}, blockDim, gridDim;

namespace emulator {

using place = std::source_location;

// What a thread waits for: that all of its block, or those of its warp in the mask, make this call.
struct call {
  const char* name = nullptr;
  place where = {};
  bool of_warp = false;
  unsigned mask = 0;
  void (*compute)(void* const* lanes) = nullptr;

  // Texts of one place in one translation unit are one object.
  bool same_as(const call& other) const {
    return name == other.name && where.line() == other.where.line() &&
           where.file_name() == other.where.file_name() && of_warp == other.of_warp &&
           mask == other.mask && compute == other.compute;
  }
};

// A copy that was begun and not waited for.
struct pending_copy {
  void* to;
  const void* from;
  std::size_t bytes;
};

struct cuda_thread {
  enum state { ready, waits, ended };

  explicit cuda_thread(unsigned number) : number(number), run(life, number * 448 % 4096) {}
  static void life() noexcept;

  unsigned number;
  state now = ended;
  call at;
  int predicate = 0;    // of a barrier
  void* own = nullptr;  // what a call of a warp takes and gives
  std::vector<pending_copy> copies;
  race_order reached;  // by the thread whenever it waits
  race_order allowed;  // by whoever lets it go on
  fiber run;
};

inline cuda_thread* current = nullptr;  // the one that runs

}  // namespace emulator
