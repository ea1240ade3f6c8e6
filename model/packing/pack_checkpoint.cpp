#include "model/packing/pack_checkpoint.h"

#include <algorithm>
#include <filesystem>
#include <span>

#include "model/base/error.h"
#include "model/base/output_file.h"
#include "model/checkpoint/companion_files.h"
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

// The files of a new folder, which are removed again unless all of them are there in the end.
class NewFolder {
 public:
  NewFolder(std::string folder, bool force) : folder_(std::move(folder)), is_new_(!fs::exists(folder_)) {
    std::error_code error;
    fs::create_directories(folder_, error);
    if (!fs::is_directory(folder_)) {
      throw UserError("{}: expected a folder to write to: {}", folder_, error.message());
    }
    const bool is_empty = fs::is_empty(folder_);
    if (!is_empty && !force) {
      throw UserError(
          "{}: is not empty; name another folder with --out, or replace what is in it with --force", folder_);
    }
  }
  ~NewFolder() {
    if (is_kept_) return;
    std::error_code ignored;
    for (const std::string& path : new_paths_) fs::remove(path, ignored);
    if (is_new_) fs::remove(folder_, ignored);
  }
  NewFolder(const NewFolder&) = delete;
  NewFolder& operator=(const NewFolder&) = delete;

  // The path of a file that is going to be written.
  std::string Add(std::string_view name) {
    const std::string path = Format("{}/{}", folder_, name);
    RefuseSpecialOutput(path);
    if (!fs::exists(path)) new_paths_.push_back(path);  // what was there stays until it is replaced
    return path;
  }
  void Keep() { is_kept_ = true; }

 private:
  std::string folder_;
  bool is_new_, is_kept_ = false;
  std::vector<std::string> new_paths_;
};

void CopySmallFiles(const Checkpoint& checkpoint, NewFolder& folder) {
  const auto copy = [&](std::string_view name) {
    const fs::path from = fs::path(checkpoint.directory()) / name;
    if (!fs::is_regular_file(from)) return;
    fs::copy_file(from, folder.Add(name), fs::copy_options::overwrite_existing);
  };
  copy("config.json");
  for (const std::string_view name : kCompanionFiles) copy(name);
  for (const std::string_view name : kOtherFiles) copy(name);
}

void CopyTensors(const Checkpoint& checkpoint, const std::vector<TensorInfo>& tensors,
                 const std::string& path, const PackProgress& progress) {
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

}  // namespace

int64_t PackedBytes(const Checkpoint& checkpoint, const PackOptions& options) {
  const PleTable from = TableToPack(checkpoint, options);
  std::vector<TensorInfo> packed = PackedTensors(DescriptionOf(checkpoint, from, options), "");
  MakeSafetensorsHeader(packed, {});  // which fills in the sizes
  return SizeOfAll(TensorsToCopy(checkpoint, options)) + SizeOfAll(packed);
}

void PackCheckpoint(const Checkpoint& checkpoint, const std::string& folder, const PackOptions& options) {
  const PleTable from = TableToPack(checkpoint, options);
  const int64_t total = PackedBytes(checkpoint, options);
  if (fs::exists(folder) && fs::equivalent(folder, checkpoint.directory())) {
    throw UserError("{}: is the checkpoint itself; name another folder with --out", folder);
  }
  NewFolder files(folder, options.force);
  const auto available = static_cast<int64_t>(fs::space(folder).available);
  if (available < total) {
    throw UserError("{}: expected {} bytes of free disk, found {}; choose another disk", folder, total,
                    available);
  }
  CopySmallFiles(checkpoint, files);
  const std::vector<TensorInfo> tensors = TensorsToCopy(checkpoint, options);
  int64_t done = 0;
  const auto report = [&](int64_t bytes, int64_t) {
    if (options.progress) options.progress(done + bytes, total);
  };
  CopyTensors(checkpoint, tensors, files.Add(kWeightsFile), report);
  done = SizeOfAll(tensors);
  std::vector<int32_t> places;
  if (!options.order_by_ids.empty()) places = PlacesByFrequency(options.order_by_ids, from.geometry.vocab);
  PackTable(from, DescriptionOf(checkpoint, from, options), places,
            files.Add(PackedFileName(KindOf(options))), report);
  // A table of the other kind that an earlier packing left would be taken for one of these weights.
  const PackedKind other = options.folded != nullptr ? PackedKind::kRows : PackedKind::kFolded;
  fs::remove(fs::path(folder) / PackedFileName(other));
  files.Keep();
}

}  // namespace plelab
