// THE PAGE: every kernel of pyntk, declared once. csrc/cpu and csrc/cuda define these same
// functions, each in a module of its own; pyntk/contract.py and pyntk/backends/numba_cpu.py are
// this page in Python.
//
// A kernel is (inputs..., outputs...) -> nothing. It allocates no result, returns nothing, and
// knows no Python. Every entry of an output is written. T is float or double. Sizes, here and
// everywhere: n samples, d inputs, m neurons. Letters: X (n, d) data, W (m, d) first layer, a (m,)
// second layer. `threads` is the largest number of CPU threads to use (CUDA ignores it); no output
// depends on it.
#pragma once

#include <cstdint>

#include "recipe.hpp"
#include "view.hpp"

namespace pyntk {

// The kernel function k of a recipe, between all pairs of rows. An entry depends on its two rows
// alone: it has the same bits in every one of these functions.

// K_ij = k(x_i, x_j), K (n, n); exactly symmetric.
template <class T>
void ntk_gram(matrix_view<const T> X, const recipe& recipe, int threads, matrix_view<T> K);

// K_ij = k(x_i, z_j), Z (p, d), K (n, p).
template <class T>
void ntk_gram_cross(matrix_view<const T> X, matrix_view<const T> Z, const recipe& recipe,
                    int threads, matrix_view<T> K);

// k_i = k(x_i, x_i), k (n,).
template <class T>
void ntk_diag(matrix_view<const T> X, const recipe& recipe, int threads, vector_view<T> k);

// Y = K V, K = ntk_gram(X) never stored; V (n, c), Y (n, c).
template <class T>
void ntk_matmul(matrix_view<const T> X, matrix_view<const T> V, const recipe& recipe, int threads,
                matrix_view<T> Y);

// Y = K V, K = ntk_gram_cross(X, Z) never stored; V (p, c), Y (n, c).
template <class T>
void ntk_matmul_cross(matrix_view<const T> X, matrix_view<const T> Z, matrix_view<const T> V,
                      const recipe& recipe, int threads, matrix_view<T> Y);

// dX_i = sum_j G_ij d k(x_i, z_j) / d x_i, G (n, p), dX (n, d): the gradient of sum_ij G_ij k(x_i,
// z_j) with respect to X. That with respect to Z is ntk_vjp(Z, X, G'). The kink term, 1 / sin theta
// in the derivative of the angle, is 0 at theta = 0 and pi. All in double, rounded once.
template <class T>
void ntk_vjp(matrix_view<const T> X, matrix_view<const T> Z, matrix_view<const T> G,
             const recipe& recipe, int threads, matrix_view<T> dX);

// f_i = scale sum_r a_r relu(w_r.x_i), f (n,).
// The gradient with respect to a is the same sum with the roles of samples and neurons exchanged:
// da_r = scale sum_i g_i relu(w_r.x_i), so da = two_layer_forward(W, X, g), g = d loss / d f.
template <class T>
void two_layer_forward(matrix_view<const T> X, matrix_view<const T> W, vector_view<const T> a,
                       double scale, int threads, vector_view<T> f);

// dW_r = scale a_r sum_i g_i 1{w_r.x_i > 0} x_i, dW (m, d), g (n,) = d loss / d f.
// Exchange the roles again for the gradient with respect to the data: dX_i = scale g_i sum_r a_r
// 1{w_r.x_i > 0} w_r, so dX = two_layer_gradient(W, X, g, a). relu'(0) = 0.
template <class T>
void two_layer_gradient(matrix_view<const T> X, matrix_view<const T> W, vector_view<const T> a,
                        vector_view<const T> g, double scale, int threads, matrix_view<T> dW);

// Bit r % 64 of P(i, r / 64) is 1{w_r.x_i > 0}, P (n, ceil(m / 64)); the bits past m are 0.
template <class T>
void activation_patterns(matrix_view<const T> X, matrix_view<const T> W, int threads,
                         matrix_view<std::uint64_t> P);

// H_ij = x_i.x_j |{r : neuron r is active on x_i and on x_j}| / m, P as activation_patterns writes
// it, H (n, n); exactly symmetric.
template <class T>
void finite_width_gram(matrix_view<const T> X, matrix_view<const std::uint64_t> P, index m,
                       int threads, matrix_view<T> H);

// A = sum_k w_k v_k v_k', w (n,) ascending; row k of V (n, n) is v_k. Reads the lower triangle of
// A.
template <class T>
void eigh(matrix_view<const T> A, vector_view<T> w, matrix_view<T> V);

}  // namespace pyntk
