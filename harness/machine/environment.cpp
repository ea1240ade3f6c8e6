#include "harness/machine/environment.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <cstring>
#include <set>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "harness/machine/cgroup.h"
#include "harness/machine/host_facts.h"
#include "harness/machine/source_state.h"
#include "harness/record/hdf5_file.h"
#include "harness/storage/storage.h"
#include "harness/support/system_files.h"
#include "model/base/format.h"

namespace plelab {
namespace {

constexpr char kUnknown[] = "unknown";

std::string OrUnknown(std::string text) { return text.empty() ? kUnknown : std::move(text); }

std::string CpuModel(const std::string& cpuinfo) {
  const std::string name = FieldOf(cpuinfo, "model name");
  if (!name.empty()) return name;
  const std::string part = FieldOf(cpuinfo, "CPU part");  // aarch64 gives only numbers
  return part.empty() ? kUnknown : "implementer " + FieldOf(cpuinfo, "CPU implementer") + ", part " + part;
}

// The features that decide which kernels run; machines with the same model name differ in them.
std::string CpuFeatures(const std::string& cpuinfo) {
  static const std::set<std::string> kTelling = {
      "avx2",        "fma",         "f16c",     "avx512f",  "avx512bw", "avx512vbmi", "avx512_bf16",
      "avx512_fp16", "avx512_vnni", "avx_vnni", "amx_bf16", "amx_int8", "asimd",      "asimddp",
      "asimdhp",     "bf16",        "i8mm",     "sve",      "sve2"};
  std::string found;
  const std::string flags = FieldOf(cpuinfo, "flags");
  for (const std::string& word : Words(flags.empty() ? FieldOf(cpuinfo, "Features") : flags)) {
    if (kTelling.contains(word)) found += (found.empty() ? "" : " ") + word;
  }
  return OrUnknown(found);
}

std::string Kernel() {
  utsname name{};
  if (::uname(&name) != 0) return kUnknown;
  return Format("{} {} {} {}", name.sysname, name.release, name.version, name.machine);
}

#if defined(__x86_64__)
// The hypervisor's signature in CPUID, such as "KVMKVMKVM"; empty on bare metal.
std::string HypervisorOfCpuid() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & (1U << 31)) == 0) return "";
  __cpuid(0x40000000, a, b, c, d);
  char signature[13] = {};
  std::memcpy(signature, &b, 4);
  std::memcpy(signature + 4, &c, 4);
  std::memcpy(signature + 8, &d, 4);
  return OrUnknown(signature);
}
#endif

std::string VirtualMachine() {
#if defined(__x86_64__)
  std::string vm = HypervisorOfCpuid();
  const bool certain = true;  // bit 31 is reserved for hypervisors to set
#else
  std::string vm = ReadSystemFile("/sys/hypervisor/type");
  const bool certain = false;
#endif
  const std::string product = ReadSystemFile("/sys/class/dmi/id/product_name");
  if (vm.empty()) return certain ? "none" : OrUnknown(product);
  return product.empty() ? vm : vm + ", " + product;
}

std::string HugePages() {
  const std::string folder = "/sys/kernel/mm/transparent_hugepage/";
  const std::string enabled = ChosenOf(ReadSystemFile(folder + "enabled"));
  if (enabled.empty()) return kUnknown;
  return Format("transparent: {}, defrag: {}", enabled,
                OrUnknown(ChosenOf(ReadSystemFile(folder + "defrag"))));
}

std::string Memory() {
  const auto kib = LeadingNumber(FieldOf(ReadSystemFile("/proc/meminfo"), "MemTotal"));
  return kib ? Format("{} bytes", static_cast<int64_t>(*kib) * 1024) : kUnknown;
}

// Adds which bytes were measured.
void AddSources(std::vector<std::pair<std::string, std::string>>& meta) {
  const SourceState now = ReadSourceState(PLELAB_SOURCE_DIR), built = BuiltSourceState();
  meta.insert(meta.end(), {{"git_commit", now.commit},
                           {"dirty_hash", now.dirty_hash},
                           {"build_commit", built.commit},
                           {"build_dirty_hash", built.dirty_hash},
                           {"compiler", PLELAB_COMPILER},
                           {"compiler_flags", PLELAB_COMPILER_FLAGS},
                           {"build_type", OrUnknown(PLELAB_BUILD_TYPE)},
                           {"torch", PLELAB_TORCH_VERSION},
                           {"hdf5", Hdf5Version()},
                           {"yaml_cpp", OrUnknown(PLELAB_YAML_CPP_VERSION)},
                           {"sentencepiece", OrUnknown(PLELAB_SENTENCEPIECE_VERSION)}});
}

}  // namespace

std::vector<std::pair<std::string, std::string>> DescribeEnvironment(const std::string& data_path,
                                                                     int64_t threads) {
  const std::string cpuinfo = ReadSystemFile("/proc/cpuinfo");
  const StorageDescription storage = DescribeStorage(data_path);
  std::vector<std::pair<std::string, std::string>> meta = {
      {"started_at", UtcNow()},
      {"threads", std::to_string(threads > 0 ? threads : Cores())},
      {"cpu_model", CpuModel(cpuinfo)},
      {"cpu_features", CpuFeatures(cpuinfo)},
      {"microcode", OrUnknown(FieldOf(cpuinfo, "microcode"))},
      {"cores", std::to_string(Cores())},
      {"memory", Memory()},
      {"kernel", Kernel()},
      {"vm", VirtualMachine()},
      {"storage", storage.device},
      {"filesystem", storage.filesystem},
      {"scheduler", storage.scheduler},
      {"read_ahead", storage.read_ahead},
      {"huge_pages", HugePages()},
      {"cgroup", DescribeCgroup()},
  };
  AddSources(meta);
  return meta;
}

}  // namespace plelab
