// A block of Gram entries, from packed panels: what all kernels that need the Gram are built from.
#pragma once

#include <algorithm>
#include <type_traits>

#include "../math/deep.hpp"
#include "../math/opposite.hpp"
#include "unit_rows.hpp"

namespace pyntk {

// The two sides of a Gram matrix and its recipe.
template <class T, class C>
struct gram_inputs {
  gram_inputs(const unit_rows<T, C>& X_, const unit_rows<T, C>& Z_, const kernel_constants& of_)
      : X(X_),
        Z(Z_),
        of(of_),
        extreme(X_.is_extreme() || Z_.is_extreme()),
        row_factors(X_.factors(extreme)),
        column_factors(Z_.factors(extreme)) {}

  const unit_rows<T, C>& X;
  const unit_rows<T, C>& Z;
  kernel_constants of;
  // Then the factors are mantissas, and the powers of two follow at the end. Both ways give the
  // same bits, so that an entry does not depend on the other rows.
  bool extreme;
  buffer<double> row_factors, column_factors;
};

// Cosines and squared chords of a register tile. The chords are computed, by differences or sums
// over the same panels, only where the tile has a cosine that needs them.
template <class C>
class angle_tile {
 public:
  angle_tile() : memory_(make_buffer<C>(3 * size())) {
    std::fill_n(memory_.get(), 3 * size(), C(0));
  }

  void compute(index terms, const C* A, const C* B) {
    mk_.product(terms, A, B, memory_.get());
    poles_ = mk_.poles(memory_.get());
    if (poles_ & 1) mk_.difference(terms, A, B, memory_.get() + size());
    if (has_obtuse_pole()) mk_.sum(terms, A, B, memory_.get() + 2 * size());
  }

  bool has_obtuse_pole() const { return poles_ & 2; }

  const C* cosine(index u) const { return memory_.get() + u * mk_.columns; }
  const C* near(index u) const { return cosine(u) + size(); }
  const C* far(index u) const { return cosine(u) + 2 * size(); }

 private:
  index size() const { return mk_.rows * mk_.columns; }

  const micro_kernel<C>& mk_ = machine_kernel<C>();
  buffer<C> memory_;
  int poles_ = 0;
};

// Entries of K, `width` columns (one panel) and up to tile_edge rows.
template <class T, class C>
class gram_block {
 public:
  explicit gram_block(const gram_inputs<T, C>& from)
      : from_(from), entries_(make_buffer<C>(tile_edge * mk_.columns)) {}

  index width() const { return mk_.columns; }
  C* row(index u) { return entries_.get() + u * mk_.columns; }

  // Rows i0 ... i0 + rows (panels from A on), columns j0 ... j0 + width (panel B). Register tiles
  // whose rows all lie before row `from_row` are left out.
  void compute(index i0, index rows, const C* A, index j0, const C* B, index from_row) {
    for (index u = 0; u < rows; u += mk_.rows) {
      if (i0 + u + mk_.rows <= from_row) continue;
      angles_.compute(from_.X.terms(), A + u * from_.X.terms(), B);
      for (index r = 0; r < mk_.rows; ++r) compute_row(i0 + u + r, u + r, j0, r);
    }
    if (from_.extreme) restore_exponents(i0, rows, j0);
  }

 private:
  void compute_row(index i, index u, index j0, index r) {
    const gram_kernel<T, C>& gk = machine_gram_kernel<T, C>();
    const double s = from_.row_factors[i];
    const double* s_columns = from_.column_factors.get() + j0;
    if (from_.of.deep)
      gk.deep_entries(angles_.cosine(r), angles_.near(r), angles_.far(r), s, s_columns, from_.of,
                      from_.X.shares(i), from_.Z.shares(j0), row(u));
    else
      gk.entries[from_.of.kind](angles_.cosine(r), angles_.near(r), angles_.far(r), s, s_columns,
                                from_.of.scale, row(u));
    if constexpr (!std::is_same_v<T, C>)
      if (!from_.of.deep && angles_.has_obtuse_pole()) mend_row(i, u, j0, r);
  }

  // Entries of nearly opposite rows of floats, from the rows as they are.
  void mend_row(index i, index u, index j0, index r) {
    for (index v = 0; v < std::min<index>(mk_.columns, from_.Z.rows() - j0); ++v) {
      const angle<double> at = angle_between(angles_.cosine(r)[v], angles_.far(r)[v]);
      if (i >= from_.X.rows() || !at.obtuse || at.t >= opposite_border()) continue;
      const index j = j0 + v;
      const double value = unit_value(mended(at, from_.X.row(i), from_.X.norm(i), from_.Z.row(j),
                                             from_.Z.norm(j), from_.X.terms()),
                                      from_.of.kind);
      row(u)[v] = from_.row_factors[i] * from_.column_factors[j] * (from_.of.scale * value);
    }
  }

  void restore_exponents(index i0, index rows, index j0) {
    for (index u = 0; u < std::min(rows, from_.X.rows() - i0); ++u) {
      for (index v = 0; v < std::min<index>(mk_.columns, from_.Z.rows() - j0); ++v) {
        const int exponent = from_.X.scale(i0 + u).exponent + from_.Z.scale(j0 + v).exponent;
        row(u)[v] = static_cast<C>(times_power_of_two(row(u)[v], exponent));
      }
    }
  }

  const micro_kernel<C>& mk_ = machine_kernel<C>();
  const gram_inputs<T, C>& from_;
  angle_tile<C> angles_;
  buffer<C> entries_;
};

// k(x_i, x_i), with the bits that a duplicate of the row gets.
template <class T, class C>
C diagonal_entry(const unit_rows<T, C>& X, index i, const kernel_constants& of) {
  const row_norm& s = X.scale(i);
  if (of.deep) {
    const double value = deep_value({1.0, 0.0, false}, of, X.shares(i), X.shares(i));
    return times_norms(static_cast<C>(of.scale * value), s, s);
  }
  const bool zero = X.norm(i).mantissa == 0;  // at right angles to itself, as to all rows
  const angle<C> itself = zero ? angle<C>{0, 1, false} : angle<C>{1, 0, false};
  return times_norms(static_cast<C>(of.scale) * unit_value(itself, of.kind), s, s);
}

}  // namespace pyntk
