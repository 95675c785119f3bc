// Compiled once per instruction set, as micro_kernel.cpp is.
#include "gram_kernel.hpp"

#include <type_traits>

#include "../math/deep.hpp"
#include "instruction_set.hpp"
#include "simd.hpp"

namespace pyntk::PYNTK_ISA {
namespace {

template <class T>
void norms(const T* X, index rows, index d, row_norm* result) {
  for (index i = 0; i < rows; ++i) result[i] = norm_of_row(X + i * d, d);
}

// The first `count` values of a register, in pieces of constant size: a memcpy of any size is a
// call, and packing took twice as long.
template <class T>
PYNTK_INLINE void store_first(T* to, vec<T> v, index count) {
  if (count == lanes<T>) return simd<T>::store(to, v);
  const char* from = reinterpret_cast<const char*>(&v);
  char* bytes = reinterpret_cast<char*>(to);
  const index size = count * static_cast<index>(sizeof(T));
  index at = 0;
  const auto piece = [&](auto length) {
    if (!(size & length.value)) return;
    __builtin_memcpy(bytes + at, from + at, length.value);
    at += length.value;
  };
  piece(std::integral_constant<index, 32>{});
  piece(std::integral_constant<index, 16>{});
  piece(std::integral_constant<index, 8>{});
  piece(std::integral_constant<index, 4>{});
}

// Rows are normalised `chunk` terms at a time and turned in registers.
template <class T, class C>
void pack(const T* X, index rows, index d, const row_norm* norms, index width, C* panel) {
  constexpr index L = lanes<C>, chunk = 64;
  alignas(64) C unit[L * chunk];
  for (index k0 = 0; k0 < d; k0 += chunk) {
    const index terms = d - k0 < chunk ? d - k0 : chunk;
    for (index r0 = 0; r0 < width; r0 += L) {
      const index group = width - r0 < L ? width - r0 : L;
      for (index r = 0; r < L; ++r) {
        C* target = unit + r * chunk;
        const index i = r0 + r;
        if (r < group && i < rows && norms[i].mantissa > 0)
          divide_by_norm(X + i * d + k0, terms, norms[i], target);
        else
          for (index k = 0; k < terms; ++k) target[k] = 0;
      }
      for (index k = 0; k < terms; k += L) {
        vec<C> turned[L];
        for (index r = 0; r < L; ++r) turned[r] = simd<C>::load(unit + r * chunk + k);
        transpose<C>(turned);
        const index held = terms - k < L ? terms - k : L;
        C* target = panel + (k0 + k) * width + r0;
        for (index e = 0; e < held; ++e) store_first<C>(target + e * width, turned[e], group);
      }
    }
  }
}

// With Poles false no cosine is beyond chord_border: a fifth less work.
template <class C, int Kind, bool Poles>
void entry_rows(const C* __restrict cosine, const C* __restrict near, const C* __restrict far,
                index rows, const double* __restrict s_rows, const double* __restrict s_columns,
                double scale, C* __restrict K, index stride) {
  constexpr int W = 2 * lanes<C>;
  const C factor = static_cast<C>(scale);
  for (index i = 0; i < rows; ++i, cosine += W, near += W, far += W, K += stride) {
    C value[W];
    for (int j = 0; j < W; ++j) {
      angle<C> at = angle_of(cosine[j]);
      if constexpr (Poles) {
        const C acute = near[j], obtuse = far[j];
        at = angle_between(cosine[j], cosine[j] < 0 ? obtuse : acute);
      }
      value[j] = factor * unit_value(at, Kind);
    }
    for (int j = 0; j < W; ++j)
      K[j] = static_cast<C>(s_rows[i] * s_columns[j] * static_cast<double>(value[j]));
  }
}

template <class C, int Kind>
void entries(const C* cosine, const C* near, const C* far, int poles, index rows,
             const double* s_rows, const double* s_columns, double scale, C* K, index stride) {
  const auto version = poles ? entry_rows<C, Kind, true> : entry_rows<C, Kind, false>;
  version(cosine, near, far, rows, s_rows, s_columns, scale, K, stride);
}

// deep_value (deep.hpp) with the loop over the columns inside the loop over the layers.
template <int Kind, bool Biased>
void deep_rows(const double* __restrict cosine, const double* __restrict near,
               const double* __restrict far, double s_row, const double* __restrict s_columns,
               const kernel_constants& of, const row_shares& row, const row_shares& columns,
               double* __restrict K) {
  constexpr int W = 2 * lanes<double>;
  double t[W], tau[W], kappa[W], w[W], slip[W] = {};
  const auto column = [&](int j) { return row_shares{columns.first + j, columns.stride}; };
  for (int j = 0; j < W; ++j) {
    const double acute = near[j], obtuse = far[j];
    angle<double> at = angle_between(cosine[j], cosine[j] < 0 ? obtuse : acute);
    if constexpr (Biased) at = with_bias(at, row, column(j));
    const layer_angle layer = through_relu(at.t, at.obtuse);
    tau[j] = at.obtuse ? -at.cosine : at.cosine;
    kappa[j] = layer.kappa;
    w[j] = layer.w;
    if constexpr (Kind == trained_first) slip[j] = layer.slip;
  }
  for (int l = 1;; ++l) {
    for (int j = 0; j < W; ++j) {
      const layer_meeting m = Biased ? meet(row, column(j), l) : layer_meeting{1, 0};
      t[j] = m.D + m.A * w[j];
      if constexpr (Kind == trained_all) tau[j] = m.A * kappa[j] * tau[j] + (1 - t[j]);
      if constexpr (Kind == trained_first) tau[j] = kappa[j] * tau[j];
    }
    if (l == of.depth) break;
    for (int j = 0; j < W; ++j) {
      const layer_angle layer = through_relu(t[j], false);
      kappa[j] = layer.kappa;
      w[j] = layer.w;
      if constexpr (Kind == trained_first) slip[j] += layer.slip;
    }
  }
  for (int j = 0; j < W; ++j) {
    if constexpr (Kind == trained_first) tau[j] = tau[j] + tau[j] * slip[j];
    const double value = Kind == trained_last ? 1 - t[j] : tau[j];
    K[j] = s_row * s_columns[j] * (of.scale * value);
  }
}

void deep_entries(const double* cosine, const double* near, const double* far, double s_row,
                  const double* s_columns, const kernel_constants& of, const row_shares& row,
                  const row_shares& columns, double* K) {
  constexpr decltype(&deep_rows<0, false>) versions[3][2] = {
      {deep_rows<trained_first, false>, deep_rows<trained_first, true>},
      {deep_rows<trained_last, false>, deep_rows<trained_last, true>},
      {deep_rows<trained_all, false>, deep_rows<trained_all, true>}};
  versions[of.kind][of.biased](cosine, near, far, s_row, s_columns, of, row, columns, K);
}

// With Plain, one layer without bias, the loop over the layers is gone, and that over the columns
// becomes vectors.
template <int Kind, bool Plain>
void slopes(const double* __restrict cosine, const double* __restrict near,
            const double* __restrict far, const kernel_constants& given, const row_shares& row,
            const row_shares& columns, double* __restrict by_cosine,
            double* __restrict by_log_norm) {
  kernel_constants of = given;
  of.kind = Kind;
  if (Plain) of.depth = 1;
  if (Plain) of.biased = false;
  for (int j = 0; j < 2 * lanes<double>; ++j) {
    const double acute = near[j], obtuse = far[j];
    const entry_slope slope = slope_of(angle_between(cosine[j], cosine[j] < 0 ? obtuse : acute), of,
                                       row, row_shares{columns.first + j, columns.stride});
    by_cosine[j] = slope.by_cosine;
    by_log_norm[j] = slope.by_log_norm;
  }
}

void any_slopes(const double* cosine, const double* near, const double* far,
                const kernel_constants& of, const row_shares& row, const row_shares& columns,
                double* by_cosine, double* by_log_norm) {
  constexpr slope_row versions[4][2] = {{slopes<trained_first, false>, slopes<trained_first, true>},
                                        {slopes<trained_last, false>, slopes<trained_last, true>},
                                        {slopes<trained_all, false>, slopes<trained_all, true>},
                                        {slopes<degree_0, true>, slopes<degree_0, true>}};
  versions[of.kind][!of.deep](cosine, near, far, of, row, columns, by_cosine, by_log_norm);
}

template <class T>
void put(T* place, vec<T> value, bool stream) {
  if (stream)
    simd<T>::stream(place, value);
  else
    simd<T>::store(place, value);
}

// A register of T from as many values of C, rounded where a float matrix is computed in double.
template <class T, class C>
PYNTK_INLINE vec<T> load_as(const C* from) {
  typedef T narrow __attribute__((vector_size(sizeof(vec<T>))));
  typedef C wide __attribute__((vector_size(lanes<T> * sizeof(C))));
  wide values;
  __builtin_memcpy(&values, from, sizeof values);
  return reinterpret_cast<vec<T>>(__builtin_convertvector(values, narrow));
}

template <class T, class C>
void put_rows(const C* block, index width, index rows, index columns, T* K, index stride,
              bool stream) {
  for (index u = 0; u < rows; ++u) {
    const C* from = block + u * width;
    T* to = K + u * stride;
    index v = 0;
    for (; v + lanes<T> <= columns; v += lanes<T>) put<T>(to + v, load_as<T>(from + v), stream);
    for (; v < columns; ++v) to[v] = static_cast<T>(from[v]);
  }
}

template <class T, class C>
void put_columns(const C* block, index width, index rows, index columns, T* K, index stride,
                 bool stream) {
  constexpr index L = lanes<T>;
  index v = 0;
  for (; v + L <= columns; v += L) {
    index u = 0;
    for (; u + L <= rows; u += L) {
      vec<T> turned[L];
#pragma GCC unroll 16
      for (index r = 0; r < L; ++r) turned[r] = load_as<T>(block + (u + r) * width + v);
      transpose<T>(turned);
#pragma GCC unroll 16
      for (index r = 0; r < L; ++r) put<T>(K + (v + r) * stride + u, turned[r], stream);
    }
    for (; u < rows; ++u)
      for (index r = 0; r < L; ++r)
        K[(v + r) * stride + u] = static_cast<T>(block[u * width + v + r]);
  }
  for (; v < columns; ++v)
    for (index u = 0; u < rows; ++u) K[v * stride + u] = static_cast<T>(block[u * width + v]);
}

// Eight sums side by side, each over v (or u) ascending, so that no instruction set changes them.
constexpr index side_by_side = 8;

template <index Rows, bool Turned>
void product_part(const double* block, index width, index terms, const double* V, index c,
                  double* Y) {
  constexpr int parts = product_columns / lanes<double>;
  vec<double> sums[Rows][parts];
  for (index u = 0; u < Rows; ++u)
    for (int p = 0; p < parts; ++p) sums[u][p] = simd<double>::load(Y + u * c + p * lanes<double>);
  for (index v = 0; v < terms; ++v) {
    vec<double> values[parts];
    for (int p = 0; p < parts; ++p) values[p] = simd<double>::load(V + v * c + p * lanes<double>);
    for (index u = 0; u < Rows; ++u) {
      const vec<double> entry =
          simd<double>::broadcast(Turned ? block[v * width + u] : block[u * width + v]);
      for (int p = 0; p < parts; ++p) sums[u][p] = simd<double>::fma(entry, values[p], sums[u][p]);
    }
  }
  for (index u = 0; u < Rows; ++u)
    for (int p = 0; p < parts; ++p) simd<double>::store(Y + u * c + p * lanes<double>, sums[u][p]);
}

template <bool Turned>
void product(const double* block, index width, index rows, index columns, const double* V, index c,
             double* Y) {
  const index outputs = Turned ? columns : rows, terms = Turned ? rows : columns;
  const index step = Turned ? 1 : width;
  for (index c0 = 0; c0 < c; c0 += product_columns) {
    index u = 0;
    for (; u + side_by_side <= outputs; u += side_by_side)
      product_part<side_by_side, Turned>(block + u * step, width, terms, V + c0, c, Y + u * c + c0);
    for (; u < outputs; ++u)
      product_part<1, Turned>(block + u * step, width, terms, V + c0, c, Y + u * c + c0);
  }
}

template <class C>
constexpr decltype(gram_kernel<C, C>::deep_entries) deep = nullptr;
template <>
constexpr decltype(gram_kernel<double, double>::deep_entries) deep<double> = deep_entries;

template <class T, class C>
constexpr gram_kernel<T, C> kernel = {norms<T>,
                                      pack<T, C>,
                                      {entries<C, trained_first>, entries<C, trained_last>,
                                       entries<C, trained_all>, entries<C, degree_0>},
                                      deep<C>,
                                      put_rows<T, C>,
                                      put_columns<T, C>};

}  // namespace

extern const gram_kernels grams;
const gram_kernels grams = {kernel<float, float>,
                            kernel<float, double>,
                            kernel<double, double>,
                            {product<false>, product<true>},
                            any_slopes,
                            stream_fence};

}  // namespace pyntk::PYNTK_ISA
