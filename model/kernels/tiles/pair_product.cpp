#include "model/kernels/tiles/pair_product.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "model/base/error.h"
#include "model/kernels/parallel.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "model/kernels/tiles/pair_product.cpp"
#include "model/kernels/targets.h"
// Must follow targets.h, which selects the instruction sets to compile.
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "model/kernels/products/kept_scratch.h"
#include "model/kernels/products/quantise_vector-inl.h"
#include "model/kernels/tiles/nibble_format-inl.h"
#include "model/kernels/tiles/pair_format-inl.h"

#ifndef PLELAB_PAIR_PRODUCT_ONCE
#define PLELAB_PAIR_PRODUCT_ONCE
namespace plelab {
namespace {

// One product, and what its threads share.
struct PairPlan {
  MatrixView w;
  bool transposed;
  ConstRows x;
  float* y;
  int64_t y_stride;
  int64_t inputs, outputs;
  int64_t groups = 0;           // of vectors that are multiplied together
  std::byte* packed = nullptr;  // their codes: see PackGroup
  std::vector<float> row_scales = {}, vector_scales = {};
  const float* output_scales = nullptr;  // of row_scales, or ones when these belong to the inputs
};

// Inputs, padded to whole steps.
constexpr int64_t PaddedInputs(int64_t inputs) { return CeilOf(inputs, kPairStep) * kPairStep; }

}  // namespace
}  // namespace plelab
#endif  // PLELAB_PAIR_PRODUCT_ONCE

HWY_BEFORE_NAMESPACE();
namespace plelab {
namespace HWY_NAMESPACE {

bool HasNibbleFormat() { return kHasNibbleFormat; }

#if HWY_TARGET == HWY_SCALAR

int64_t PairGroup() { return 0; }
int64_t PackedGroupBytes(const PairPlan&) { return 0; }
void PrepareRow(PairPlan&, int64_t) {}
void PackGroup(PairPlan&, int64_t) {}
void MultiplyPanels(const PairPlan&, int64_t, int64_t) {}

#else

// So many panels share a block of the vectors, which then comes from further away once for all of them.
constexpr int64_t kPanelsTogether = 4;

// Calls f with the format in which a product is computed.
template <class F>
void WithFormat(const PairPlan& plan, F f) {
  if (plan.w.type == ElementType::kInt8) return f(PairFormat<Int8Pairs>{plan.w});
  if (!plan.transposed) return f(Int4RowFormat{plan.w});
  f(PairFormat<Int4Pairs>{plan.w});
}

int64_t PairGroup() { return kGroupVectors; }

int64_t PackedGroupBytes(const PairPlan& plan) {
  int64_t bytes = 0;
  WithFormat(plan, [&](const auto& format) { bytes = format.GroupBytes(PaddedInputs(plan.inputs)); });
  return bytes;
}

void PrepareRow(PairPlan& plan, int64_t row) {
  WithFormat(plan, [&](const auto& format) { plan.row_scales[row] = format.RowScale(row); });
}

// Writes the codes of vector v of a group to where they are multiplied.  The layout of packed vectors is
// [block of inputs][group][what the format has of them].
template <class Format>
void PackVector(const PairPlan& plan, const Format& format, int64_t group, int64_t v, const uint8_t* codes) {
  const int64_t padded = PaddedInputs(plan.inputs);
  for (int64_t block = 0; block < padded; block += kPairBlock) {
    const int64_t inputs = std::min(kPairBlock, padded - block);
    format.PackCodes(
        codes + block, inputs, v,
        plan.packed + format.GroupBytes(block) * plan.groups + format.GroupBytes(inputs) * group);
  }
}

// Quantises the vectors of one group and packs them.
void PackGroup(PairPlan& plan, int64_t group) {
  static thread_local KeptScratch scaled_scratch, code_scratch;
  const int64_t code_bytes = PackedBytes(ElementType::kInt8, plan.inputs);
  auto* scaled = reinterpret_cast<float*>(scaled_scratch.AtLeast(plan.inputs * 4));
  std::byte* quantised = code_scratch.AtLeast(code_bytes);
  for (int64_t v = 0; v < kGroupVectors; ++v) {
    const int64_t vector = std::min(group * kGroupVectors + v, plan.x.count - 1);
    const float* x = plan.x.data + vector * plan.x.stride;
    if (plan.transposed) {
      for (int64_t i = 0; i < plan.inputs; ++i) scaled[i] = x[i] * plan.row_scales[i];
      x = scaled;
    }
    QuantiseVector(ElementType::kInt8, x, static_cast<size_t>(plan.inputs), quantised);
    const PackedVector of = VectorOf({quantised, 1}, ElementType::kInt8, plan.inputs, 0);
    plan.vector_scales[group * kGroupVectors + v] = of.head->scale;
    WithFormat(plan, [&](const auto& format) { PackVector(plan, format, group, v, of.codes); });
  }
}

// Writes the outputs of `count` panels, vector by vector, so that few pages are written at once.
template <bool kExact>
void WritePanels(const PairPlan& plan, int64_t first, int64_t count, const float* sums, int64_t panel_sums) {
  const auto* exact = reinterpret_cast<const int32_t*>(sums);
  for (int64_t v = 0; v < plan.x.count; ++v) {
    for (int64_t p = 0; p < count; ++p) {
      const int64_t output = (first + p) * kPairOutputs, at = p * panel_sums + v * kPairOutputs;
      const int64_t wanted = std::min(kPairOutputs, plan.outputs - output);
      float* HWY_RESTRICT y = plan.y + v * plan.y_stride + output;
      for (int64_t o = 0; o < wanted; ++o) {
        const float sum = kExact ? static_cast<float>(exact[at + o]) : sums[at + o];
        y[o] = sum * (plan.output_scales[output + o] * plan.vector_scales[v]);
      }
    }
  }
}

// Panels [first, first + count) of outputs for all vectors.
template <class Format>
void Multiply(const PairPlan& plan, const Format& format, int64_t first, int64_t count) {
  static thread_local KeptScratch weight_scratch, sum_scratch;
  const int64_t panel_sums = plan.groups * kGroupVectors * kPairOutputs;
  std::byte* packed = weight_scratch.AtLeast(count * Format::kPanelBytes);
  auto* sums = reinterpret_cast<float*>(sum_scratch.AtLeast(count * panel_sums * 4));
  for (int64_t block = 0; block < plan.inputs; block += kPairBlock) {
    const int64_t inputs = std::min(kPairBlock, plan.inputs - block), padded = PaddedInputs(inputs);
    for (int64_t p = 0; p < count; ++p) {
      format.PackPanel(plan.transposed, plan.row_scales.data(), (first + p) * kPairOutputs, block, inputs,
                       packed + p * Format::kPanelBytes);
    }
    const std::byte* vectors = plan.packed + format.GroupBytes(block) * plan.groups;
    for (int64_t p = 0; p < count; ++p) {
      for (int64_t g = 0; g < plan.groups; ++g) {
        format.Add(packed + p * Format::kPanelBytes, vectors + format.GroupBytes(padded) * g, inputs,
                   block == 0, sums + p * panel_sums + g * kGroupVectors * kPairOutputs);
      }
    }
  }
  WritePanels<Format::kExact>(plan, first, count, sums, panel_sums);
}

void MultiplyPanels(const PairPlan& plan, int64_t begin, int64_t end) {
  WithFormat(plan, [&](const auto& format) {
    for (int64_t first = begin; first < end; first += kPanelsTogether) {
      Multiply(plan, format, first, std::min(kPanelsTogether, end - first));
    }
  });
}

#endif

}  // namespace HWY_NAMESPACE
}  // namespace plelab
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace plelab {
namespace {

HWY_EXPORT(HasNibbleFormat);
HWY_EXPORT(PairGroup);
HWY_EXPORT(PackedGroupBytes);
HWY_EXPORT(PrepareRow);
HWY_EXPORT(PackGroup);
HWY_EXPORT(MultiplyPanels);

}  // namespace

bool CpuMultipliesPairs() { return HWY_DYNAMIC_DISPATCH(PairGroup)() > 0; }

bool CpuMultipliesNibbles() { return HWY_DYNAMIC_DISPATCH(HasNibbleFormat)(); }

void PairProduct(const MatrixView& w, bool transposed, const ConstRows& x, float* y, int64_t y_stride) {
  if (!CpuMultipliesPairs() || !IsQuantised(w.type))
    throw RunError("this CPU cannot multiply pairs of these weights");
  if (x.count == 0) return;
  const int64_t group = HWY_DYNAMIC_DISPATCH(PairGroup)();
  PairPlan plan{.w = w,
                .transposed = transposed,
                .x = x,
                .y = y,
                .y_stride = y_stride,
                .inputs = transposed ? w.rows : w.cols,
                .outputs = transposed ? w.cols : w.rows,
                .groups = CeilOf(x.count, group)};
  plan.row_scales.resize(static_cast<size_t>(w.rows));
  plan.vector_scales.resize(static_cast<size_t>(plan.groups * group));
  const std::vector<float> ones(transposed ? static_cast<size_t>(plan.outputs) : 0, 1.0f);
  plan.output_scales = transposed ? ones.data() : plan.row_scales.data();
  static thread_local KeptScratch scratch;
  plan.packed = scratch.AtLeast(plan.groups * HWY_DYNAMIC_DISPATCH(PackedGroupBytes)(plan));
  const int64_t scale_bytes = RowBytes(w) - ElementBytes(w.type, w.cols);
  ParallelRows(w.rows, scale_bytes, [&](int64_t row) { HWY_DYNAMIC_DISPATCH(PrepareRow)(plan, row); });
  ParallelPieces(0, plan.groups, 1, [&](int64_t begin, int64_t end) {
    for (int64_t g = begin; g < end; ++g) HWY_DYNAMIC_DISPATCH(PackGroup)(plan, g);
  });
  ParallelPieces(0, CeilOf(plan.outputs, kPairOutputs), 1, [&](int64_t begin, int64_t end) {
    HWY_DYNAMIC_DISPATCH(MultiplyPanels)(plan, begin, end);
  });
}

}  // namespace plelab
#endif  // HWY_ONCE
