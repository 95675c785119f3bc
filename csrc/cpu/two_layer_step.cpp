// Loss and gradients with each pre-activation formed once: forward over a block of samples, the
// loss of each, and back from what the block kept.
#include <algorithm>

#include "../math/loss.hpp"
#include "network_pass.hpp"

namespace pyntk {
namespace {

template <class T>
double block_loss(const sample_block<T>& block, double* F, matrix_view<const T> Y,
                  vector_view<const T> c, int loss, double share, double scale, matrix_view<T> G) {
  const index k = Y.columns;
  double total = 0;
  for (index i = 0; i < block.samples(); ++i) {
    double* f = F + i * k;
    for (index j = 0; j < k; ++j) f[j] = scale * f[j] + static_cast<double>(c[j]);
    total += sample_loss(f, Y.row(block.begin + i), k, loss, share, G.row(block.begin + i));
  }
  return total;
}

}  // namespace

template <class T>
void two_layer_step(matrix_view<const T> X, matrix_view<const T> W, matrix_view<const T> A,
                    vector_view<const T> c, matrix_view<const T> Y, const activation& activation,
                    int loss, double scale, int threads, vector_view<double> value,
                    matrix_view<T> G, matrix_view<T> dW, matrix_view<T> dA) {
  const network<T> net(X, W, A, activation, scale, threads);
  const bool back = dW.rows > 0 || dA.rows > 0;
  const kept what = back ? net.to_keep(dA.rows > 0) : kept::nothing;
  const index step = net.block_rows(what);
  const double share = loss_share(loss, X.rows);
  value[0] = 0;
  if (X.rows == 0) {
    std::fill_n(dW.data, dW.rows * dW.columns, T(0));
    std::fill_n(dA.data, dA.rows * dA.columns, T(0));
  }
  gradient_sum<T> dW_sum(dW, X.rows > step), dA_sum(dA, X.rows > step);
  for (index i = 0; i < X.rows; i += step) {
    sample_block<T> block(net, i, std::min(X.rows, i + step), what);
    const buffer<double> F = make_buffer<double>(block.samples() * A.columns);
    forward_block(net, block, F.get());
    value[0] += block_loss(block, F.get(), Y, c, loss, share, scale, G);
    const matrix_view<const T> of_outputs{G.data, G.rows, G.columns};
    if (back) backward_block(net, block, of_outputs, dW_sum, dA_sum);
  }
}

template void two_layer_step(matrix_view<const float>, matrix_view<const float>,
                             matrix_view<const float>, vector_view<const float>,
                             matrix_view<const float>, const activation&, int, double, int,
                             vector_view<double>, matrix_view<float>, matrix_view<float>,
                             matrix_view<float>);
template void two_layer_step(matrix_view<const double>, matrix_view<const double>,
                             matrix_view<const double>, vector_view<const double>,
                             matrix_view<const double>, const activation&, int, double, int,
                             vector_view<double>, matrix_view<double>, matrix_view<double>,
                             matrix_view<double>);

}  // namespace pyntk
