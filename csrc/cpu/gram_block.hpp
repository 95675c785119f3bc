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

  int poles() const { return poles_; }
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

// Entries of K, up to `width` columns (two panels, so that rows of K are written in pieces of 256
// bytes: pieces of 128 take 1.6 times as long) and up to tile_edge rows.
template <class T, class C>
class gram_block {
 public:
  explicit gram_block(const gram_inputs<T, C>& from)
      : from_(from), entries_(make_buffer<C>(tile_edge * width())) {}

  static index width() { return 2 * machine_kernel<C>().columns; }
  C* row(index u) { return entries_.get() + u * width(); }

  // Rows i0 ... i0 + rows (panels from A on), columns j0 ... j0 + columns (panels from B on). Where
  // `lower`, register tiles above the diagonal are left out.
  void compute(index i0, index rows, const C* A, index j0, index columns, const C* B, bool lower) {
    const index terms = from_.X.terms();
    for (index v = 0; v < columns; v += mk_.columns) {
      for (index u = 0; u < rows; u += mk_.rows) {
        if (lower && i0 + u + mk_.rows <= j0 + v) continue;
        angles_.compute(terms, A + u * terms, B + v * terms);
        compute_tile(i0 + u, j0 + v, row(u) + v);
      }
    }
    if (from_.extreme) restore_exponents(i0, rows, j0, columns);
  }

 private:
  void compute_tile(index i, index j, C* K) {
    const double* s_rows = from_.row_factors.get() + i;
    const double* s_columns = from_.column_factors.get() + j;
    if (from_.of.deep) {
      for (index r = 0; r < mk_.rows; ++r)
        gk_.deep_entries(angles_.cosine(r), angles_.near(r), angles_.far(r), s_rows[r], s_columns,
                         from_.of, from_.X.shares(i + r), from_.Z.shares(j), K + r * width());
      return;
    }
    gk_.entries[from_.of.kind](angles_.cosine(0), angles_.near(0), angles_.far(0), angles_.poles(),
                               mk_.rows, s_rows, s_columns, from_.of.scale, K, width());
    if constexpr (!std::is_same_v<T, C>)
      if (angles_.has_obtuse_pole())
        for (index r = 0; r < mk_.rows; ++r) mend_row(i + r, j, r, K + r * width());
  }

  // Entries of nearly opposite rows of floats, from the rows as they are.
  void mend_row(index i, index j0, index r, C* K) {
    for (index v = 0; v < std::min<index>(mk_.columns, from_.Z.rows() - j0); ++v) {
      const angle<double> at = angle_between(angles_.cosine(r)[v], angles_.far(r)[v]);
      if (i >= from_.X.rows() || !at.obtuse || at.t >= opposite_border()) continue;
      const index j = j0 + v;
      const double value = unit_value(mended(at, from_.X.row(i), from_.X.norm(i), from_.Z.row(j),
                                             from_.Z.norm(j), from_.X.terms()),
                                      from_.of.kind);
      K[v] = from_.row_factors[i] * from_.column_factors[j] * (from_.of.scale * value);
    }
  }

  void restore_exponents(index i0, index rows, index j0, index columns) {
    for (index u = 0; u < std::min(rows, from_.X.rows() - i0); ++u) {
      for (index v = 0; v < std::min(columns, from_.Z.rows() - j0); ++v) {
        const int exponent = from_.X.scale(i0 + u).exponent + from_.Z.scale(j0 + v).exponent;
        row(u)[v] = static_cast<C>(times_power_of_two(row(u)[v], exponent));
      }
    }
  }

  const micro_kernel<C>& mk_ = machine_kernel<C>();
  const gram_kernel<T, C>& gk_ = machine_gram_kernel<T, C>();
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
