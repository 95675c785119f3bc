#include "large_descent.hpp"

#include <algorithm>
#include <cmath>

#include "../core/recipe.hpp"
#include "column_sums.hpp"
#include "complete_for.hpp"
#include "instruction_set.hpp"

namespace pyntk {
namespace {

constexpr index rows_per_task = 64;

template <class T>
matrix_view<const T> rows_of(matrix_view<const T> M, const std::int64_t* rows, index count, T* to) {
  for (index i = 0; i < count; ++i) std::copy_n(M.row(rows[i]), M.columns, to + i * M.columns);
  return {to, count, M.columns};
}

void draw(const descent& how, int stream, index row, index columns, float* z) {
  this_machine().randoms->normals(how.seed, stream, static_cast<std::uint64_t>(row), 1,
                                  ceil_div(columns, index{4}), z);
}

}  // namespace

template <class T>
large_descent<T>::large_descent(matrix_view<const T> X, matrix_view<const T> Y,
                                matrix_view<const std::int64_t> order, const activation& s,
                                const descent& how, int threads, matrix_view<T> W, matrix_view<T> A,
                                vector_view<T> c)
    : X_(X),
      Y_(Y),
      order_(order),
      s_(s),
      how_(how),
      threads_(threads),
      W_(W),
      A_(A),
      c_(c),
      first_(how.trained != trained_last),
      last_(how.trained != trained_first),
      batch_(order.rows > 0 ? order.columns : X.rows),
      X_rows_(make_buffer<T>(order.rows > 0 ? batch_ * X.columns : 0)),
      Y_rows_(make_buffer<T>(order.rows > 0 ? batch_ * Y.columns : 0)),
      G_(make_buffer<T>(batch_ * Y.columns)),
      dW_(make_buffer<T>(first_ ? W.rows * W.columns : 0)),
      dA_(make_buffer<T>(last_ ? A.rows * A.columns : 0)) {}

template <class T>
double large_descent<T>::begin_step(index t) {
  matrix_view<const T> X = X_, Y = Y_;
  if (order_.rows > 0) {
    X = rows_of(X_, order_.row(t), batch_, X_rows_.get());
    Y = rows_of(Y_, order_.row(t), batch_, Y_rows_.get());
  }
  double loss = 0;
  two_layer_step<T>(X, {W_.data, W_.rows, W_.columns}, {A_.data, A_.rows, A_.columns},
                    {c_.data, c_.size}, Y, s_, how_.loss, how_.scale, threads_, {&loss, 1},
                    {G_.get(), batch_, Y_.columns}, {dW_.get(), first_ ? W_.rows : 0, W_.columns},
                    {dA_.get(), last_ ? A_.rows : 0, A_.columns});
  return loss;
}

template <class T>
void large_descent<T>::end_step(index t, double eta) {
  const change what = {eta, 1 - eta * how_.weight_decay, std::sqrt(2 * eta * how_.temperature),
                       how_.first_step + t};
  if (last_ && how_.output_bias) update_bias(what);
  const index tasks = ceil_div(W_.rows, rows_per_task);
  complete_for(tasks, threads_, [&](index task) {
    if (first_) update_rows(what, stream_noise_first, W_, dW_.get(), task * rows_per_task);
    if (last_) update_rows(what, stream_noise_last, A_, dA_.get(), task * rows_per_task);
  });
}

template <class T>
void large_descent<T>::update_rows(const change& what, int stream, matrix_view<T> M,
                                   const T* gradient, index begin) const {
  const index d = M.columns, end = std::min(M.rows, begin + rows_per_task);
  const auto keep = static_cast<T>(what.keep), factor = static_cast<T>(-what.eta);
  const auto noise = static_cast<T>(what.noise);
  const buffer<float> z = make_buffer<float>(noise > 0 ? d + 3 : 0);
  for (index r = begin; r < end; ++r) {
    T* row = M.row(r);
    const T* of_row = gradient + r * d;
    for (index j = 0; j < d; ++j) row[j] = keep * row[j] + factor * of_row[j];
    if (!(noise > 0)) continue;
    draw(how_, stream, what.step * M.rows + r, d, z.get());
    for (index j = 0; j < d; ++j) row[j] += noise * static_cast<T>(z[j]);
  }
}

template <class T>
void large_descent<T>::update_bias(const change& what) {
  const buffer<float> z = make_buffer<float>(c_.size + 3);
  std::fill_n(z.get(), c_.size, 0.0f);
  if (what.noise > 0) draw(how_, stream_noise_bias, what.step, c_.size, z.get());
  const buffer<double> dc = make_buffer<double>(2 * c_.size);
  column_sums<T>({G_.get(), batch_, c_.size}, dc.get(), dc.get() + c_.size);
  for (index j = 0; j < c_.size; ++j) {
    c_[j] = static_cast<T>(what.keep * static_cast<double>(c_[j]) - what.eta * dc[j] +
                           what.noise * static_cast<double>(z[j]));
  }
}

template class large_descent<float>;
template class large_descent<double>;

}  // namespace pyntk
