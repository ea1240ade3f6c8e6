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

PackedDescription DescriptionOf(const Checkpoint& checkpoint, const PleTable& from,
                                const PackOptions& options) {
  return {.kind = KindOf(options),
          .geometry = from.geometry,
          .format = options.format,
          .order = options.order,
          .part_alignment = options.part_alignment,
          .is_reordered = !options.order_by_ids.empty(),
          .made_from = WeightsIdentity(checkpoint, KindOf(options)),
          .weights = checkpoint.weights_label()};
}

PleTable TableToPack(const Checkpoint& checkpoint, const PackOptions& options) {
  if (checkpoint.has_packed_table()) {
    throw UserError("{}: the table is packed already; pack the checkpoint that it was packed from",
                    checkpoint.directory());
  }
  return options.folded != nullptr ? *options.folded : checkpoint.ple_table();
}

// The tensors that are copied, in the order of their files.
std::vector<TensorInfo> TensorsToCopy(const Checkpoint& checkpoint, const PackOptions& options) {
  std::vector<TensorInfo> tensors;
  for (const auto& [name, info] : checkpoint.tensors()) {
    if (options.folded != nullptr || name != checkpoint.ple_tensor()) tensors.push_back(info);
  }
  std::ranges::sort(tensors, {},
                    [](const TensorInfo& info) { return std::pair(info.file, info.offset_bytes); });
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

void CopyTensors(const Checkpoint& checkpoint, const std::vector<TensorInfo>& tensors,
                 const std::string& path, const PackProgress& progress) {
  RefuseSpecialOutput(path);
  std::vector<TensorInfo> copies = tensors;
  const std::string header =
      MakeSafetensorsHeader(copies, {{"format", "pt"}, {"weights", checkpoint.weights_label()}});
  OutputFile file(path);
  file.Write(0, std::as_bytes(std::span(header)));
  std::vector<std::byte> buffer;
  int64_t done = 0;
  for (size_t i = 0; i < tensors.size(); ++i) {
    for (int64_t at = 0; at < tensors[i].size_bytes; at += kCopyBytes) {
      buffer.resize(static_cast<size_t>(std::min(kCopyBytes, tensors[i].size_bytes - at)));
      checkpoint.ReadRange(tensors[i], at, buffer);
      file.Write(copies[i].offset_bytes + at, buffer);
      done += std::ssize(buffer);
      if (progress) progress(done, 0);
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

}  // namespace

void PackCheckpoint(const Checkpoint& checkpoint, const std::string& folder, const PackOptions& options) {
  const PleTable from = TableToPack(checkpoint, options);
  const PackedDescription description = DescriptionOf(checkpoint, from, options);
  const std::vector<TensorInfo> tensors = TensorsToCopy(checkpoint, options);
  const int64_t copied = SizeOfAll(tensors), total = copied + SizeOfPacked(description);
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
  files.Make(kWeightsFile,
             [&](const std::string& path) { CopyTensors(checkpoint, tensors, path, report_from(0)); });
  std::vector<int32_t> places;
  if (!options.order_by_ids.empty()) places = PlacesByFrequency(options.order_by_ids, from.geometry.vocab);
  files.Make(PackedFileName(KindOf(options)), [&](const std::string& path) {
    RefuseSpecialOutput(path);
    PackTable(from, description, places, path, report_from(copied));
  });
  // A table of the other kind that an earlier packing left would be taken for one of these weights.
  const PackedKind other = options.folded != nullptr ? PackedKind::kRows : PackedKind::kFolded;
  fs::remove(fs::path(folder) / PackedFileName(other));
  files.Keep();
}

}  // namespace plelab
