// dW = scale diag-weighted (E' X), E_ir = (sum_k G_ik A_rk) sigma'(w_r.x_i), without the n x m
// matrix.
#include <algorithm>

#include "network_pass.hpp"

namespace pyntk {

template <class T>
void two_layer_gradient(matrix_view<const T> X, matrix_view<const T> W, matrix_view<const T> A,
                        matrix_view<const T> G, const activation& activation, double scale,
                        int threads, matrix_view<T> dW) {
  const network<T> net(X, W, A, activation, scale, threads);
  const kept what = net.to_keep(false);
  const index step = net.block_rows(what);
  if (X.rows == 0) std::fill_n(dW.data, dW.rows * dW.columns, T(0));
  gradient_sum<T> sum(dW, X.rows > step), none({}, false);
  for (index i = 0; i < X.rows; i += step) {
    sample_block<T> block(net, i, std::min(X.rows, i + step), what);
    forward_block<T>(net, block, nullptr);
    backward_block(net, block, G, sum, none);
  }
}

template void two_layer_gradient(matrix_view<const float>, matrix_view<const float>,
                                 matrix_view<const float>, matrix_view<const float>,
                                 const activation&, double, int, matrix_view<float>);
template void two_layer_gradient(matrix_view<const double>, matrix_view<const double>,
                                 matrix_view<const double>, matrix_view<const double>,
                                 const activation&, double, int, matrix_view<double>);

}  // namespace pyntk
