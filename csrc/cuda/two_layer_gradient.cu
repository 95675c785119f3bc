// dW = scale E' X, E_ir = (sum_k G_ik A_rk) sigma'(w_r.x_i), a block of samples at a time.
#include "network_pass.cuh"

namespace pyntk {

template <class T>
void two_layer_gradient(matrix_view<const T> X, matrix_view<const T> W, matrix_view<const T> A,
                        matrix_view<const T> G, const activation& activation, double scale, int,
                        matrix_view<T> dW) {
  const network<T> net(X, W, A, activation, scale, ways::back);
  const block_sums_memory<T> sums(net, dW);
  for_each_block(net, [&](sample_block<T>& block) { block.add_dW(G, sums); });
}

template void two_layer_gradient(matrix_view<const float>, matrix_view<const float>,
                                 matrix_view<const float>, matrix_view<const float>,
                                 const activation&, double, int, matrix_view<float>);
template void two_layer_gradient(matrix_view<const double>, matrix_view<const double>,
                                 matrix_view<const double>, matrix_view<const double>,
                                 const activation&, double, int, matrix_view<double>);

}  // namespace pyntk
