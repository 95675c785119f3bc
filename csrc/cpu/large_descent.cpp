#include "large_descent.hpp"

#include <algorithm>

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

}  // namespace

template <class T>
large_descent<T>::large_descent(const descent_problem<T>& problem, int threads)
    : p_(problem),
      threads_(threads),
      X_rows_(make_buffer<T>(p_.whole() ? 0 : p_.batch() * p_.X.columns)),
      Y_rows_(make_buffer<T>(p_.whole() ? 0 : p_.batch() * p_.Y.columns)),
      G_(make_buffer<T>(p_.batch() * p_.Y.columns)),
      dW_(make_buffer<T>(p_.trains_first() ? p_.W.rows * p_.W.columns : 0)),
      dA_(make_buffer<T>(p_.trains_last() ? p_.A.rows * p_.A.columns : 0)),
      bias_(p_.c.size) {}

template <class T>
double large_descent<T>::begin_step(index t) {
  matrix_view<const T> X = p_.X, Y = p_.Y;
  if (!p_.whole()) {
    X = rows_of(p_.X, p_.order.row(t), p_.batch(), X_rows_.get());
    Y = rows_of(p_.Y, p_.order.row(t), p_.batch(), Y_rows_.get());
  }
  double loss = 0;
  two_layer_step<T>(X, {p_.W.data, p_.W.rows, p_.W.columns}, {p_.A.data, p_.A.rows, p_.A.columns},
                    {p_.c.data, p_.c.size}, Y, p_.s, p_.how.loss, p_.how.scale, threads_,
                    {&loss, 1}, {G_.get(), p_.batch(), p_.Y.columns},
                    {dW_.get(), p_.trains_first() ? p_.W.rows : 0, p_.W.columns},
                    {dA_.get(), p_.trains_last() ? p_.A.rows : 0, p_.A.columns});
  return loss;
}

template <class T>
void large_descent<T>::end_step(index t, double eta) {
  const change what = {eta, p_.keep(eta), p_.noise(eta), p_.how.first_step + t};
  if (p_.trains_last() && p_.how.output_bias) bias_.update(p_, G_.get(), t, eta);
  const index tasks = ceil_div(p_.W.rows, rows_per_task);
  complete_for(tasks, threads_, [&](index task) {
    if (p_.trains_first())
      update_rows(what, stream_noise_first, p_.W, dW_.get(), task * rows_per_task);
    if (p_.trains_last())
      update_rows(what, stream_noise_last, p_.A, dA_.get(), task * rows_per_task);
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
    this_machine().randoms->normals(p_.how.seed, stream,
                                    static_cast<std::uint64_t>(what.step * M.rows + r), 1,
                                    ceil_div(d, index{4}), z.get());
    for (index j = 0; j < d; ++j) row[j] += noise * static_cast<T>(z[j]);
  }
}

template class large_descent<float>;
template class large_descent<double>;

}  // namespace pyntk
