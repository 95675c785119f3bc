// F = scale sigma(X W') A, a block of pre-activations at a time.
#include "network_pass.cuh"

namespace pyntk {

template <class T>
void two_layer_forward(matrix_view<const T> X, matrix_view<const T> W, matrix_view<const T> A,
                       const activation& activation, double scale, int, matrix_view<T> F) {
  const network<T> net(X, W, A, activation, scale, ways::forward);
  for_each_block(net, [&](const sample_block<T>& block) {
    block.outputs(matrix_view<T>{F.row(block.begin), block.samples(), F.columns});
  });
}

template void two_layer_forward(matrix_view<const float>, matrix_view<const float>,
                                matrix_view<const float>, const activation&, double, int,
                                matrix_view<float>);
template void two_layer_forward(matrix_view<const double>, matrix_view<const double>,
                                matrix_view<const double>, const activation&, double, int,
                                matrix_view<double>);

}  // namespace pyntk
