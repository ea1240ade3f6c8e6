#include "model/packing/pack_checkpoint.h"

#include <algorithm>
#include <filesystem>
#include <span>

#include "model/base/error.h"
#include "model/base/output_file.h"
#include "model/checkpoint/companion_files.h"
#include "model/checkpoint/new_files.h"
#include "model/checkpoint/weights_identity.h"

namespace plelab {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kCopyBytes = 16 * 1024 * 1024;
constexpr char kWeightsFile[] = "model.safetensors";
constexpr std::string_view kOtherFiles[] = {
    "generation_config.json",  "chat_template.jinja", "chat_template.json",
    "special_tokens_map.json", "README.md",           "LICENSE"};

PackedKind KindOf(const PackOptions& options) {
  return options.folded != nullptr ? PackedKind::kFolded : PackedKind::kRows;
}

PackedDescription DescriptionOf(const Checkpoint& checkpoint, const PleGeometry& geometry,
                                const PackOptions& options) {
  return {.kind = KindOf(options),
          .geometry = geometry,
          .format = options.format,
          .order = options.order,
          .part_alignment = options.part_alignment,
          .is_reordered = !options.order_by_ids.empty(),
          .made_from = WeightsIdentity(checkpoint, KindOf(options)),
          .weights = checkpoint.weights_label()};
}

TableToPack SourceOf(const Checkpoint& checkpoint, const PackOptions& options) {
  if (checkpoint.has_packed_table()) {
    throw UserError("{}: the table is packed already; pack the checkpoint that it was packed from",
                    checkpoint.directory());
  }
  return options.folded != nullptr ? *options.folded : TableToPack{checkpoint.ple_table()};
}

// A published tensor and what stands for it in the new file.
struct WrittenTensor {
  TensorInfo published;
  std::vector<TensorInfo> stored;  // a copy of it, or what the encoding makes of it
  bool is_encoded = false;
};

// The tensors that are written, in the order of their files.
std::vector<WrittenTensor> TensorsToWrite(const Checkpoint& checkpoint, const PackOptions& options) {
  std::vector<WrittenTensor> tensors;
  for (const auto& [name, info] : checkpoint.tensors()) {
    const bool is_packed = options.table && options.folded == nullptr && name == checkpoint.ple_tensor();
    if (is_packed) continue;
    WrittenTensor tensor{info, {}};
    if (options.weights != nullptr) tensor.stored = options.weights->stored_as(info);
    tensor.is_encoded = !tensor.stored.empty();
    if (!tensor.is_encoded) tensor.stored = {info};
    tensors.push_back(std::move(tensor));
  }
  std::ranges::sort(tensors, {}, [](const WrittenTensor& tensor) {
    return std::pair(tensor.published.file, tensor.published.offset_bytes);
  });
  return tensors;
}

int64_t SizeOfAll(const std::vector<TensorInfo>& tensors) {
  int64_t bytes = 0;
  for (const TensorInfo& info : tensors) bytes += info.size_bytes;
  return bytes;
}

void PrepareFolder(const std::string& folder, int64_t bytes, bool force) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (!fs::is_directory(folder)) {
    throw UserError("{}: expected a folder to write to: {}", folder, error.message());
  }
  if (!fs::is_empty(folder) && !force) {
    throw UserError("{}: is not empty; name another folder with --out, or replace what is in it with --force",
                    folder);
  }
  const auto available = static_cast<int64_t>(fs::space(folder).available);
  if (available >= bytes) return;
  throw UserError("{}: expected {} bytes of free disk, found {}; choose another disk", folder, bytes,
                  available);
}

void CopySmallFiles(const Checkpoint& checkpoint, NewFiles& files) {
  const auto copy = [&](std::string_view name) {
    const fs::path from = fs::path(checkpoint.directory()) / name;
    if (!fs::is_regular_file(from)) return;
    files.Make(name, [&](const std::string& to) {
      RefuseSpecialOutput(to);
      CopyWholeFile(from.string(), to);
    });
  };
  copy("config.json");
  for (const std::string_view name : kCompanionFiles) copy(name);
  for (const std::string_view name : kOtherFiles) copy(name);
}

// The header of the new file, and where in it each stored tensor lies.
std::string LayOut(const Checkpoint& checkpoint, std::vector<WrittenTensor>& tensors) {
  std::vector<TensorInfo> all;
  for (const WrittenTensor& tensor : tensors)
    all.insert(all.end(), tensor.stored.begin(), tensor.stored.end());
  std::string header =
      MakeSafetensorsHeader(all, {{"format", "pt"}, {"weights", checkpoint.weights_label()}});
  auto next = all.begin();
  for (WrittenTensor& tensor : tensors) {
    for (TensorInfo& info : tensor.stored) info = *next++;
  }
  return header;
}

int64_t SizeOfWritten(const std::vector<WrittenTensor>& tensors) {
  int64_t bytes = 0;
  for (const WrittenTensor& tensor : tensors) bytes += SizeOfAll(tensor.stored);
  return bytes;
}

void CopyTensor(const Checkpoint& checkpoint, const TensorInfo& from, const TensorInfo& to, OutputFile& file,
                const PackProgress& progress) {
  std::vector<std::byte> buffer;
  for (int64_t at = 0; at < from.size_bytes; at += kCopyBytes) {
    buffer.resize(static_cast<size_t>(std::min(kCopyBytes, from.size_bytes - at)));
    checkpoint.ReadRange(from, at, buffer);
    file.Write(to.offset_bytes + at, buffer);
    progress(std::ssize(buffer), 0);
  }
}

void WriteTensors(const Checkpoint& checkpoint, const std::vector<WrittenTensor>& tensors,
                  const std::string& header, const PackOptions& options, const std::string& path,
                  const PackProgress& progress) {
  RefuseSpecialOutput(path);
  OutputFile file(path);
  file.Write(0, std::as_bytes(std::span(header)));
  int64_t done = 0;
  const PackProgress add = [&](int64_t bytes, int64_t) { progress(done += bytes, 0); };
  for (const WrittenTensor& tensor : tensors) {
    if (tensor.is_encoded) {
      options.weights->write(tensor.published, tensor.stored, file, add);
    } else {
      CopyTensor(checkpoint, tensor.published, tensor.stored.front(), file, add);
    }
  }
  file.Commit();
}

// The bytes of the tensors of the packed file.
int64_t SizeOfPacked(const PackedDescription& description) {
  std::vector<TensorInfo> tensors = PackedTensors(description, "");
  MakeSafetensorsHeader(tensors, {});  // which fills in the sizes
  return SizeOfAll(tensors);
}

// Packs the table into `folder`, which has everything else.
void PackTableInto(const Checkpoint& checkpoint, const PackOptions& options, const TableToPack& from,
                   NewFiles& files, const PackProgress& progress) {
  std::vector<int32_t> places;
  if (!options.order_by_ids.empty())
    places = PlacesByFrequency(options.order_by_ids, from.table.geometry.vocab);
  files.Make(PackedFileName(KindOf(options)), [&](const std::string& path) {
    RefuseSpecialOutput(path);
    PackTable(from, DescriptionOf(checkpoint, from.table.geometry, options), places, path, progress);
  });
}

// A packed table that an earlier packing left would be taken for one of these weights.
void RemoveOtherTables(const std::string& folder, const PackOptions& options) {
  for (const PackedKind kind : {PackedKind::kRows, PackedKind::kFolded}) {
    if (options.table && kind == KindOf(options)) continue;
    fs::remove(fs::path(folder) / PackedFileName(kind));
  }
}

}  // namespace

void PackCheckpoint(const Checkpoint& checkpoint, const std::string& folder, const PackOptions& options) {
  if (options.table && options.weights != nullptr) {
    throw UserError(
        "{}: a packed table belongs to the weights beside it; pack the weights first, and then the table of "
        "the folder that this makes",
        folder);
  }
  const TableToPack from = SourceOf(checkpoint, options);
  std::vector<WrittenTensor> tensors = TensorsToWrite(checkpoint, options);
  const std::string header = LayOut(checkpoint, tensors);
  const int64_t written = SizeOfWritten(tensors);
  const int64_t total =
      written + (options.table ? SizeOfPacked(DescriptionOf(checkpoint, from.table.geometry, options)) : 0);
  if (fs::exists(folder) && fs::equivalent(folder, checkpoint.directory())) {
    throw UserError("{}: is the checkpoint itself; name another folder with --out", folder);
  }
  NewFiles files(folder);
  PrepareFolder(folder, total, options.force);
  const auto report_from = [&](int64_t done) {
    return [&options, done, total](int64_t bytes, int64_t) {
      if (options.progress) options.progress(done + bytes, total);
    };
  };
  CopySmallFiles(checkpoint, files);
  files.Make(kWeightsFile, [&](const std::string& path) {
    WriteTensors(checkpoint, tensors, header, options, path, report_from(0));
  });
  if (options.table) PackTableInto(checkpoint, options, from, files, report_from(written));
  // The table's hashes and order were not told of as they were written.
  if (options.table && options.progress) options.progress(total, total);
  RemoveOtherTables(folder, options);
  files.Keep();
}

}  // namespace plelab
