// The steps of a repetition under a limit of the page cache.
#pragma once

#include <vector>

#include "harness/machine/page_cache_limit.h"
#include "harness/measure/repetition.h"

namespace plelab {

// Before any variant evicts its table: a page that another one has mapped would stay, and variants may share
// a file.
void ReleaseAllPages(std::vector<Contestant>& contestants);

// While it exists the process is under the limit.  The kernel charges a page to the group of whoever reads it
// first, so what the prompt has read is evicted.  Then, unless every step evicts, each source that keeps no
// state of its own reads the rows of the workload's warm_ids one by one, as a cache with `initial: warmed`
// has: enough of them to fill the limit several times.  The contestants share the limit.
class UnderLimit {
 public:
  // `limit` may be nullptr: then nothing happens.  Throws RunError.  A contestant whose reads fail gets an
  // error.
  UnderLimit(PageCacheLimit* limit, std::vector<Contestant>& contestants, const Workload& work);
  ~UnderLimit();
  UnderLimit(const UnderLimit&) = delete;
  UnderLimit& operator=(const UnderLimit&) = delete;

 private:
  PageCacheLimit* limit_;
};

}  // namespace plelab
