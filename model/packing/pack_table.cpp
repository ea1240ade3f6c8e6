#include "model/packing/pack_table.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <utility>

#include "model/base/error.h"
#include "model/base/output_file.h"
#include "model/checkpoint/block_hashes.h"
#include "model/ple/decoded_rows.h"
#include "model/ple/formats/codebook_codec.h"
#include "model/ple/formats/row_values.h"
#include "model/ple/row_reader.h"
#include "model/ple/transforms/codebook_rows.h"

namespace plelab {
namespace {

constexpr int64_t kBlockBytes = 16 * 1024 * 1024;
constexpr int64_t kPageBytes = 4096;

std::shared_ptr<const Codebooks> BooksFor(const TableToPack& from, const RowFormat& format) {
  if (format.form != RowForm::kCodebook) return nullptr;
  const int64_t most =
      std::min({from.table.geometry.vocab, CodebookRows::kMostFitRows, CodebookCodec::kMostEntries});
  if (format.entries > most) {
    throw UserError("a codebook of {} entries was asked for; one of this table has at most {}",
                    format.entries, most);
  }
  const TableScan scan(from.table, from.Open());
  return std::make_shared<const Codebooks>(FitCodebooks(scan, format.entries, 0));
}

std::vector<std::byte> BytesOf(const Codebooks& books, const PleGeometry& geometry) {
  std::vector<std::byte> bytes(books.layers() * books.entries() * geometry.layer_bytes());
  std::vector<float> entry(static_cast<size_t>(geometry.dim));
  std::byte* to = bytes.data();
  for (int64_t layer = 0; layer < books.layers(); ++layer) {
    for (int64_t k = 0; k < books.entries(); ++k, to += geometry.layer_bytes()) {
      books.Copy(layer, k, entry);
      StoreValues(geometry.dtype, entry, {to, static_cast<size_t>(geometry.layer_bytes())});
    }
  }
  return bytes;
}

// Rows of one table on their way to the file of another.
class TablePacker {
 public:
  TablePacker(const TableToPack& from, PackedDescription description, std::span<const int32_t> place_of_row,
              const std::string& path)
      : reader_(from.table, from.Open()),
        description_(std::move(description)),
        books_(BooksFor(from, description_.format)),
        place_of_row_(place_of_row),
        row_at_(from.table.geometry.vocab),
        to_(ShapeOf(description_)),
        file_(path),
        hashers_(to_.parts()) {
    if (books_) to_.codec = MakeCodec(description_.format, to_.geometry, books_);
    std::iota(row_at_.begin(), row_at_.end(), 0);
    for (size_t row = 0; row < place_of_row.size(); ++row)
      row_at_[place_of_row[row]] = static_cast<int64_t>(row);
    tensors_ = PackedTensors(description_, path);
    const std::string header = MakeSafetensorsHeader(tensors_, PackedMetadata(description_), kPageBytes);
    file_.Write(0, std::as_bytes(std::span(header)));
    to_.offset_bytes = tensors_[0].offset_bytes;
  }

  void Run(const PackProgress& progress) {
    const int64_t vocab = to_.geometry.vocab;
    const int64_t rows = std::clamp<int64_t>(kBlockBytes / to_.geometry.row_bytes(), 1, vocab);
    for (int64_t place = 0; place < vocab; place += rows) {
      const int64_t count = std::min(rows, vocab - place);
      PackRows(place, count);
      if (progress) progress((place + count) * to_.parts() * to_.part_stride(), to_.stored_bytes());
    }
    WriteRest();
    file_.Commit();
  }

 private:
  // Packs the rows of `count` places, part by part.
  void PackRows(int64_t place, int64_t count) {
    const auto rows = std::span(row_at_).subspan(place, count);
    const auto batch = reader_.Submit(rows);
    for (size_t i = 0; i < batch->reads(); ++i) batch->Wait(i);
    DecodedRows decoded(to_.geometry, reader_.table().codec.get(), count);
    std::vector<std::byte> part(static_cast<size_t>(count * to_.part_stride()));
    for (int64_t p = 0; p < to_.parts(); ++p) {
      std::ranges::fill(part, std::byte{0});  // what aligns parts is zeros
      for (int64_t i = 0; i < to_.layers_per_part(); ++i) {
        const int64_t layer = p * to_.layers_per_part() + i;
        PackLayer(decoded.Layer(layer, [&](int64_t row) { return batch->Slice(row, layer); }), layer,
                  part.data() + i * to_.slice_bytes());
      }
      file_.Write(to_.OffsetOf(place, p), part);
      hashers_[p].Update(part);
    }
  }

  // values: [count, dim] of one layer; the slice of row i goes to to + i · stride.
  void PackLayer(std::span<const std::byte> values, int64_t layer, std::byte* to) const {
    const auto layer_bytes = static_cast<size_t>(to_.geometry.layer_bytes());
    std::vector<float> floats(static_cast<size_t>(to_.geometry.dim));
    for (; !values.empty(); values = values.subspan(layer_bytes), to += to_.part_stride()) {
      const auto row = values.first(layer_bytes);
      if (to_.codec == nullptr) {
        std::memcpy(to, row.data(), row.size());
        continue;
      }
      LoadValues(to_.geometry.dtype, row, floats);
      to_.codec->Encode(layer, floats, {to, static_cast<size_t>(to_.slice_bytes())});
    }
  }

  void WriteRest() {
    int64_t hashes_at = tensors_[1].offset_bytes;
    for (BlockHasher& hasher : hashers_) {
      const std::vector<std::byte> hashes = hasher.Finish();
      file_.Write(hashes_at, hashes);
      hashes_at += std::ssize(hashes);
    }
    for (const TensorInfo& info : std::span(tensors_).subspan(2)) {
      if (info.name == "place_of_row") file_.Write(info.offset_bytes, std::as_bytes(place_of_row_));
      if (info.name == "codebooks") file_.Write(info.offset_bytes, BytesOf(*books_, to_.geometry));
    }
  }

  RowReader reader_;
  PackedDescription description_;
  std::shared_ptr<const Codebooks> books_;
  std::span<const int32_t> place_of_row_;
  std::vector<int64_t> row_at_;  // [places]
  PleTable to_;
  OutputFile file_;
  std::vector<BlockHasher> hashers_;  // [parts]
  std::vector<TensorInfo> tensors_;
};

}  // namespace

std::vector<int32_t> PlacesByFrequency(std::span<const int64_t> ids, int64_t vocab) {
  std::vector<int64_t> uses(static_cast<size_t>(vocab));
  for (const int64_t id : ids) ++uses[PleRowOfId(id, vocab)];
  std::vector<int32_t> rows(static_cast<size_t>(vocab)), place_of_row(static_cast<size_t>(vocab));
  std::iota(rows.begin(), rows.end(), 0);
  std::stable_sort(rows.begin(), rows.end(), [&](int32_t a, int32_t b) { return uses[a] > uses[b]; });
  for (size_t place = 0; place < rows.size(); ++place)
    place_of_row[rows[place]] = static_cast<int32_t>(place);
  return place_of_row;
}

void PackTable(const TableToPack& from, PackedDescription description, std::span<const int32_t> place_of_row,
               const std::string& path, const PackProgress& progress) {
  description.geometry = from.table.geometry;
  description.is_reordered = !place_of_row.empty();
  TablePacker(from, std::move(description), place_of_row, path).Run(progress);
}

}  // namespace plelab
