#include "small_descent.hpp"

#include <algorithm>
#include <utility>

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
small_descent<T>::small_descent(const descent_problem<T>& problem, int threads)
    : p_(problem),
      threads_(threads),
      kernel_(machine_descent_kernel<T>()),
      batch_(p_.batch()),
      d_(p_.W.columns),
      k_(p_.A.columns),
      m_(p_.W.rows),
      panels_(ceil_div(m_, panel_width<T>)),
      parts_(ceil_div(panels_, most_panels)),
      sizes_{batch_, d_, k_, p_.trains_first(), p_.trains_last(), p_.s},
      first_(make_buffer<T>(panels_ * d_ * panel_width<T>)),
      last_(make_buffer<T>(panels_ * k_ * panel_width<T>)),
      H_(make_buffer<T>(panels_ * batch_ * panel_width<T>)),
      D_(make_buffer<T>(panels_ * batch_ * panel_width<T>)),
      F_(make_buffer<T>(parts_ * batch_ * k_)),
      f_(make_buffer<double>(k_)),
      bias_(k_),
      rows_(panels_at_once(batch_) * batch_ * panel_width<T>),
      normals_(panel_width<T> * (std::max(d_, k_) + 3)) {
  for (samples* batch : {&one_, &other_}) {
    batch->rows = make_buffer<T>(p_.whole() ? 0 : batch_ * d_);
    batch->G = make_buffer<T>(batch_ * k_);
  }
  into_panels(p_.W, first_.get());
  into_panels(p_.A, last_.get());
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
    complete_for(parts_, threads_,
                 [&](index part) { take_parts(pending, now_->X, part, part + 1); });
  } else {
    take_parts(pending, now_->X, 0, parts_);
  }
  const panel_outputs<T> of = {batch_,
                               k_,
                               parts_,
                               p_.how.scale,
                               p_.how.loss,
                               p_.Y.data,
                               p_.whole() ? nullptr : p_.order.row(t)};
  return kernel_.slopes(of, F_.get(), p_.c.data, f_.get(), now_->G.get());
}

template <class T>
void small_descent<T>::gather(index t, samples& to) const {
  to.X = p_.whole() ? p_.X.data : to.rows.get();
  if (p_.whole()) return;
  for (index i = 0; i < batch_; ++i)
    std::copy_n(p_.X.row(p_.order(t, i)), d_, to.rows.get() + i * d_);
}

template <class T>
void small_descent<T>::take_parts(const panel_change<T>& change, const T* X, index begin,
                                  index end) {
  constexpr index width = panel_width<T>;
  const auto rows = rows_.take();
  const auto normals = normals_.take();
  for (index part = begin; part < end; ++part) {
    const index panel = part * most_panels, neuron = panel * width;
    const panels_view<T> at = {std::min(panels_ - panel, most_panels),
                               m_ - neuron,
                               first_.get() + neuron * d_,
                               last_.get() + neuron * k_,
                               H_.get() + neuron * batch_,
                               D_.get() + neuron * batch_};
    panel_change<T> own = change;
    own.noise_row += neuron;
    kernel_.descend(sizes_, own, X, at, rows.get(), normals.get(), F_.get() + part * batch_ * k_);
  }
}

template <class T>
void small_descent<T>::end_step(index t, double eta) {
  change_ = {now_->X,
             now_->G.get(),
             static_cast<T>(p_.keep(eta)),
             static_cast<T>(-eta * p_.how.scale),
             static_cast<T>(p_.noise(eta)),
             p_.how.seed,
             (p_.how.first_step + t) * m_};
  if (sizes_.last && p_.how.output_bias) bias_.update(p_, now_->G.get(), t, eta);
}

template <class T>
void small_descent<T>::finish() {
  take_parts(change_, nullptr, 0, parts_);
  change_ = {};
  from_panels(first_.get(), p_.W);
  from_panels(last_.get(), p_.A);
}

template class small_descent<float>;
template class small_descent<double>;

}  // namespace pyntk
