// Numbers of math/random.hpp: a thread takes one group of columns after another, those that the
// four words of a counter give.
#include "../core/kernels.hpp"
#include "../math/random.hpp"
#include "launch.cuh"

namespace pyntk {
namespace {

constexpr int threads = 64, groups_of_thread = 16;

// put(i, first column, words) for each group of `width` columns of each row.
template <class Put>
__device__ void for_each_group(index rows, index columns, int width, std::uint64_t seed, int stream,
                               std::int64_t first, const Put& put) {
  const index across = ceil_div(columns, width);
  const index begin = static_cast<index>(blockIdx.x) * threads * groups_of_thread + threadIdx.x;
  for (int g = 0; g < groups_of_thread; ++g) {
    const index number = begin + g * threads;
    if (number >= rows * across) return;
    const index i = number / across, group = number % across;
    put(i, group * width,
        philox(static_cast<std::uint32_t>(group), static_cast<std::uint64_t>(first + i),
               static_cast<std::uint32_t>(stream), seed));
  }
}

index blocks_of(index rows, index columns, int width) {
  return ceil_div(rows * ceil_div(columns, width), threads * groups_of_thread);
}

__global__ void __launch_bounds__(threads)
    write_uniforms(std::uint64_t seed, int stream, std::int64_t first, matrix_view<double> U) {
  for_each_group(U.rows, U.columns, 2, seed, stream, first,
                 [&](index i, index j, const random_words& words) {
                   for (int half = 0; half < 2 && j + half < U.columns; ++half)
                     U(i, j + half) = uniform_of(words.at[2 * half], words.at[2 * half + 1]);
                 });
}

template <class T>
__global__ void __launch_bounds__(threads)
    write_normals(std::uint64_t seed, int stream, std::int64_t first, matrix_view<T> Z) {
  for_each_group(
      Z.rows, Z.columns, 4, seed, stream, first, [&](index i, index j, const random_words& words) {
        for (int half = 0; half < 2; ++half, j += 2) {
          const normal_pair pair = normal_pair_of(words.at[2 * half], words.at[2 * half + 1]);
          if (j < Z.columns) Z(i, j) = pair.first;
          if (j + 1 < Z.columns) Z(i, j + 1) = pair.second;
        }
      });
}

}  // namespace

void random_uniforms(std::uint64_t seed, int stream, std::int64_t first, int,
                     matrix_view<double> U) {
  launch(write_uniforms, blocks_of(U.rows, U.columns, 2), threads, seed, stream, first, U);
}

template <class T>
void random_normals(std::uint64_t seed, int stream, std::int64_t first, int, matrix_view<T> Z) {
  launch(write_normals<T>, blocks_of(Z.rows, Z.columns, 4), threads, seed, stream, first, Z);
}

template void random_normals(std::uint64_t, int, std::int64_t, int, matrix_view<float>);
template void random_normals(std::uint64_t, int, std::int64_t, int, matrix_view<double>);

}  // namespace pyntk
