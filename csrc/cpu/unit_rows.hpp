// The rows of a matrix as the Gram kernels read them: norms and shares for all rows, held from the
// beginning, and unit rows as panels, packed when a tile asks for them.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "../core/buffer.hpp"
#include "gram_kernel.hpp"
#include "pool.hpp"

namespace pyntk {

// use.operator()<C>(constants) for the type C that inputs of type T are computed in: their own, but
// double for a deep recipe and for float64_sums.
template <class T, class Use>
void with_working_type(const recipe& recipe, const Use& use) {
  const kernel_constants of = constants_of(recipe);
  if (of.deep || recipe.float64_sums)
    use.template operator()<double>(of);
  else
    use.template operator()<T>(of);
}

template <class T, class C>
class unit_rows {
 public:
  unit_rows(matrix_view<const T> X, const kernel_constants& of, int threads)
      : X_(X),
        held_(round_up(X.rows, tile_edge)),
        norms_(static_cast<std::size_t>(X.rows)),
        scales_(static_cast<std::size_t>(X.rows)),
        shares_(make_buffer<double>(held_ * 2 * share_pairs(of))) {
    std::fill_n(shares_.get(), held_ * 2 * share_pairs(of), 0.0);
    parallel_for(ceil_div(X.rows, tile_edge), threads, [&](index block) {
      const index begin = block * tile_edge, end = std::min(X.rows, begin + tile_edge);
      machine_gram_kernel<T, C>().norms(X.row(begin), end - begin, X.columns, &norms_[at(begin)]);
      for (index i = begin; i < end; ++i) {
        scales_[at(i)] = layer_shares(norms_[at(i)], of, [&](int pair, double alpha, double beta) {
          shares_[2 * pair * held_ + i] = alpha;
          shares_[(2 * pair + 1) * held_ + i] = beta;
        });
      }
    });
  }

  index rows() const { return X_.rows; }
  index terms() const { return X_.columns; }
  const T* row(index i) const { return X_.row(i); }
  const row_norm& norm(index i) const { return norms_[at(i)]; }
  // s(x_i) (layers.hpp).
  const row_norm& scale(index i) const { return scales_[at(i)]; }
  row_shares shares(index i) const { return {shares_.get() + i, held_}; }

  // Whether some 2^exponent of the scales could leave the range of double on the way to an entry.
  bool is_extreme() const {
    return std::ranges::any_of(scales_,
                               [](const row_norm& s) { return std::abs(s.exponent) > 400; });
  }

  // s(x_i), or only its mantissa, and zeros up to a multiple of tile_edge.
  buffer<double> factors(bool mantissas) const {
    buffer<double> result = make_buffer<double>(held_);
    std::fill_n(result.get(), held_, 0.0);
    for (index i = 0; i < rows(); ++i)
      result[i] =
          mantissas ? scale(i).mantissa : times_power_of_two(scale(i).mantissa, scale(i).exponent);
    return result;
  }

  // The rows from `begin` on as `count` panels of this width (panels.hpp).
  void pack(index begin, index count, index width, C* panels) const {
    for (index p = 0; p < count; ++p) {
      const index first = begin + p * width, rows = std::clamp(X_.rows - first, index{0}, width);
      machine_gram_kernel<T, C>().pack(X_.data + first * terms(), rows, terms(),
                                       norms_.data() + first, width, panels + p * width * terms());
    }
  }

 private:
  static std::size_t at(index i) { return static_cast<std::size_t>(i); }

  matrix_view<const T> X_;
  index held_;
  std::vector<row_norm> norms_, scales_;
  buffer<double> shares_;
};

}  // namespace pyntk
