#include "harness/record/recorder.h"

#include <algorithm>
#include <filesystem>
#include <new>
#include <stdexcept>

#include "harness/record/hdf5_file.h"
#include "harness/record/table.h"
#include "model/base/error.h"
#include "model/base/output_file.h"
#include "model/base/trial.h"

namespace plelab {
namespace {

constexpr char kMeta[] = "/meta";
constexpr char kSchema[] = "schema_version";
constexpr char kCurves[] = "/curves";
constexpr char kContribution[] = "ple_contribution";  // the curve that has columns of its own
constexpr char kTraining[] = "/training";
constexpr std::string_view kPartsSuffix = ".parts";

constexpr char kComparisons[] = "/tables/comparisons";  // since version 2

constexpr char kStepPartTable[] = "/tables/step_parts";  // only where steps were observed

// Calls f("/tables/steps", record.steps), … once for every table that each file has.
template <class R, class F>
void ForEachTable(R& record, F f) {
  f("/tables/variants", record.variants);
  f("/tables/reps", record.reps);
  f("/tables/steps", record.steps);
  f(kComparisons, record.comparisons);
  f("/tables/memory", record.memory);
  f("/tables/accuracy", record.accuracy);
  f("/tables/tokens", record.tokens);
}

template <class Rows>
using RowOf = typename std::decay_t<Rows>::value_type;

std::string PathOfCurve(const std::string& name) { return Format("{}/{}", kCurves, name); }

// A curve's own units replace the general ones of CurveRow.
Table CurveTable(const Curve& curve) {
  Table table = ToTable(curve.rows);
  for (Column& column : table.columns) {
    if (column.name == "x") column.unit = curve.x_unit;
    if (column.name == "y" || column.name == "low" || column.name == "high") column.unit = curve.y_unit;
  }
  return table;
}

// The schema_version of the file: 1 to kSchemaVersion.  When it is none of these, a problem says so and the
// newest is assumed.
int VersionOf(const Hdf5Reader& file, std::vector<std::string>& problems) {
  for (const auto& [name, value] : file.ReadAttributes(kMeta)) {
    if (name != kSchema) continue;
    for (int version = 1; version <= kSchemaVersion; ++version) {
      if (value == std::to_string(version)) return version;
    }
    problems.push_back(Format("/meta: expected schema_version 1 to {}, found '{}'", kSchemaVersion, value));
    return kSchemaVersion;
  }
  problems.push_back("/meta has no schema_version: not a result of plelab");
  return kSchemaVersion;
}

template <class Row>
void CheckTable(const Hdf5Reader& file, const std::string& path, int version,
                std::vector<std::string>& problems) {
  if (!file.Has(path)) {
    if (path == kComparisons && version < 2) return;
    problems.push_back(path + " is missing");
    return;
  }
  const Table table = file.ReadTable(path);
  for (const std::string& problem : ColumnProblems<Row>(table, version))
    problems.push_back(path + ": " + problem);
  const auto units = file.ReadAttributes(path);
  if (std::none_of(units.begin(), units.end(), [](const auto& a) { return a.first == "units"; })) {
    problems.push_back(path + ": attribute 'units' is missing");
  }
}

std::vector<std::string> SchemaProblemsIn(const Hdf5Reader& file) {
  std::vector<std::string> problems;
  const int version = VersionOf(file, problems);
  Record empty;
  ForEachTable(empty, [&](const char* path, const auto& rows) {
    CheckTable<RowOf<decltype(rows)>>(file, path, version, problems);
  });
  if (file.Has(kStepPartTable)) CheckTable<StepPartRow>(file, kStepPartTable, version, problems);
  for (const std::string& name : file.List(kCurves)) {
    const std::string path = PathOfCurve(name);
    if (name == kContribution) {
      CheckTable<ContributionRow>(file, path, version, problems);
    } else {
      CheckTable<CurveRow>(file, path, version, problems);
    }
  }
  for (const std::string& name : file.List(kTraining)) {
    CheckTable<TrainingRow>(file, std::string(kTraining) + "/" + name, version, problems);
  }
  return problems;
}

Record ReadTables(const Hdf5Reader& file) {
  Record record;
  for (auto& attribute : file.ReadAttributes(kMeta)) {
    if (attribute.first != kSchema) record.meta.push_back(std::move(attribute));
  }
  ForEachTable(record, [&](const char* path, auto& rows) {
    if (file.Has(path)) rows = FromTable<RowOf<decltype(rows)>>(file.ReadTable(path));
  });
  if (file.Has(kStepPartTable)) record.step_parts = FromTable<StepPartRow>(file.ReadTable(kStepPartTable));
  for (const std::string& name : file.List(kCurves)) {
    const Table table = file.ReadTable(PathOfCurve(name));
    if (name == kContribution) {
      record.contribution = FromTable<ContributionRow>(table);
      continue;
    }
    record.curves.push_back({name, table.Find("x")->unit, table.Find("y")->unit, FromTable<CurveRow>(table)});
  }
  for (const std::string& name : file.List(kTraining)) {
    const Table table = file.ReadTable(std::string(kTraining) + "/" + name);
    record.training.push_back({name, FromTable<TrainingRow>(table)});
  }
  return record;
}

// When HDF5 cannot read an existing file, the file is at fault: a UserError.
template <class F>
auto Read(const std::string& path, F f) {
  try {
    return f(Hdf5Reader(path));
  } catch (const RunError& error) {
    throw UserError("{}: damaged: {}", path, error.what());
  } catch (const std::length_error&) {
    throw UserError("{}: damaged: a size in it is impossible", path);
  } catch (const std::bad_alloc&) {
    throw UserError("{}: damaged: it asks for more memory than a file of its size needs", path);
  }
}

// The library crashes on some damaged files, and allocates gigabytes for others, so that each is read in a
// child process first.  What that one throws is final.
template <class F>
auto WithFile(const std::string& path, F f) {
  std::error_code ignored;
  const auto size = std::filesystem::file_size(path, ignored);
  const int64_t bytes = ignored ? 0 : static_cast<int64_t>(size);
  const auto limit_s = static_cast<int>(60 + std::min<int64_t>(bytes / 10'000'000, 36'000));
  const TrialResult trial =
      TryInChild([&] { Read(path, f); }, limit_s, /*more_bytes=*/(int64_t{1} << 30) + 1000 * bytes);
  if (!trial.survived()) throw UserError("{}: damaged: reading it {}", path, trial.Describe());
  if (!trial.error.empty()) throw UserError("{}", trial.error);
  return Read(path, f);
}

template <class T>
void AppendRows(std::vector<T>& a, const std::vector<T>& b) {
  a.insert(a.end(), b.begin(), b.end());
}

}  // namespace

void WriteRecord(const std::string& path, const Record& record) {
  Hdf5Writer file;
  file.WriteAttribute(kMeta, kSchema, int64_t{kSchemaVersion});
  for (const auto& [name, value] : record.meta) file.WriteAttribute(kMeta, name, value);
  ForEachTable(record, [&](const char* table, const auto& rows) { file.WriteTable(table, ToTable(rows)); });
  if (!record.step_parts.empty()) file.WriteTable(kStepPartTable, ToTable(record.step_parts));
  for (const Curve& curve : record.curves) {
    file.WriteTable(PathOfCurve(curve.name), CurveTable(curve));
  }
  if (!record.contribution.empty()) {
    file.WriteTable(PathOfCurve(kContribution), ToTable(record.contribution));
  }
  for (const TrainingRun& run : record.training) {
    file.WriteTable(std::string(kTraining) + "/" + run.name, ToTable(run.rows));
  }
  file.Save(path);
}

Record ReadRecord(const std::string& path) {
  return WithFile(path, [&](const Hdf5Reader& file) {
    const std::vector<std::string> problems = SchemaProblemsIn(file);
    if (problems.size() == 1) throw UserError("{}: {}", path, problems.front());
    if (!problems.empty()) {
      throw UserError("{}: {} (and {} more: plelab validate lists them)", path, problems.front(),
                      problems.size() - 1);
    }
    return ReadTables(file);
  });
}

void Append(Record& a, const Record& b) {
  for (const auto& attribute : b.meta) {
    const auto same = [&](const auto& existing) { return existing.first == attribute.first; };
    if (std::none_of(a.meta.begin(), a.meta.end(), same)) a.meta.push_back(attribute);
  }
  AppendRows(a.variants, b.variants);
  AppendRows(a.reps, b.reps);
  AppendRows(a.steps, b.steps);
  AppendRows(a.step_parts, b.step_parts);
  AppendRows(a.memory, b.memory);
  AppendRows(a.accuracy, b.accuracy);
  AppendRows(a.tokens, b.tokens);
  AppendRows(a.contribution, b.contribution);
  AppendRows(a.training, b.training);
  for (const Curve& curve : b.curves) {
    const auto same = [&](const Curve& existing) { return existing.name == curve.name; };
    const auto found = std::find_if(a.curves.begin(), a.curves.end(), same);
    if (found == a.curves.end()) {
      a.curves.push_back(curve);
    } else {
      AppendRows(found->rows, curve.rows);
    }
  }
}

std::string PartsFolder(const std::string& result_path) { return result_path + std::string(kPartsSuffix); }

std::string ResultOfParts(const std::string& parts_folder) {
  const bool is_folder_of_parts = parts_folder.ends_with(kPartsSuffix);
  return is_folder_of_parts ? parts_folder.substr(0, parts_folder.size() - kPartsSuffix.size())
                            : parts_folder;
}

std::vector<std::string> ListParts(const std::string& folder) {
  std::vector<std::string> parts;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() == kTemporarySuffix) std::filesystem::remove(entry.path(), error);
    if (entry.path().extension() == ".h5") parts.push_back(entry.path().string());
  }
  std::sort(parts.begin(), parts.end());
  return parts;
}

std::vector<std::string> SchemaProblems(const std::string& path) { return WithFile(path, SchemaProblemsIn); }

}  // namespace plelab
