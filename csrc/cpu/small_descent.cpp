#include "small_descent.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "../core/recipe.hpp"
#include "column_sums.hpp"
#include "complete_for.hpp"
#include "instruction_set.hpp"

namespace pyntk {
namespace {

// Row r of M is column r % width of panel r / width.
template <class T>
void into_panels(matrix_view<T> M, T* panels) {
  std::fill_n(panels, round_up(M.rows, panel_width<T>) * M.columns, T(0));
  for (index r = 0; r < M.rows; ++r)
    for (index j = 0; j < M.columns; ++j)
      panels[(r / panel_width<T> * M.columns + j) * panel_width<T> + r % panel_width<T>] = M(r, j);
}

template <class T>
void from_panels(const T* panels, matrix_view<T> M) {
  for (index r = 0; r < M.rows; ++r)
    for (index j = 0; j < M.columns; ++j)
      M(r, j) = panels[(r / panel_width<T> * M.columns + j) * panel_width<T> + r % panel_width<T>];
}

}  // namespace

template <class T>
small_descent<T>::small_descent(matrix_view<const T> X, matrix_view<const T> Y,
                                matrix_view<const std::int64_t> order, const activation& s,
                                const descent& how, int threads, matrix_view<T> W, matrix_view<T> A,
                                vector_view<T> c)
    : X_(X),
      Y_(Y),
      order_(order),
      how_(how),
      threads_(threads),
      W_(W),
      A_(A),
      c_(c),
      kernel_(machine_descent_kernel<T>()),
      batch_(order.rows > 0 ? order.columns : X.rows),
      d_(W.columns),
      k_(A.columns),
      m_(W.rows),
      panels_(ceil_div(m_, panel_width<T>)),
      parts_(ceil_div(panels_, most_panels)),
      sizes_{batch_, d_, k_, how.trained != trained_last, how.trained != trained_first, s},
      first_(make_buffer<T>(panels_ * d_ * panel_width<T>)),
      last_(make_buffer<T>(panels_ * k_ * panel_width<T>)),
      H_(make_buffer<T>(panels_ * batch_ * panel_width<T>)),
      D_(make_buffer<T>(panels_ * batch_ * panel_width<T>)),
      F_(make_buffer<T>(parts_ * batch_ * k_)),
      f_(make_buffer<double>(2 * k_)),
      rows_(panels_at_once(batch_) * batch_ * panel_width<T>),
      normals_(panel_width<T> * (std::max(d_, k_) + 3)) {
  for (samples* batch : {&one_, &other_}) {
    batch->rows = make_buffer<T>(order.rows > 0 ? batch_ * d_ : 0);
    batch->G = make_buffer<T>(batch_ * k_);
  }
  into_panels(W, first_.get());
  into_panels(A, last_.get());
}

template <class T>
double small_descent<T>::memory(index batch, index m) {
  return 2.0 * sizeof(T) * static_cast<double>(batch) *
         static_cast<double>(round_up(m, panel_width<T>));
}

template <class T>
double small_descent<T>::begin_step(index t) {
  std::swap(now_, before_);
  gather(t, *now_);
  const panel_change<T> pending = std::exchange(change_, {});
  if (threads_ > 1) {
    complete_for(parts_, threads_, [&](index part) { take_part(pending, now_->X, part); });
  } else {
    for (index part = 0; part < parts_; ++part) take_part(pending, now_->X, part);
  }
  const panel_outputs<T> of = {batch_,
                               k_,
                               parts_,
                               how_.scale,
                               how_.loss,
                               Y_.data,
                               order_.rows == 0 ? nullptr : order_.row(t)};
  return kernel_.slopes(of, F_.get(), c_.data, f_.get(), now_->G.get());
}

template <class T>
void small_descent<T>::gather(index t, samples& to) const {
  to.X = order_.rows == 0 ? X_.data : to.rows.get();
  if (order_.rows == 0) return;
  for (index i = 0; i < batch_; ++i) std::copy_n(X_.row(order_(t, i)), d_, to.rows.get() + i * d_);
}

template <class T>
void small_descent<T>::take_part(const panel_change<T>& change, const T* X, index part) {
  constexpr index width = panel_width<T>;
  const index panel = part * most_panels, neuron = panel * width;
  const panels_view<T> at = {std::min(panels_ - panel, most_panels),
                             m_ - neuron,
                             first_.get() + neuron * d_,
                             last_.get() + neuron * k_,
                             H_.get() + neuron * batch_,
                             D_.get() + neuron * batch_};
  panel_change<T> own = change;
  own.noise_row += neuron;
  const auto rows = rows_.take();
  const auto normals = normals_.take();
  kernel_.descend(sizes_, own, X, at, rows.get(), normals.get(), F_.get() + part * batch_ * k_);
}

template <class T>
void small_descent<T>::end_step(index t, double eta) {
  const index step = how_.first_step + t;
  change_ = {now_->X,
             now_->G.get(),
             static_cast<T>(1 - eta * how_.weight_decay),
             static_cast<T>(-eta * how_.scale),
             static_cast<T>(std::sqrt(2 * eta * how_.temperature)),
             how_.seed,
             step * m_};
  if (sizes_.last && how_.output_bias) update_bias(eta, step);
}

template <class T>
void small_descent<T>::update_bias(double eta, index step) {
  double* dc = f_.get();
  column_sums<T>({now_->G.get(), batch_, k_}, dc, dc + k_);
  const double keep = 1 - eta * how_.weight_decay;
  for (index j = 0; j < k_; ++j)
    c_[j] = static_cast<T>(keep * static_cast<double>(c_[j]) - eta * dc[j]);
  if (!(change_.noise > 0)) return;
  const auto z = normals_.take();
  this_machine().randoms->normals(how_.seed, stream_noise_bias, static_cast<std::uint64_t>(step), 1,
                                  ceil_div(k_, index{4}), z.get());
  for (index j = 0; j < k_; ++j) c_[j] += change_.noise * static_cast<T>(z.get()[j]);
}

template <class T>
void small_descent<T>::finish() {
  for (index part = 0; part < parts_; ++part) take_part(change_, nullptr, part);
  change_ = {};
  from_panels(first_.get(), W_);
  from_panels(last_.get(), A_);
}

template class small_descent<float>;
template class small_descent<double>;

}  // namespace pyntk
