// The kernels of the two-layer ReLU network on unit rows, one entry at a time. Y. Cho and L. Saul,
// "Kernel methods for deep learning", 2009 (arc-cosine kernels of degree 0 and 1); A. Jacot et al.,
// "Neural tangent kernel", 2018; S. Arora et al., arXiv 1901.08584, equation (4).
//
// With t = 1 - |c| and r = sqrt(t), both of
//   Q(t) = acos(1 - t) / (pi r),   R(t) = (sqrt(1 - c^2) - |c| acos |c|) / (pi t r)
// are analytic on [0, 1], and a polynomial gives them to the last bit or two. Everything else is
// one square root and no branch, so a compiler turns a loop over entries into vectors, and no digit
// is lost at either pole. The coefficients are from fit_arc_cosine.py; relative errors of the fits:
// float Q 1.5e-8, R 1.5e-8; double Q 9.9e-17, R 3.9e-17.
#pragma once

#include "../core/recipe.hpp"
#include "angle.hpp"
#include "polynomial.hpp"

namespace pyntk {

PYNTK_INLINE float arc_cosine_q(float t) {
  return polynomial(t, 0.45015815152330922f, 0.037513975920602232f, 0.0084246798829428267f,
                    0.0026301413460729831f, 0.00042829228258672988f, 0.0011255405030053806f,
                    -0.00067977650109428611f, 0.00039898776152968884f);
}
PYNTK_INLINE float arc_cosine_r(float t) {
  return polynomial(t, 0.3001054430796015877f, 0.015004868181184459f, 0.0024176340597667225f,
                    0.00052440269418930424f, 0.00024298440006985489f, -0.000062106322686200226f,
                    0.000076655466586015173f);
}
PYNTK_INLINE double arc_cosine_q(double t) {
  return polynomial(
      t, 0.45015815807855299063, 0.037513179839907307349, 0.0084404654610478564884,
      0.0025120434142931898991, 0.00085478985438484725844, 0.0003147543025339497928,
      0.00012174567244937528901, 0.000050996769014738705801, 0.000012023324009252713057,
      0.00003547516370831035133, -0.000061493258356096675404, 0.00012022293461037940251,
      -0.00016080552306657418892, 0.00016270769770602791328, -0.00011716642317649246983,
      0.000057893653987985650477, -0.000017517736856876125598, 2.5267752497789812738e-6);
}
PYNTK_INLINE double arc_cosine_r(double t) {
  return polynomial(t, 0.30010543871903536802, 0.015005271935945298693, 0.0024115615617388914189,
                    0.00055823182057203626468, 0.00015541725204816112063,
                    0.000048413243231633223579, 0.000016313096293993466304,
                    5.5686322092228339854e-6, 2.9388460112792348709e-6, -1.4195333447344278755e-6,
                    4.9311181361001473682e-6, -6.8835621158034690438e-6, 7.8418671721735319257e-6,
                    -6.1426707926576757598e-6, 3.3182593978940198924e-6, -1.086120152466005168e-6,
                    1.7171840426893361192e-7);
}

// k(x, z) / (scale s(x) s(z)) (layers.hpp) for the recipes of one layer without bias. Duplicates (t
// = 0) give exactly the diagonal, 1 (2 for trained_all), and opposite rows exactly 0.
template <class T>
PYNTK_INLINE T unit_value(const angle<T>& at, int kind) {
  const T r = std::sqrt(at.t);
  if (kind != trained_last) {
    const T share = r * arc_cosine_q(at.t);  // acos |c| / pi, in [0, 1/2]
    const T kappa = at.obtuse ? share : 1 - share;
    if (kind == degree_0) return kappa;
    // + 0: no negative zero from opposite rows.
    const T H = (at.obtuse ? -at.cosine : at.cosine) * kappa + 0;
    if (kind == trained_first) return H;
    return H + (at.t * r * arc_cosine_r(at.t) + (at.obtuse ? T(0) : at.cosine));
  }
  return at.t * r * arc_cosine_r(at.t) + (at.obtuse ? T(0) : at.cosine);
}

}  // namespace pyntk
