// Rows of random numbers in the shape that is asked for.
#include <algorithm>

#include "../core/buffer.hpp"
#include "../core/kernels.hpp"
#include "instruction_set.hpp"
#include "pool.hpp"

namespace pyntk {
namespace {

constexpr index rows_per_task = 64;

// Draws rows of `width` numbers in whole blocks of `block`, some at a time, and copies them.
template <class Drawn, class T, class Draw>
void draw_rows(matrix_view<T> M, std::int64_t first, index block, int threads, const Draw& draw) {
  const index blocks = ceil_div(M.columns, block), width = blocks * block;
  parallel_for(ceil_div(M.rows, rows_per_task), threads, [&](index task) {
    const index begin = task * rows_per_task, rows = std::min(rows_per_task, M.rows - begin);
    const buffer<Drawn> drawn = make_buffer<Drawn>(rows * width);
    draw(static_cast<std::uint64_t>(first + begin), rows, blocks, drawn.get());
    for (index i = 0; i < rows; ++i)
      std::copy_n(drawn.get() + i * width, M.columns, M.row(begin + i));
  });
}

}  // namespace

void random_uniforms(std::uint64_t seed, int stream, std::int64_t first, int threads,
                     matrix_view<double> U) {
  const random_kernel& kernel = *this_machine().randoms;
  draw_rows<double>(U, first, 2, threads,
                    [&](std::uint64_t row, index rows, index blocks, double* u) {
                      kernel.uniforms(seed, stream, row, rows, blocks, u);
                    });
}

template <class T>
void random_normals(std::uint64_t seed, int stream, std::int64_t first, int threads,
                    matrix_view<T> Z) {
  const random_kernel& kernel = *this_machine().randoms;
  draw_rows<float>(Z, first, 4, threads,
                   [&](std::uint64_t row, index rows, index blocks, float* z) {
                     kernel.normals(seed, stream, row, rows, blocks, z);
                   });
}

template void random_normals(std::uint64_t, int, std::int64_t, int, matrix_view<float>);
template void random_normals(std::uint64_t, int, std::int64_t, int, matrix_view<double>);

}  // namespace pyntk
