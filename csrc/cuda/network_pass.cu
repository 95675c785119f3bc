#include "few_outputs.cuh"
#include "network_pass.cuh"
#include "sample_tile.cuh"
#include "strips.cuh"

namespace pyntk {
namespace {

// sums(a, k) = sum_b sigma V_bk: rows a samples and terms b neurons, or, Exchanged, rows a neurons
// and terms b samples. The power of two of a term is halved between its factors: neither becomes
// infinite, which the other might be 0 against.
template <class T, bool Exchanged>
__global__ void __launch_bounds__(tile_threads, tile_blocks)
    activated_strip(preactivations<T> h, matrix_view<const T> V, strip_sums to) {
  __shared__ tile_memory<double> memory;
  const auto at = to.place_of(blockIdx.x);
  const index a0 = to.first_row + at.r0;
  const int* exponents = Exchanged ? h.of_samples : h.of_neurons;
  const auto exponent = [&](index b) { return h.homogeneous ? exponents[b] : 0; };
#pragma unroll 1
  for (index b0 = at.begin; b0 < at.end; b0 += tile_edge) {
    for_each_entry([&](int sample, int neuron) {
      const int a = Exchanged ? neuron : sample, b = Exchanged ? sample : neuron;
      const index i = (Exchanged ? b0 : a0) + sample, r = (Exchanged ? a0 : b0) + neuron;
      const bool inside = i < h.P.rows && r < h.neurons;
      memory.a[a][b] = inside ? times_power_of_two(h.value(i, r), exponent(b0 + b) / 2) : 0.0;
    });
#pragma unroll 1
    for (index column = 0; column < V.columns; column += tile_edge) {
      __syncthreads();
      for_each_entry([&](int t, int c) {
        const index b = b0 + t, k = column + c;
        const bool inside = b < V.rows && k < V.columns;
        const int power = inside ? exponent(b) - exponent(b) / 2 : 0;
        memory.b[t][c] = inside ? times_power_of_two(static_cast<double>(V(b, k)), power) : 0.0;
      });
      __syncthreads();
      if (V.columns - column <= thread_edge)
        add_tile<1>(memory, tile_product{}, to, at.sums, column, V.columns, b0 == at.begin);
      else
        add_tile<thread_sums>(memory, tile_product{}, to, at.sums, column, V.columns,
                              b0 == at.begin);
    }
    __syncthreads();
  }
}

// to += scale 2^exponent sums; without exponents these are 0.
template <class Out>
__global__ void __launch_bounds__(tile_threads)
    add_strips(strip_sums sums, double scale, const int* exponents, block_sums<Out> to) {
  const index number = static_cast<index>(blockIdx.x) * tile_threads + threadIdx.x;
  const index columns = to.total.columns;
  const index r = number / columns, k = number % columns, a = sums.first_row + r;
  if (r < sums.rows && a < to.total.rows)
    to.add(a, k, times_power_of_two(scale * sums.sum(r, k), exponents ? exponents[a] : 0));
}

template <bool Exchanged, class T, class Out>
void activated_product(const preactivations<T>& h, matrix_view<const T> V, double scale,
                       const block_sums<Out>& to) {
  const int* exponents = Exchanged ? h.of_neurons : h.of_samples;
  const index columns = V.columns;
  for_each_chunk(to.total.rows, V.rows, columns, [&](const strip_sums& sums, index blocks) {
    launch(activated_strip<T, Exchanged>, blocks, tile_threads, h, V, sums);
    launch(add_strips<Out>, ceil_div(sums.rows * columns, tile_threads), tile_threads, sums, scale,
           h.homogeneous ? exponents : nullptr, to);
  });
}

// P_ir = (sum_k G_ik A_rk) sigma', in the place of the pre-activations; with one output without
// A_r, which add_tile_of_dW multiplies by.
template <class T>
__global__ void __launch_bounds__(tile_threads, tile_blocks)
    weigh_tile(preactivations<T> h, matrix_view<const T> G, matrix_view<const T> A) {
  __shared__ tile_memory<T> memory;
  const index number = blockIdx.x, across = ceil_div(h.neurons, tile_edge);
  const index i0 = number / across * tile_edge, r0 = number % across * tile_edge;
  thread_tile<T> weights;
  if (G.columns > 1)
    tile_sum(memory, rows_from<T>{G, i0}, rows_from<T>{A, r0}, G.columns, product_term{}, weights);
  for (int u = 0; u < thread_sums; ++u) {
    for (int v = 0; v < thread_sums; ++v) {
      const index i = i0 + tile_row(u), r = r0 + tile_column(v);
      if (i < h.P.rows && r < h.neurons)
        h.P(i, r) = (G.columns > 1 ? weights[u][v] : G(i, 0)) * h.slope(i, r);
    }
  }
}

template <class T>
__global__ void __launch_bounds__(slab_threads, 1)
    add_tile_of_dW(sample_columns<T> E, sample_columns<T> X, matrix_view<const T> A, double scale,
                   block_sums<T> dW) {
  using tile = sample_tile<T>;
  __shared__ sample_memory<T> memory;
  const index down = ceil_div(E.columns, tile::down), across = ceil_div(X.columns, tile::across);
  const tile_place at = rectangle_place(blockIdx.x, down, across);
  E.first = at.I * tile::down;
  X.first = at.J * tile::across;
  typename tile::sums h;
  sum_samples(memory, E, X, h);
  constexpr int run = tile::column_run;
  const bool aligned = X.columns % run == 0 &&
                       reinterpret_cast<std::uintptr_t>(dW.total.data) % sizeof(pack<T, run>) == 0;
#pragma unroll
  for (int q = 0; q < tile::groups; ++q) {
    for (int r = 0; r < tile::rows; ++r) {
      const index neuron = E.first + tile::row(q, r);
      if (neuron >= E.columns) continue;
      const double factor = A.columns == 1 ? scale * static_cast<double>(A(neuron, 0)) : scale;
      for (int s = 0; s < tile::columns; s += run) {
        const index k = X.first + tile::column(q, s);
        if (k >= X.columns) continue;
        pack<double, run> parts;
        for (int n = 0; n < run; ++n) parts.at[n] = factor * static_cast<double>(h[q][r][s + n]);
        const int there = X.columns - k < run ? static_cast<int>(X.columns - k) : run;
        dW.add(neuron, k, parts, there, aligned);
      }
    }
  }
}

template <class T>
matrix_view<const T> rows_of(matrix_view<const T> X, index begin, index end) {
  return {X.row(begin), end - begin, X.columns};
}

template <class T>
index tiles_across(const network<T>& net) {
  return ceil_div(net.W.rows, pair_tile<T>::edge);
}

}  // namespace

template <class T>
index network<T>::block_rows() const {
  const index of_sample = std::max({kept_columns(), X.columns, 2 * A.columns, index{1}});
  const index rows = kept_bytes / (of_sample * static_cast<index>(sizeof(T)));
  const index edge = rows < pair_tile<T>::edge ? tile_edge : pair_tile<T>::edge;
  return std::max(rows / edge, index{1}) * edge;
}

template <class T>
sample_block<T>::sample_block(const network<T>& net, index begin, index end)
    : begin(begin),
      end(end),
      net_(net),
      scaled_(rows_of(net.X, begin, end)),
      kept_(net.keeps_preactivations() ? samples() * net.kept_columns() : 0),
      part_(net.sums_outputs() ? samples() * net.A.columns * tiles_across(net) : 0) {
  launch(form_tile<T>, ceil_div(samples(), pair_tile<T>::edge) * tiles_across(net), slab_threads,
         scaled_.view().rows, net.neurons.view().rows, kept(), net.A, part_.get());
}

template <class T>
preactivations<T> sample_block<T>::kept() const {
  return {{kept_.get(), samples(), net_.kept_columns()},
          net_.W.rows,
          scaled_.view().exponents,
          net_.neurons.view().exponents,
          net_.s,
          net_.s.homogeneous()};
}

template <class T>
template <class Out>
void sample_block<T>::outputs(matrix_view<Out> F) const {
  if (net_.sums_outputs())
    launch(add_output_parts<Out>, ceil_div(F.rows * F.columns, few_threads / 32), few_threads,
           part_.get(), tiles_across(net_), net_.scale, scaled_.view().exponents, F);
  else
    activated_product<false>(kept(), net_.A, net_.scale, block_sums<Out>{F, nullptr, true});
}

template <class T>
void sample_block<T>::add_dA(matrix_view<const T> G, const block_sums_memory<T>& dA) const {
  const matrix_view<const T> weights = rows_of(G, begin, end);
  if (net_.few_outputs())
    sum_over_samples(kept(), weights, net_.scale, dA.view(begin == 0));
  else
    activated_product<true>(kept(), weights, net_.scale, dA.view(begin == 0));
}

template <class T>
void sample_block<T>::add_dW(matrix_view<const T> G, const block_sums_memory<T>& dW) {
  using tile = sample_tile<T>;
  const matrix_view<const T> of_outputs = rows_of(G, begin, end);
  const index m = net_.W.rows, d = net_.X.columns;
  const bool weighed = net_.few_outputs() && G.columns == 1;  // as the tiles of dW read them
  if (!weighed)
    launch(weigh_tile<T>, ceil_div(samples(), tile_edge) * ceil_div(m, tile_edge), tile_threads,
           kept(), of_outputs, net_.A);
  const sample_columns<T> E{{kept_.get(), samples(), net_.kept_columns()},
                            m,
                            0,
                            weighed ? of_outputs.data : nullptr,
                            slopes_of<T>(net_.s, 1)};
  const sample_columns<T> X{rows_of(net_.X, begin, end), d, 0, nullptr, {}};
  launch(add_tile_of_dW<T>, ceil_div(m, tile::down) * ceil_div(d, tile::across), slab_threads, E, X,
         net_.A, net_.scale, dW.view(begin == 0));
}

template struct network<float>;
template struct network<double>;
template class sample_block<float>;
template class sample_block<double>;
template void sample_block<float>::outputs(matrix_view<float>) const;
template void sample_block<float>::outputs(matrix_view<double>) const;
template void sample_block<double>::outputs(matrix_view<double>) const;

}  // namespace pyntk
