// F = scale sigma(X W') A, without the n x m matrix.
#include <algorithm>

#include "network_pass.hpp"

namespace pyntk {

template <class T>
void two_layer_forward(matrix_view<const T> X, matrix_view<const T> W, matrix_view<const T> A,
                       const activation& activation, double scale, int threads, matrix_view<T> F) {
  const network<T> net(X, W, A, activation, scale, threads);
  const index step = net.block_rows(kept::nothing);
  for (index i = 0; i < X.rows; i += step) {
    sample_block<T> block(net, i, std::min(X.rows, i + step), kept::nothing);
    const buffer<double> sums = make_buffer<double>(block.samples() * F.columns);
    forward_block(net, block, sums.get());
    for (index e = 0; e < block.samples() * F.columns; ++e)
      F.row(i)[e] = static_cast<T>(scale * sums[e]);
  }
}

template void two_layer_forward(matrix_view<const float>, matrix_view<const float>,
                                matrix_view<const float>, const activation&, double, int,
                                matrix_view<float>);
template void two_layer_forward(matrix_view<const double>, matrix_view<const double>,
                                matrix_view<const double>, const activation&, double, int,
                                matrix_view<double>);

}  // namespace pyntk
