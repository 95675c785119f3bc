// Compiled once per instruction set, as micro_kernel.cpp is.
#include "descent_kernel.hpp"

#include "../math/loss.hpp"
#include "instruction_set.hpp"
#include "panel_outputs.hpp"
#include "panel_products.hpp"

namespace pyntk::PYNTK_ISA {

extern const random_kernel randoms;

namespace {

// The panel's row of every neuron gets noise z, z the normal numbers from this row of the stream
// on.
template <class T>
void add_noise(const panel_change<T>& change, int stream, index neuron, index neurons,
               index columns, float* z, T* rows) {
  const index blocks = ceil_div(columns, 4);
  const auto first = static_cast<std::uint64_t>(change.noise_row + neuron);
  randoms.normals(change.seed, stream, first, neurons, blocks, z);
  for (index r = 0; r < neurons; ++r)
    for (index j = 0; j < columns; ++j)
      rows[j * panel_width<T> + r] += change.noise * static_cast<T>(z[r * blocks * 4 + j]);
}

// One panel, and its samples.
template <class T>
struct panel_view {
  index neuron, neurons;  // the first, of all; how many
  T *W, *A, *H, *D, *row;
};

template <class T>
panel_view<T> panel_of(const panel_sizes& sizes, const panels_view<T>& at, index panel, T* row) {
  constexpr index width = panel_width<T>;
  const index neuron = panel * width, rest = at.neurons - neuron;
  return {neuron,
          rest < width ? rest : width,
          at.W + neuron * sizes.d,
          at.A + neuron * sizes.k,
          at.H + neuron * sizes.batch,
          at.D + neuron * sizes.batch,
          row};
}

// E = factor d loss / d pre-activation, with A as the step found it.
template <class T>
void change_of_neurons(const panel_sizes& sizes, const panel_change<T>& change,
                       const panel_view<T>& at) {
  product({change.G, sizes.k, 1}, at.A, sizes.batch, sizes.k, at.row);
  for (index e = 0; e < sizes.batch * panel_width<T>; ++e) at.row[e] *= change.factor * at.D[e];
}

template <class T>
void change_last(const panel_sizes& sizes, const panel_change<T>& change, const panel_view<T>& at,
                 float* normals) {
  const index batch = sizes.batch, k = sizes.k;
  for (index e = 0; e < batch * panel_width<T>; ++e) at.H[e] *= change.factor;
  update({change.G, 1, k}, at.H, k, batch, change.keep, at.A);
  if (change.noise > 0)
    add_noise(change, stream_noise_last, at.neuron, at.neurons, k, normals, at.A);
}

// From E to the pre-activations of X, unless it is null.
template <class T>
void change_first(const panel_sizes& sizes, const panel_change<T>& change, const T* X,
                  const panel_view<T>& at, float* normals) {
  const index batch = sizes.batch, d = sizes.d;
  const bool changes = change.X && sizes.first, noise = change.noise > 0;
  if (changes && batch == 1 && d <= block && X && !noise)
    return update_and_product(change.X, at.row, change.keep, X, d, at.W, at.row);
  if (changes) update({change.X, 1, d}, at.row, d, batch, change.keep, at.W);
  if (changes && noise)
    add_noise(change, stream_noise_first, at.neuron, at.neurons, d, normals, at.W);
  if (X) product({X, d, 1}, at.W, batch, d, at.row);
}

// Phase by phase over as many panels as have `row`s: one does not wait for another.
template <class T>
void descend(const panel_sizes& sizes, const panel_change<T>& change, const T* X,
             const panels_view<T>& at, T* row, float* normals, T* F) {
  const index at_once = panels_at_once(sizes.batch);
  const pieces<T> sigma(sizes.s);
  for (index begin = 0; begin < at.panels; begin += at_once) {
    const index count = at.panels - begin < at_once ? at.panels - begin : at_once;
    panel_view<T> panels[most_panels];
    for (index p = 0; p < count; ++p)
      panels[p] = panel_of(sizes, at, begin + p, row + p * sizes.batch * panel_width<T>);
    if (change.X && sizes.first)
      for (index p = 0; p < count; ++p) change_of_neurons(sizes, change, panels[p]);
    if (change.X && sizes.last)
      for (index p = 0; p < count; ++p) change_last(sizes, change, panels[p], normals);
    for (index p = 0; p < count; ++p) change_first(sizes, change, X, panels[p], normals);
    for (index p = 0; p < count && X; ++p)
      activate(panels[p].row, sizes.batch, sigma, panels[p].neurons, panels[p].H, panels[p].D);
  }
  if (X) outputs(at.A, at.H, at.panels, sizes.batch, sizes.k, F);
}

// Eight sums at once, in every instruction set.
template <class T>
PYNTK_INLINE double squares(const double* f, const T* y, index k, double factor, T* g) {
  constexpr int width = 8;
  double sums[width] = {0};
  index j = 0;
  for (; j + width <= k; j += width) {
    for (int v = 0; v < width; ++v) {
      const double residual = f[j + v] - static_cast<double>(y[j + v]);
      g[j + v] = static_cast<T>(factor * residual);
      sums[v] += residual * residual;
    }
  }
  for (; j < k; ++j) {
    const double residual = f[j] - static_cast<double>(y[j]);
    g[j] = static_cast<T>(factor * residual);
    sums[0] += residual * residual;
  }
  return factor / 2 *
         (((sums[0] + sums[4]) + (sums[2] + sums[6])) +
          ((sums[1] + sums[5]) + (sums[3] + sums[7])));
}

template <class T>
double slopes(const panel_outputs<T>& of, const T* F, const T* c, double* f, T* G) {
  const index k = of.k, outputs = of.batch * k;
  const double share = loss_share(of.loss, of.batch);
  double loss = 0;
  for (index i = 0; i < of.batch; ++i) {
    for (index j = 0; j < k; ++j) f[j] = static_cast<double>(F[i * k + j]);
    for (index part = 1; part < of.parts; ++part)
      for (index j = 0; j < k; ++j) f[j] += static_cast<double>(F[part * outputs + i * k + j]);
    for (index j = 0; j < k; ++j) f[j] = of.scale * f[j] + static_cast<double>(c[j]);
    const T* y = of.Y + (of.rows ? of.rows[i] : i) * k;
    const bool of_squares = of.loss == half_squares || of.loss == mean_squares;
    loss += of_squares ? squares(f, y, k, of.loss == half_squares ? 1.0 : 2 * share, G + i * k)
                       : sample_loss(f, y, k, of.loss, share, G + i * k);
  }
  return loss;
}

}  // namespace

extern const descent_kernels descents;
const descent_kernels descents = {{descend<float>, slopes<float>},
                                  {descend<double>, slopes<double>}};

}  // namespace pyntk::PYNTK_ISA
