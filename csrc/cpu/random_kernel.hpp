// Rows of random numbers (math/random.hpp), one version per instruction set, all with the same
// bits.
#pragma once

#include <cstdint>

#include "../core/view.hpp"

namespace pyntk {

// The numbers of `rows` rows from `first` on, each of `blocks` blocks of columns, one after the
// other: a block is 4 normal numbers, or 2 uniform ones.
struct random_kernel {
  void (*normals)(std::uint64_t seed, int stream, std::uint64_t first, index rows, index blocks,
                  float* z);
  void (*uniforms)(std::uint64_t seed, int stream, std::uint64_t first, index rows, index blocks,
                   double* u);
};

}  // namespace pyntk
