#include "harness/results/recorded_run.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "harness/record/recorder.h"
#include "harness/results/config_lines.h"
#include "harness/run/input_identity.h"
#include "harness/run/run_identity.h"
#include "harness/support/shell_word.h"
#include "model/base/error.h"
#include "model/base/sha256.h"
#include "model/checkpoint/checkpoint.h"
#include "model/checkpoint/packed_table.h"

namespace plelab {
namespace {

namespace fs = std::filesystem;

constexpr const char* kMissingFile = "no such file";
constexpr const char* kYaml = "config_yaml";

// A file that the run read, what it recorded of it, and the same of the file that is there now.
struct RecordedInput {
  std::string path, recorded, found;
  bool same() const { return recorded == found; }
};

// What IdentityOfFile says without the time of the last change, which a copy does not keep.
std::string WithoutTime(const std::string& identity) {
  static const std::regex kTime(R"(, changed at -?\d+)");
  return std::regex_replace(identity, kTime, "");
}

std::string FoundFile(const std::string& path) {
  return fs::is_regular_file(path) ? WithoutTime(IdentityOfFile(path)) : kMissingFile;
}

// The lines of /meta inputs, "PATH: 123 bytes, sha256 …".
std::vector<RecordedInput> RecordedInputs(const std::string& inputs) {
  std::vector<RecordedInput> files;
  std::istringstream lines(inputs);
  for (std::string line; std::getline(lines, line);) {
    const size_t end = line.rfind(": ");
    if (end == std::string::npos) continue;
    files.push_back({line.substr(0, end), WithoutTime(line.substr(end + 2)), ""});
  }
  return files;
}

// The folders and files that a config names: its values, whatever their keys.
std::set<std::string> ValuesIn(const std::string& yaml) {
  std::set<std::string> values;
  for (const auto& [key, value] : LinesOfConfig(yaml, kYaml)) {
    values.insert(value);
    if (!value.starts_with('[') || !value.ends_with(']')) continue;
    std::istringstream items(value.substr(1, value.size() - 2));
    for (std::string item; std::getline(items >> std::ws, item, ',');) values.insert(item);
  }
  return values;
}

bool Names(const std::set<std::string>& values, const std::string& path) {
  return values.contains(path) || values.contains(fs::path(path).parent_path().string());
}

// Decides which of the recorded files the run will read again.
class InputFilter {
 public:
  explicit InputFilter(const RecordedRun& run)
      : before_(ValuesIn(MetaValue(run.record.meta, kYaml))), now_(ValuesIn(run.config.resolved_yaml)) {
    const ModelSection& model = run.config.model;
    if (!model.synth.empty() && !fs::is_directory(model.checkpoint)) written_ = model.checkpoint;
    for (const VariantConfig& variant : run.config.variants) {
      for (const auto& [option, value] : DescribePleOptions(variant.ple)) {
        if (option == "file") folded_.insert(value);
      }
    }
  }

  bool IsRead(const std::string& path) const {
    const bool replaced = Names(before_, path) && !Names(now_, path);
    const bool folded = folded_.contains(path) || fs::path(path).filename() == "ple_folded.safetensors";
    const bool made =
        folded && !IsPackedTable(path);  // finished inputs, which `plelab pack` may have written
    const bool written = !written_.empty() && Names({written_}, path);
    return !replaced && !made && !written;
  }

 private:
  std::set<std::string> before_, now_, folded_;
  std::string written_;  // the checkpoint that the run will write first
};

void AddHashed(const std::string& path, const std::string& hash, std::vector<RecordedInput>& files) {
  const auto same = [&](const RecordedInput& file) { return file.path == path; };
  if (path.empty() || hash.empty() || std::ranges::any_of(files, same)) return;
  files.push_back({path, "sha256 " + hash, ""});
}

// Version 1 recorded two hashes of a checkpoint and no list of its files.
void AddCheckpoint(const Meta& meta, std::vector<RecordedInput>& files) {
  const std::string folder = MetaValue(meta, "checkpoint");
  AddHashed(folder, MetaValue(meta, "checkpoint_hash"), files);
  if (!folder.empty()) AddHashed(TokenizerFile(folder), MetaValue(meta, "tokenizer_hash"), files);
}

// What `plelab run` would find now of a recorded hash alone.
std::string FoundHash(const std::string& path) {
  if (fs::is_directory(path)) return "sha256 " + Checkpoint::Open(path).fingerprint();
  return fs::is_regular_file(path) ? "sha256 " + Sha256OfFile(path) : kMissingFile;
}

std::string HowToRunTheConfig(const RecordedRun& run) {
  const std::string path = MetaValue(run.record.meta, "config_path");
  if (path.empty() || IsHdf5(path)) return "";
  return Format(", or run the config as it is now: build/plelab run {}", ShellWord(path));
}

}  // namespace

bool IsHdf5(const std::string& path) {
  constexpr std::array<char, 8> kMagic = {'\x89', 'H', 'D', 'F', '\r', '\n', '\x1a', '\n'};
  std::error_code ignored;
  if (!fs::is_regular_file(path, ignored)) return false;
  std::ifstream file(path, std::ios::binary);
  std::array<char, 8> start{};
  return file.read(start.data(), start.size()) && start == kMagic;
}

RecordedRun ReadRecordedRun(const std::string& path, const std::vector<std::string>& overrides) {
  RecordedRun run{path, {}, {}, {}};
  run.record.meta = ReadRecord(path).meta;
  const std::string yaml = MetaValue(run.record.meta, kYaml);
  if (yaml.empty()) throw UserError("{}: records no config ({} in /meta)", path, kYaml);
  const std::string origin = Format("{}, {}", path, kYaml);
  try {
    run.config = ParseExperimentConfig(yaml, origin, overrides);
  } catch (const UserError& error) {
    if (!std::string(error.what()).starts_with(origin)) throw;  // it is in an override
    throw UserError(
        "{} (recorded by another version; change a key with --set KEY=VALUE, such as --set "
        "design.order=williams, or take it away with --set KEY=null)",
        error.what());
  }
  run.config.name = MetaValue(run.record.meta, "config", run.config.name);
  const ConfigLines recorded = LinesOfConfig(yaml, origin);
  for (const auto& [key, value] : LinesOfConfig(run.config.resolved_yaml, origin)) {
    const bool has_key = std::ranges::find(recorded, key, &ConfigLines::value_type::first) != recorded.end();
    const bool set = std::ranges::any_of(
        overrides, [&](const std::string& o) { return key.starts_with(o.substr(0, o.find('='))); });
    if (!has_key && !set) run.defaults.push_back(key + "=" + value);
  }
  return run;
}

void RequireRecordedInputs(const RecordedRun& run) {
  const Meta& meta = run.record.meta;
  std::vector<RecordedInput> files = RecordedInputs(MetaValue(meta, "inputs"));
  for (RecordedInput& file : files) file.found = FoundFile(file.path);
  const size_t whole = files.size();
  if (files.empty()) AddCheckpoint(meta, files);
  AddHashed(MetaValue(meta, "text"), MetaValue(meta, "text_hash"), files);
  AddHashed(MetaValue(meta, "accuracy_text"), MetaValue(meta, "accuracy_text_hash"), files);
  for (size_t i = whole; i < files.size(); ++i) files[i].found = FoundHash(files[i].path);
  const InputFilter filter(run);
  std::erase_if(files, [&](const RecordedInput& file) { return file.same() || !filter.IsRead(file.path); });
  if (files.empty()) return;
  std::vector<std::string> others;
  for (size_t i = 1; i < files.size(); ++i) others.push_back(files[i].path);
  throw UserError(
      "{}: {} is not what the recorded run read: recorded '{}', found '{}'{}; put the recorded file there, "
      "name another with --set{}",
      run.path, files[0].path, files[0].recorded, files[0].found,
      others.empty() ? "" : Format(" (also {})", Join(others, ", ")), HowToRunTheConfig(run));
}

}  // namespace plelab
