// Sums of the columns of a matrix in double, by Kahan's sum.
#pragma once

#include <algorithm>

#include "../core/view.hpp"

namespace pyntk {

// sums (k,); rests is scratch of the same size.
template <class T>
void column_sums(matrix_view<const T> M, double* sums, double* rests) {
  std::fill_n(sums, M.columns, 0.0);
  std::fill_n(rests, M.columns, 0.0);
  for (index i = 0; i < M.rows; ++i) {
    for (index j = 0; j < M.columns; ++j) {
      const double added = static_cast<double>(M(i, j)) - rests[j], sum = sums[j] + added;
      rests[j] = (sum - sums[j]) - added;
      sums[j] = sum;
    }
  }
}

}  // namespace pyntk
