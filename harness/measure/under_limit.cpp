#include "harness/measure/under_limit.h"

#include <algorithm>
#include <span>

#include "harness/support/message.h"
#include "model/base/error.h"

namespace plelab {
namespace {

// A limit is full after about as many distinct rows as it holds; ids repeat.
constexpr int64_t kIdsPerRowThatFits = 4;

void ReadWarmRows(Contestant& c, std::span<const int64_t> warm_ids, PageCacheLimit& limit) {
  PleSource& source = c.session.source();
  const bool evicted_anyway = c.cold.section().maintain == PageCacheMaintain::kEvictEachStep;
  if (evicted_anyway || source.keeps_state() || !c.error.empty()) return;
  const int64_t fit = c.cold.section().limit.bytes / c.cold.table().row_bytes() + 1;
  const auto ids = static_cast<int64_t>(warm_ids.size());
  try {
    for (const int64_t id : warm_ids.last(std::min(ids, kIdsPerRowThatFits * fit))) {
      source.Begin({&id, 1})->Layer(0);
    }
    limit.Renew();
  } catch (const std::exception& error) {
    c.error = MessageOf(error);
  }
}

}  // namespace

void ReleaseAllPages(std::vector<Contestant>& contestants) {
  for (Contestant& c : contestants) c.session.source().ReleasePages();
}

UnderLimit::UnderLimit(PageCacheLimit* limit, std::vector<Contestant>& contestants, const Workload& work)
    : limit_(limit) {
  if (limit_ == nullptr) return;
  ReleaseAllPages(contestants);
  for (const Contestant& c : contestants) EvictFromPageCache(RangeOf(c.cold.table()));
  limit_->Enter();
  for (Contestant& c : contestants) ReadWarmRows(c, work.warm_ids, *limit_);
}

UnderLimit::~UnderLimit() {
  try {
    if (limit_ != nullptr) limit_->Leave();
  } catch (const RunError&) {  // the limit's own destructor tries again
  }
}

}  // namespace plelab
