// The diagonal of the Gram matrix, with the bits that ntk_gram writes.
#include "../core/kernels.hpp"
#include "gram_block.hpp"

namespace pyntk {
namespace {

template <class T, class C>
void diagonal(matrix_view<const T> X, const kernel_constants& of, int threads, vector_view<T> k) {
  const unit_rows<T, C> U(X, of, threads);
  parallel_for(ceil_div(X.rows, tile_edge), threads, [&](index block) {
    const index end = std::min(X.rows, (block + 1) * tile_edge);
    for (index i = block * tile_edge; i < end; ++i) k[i] = static_cast<T>(diagonal_entry(U, i, of));
  });
}

}  // namespace

template <class T>
void ntk_diag(matrix_view<const T> X, const recipe& recipe, int threads, vector_view<T> k) {
  with_working_type<T>(
      recipe, [&]<class C>(const kernel_constants& of) { diagonal<T, C>(X, of, threads, k); });
}

template void ntk_diag(matrix_view<const float>, const recipe&, int, vector_view<float>);
template void ntk_diag(matrix_view<const double>, const recipe&, int, vector_view<double>);

}  // namespace pyntk
