// Bits in which two sets of activation patterns differ.
#include <algorithm>

#include "../core/kernels.hpp"
#include "instruction_set.hpp"
#include "pool.hpp"

namespace pyntk {

void pattern_flips(matrix_view<const std::uint64_t> P, matrix_view<const std::uint64_t> Q,
                   int threads, vector_view<std::int64_t> flips) {
  const index height = std::max<index>((index{1} << 20) / std::max<index>(P.columns, 1), 1);
  parallel_for(ceil_div(P.rows, height), threads, [&](index number) {
    for (index i = number * height; i < std::min(P.rows, (number + 1) * height); ++i)
      flips[i] = this_machine().bits->different_bits(P.row(i), Q.row(i), P.columns);
  });
}

}  // namespace pyntk
