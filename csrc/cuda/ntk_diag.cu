// The diagonal of a Gram matrix: the entry of a row and itself, whose chord is 0.
#include "../core/kernels.hpp"
#include "pairs.cuh"

namespace pyntk {
namespace {

constexpr int threads = 32;

template <class T, class Entry>
__global__ void __launch_bounds__(threads) diagonal(Entry k, vector_view<T> to) {
  using W = typename Entry::working_type;
  const index i = static_cast<index>(blockIdx.x) * threads + threadIdx.x;
  if (i >= to.size) return;
  const W cosine = k.X.lengths[i].mantissa > 0 ? 1 : 0;
  to[i] = static_cast<T>(k(angle_between(cosine, W(0)), i, i));
}

}  // namespace

template <class T>
void ntk_diag(matrix_view<const T> X, const recipe& recipe, int, vector_view<T> k) {
  with_working_type<T>(recipe, [&]<class W, bool Deep>(const kernel_constants& of) {
    const unit_rows_memory<W> U(X, of, parts::all_but_rows);
    launch(diagonal<T, pair_entry<W, Deep>>, ceil_div(k.size, threads), threads,
           pair_entry<W, Deep>{U.view(), U.view(), of}, k);
  });
}

template void ntk_diag(matrix_view<const float>, const recipe&, int, vector_view<float>);
template void ntk_diag(matrix_view<const double>, const recipe&, int, vector_view<double>);

}  // namespace pyntk
