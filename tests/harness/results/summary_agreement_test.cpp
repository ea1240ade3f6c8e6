// The terminal, the report and the file say the same differences: of a sweep over dtypes in which each dtype
// has a baseline of its own and no variant is named `resident`.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <regex>

#include "harness/comparison/comparison.h"
#include "harness/record/recorder.h"
#include "harness/results/summary_table.h"
#include "harness/support/process.h"
#include "model/base/format.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace summary_agreement_test {

constexpr const char* kDtypes[] = {"float32", "bfloat16"};
constexpr const char* kPlaces[] = {"in_ram", "streamed"};

std::string NameOf(const std::string& place, const std::string& dtype) {
  return place + "@model.dtype=" + dtype;
}

// Twelve repetitions in which `streamed` is slower by about 50 µs in float32 and by 800 µs in bfloat16.
int64_t StepNs(const std::string& place, const std::string& dtype, int64_t rep, int64_t step) {
  const int64_t level = dtype == "float32" ? 3'000'000 : 2'000'000;
  const int64_t cost = place == "in_ram" ? 0 : dtype == "float32" ? 50'000 : 800'000;
  const int64_t noise = (rep * 7919 + step * 104'729 + (place == "in_ram" ? 0 : 31'337)) % 10'007;
  return level + cost + noise + 1'000 * ((rep * (place == "in_ram" ? 5 : 3)) % 7);
}

Record TwoDtypes() {
  Record record;
  record.meta = {{"experiment", "ple_strategies"}, {"weights", "random"}, {"dtype", "float32"}};
  for (const std::string dtype : kDtypes) {
    for (const std::string place : kPlaces) {
      VariantRow variant;
      variant.variant = NameOf(place, dtype);
      variant.baseline = NameOf("in_ram", dtype);
      variant.strategy = place == "in_ram" ? "cached" : "disk";
      variant.options_json = "{}";
      variant.group = dtype;
      variant.exact = 1;
      variant.fast_bytes = place == "in_ram" ? 5'000'000 : 0;
      record.variants.push_back(variant);
      for (int64_t rep = 0; rep < 12; ++rep) {
        RepRow row;
        row.variant = variant.variant;
        row.rep = rep;
        row.ttft_ns = 1'000'000;
        row.guest_cold = row.device_cold = "not_asked";
        record.reps.push_back(row);
        for (int64_t step = 0; step < 20; ++step) {
          StepRow s;
          s.variant = variant.variant;
          s.rep = rep;
          s.step = step;
          s.step_ns = StepNs(place, dtype, rep, step);
          record.steps.push_back(s);
        }
      }
    }
  }
  record.comparisons = CompareVariants(record, DesignSection{});
  return record;
}

const ComparisonRow& RowOf(const Record& record, const std::string& variant, const std::string& statistic) {
  for (const ComparisonRow& row : record.comparisons) {
    if (row.metric == "step_ns" && row.variant == variant && row.statistic == statistic) return row;
  }
  throw std::runtime_error("no row of " + variant);
}

std::string Ms(double ns) { return Format("{:+.3f}", ns * 1e-6); }

// What one of the three says of a variant.
struct Said {
  std::string baseline, mean, mean_verdict, median, median_verdict;
  bool operator==(const Said&) const = default;
};

void PrintTo(const Said& said, std::ostream* out) {
  *out << said.baseline << ": " << said.mean << " " << said.mean_verdict << ", " << said.median << " "
       << said.median_verdict;
}

std::string Half(const ComparisonRow& row) {
  return Ms(row.value) + Format(" ±{:.3f}", (row.high - row.low) / 2 * 1e-6);
}
std::string Bounds(const ComparisonRow& row) {
  return Ms(row.value) + " [" + Ms(row.low) + ", " + Ms(row.high) + "]";
}

Said OfFile(const Record& file, const std::string& variant, std::string (*text)(const ComparisonRow&)) {
  const ComparisonRow& mean = RowOf(file, variant, "mean_difference");
  const ComparisonRow& median = RowOf(file, variant, "median_difference");
  return {mean.baseline, text(mean), mean.verdict, text(median), median.verdict};
}

Said OfTerminal(const std::string& table, const std::string& variant) {
  const size_t row = table.find("\n" + variant + " ");
  if (row == std::string::npos) return {};
  const std::string line = table.substr(row + 1, table.find('\n', row + 1) - row - 1);
  const size_t heading = table.rfind("differences to ", row);
  std::smatch baseline, found;
  const std::string above = table.substr(heading, row - heading);
  const std::regex differences("([+-][0-9.]+ ±[0-9.]+) +([a-z]+) +[0-9.]+ +([+-][0-9.]+ ±[0-9.]+) +([a-z]+)");
  if (!std::regex_search(above, baseline, std::regex("^differences to ([^ ]+) ")) ||
      !std::regex_search(line, found, differences)) {
    return {line, "", "", "", ""};
  }
  return {baseline[1], found[1], found[2], found[3], found[4]};
}

Said OfReport(const std::string& page, const std::string& variant) {
  const size_t row = page.find("<tr><td>" + variant + "</td>");
  if (row == std::string::npos) return {};
  const std::string line = page.substr(row, page.find("</tr>", row) - row);
  const std::regex difference(
      "<td>([+-][0-9.]+)<br><small>(\\[[^<]*\\])</small><br><small>margin: ([a-z]+)</small>");
  std::vector<std::smatch> found(std::sregex_iterator(line.begin(), line.end(), difference), {});
  std::smatch baseline;
  if (found.size() != 2 || !std::regex_search(line, baseline, std::regex("<td>(in_ram@[^<]*)</td>"))) {
    return {line, "", "", "", ""};
  }
  const auto text = [](const std::smatch& m) { return m[1].str() + " " + m[2].str(); };
  return {baseline[1], text(found[1]), found[1][3], text(found[0]), found[0][3]};
}

TEST(SummaryAgreement, TerminalReportAndFileSayTheSameDifferencesToTheSameBaselines) {
  const std::string python = PLELAB_SOURCE_DIR "/.venv/bin/python";
  if (!std::filesystem::exists(python)) GTEST_SKIP() << "scripts/setup.sh makes " << python;
  const testing::TemporaryFolder folder;
  WriteRecord(folder / "sweep.h5", TwoDtypes());
  const Record file = ReadRecord(folder / "sweep.h5");
  const std::string table = SummaryTable(file);
  const ProcessResult report = RunProgram(
      {python, PLELAB_SOURCE_DIR "/scripts/report.py", folder / "sweep.h5", "--out", folder / "page.html"});
  ASSERT_TRUE(report.ok()) << report.Describe();
  const std::string page = testing::ReadText(folder / "page.html");
  for (const std::string dtype : kDtypes) {
    const std::string variant = NameOf("streamed", dtype);
    EXPECT_EQ(OfTerminal(table, variant), OfFile(file, variant, Half)) << table;
    EXPECT_EQ(OfReport(page, variant), OfFile(file, variant, Bounds)) << variant;
    EXPECT_EQ(RowOf(file, variant, "mean_difference").baseline, NameOf("in_ram", dtype));
  }
  EXPECT_NE(table.find("· dtype by variant ·"), std::string::npos) << table;
  EXPECT_NEAR(RowOf(file, NameOf("streamed", "float32"), "mean_difference").value, 50'000, 10'000);
  EXPECT_NEAR(RowOf(file, NameOf("streamed", "bfloat16"), "mean_difference").value, 800'000, 10'000);
}

}  // namespace summary_agreement_test
}  // namespace plelab
