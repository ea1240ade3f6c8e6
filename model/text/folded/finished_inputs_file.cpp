#include "model/text/folded/finished_inputs_file.h"

#include <algorithm>
#include <mutex>
#include <utility>
#include <vector>

#include "model/base/error.h"

namespace plelab {
namespace {

// The rows of ranges that were submitted together.
class ComputedRows : public Completion {
 public:
  ComputedRows(const FinishedInputs& inputs, int64_t row_bytes, std::span<const ReadRange> ranges)
      : inputs_(inputs) {
    for (const ReadRange& range : ranges) {
      begins_.push_back(std::ssize(ids_) * row_bytes + range.offset_bytes % row_bytes);
      sizes_.push_back(range.size_bytes);
      const int64_t last = (range.offset_bytes + range.size_bytes - 1) / row_bytes;
      for (int64_t id = range.offset_bytes / row_bytes; id <= last; ++id) ids_.push_back(id);
    }
  }

  std::span<const std::byte> Wait(size_t index) override {
    std::call_once(computed_, [&] { rows_ = inputs_.Compute(ids_); });
    return {static_cast<const std::byte*>(rows_.const_data_ptr()) + begins_.at(index),
            static_cast<size_t>(sizes_.at(index))};
  }

 private:
  const FinishedInputs& inputs_;
  std::vector<int64_t> ids_;             // of all ranges, one after the other
  std::vector<int64_t> begins_, sizes_;  // [ranges], in bytes of rows_
  std::once_flag computed_;
  torch::Tensor rows_;  // [ids, layers · ple_dim] float32
};

class ComputedFile : public RandomAccessFile {
 public:
  explicit ComputedFile(const Checkpoint& checkpoint)
      : inputs_(checkpoint),
        geometry_(FinishedGeometry(checkpoint)),
        path_(checkpoint.directory() + ", finished inputs") {}

  void Read(int64_t offset, std::span<std::byte> out) override {
    const ReadRange range{offset, std::ssize(out)};
    std::ranges::copy(Submit({&range, 1})->Wait(0), out.begin());
  }
  std::unique_ptr<Completion> Submit(std::span<const ReadRange> ranges) override {
    for (const ReadRange& range : ranges) {
      counters_.Add(range.size_bytes);
      if (range.offset_bytes >= 0 && range.offset_bytes + range.size_bytes <= size_bytes()) continue;
      throw RunError("{}: expected a range of its {} bytes, found {} bytes at offset {}", path_, size_bytes(),
                     range.size_bytes, range.offset_bytes);
    }
    return std::make_unique<ComputedRows>(inputs_, geometry_.row_bytes(), ranges);
  }
  int64_t size_bytes() const override { return geometry_.table_bytes(); }
  const std::string& path() const override { return path_; }
  IoCounters counters() const override { return counters_.Load(); }

 private:
  FinishedInputs inputs_;
  PleGeometry geometry_;
  std::string path_;
  AtomicIoCounters counters_;
};

}  // namespace

std::unique_ptr<RandomAccessFile> OpenFinishedInputs(const Checkpoint& checkpoint) {
  return std::make_unique<ComputedFile>(checkpoint);
}

TableToPack FinishedInputsToPack(const Checkpoint& checkpoint) {
  return {.table = {.path = "", .geometry = FinishedGeometry(checkpoint)},
          .open = [&checkpoint] { return OpenFinishedInputs(checkpoint); }};
}

}  // namespace plelab
