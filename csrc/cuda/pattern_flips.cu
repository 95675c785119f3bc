// Bits in which two sets of activation patterns differ: a block of one warp takes a row.
#include "../core/kernels.hpp"
#include "launch.cuh"

namespace pyntk {
namespace {

constexpr int threads = 32;

__global__ void __launch_bounds__(threads)
    count_flips(matrix_view<const std::uint64_t> P, matrix_view<const std::uint64_t> Q,
                vector_view<std::int64_t> flips) {
  __shared__ std::int64_t counts[threads];
  const index i = blockIdx.x;
  std::int64_t own = 0;
  for (index word = threadIdx.x; word < P.columns; word += threads)
    own += __popcll(P(i, word) ^ Q(i, word));
  counts[threadIdx.x] = own;
  __syncthreads();
  if (threadIdx.x > 0) return;
  std::int64_t sum = 0;
  for (std::int64_t count : counts) sum += count;
  flips[i] = sum;
}

}  // namespace

void pattern_flips(matrix_view<const std::uint64_t> P, matrix_view<const std::uint64_t> Q, int,
                   vector_view<std::int64_t> flips) {
  launch(count_flips, P.rows, threads, P, Q, flips);
}

}  // namespace pyntk
