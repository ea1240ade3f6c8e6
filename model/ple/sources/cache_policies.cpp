#include "model/ple/sources/cache_policies.h"

#include "model/ple/enum_rows.h"
#include "model/ple/sources/lru_rows.h"

namespace plelab {
namespace {

template <class Rows>
std::unique_ptr<RowCache> Make(int64_t vocab, int64_t row_bytes, int64_t capacity) {
  return std::make_unique<Rows>(vocab, row_bytes, capacity);
}

constexpr CachePolicyRow kRows[] = {
    {CachePolicy::kLru, "lru", "the row that was used longest ago leaves first", Make<LruRows>},
};
static_assert(HasRowForEach<CachePolicy>(kRows));

}  // namespace

std::span<const CachePolicyRow> CachePolicies() { return kRows; }

const CachePolicyRow& RowOf(CachePolicy policy) {
  return FindRow(CachePolicies(), &CachePolicyRow::policy, policy);
}

}  // namespace plelab
