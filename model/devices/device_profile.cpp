#include "model/devices/device_profile.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "model/base/error.h"
#include "model/base/file_descriptor.h"
#include "model/base/nearest_word.h"
#include "model/devices/embedded_profiles.h"
#include "model/devices/flat_yaml.h"

namespace plelab {
namespace {

struct LatencyKey {
  std::string_view key;
  double probability;
};
constexpr LatencyKey kLatencyKeys[] = {
    {"read_latency_min_us", 0},    {"read_latency_p10_us", 0.10}, {"read_latency_p50_us", 0.50},
    {"read_latency_p90_us", 0.90}, {"read_latency_p99_us", 0.99}, {"read_latency_p999_us", 0.999},
    {"read_latency_max_us", 1},
};
constexpr std::string_view kKeys[] = {
    "name",
    "device",
    "stated",
    "assumed",
    "iops",
    "bandwidth_mb_per_s",
    "parallel_units",
    "limit_iops",
    "limit_slice_ms",
    kLatencyKeys[0].key,
    kLatencyKeys[1].key,
    kLatencyKeys[2].key,
    kLatencyKeys[3].key,
    kLatencyKeys[4].key,
    kLatencyKeys[5].key,
    kLatencyKeys[6].key,
};
constexpr int64_t kLargestFile = 64 * 1024;

LatencyDistribution ReadLatency(const FlatYaml& yaml) {
  std::vector<LatencyDistribution::Knot> knots;
  for (const auto& [key, probability] : kLatencyKeys) {
    const double us = yaml.Positive(key);
    if (!knots.empty() && us < knots.back().us) yaml.Refuse(key, "expected at least the quantile before it");
    knots.push_back({probability, us});
  }
  return LatencyDistribution(std::move(knots));
}

// The figures of a device must be able to be true together.
void CheckTogether(const DeviceProfile& profile, const FlatYaml& yaml) {
  const double transfer_us = DeviceProfile::kReadBytes / profile.bandwidth_bytes_per_s * 1e6;
  if (profile.iops * transfer_us > 1e6) yaml.Refuse("iops", "more than the bandwidth can move");
  if (transfer_us > profile.read_latency.knots().front().us) {
    yaml.Refuse("bandwidth_mb_per_s", "the transfer alone would take longer than read_latency_min_us");
  }
  const double under_way = profile.iops * profile.read_latency.mean_us() / 1e6;
  if (static_cast<double>(profile.parallel_units) > under_way * 1.005) {  // figures are rounded
    yaml.Refuse("parallel_units", Format("at most iops x mean latency, which is {:.2f}", under_way));
  }
}

std::string ReadText(const std::string& path) {
  const FileDescriptor file(path, ReadAhead::kOn);
  if (file.size_bytes() > kLargestFile) {
    throw UserError("{}: {} bytes are no device profile", path, file.size_bytes());
  }
  std::string text(static_cast<size_t>(file.size_bytes()), '\0');
  file.Read(0, std::as_writable_bytes(std::span(text)));
  return text;
}

// As short as it can be, and read back exactly.
std::string Number(double value) { return Format("{}", value); }

}  // namespace

double DeviceProfile::busy_share() const {
  return std::min(1.0, static_cast<double>(parallel_units) / (iops * read_latency.mean_us() / 1e6));
}

std::vector<std::string> DeviceProfileNames() {
  std::vector<std::string> names;
  for (const EmbeddedProfile& profile : EmbeddedProfiles()) names.emplace_back(profile.name);
  return names;
}

DeviceProfile ParseDeviceProfile(std::string_view text, const std::string& origin) {
  const FlatYaml yaml(text, origin, kKeys);
  DeviceProfile profile;
  profile.name = yaml.Text("name");
  profile.device = yaml.Text("device");
  profile.stated = yaml.Text("stated");
  profile.assumed = yaml.Text("assumed");
  profile.read_latency = ReadLatency(yaml);
  profile.iops = yaml.Positive("iops");
  profile.bandwidth_bytes_per_s = yaml.Positive("bandwidth_mb_per_s") * 1e6;
  profile.parallel_units = yaml.PositiveInteger("parallel_units");
  CheckTogether(profile, yaml);
  if (yaml.Has("limit_iops") || yaml.Has("limit_slice_ms")) {
    profile.limit_iops = yaml.Positive("limit_iops");
    profile.limit_slice_ms = yaml.Positive("limit_slice_ms");
    if (profile.limit_iops * profile.limit_slice_ms < 1000)
      yaml.Refuse("limit_slice_ms", "allows less than one read");
  }
  return profile;
}

std::string DeviceProfileText(const DeviceProfile& profile) {
  std::string text = Format("name: {}\ndevice: \"{}\"\nstated: \"{}\"\nassumed: \"{}\"\n", profile.name,
                            profile.device, profile.stated, profile.assumed);
  for (size_t i = 0; i < std::size(kLatencyKeys); ++i) {
    text += Format("{}: {}\n", kLatencyKeys[i].key, Number(profile.read_latency.knots().at(i).us));
  }
  text += Format("iops: {}\nbandwidth_mb_per_s: {}\nparallel_units: {}\n", Number(profile.iops),
                 Number(profile.bandwidth_bytes_per_s / 1e6), profile.parallel_units);
  if (profile.limit_iops == 0) return text;
  return text + Format("limit_iops: {}\nlimit_slice_ms: {}\n", Number(profile.limit_iops),
                       Number(profile.limit_slice_ms));
}

DeviceProfile DeviceProfileNamed(const std::string& name_or_path) {
  if (name_or_path.find('/') != std::string::npos || name_or_path.ends_with(".yaml")) {
    return ParseDeviceProfile(ReadText(name_or_path), name_or_path);
  }
  std::vector<std::string_view> names;
  for (const auto& [name, yaml] : EmbeddedProfiles()) {
    if (name == name_or_path) return ParseDeviceProfile(yaml, Format("configs/devices/{}.yaml", name));
    names.push_back(name);
  }
  throw UserError("unknown device '{}'{}; known: {}, or the path of a profile (NAME.yaml)", name_or_path,
                  DidYouMean(name_or_path, names), Join(names, ", "));
}

}  // namespace plelab
