#include "model/quantisation/encode_weights.h"

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "model/base/error.h"
#include "model/base/output_file.h"
#include "model/kernels/parallel.h"
#include "model/ple/formats/row_values.h"

namespace plelab {
namespace {

constexpr int64_t kValuesAtOnce = int64_t{16} << 20;

// Reads stored rows of a tensor of floats as float32.
class RowReader {
 public:
  RowReader(const Checkpoint& checkpoint, const TensorInfo& info, const PlannedWeight& weight)
      : checkpoint_(checkpoint), info_(info), weight_(weight) {
    // The columns of a tensor are rows only when all of it is there.
    if (weight.layout == WeightLayout::kTransposed) transposed_ = Transposed();
  }

  void Read(int64_t first, int64_t count, std::vector<float>& values) const {
    const int64_t columns = weight_.columns();
    values.resize(static_cast<size_t>(count * columns));
    if (transposed_.empty()) return ReadPublished(first * columns, values);
    std::copy_n(transposed_.begin() + first * columns, count * columns, values.begin());
  }

 private:
  void ReadPublished(int64_t first, std::span<float> values) const {
    std::vector<std::byte> bytes(values.size() * static_cast<size_t>(SizeOf(info_.dtype)));
    checkpoint_.ReadRange(info_, first * SizeOf(info_.dtype), bytes);
    LoadValues(info_.dtype, bytes, values);
  }
  std::vector<float> Transposed() const {
    std::vector<float> published(static_cast<size_t>(weight_.out * weight_.in)), rows(published.size());
    ReadPublished(0, published);
    ParallelFor(0, weight_.in, 16, [&](int64_t begin, int64_t end) {
      for (int64_t o = 0; o < weight_.out; ++o) {
        for (int64_t i = begin; i < end; ++i) rows[i * weight_.out + o] = published[o * weight_.in + i];
      }
    });
    return rows;
  }

  const Checkpoint& checkpoint_;
  const TensorInfo& info_;
  const PlannedWeight& weight_;
  std::vector<float> transposed_;
};

// Bytes of one stored row of a tensor.
int64_t RowSize(const TensorInfo& info) { return info.size_bytes / info.shape[0]; }

// Codes and scales of `count` rows of `values`.
void QuantiseRows(const PlannedWeight& weight, const std::vector<float>& values, int64_t count,
                  std::byte* codes, int64_t code_bytes, std::byte* scales, int64_t scale_bytes) {
  const auto columns = static_cast<size_t>(weight.columns());
  ParallelFor(0, count, 16, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const auto x = std::span(values).subspan(static_cast<size_t>(row) * columns, columns);
      std::byte* code = codes + row * code_bytes;
      std::byte* scale = scales + row * scale_bytes;
      if (weight.format.bits == 8) {
        *reinterpret_cast<float*>(scale) = QuantiseInt8(x, reinterpret_cast<int8_t*>(code));
      } else {
        QuantiseInt4(x, weight.format.group, weight.rounding, reinterpret_cast<uint8_t*>(code),
                     reinterpret_cast<uint16_t*>(scale));
      }
    }
  });
}

}  // namespace

TensorEncoding QuantisedEncoding(const Checkpoint& checkpoint, std::map<std::string, PlannedWeight> plan) {
  if (checkpoint.is_quantised()) {
    throw UserError("{}: its weights are quantised already; pack the checkpoint that they were packed from",
                    checkpoint.directory());
  }
  TensorEncoding encoding;
  encoding.stored_as = [plan](const TensorInfo& info) -> std::vector<TensorInfo> {
    const auto found = plan.find(info.name);
    if (found == plan.end()) return {};
    const PlannedWeight& weight = found->second;
    auto [codes, scales] = CodeTensorsOf(info.name, weight.format, weight.rows(), weight.columns());
    return {std::move(codes), std::move(scales)};
  };
  encoding.write = [plan, &checkpoint](const TensorInfo& info, std::span<const TensorInfo> places,
                                       OutputFile& file, const PackProgress& progress) {
    const PlannedWeight& weight = plan.at(info.name);
    const RowReader reader(checkpoint, info, weight);
    const int64_t code_bytes = RowSize(places[0]), scale_bytes = RowSize(places[1]);
    const int64_t at_once = std::max<int64_t>(1, kValuesAtOnce / weight.columns());
    std::vector<float> values;
    std::vector<std::byte> codes, scales;
    for (int64_t first = 0; first < weight.rows(); first += at_once) {
      const int64_t count = std::min(at_once, weight.rows() - first);
      reader.Read(first, count, values);
      codes.resize(static_cast<size_t>(count * code_bytes));
      scales.resize(static_cast<size_t>(count * scale_bytes));
      QuantiseRows(weight, values, count, codes.data(), code_bytes, scales.data(), scale_bytes);
      file.Write(places[0].offset_bytes + first * code_bytes, codes);
      file.Write(places[1].offset_bytes + first * scale_bytes, scales);
      progress(std::ssize(codes) + std::ssize(scales), 0);
    }
  };
  return encoding;
}

double BitsPerWeight(const std::map<std::string, PlannedWeight>& plan) {
  double bits = 0, weights = 0;
  for (const auto& [name, weight] : plan) {
    const auto count = static_cast<double>(weight.out * weight.in);
    const double scale_bits = weight.format.bits == 8 ? 32.0 / static_cast<double>(weight.columns())
                                                      : 16.0 / static_cast<double>(weight.format.group);
    bits += count * (weight.format.bits + scale_bits);
    weights += count;
  }
  return bits / weights;
}

}  // namespace plelab
