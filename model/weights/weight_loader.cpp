#include "model/weights/weight_loader.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cstring>

#include "model/base/error.h"
#include "model/weights/arena.h"
#include "model/weights/torch_dtype.h"

namespace plelab {
namespace {

constexpr int64_t kPieceBytes = 2 << 20;   // what a thread reads at once
constexpr int64_t kSlabBytes = 128 << 20;  // what all threads read between two progress reports

// Copies rows [n, in] to columns first_row … first_row + n of place [in, out].  Element only gives the size:
// nothing is computed.
template <class Element>
void TransposeRows(const Element* rows, int64_t n, int64_t in, Element* place, int64_t out,
                   int64_t first_row) {
  for (int64_t column = 0; column < in; ++column) {
    Element* target = place + column * out + first_row;
    for (int64_t row = 0; row < n; ++row) target[row] = rows[row * in + column];
  }
}

}  // namespace

void RequireComputeDType(const LoadOptions& options) {
  if (options.dtype == DType::kFloat32 || options.dtype == DType::kBFloat16) return;
  throw UserError("dtype {}: expected float32 or bfloat16 (float16 overflows in this model)",
                  Name(options.dtype));
}

const TensorInfo& WeightLoader::Find(const TensorSpec& spec) const {
  const TensorInfo* info = checkpoint_.Find(spec.name);
  if (info != nullptr && info->shape == spec.shape) return *info;
  throw UserError("{}: tensor '{}': expected [{}], found {}", checkpoint_.directory(), spec.name,
                  Join(spec.shape, ", "),
                  info == nullptr ? "nothing" : Format("[{}]", Join(info->shape, ", ")));
}

void WeightLoader::AddJob(const TensorInfo& info, const std::vector<int64_t>& shape, DType dtype,
                          torch::Tensor& target) {
  jobs_.push_back({&info, shape, dtype, false, &target});
  total_bytes_ += info.size_bytes;
}

void WeightLoader::Add(const TensorSpec& spec, torch::Tensor& target) {
  AddJob(Find(spec), spec.shape, options_.dtype, target);
}

void WeightLoader::Add(const TensorSpec& spec, LinearWeight& target) {
  target.out = spec.shape[0];
  target.in = spec.shape[1];
  target.widened = TorchType(options_.dtype);
  if (const auto quantised = checkpoint_.FindQuantised(spec.name)) return AddQuantised(*quantised, target);
  Add(spec, target.values);
  target.format = options_.dtype == DType::kFloat32 ? WeightFormat::kFloat32 : WeightFormat::kBFloat16;
  if (!options_.device.is_cpu()) target.layout = WeightLayout::kRowMajor;
  if (target.layout == WeightLayout::kTransposed) {
    jobs_.back().shape = {target.in, target.out};
    jobs_.back().transposed = true;
  }
}

void WeightLoader::AddQuantised(const Checkpoint::Quantised& quantised, LinearWeight& target) {
  if (!options_.device.is_cpu()) {
    throw UserError("{}: quantised weights are multiplied on the CPU only; take the checkpoint as it was",
                    checkpoint_.directory());
  }
  const bool is_row_major = target.layout == WeightLayout::kRowMajor;
  const CodeTensors expected =
      CodeTensorsOf(quantised.codes->name, quantised.format, is_row_major ? target.out : target.in,
                    is_row_major ? target.in : target.out);
  if (quantised.codes->shape != expected.codes.shape) {
    throw UserError("{}: tensor '{}': expected [{}], found [{}]: pack the checkpoint again",
                    checkpoint_.directory(), quantised.codes->name, Join(expected.codes.shape, ", "),
                    Join(quantised.codes->shape, ", "));
  }
  target.format = quantised.format.bits == 8 ? WeightFormat::kInt8 : WeightFormat::kInt4;
  target.group = quantised.format.group;
  AddJob(*quantised.codes, expected.codes.shape, expected.codes.dtype, target.values);
  AddJob(*quantised.scales, expected.scales.shape, expected.scales.dtype, target.scales);
}

void WeightLoader::Run() {
  if (!options_.device.is_cpu()) {
    for (const Job& job : jobs_) {
      *job.target = Load(job, torch::empty(job.shape, TorchType(job.dtype))).to(options_.device);
    }
    return;
  }
  int64_t bytes = 0;
  for (const Job& job : jobs_) {
    int64_t elements = 1;
    for (const int64_t size : job.shape) elements *= size;
    bytes += Arena::Padded(elements * SizeOf(job.dtype));
  }
  const auto arena = Arena::Create(bytes);
  for (const Job& job : jobs_) *job.target = Load(job, arena->Allocate(job.shape, TorchType(job.dtype)));
}

torch::Tensor WeightLoader::Load(const Job& job, torch::Tensor place) {
  if (job.transposed) {
    LoadTransposed(*job.info, place);
  } else {
    LoadRowMajor(job, place);
  }
  return place;
}

void WeightLoader::LoadRowMajor(const Job& job, torch::Tensor& place) {
  const TensorInfo& info = *job.info;
  const torch::Tensor flat = place.view({-1});
  const bool convert = info.dtype != job.dtype;
  const int64_t stored = SizeOf(info.dtype), pieces = (info.size_bytes + kPieceBytes - 1) / kPieceBytes;
  const int64_t pieces_per_slab = kSlabBytes / kPieceBytes;
  const auto load_piece = [&](int64_t piece, const torch::Tensor& buffer) {
    const int64_t offset = piece * kPieceBytes, bytes = std::min(kPieceBytes, info.size_bytes - offset);
    const torch::Tensor target = flat.narrow(0, offset / stored, bytes / stored);
    const torch::Tensor source = convert ? buffer.narrow(0, 0, bytes / stored) : target;
    checkpoint_.ReadRange(info, offset, BytesOf(source));
    if (convert) target.copy_(source);
  };
  for (int64_t slab = 0; slab < pieces; slab += pieces_per_slab) {
    const int64_t slab_end = std::min(slab + pieces_per_slab, pieces);
    at::parallel_for(slab, slab_end, 1, [&](int64_t begin, int64_t end) {
      const torch::Tensor buffer = torch::empty({convert ? kPieceBytes / stored : 0}, TorchType(info.dtype));
      for (int64_t piece = begin; piece < end; ++piece) load_piece(piece, buffer);
    });
    Report(std::min(slab_end * kPieceBytes, info.size_bytes) - slab * kPieceBytes);
  }
}

void WeightLoader::LoadTransposed(const TensorInfo& info, torch::Tensor& place) {
  constexpr int64_t kRows = 64;  // runs of 64 elements are written, which are whole cache lines
  const int64_t out = info.shape[0], in = info.shape[1], row_bytes = in * SizeOf(info.dtype);
  const torch::ScalarType stored = TorchType(info.dtype), wanted = TorchType(options_.dtype);
  at::parallel_for(0, (out + kRows - 1) / kRows, 1, [&](int64_t begin, int64_t end) {
    const torch::Tensor buffer = torch::empty({kRows, in}, stored);
    for (int64_t block = begin; block < end; ++block) {
      const int64_t first = block * kRows, n = std::min(kRows, out - first);
      checkpoint_.ReadRange(info, first * row_bytes, BytesOf(buffer.narrow(0, 0, n)));
      const torch::Tensor rows = buffer.to(wanted);
      if (options_.dtype == DType::kFloat32) {
        TransposeRows(rows.data_ptr<float>(), n, in, place.data_ptr<float>(), out, first);
      } else {
        TransposeRows(rows.data_ptr<at::BFloat16>(), n, in, place.data_ptr<at::BFloat16>(), out, first);
      }
    }
  });
  Report(info.size_bytes);
}

void WeightLoader::Report(int64_t bytes) {
  done_bytes_ += bytes;
  if (options_.progress) options_.progress(done_bytes_, total_bytes_);
}

}  // namespace plelab
