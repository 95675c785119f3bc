#include "descent.cuh"

namespace pyntk {
namespace {

constexpr index most_rows_of_small_steps = 64;

__global__ void begin(vector_view<std::int64_t> done) { done[0] = 0; }

}  // namespace

template <class T>
void two_layer_descent(matrix_view<const T> X, matrix_view<const T> Y,
                       matrix_view<const std::int64_t> order, vector_view<const double> step_sizes,
                       const activation& activation, const descent& descent, int, matrix_view<T> W,
                       matrix_view<T> A, vector_view<T> c, vector_view<double> losses,
                       vector_view<std::int64_t> done) {
  const training<T> net{X, Y, order, step_sizes, activation, descent, W, A, c, losses, done};
  launch(begin, 1, 1, done);
  if (net.batch() <= most_rows_of_small_steps)
    small_steps(net);
  else
    large_steps(net);
}

template void two_layer_descent(matrix_view<const float>, matrix_view<const float>,
                                matrix_view<const std::int64_t>, vector_view<const double>,
                                const activation&, const descent&, int, matrix_view<float>,
                                matrix_view<float>, vector_view<float>, vector_view<double>,
                                vector_view<std::int64_t>);
template void two_layer_descent(matrix_view<const double>, matrix_view<const double>,
                                matrix_view<const std::int64_t>, vector_view<const double>,
                                const activation&, const descent&, int, matrix_view<double>,
                                matrix_view<double>, vector_view<double>, vector_view<double>,
                                vector_view<std::int64_t>);

}  // namespace pyntk
