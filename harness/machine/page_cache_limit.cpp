#include "harness/machine/page_cache_limit.h"

#include <algorithm>

#include "harness/support/system_files.h"
#include "model/base/error.h"

namespace plelab {
namespace {

// The value of a line "key 123" of memory.stat.
int64_t StatOf(const OwnCgroup& group, const std::string& key) {
  for (const std::string& line : Lines(ReadSystemFile(group.PathOf("memory.stat")))) {
    const std::vector<std::string> words = Words(line);
    if (words.size() == 2 && words[0] == key) return std::stoll(words[1]);
  }
  throw RunError("{}: has no '{}'", group.PathOf("memory.stat"), key);
}

int64_t UsageOf(const OwnCgroup& group) {
  const std::string path = group.PathOf(group.version() == 2 ? "memory.current" : "memory.usage_in_bytes");
  const auto bytes = ReadSystemNumber(path);
  if (!bytes) throw RunError("{}: cannot be read", path);
  return *bytes;
}

}  // namespace

PageCacheLimit::PageCacheLimit(int64_t bytes) : group_("limit"), bytes_(bytes) { SetLimit(bytes_); }

std::string PageCacheLimit::WhyNot() {
  constexpr int64_t kTried = int64_t{64} << 20;
  try {
    PageCacheLimit limit(kTried);
    limit.Enter();
    limit.Renew();
    limit.Leave();
    return "";
  } catch (const RunError& error) {
    return error.what();
  }
}

void PageCacheLimit::Enter() {
  group_.Enter();
  Renew();
}

void PageCacheLimit::Leave() { group_.Leave(); }

void PageCacheLimit::Renew() { SetLimit(bytes_ + std::max<int64_t>(0, UsageOf(group_) - held_bytes())); }

int64_t PageCacheLimit::held_bytes() const {
  return StatOf(group_, group_.version() == 2 ? "file" : "cache");
}

void PageCacheLimit::SetLimit(int64_t bytes) const {
  group_.Write(group_.version() == 2 ? "memory.max" : "memory.limit_in_bytes", std::to_string(bytes));
}

}  // namespace plelab
