#include "experiments/replay/replay_table.h"

#include <unistd.h>

#include <algorithm>

#include "experiments/replay/tables/random_file.h"
#include "harness/support/units.h"
#include "model/base/byte_size.h"
#include "model/base/error.h"
#include "model/base/file_descriptor.h"
#include "model/checkpoint/safetensors.h"

namespace plelab {
namespace {

constexpr std::string_view kTensor = "embed_tokens_per_layer.weight";
constexpr int64_t kUsualDim = 256;  // hidden_size_per_layer_input of every published model
// Below this a table says nothing of a device, whose own cache may hold it.
constexpr int64_t kLeastTableBytes = int64_t{64} << 20;

void RefuseHoles(const FileDescriptor& file, int64_t begin, int64_t end) {
  const off_t hole = ::lseek(file.get(), begin, SEEK_HOLE);  // the end of the file counts as a hole
  if (hole < 0 || hole >= end) return;
  throw UserError(
      "{}: expected bytes on storage, found a hole at offset {}, which a device answers without "
      "reading; make the file without holes (cp --sparse=never)",
      file.path(), hole);
}

ReplayTable OneTable(const FileDescriptor& file, int64_t offset, ReplayGeometry geometry,
                     int64_t published_rows) {
  ReplayTable made{.geometry = std::move(geometry), .published_rows = published_rows};
  made.table = {.path = file.path(), .offset_bytes = offset, .geometry = made.geometry.table};
  RefuseHoles(file, offset, offset + made.table.stored_bytes());
  return made;
}

// [vocab, layers · dim] as a checkpoint has it.
ReplayGeometry GeometryOfTensor(const TensorInfo& tensor, int64_t layers) {
  const int64_t columns = tensor.shape.size() == 2 ? tensor.shape[1] : 0;
  if (layers == 0 && columns % kUsualDim == 0) layers = columns / kUsualDim;
  if (columns == 0 || layers == 0 || columns % layers != 0) {
    throw UserError("{}: tensor '{}': expected [rows, layers x dim], found [{}] for {} layers; give --layers",
                    tensor.file, tensor.name, Join(tensor.shape, ", "), layers);
  }
  return {
      .name = "file",
      .table = {.vocab = tensor.shape[0], .layers = layers, .dim = columns / layers, .dtype = tensor.dtype},
      .rows_of = RowsOf::kTokenId,
      .groups = {{.rows = tensor.shape[0]}},
      .model_layers = layers,
      .source = "the file's own header",
      .assumed = ""};
}

ReplayTable TableOfSafetensors(const FileDescriptor& file, const ReplayOptions& options) {
  const SafetensorsHeader header = ReadSafetensorsHeader(file, ForeignFormats::kList);
  if (header.metadata.contains("plelab_packed")) {
    throw UserError(
        "{}: a table that 'plelab pack' wrote; expected a published one, as plelab-replay does not decode "
        "rows",
        file.path());
  }
  for (const TensorInfo& tensor : header.tensors) {
    if (!tensor.name.ends_with(kTensor)) continue;
    return OneTable(file, tensor.offset_bytes, GeometryOfTensor(tensor, options.layers), tensor.shape[0]);
  }
  throw UserError("{}: expected a tensor that ends in '{}', found none; is it another shard's?", file.path(),
                  kTensor);
}

int64_t WantedBytes(const ReplayOptions& options, const ReplayGeometry& geometry) {
  return options.size.empty() ? geometry.bytes() : std::min(geometry.bytes(), ParseBytes(options.size));
}

ReplayGeometry WithOptions(const ReplayGeometry& geometry, const ReplayOptions& options) {
  return options.rows_per_token == 0 ? geometry : WithRowsPerToken(geometry, options.rows_per_token);
}

}  // namespace

std::string ReplayTable::Describe() const {
  const std::string cut = cut_because.empty() ? "" : Format(", cut ({})", cut_because);
  return Format("{}: {} rows of {} bytes, {}{}{}", geometry.name, WithCommas(table.geometry.vocab),
                WithCommas(table.row_bytes()), DecimalBytes(table.stored_bytes()),
                random_bytes ? ", random bytes" : "", cut);
}

ReplayTable TableOfFile(const ReplayOptions& options) {
  const FileDescriptor file(options.table, ReadAhead::kOn);
  if (options.table.ends_with(".safetensors")) {
    ReplayTable found = TableOfSafetensors(file, options);
    found.geometry = WithOptions(found.geometry, options);
    return found;
  }
  if (options.geometry.empty()) {
    throw UserError(
        "--table {}: expected a .safetensors file, or --geometry NAME beside it, which says what the "
        "rows of any other file are",
        options.table);
  }
  const ReplayGeometry& named = GeometryNamed(options.geometry);
  const ReplayGeometry cut = CutTo(named, std::max<int64_t>(file.size_bytes() - options.table_offset, 0));
  ReplayTable made = OneTable(file, options.table_offset, WithOptions(cut, options), named.table.vocab);
  if (cut.table.vocab < named.table.vocab) {
    made.cut_because =
        Format("the file has {} of {}", DecimalBytes(file.size_bytes()), DecimalBytes(named.bytes()));
  }
  return made;
}

ReplayTable TableOfGeometry(const ReplayOptions& options, const ReplayGeometry& geometry, double most_seconds,
                            const std::function<void(int64_t, int64_t)>& progress) {
  const int64_t wanted = WantedBytes(options, geometry) / 8 * 8;
  const RandomFile file = MakeRandomFile({.folder = options.work,
                                          .wanted_bytes = wanted,
                                          .seed = static_cast<uint64_t>(options.seed),
                                          .most_seconds = most_seconds,
                                          .least_bytes = std::min(wanted, kLeastTableBytes),
                                          .progress = [&](int64_t bytes) { progress(bytes, wanted); }});
  ReplayTable made{.geometry = WithOptions(CutTo(geometry, file.size_bytes), options),
                   .published_rows = geometry.table.vocab,
                   .random_bytes = true};
  made.table = {.path = file.path, .geometry = made.geometry.table};
  if (wanted < geometry.bytes())
    made.cut_because = Format("of {}, as --size says", DecimalBytes(geometry.bytes()));
  if (!file.cut_because.empty())
    made.cut_because = Format("of {}: {}", DecimalBytes(geometry.bytes()), file.cut_because);
  return made;
}

bool BaselineIsResident(const ReplayOptions& options, int64_t table_bytes, int64_t available_bytes) {
  if (options.baseline == "none") return false;
  if (options.baseline == "auto") return table_bytes <= available_bytes / 5 * 2;
  if (table_bytes <= available_bytes / 10 * 9) return true;
  throw UserError(
      "--baseline resident: the table takes {}, {} are available; --baseline none compares with the same "
      "steps without rows, --size cuts the table",
      DecimalBytes(table_bytes), DecimalBytes(available_bytes));
}

}  // namespace plelab
