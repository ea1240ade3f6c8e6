// Copies of the table, one for each variant that reads it from a file (`own_table`), so that no variant warms
// the page cache of another's file or has it evicted.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/plan/run_plan.h"

namespace plelab {

// With `own_table: auto` a variant has a copy where the table that it reads is smaller than this.
inline constexpr int64_t kLargestAutoTableBytes = 1'000'000'000;

// True if the variant reads its table from a file while it is timed, and its config lets it have a copy.
bool WantsOwnTable(const VariantPlan& variant);
// The bytes of all copies that the plan's variants want.
int64_t OwnTableBytes(const RunPlan& plan);
// Where copies of the table in `table_file` can lie: .work/own_tables in the working directory if that is on
// the same file system, else own_tables beside the file (a link's target).  Empty where neither can be
// written.  The same in every process of a run.
std::string OwnTablesFolder(const std::string& table_file);

// The copies of one run, which is known by the folder of its parts.
class OwnTables {
 public:
  // Makes the copies that `plan` wants, each by a process of its own (dd) that has ended before anything is
  // timed; they are synced and evicted from the page cache.  With `reuse`, complete ones that a stopped run
  // left are kept.  Also removes what killed runs left whose parts are gone.  Where there is no place for
  // copies it prints a notice, and variants share the checkpoint's file.  Throws RunError when a copy fails,
  // and Interrupted.
  OwnTables(const RunPlan& plan, const std::string& parts_folder, bool reuse);
  // Removes the copies.
  ~OwnTables();
  OwnTables(const OwnTables&) = delete;
  OwnTables& operator=(const OwnTables&) = delete;

 private:
  std::vector<std::string> folders_;  // to be removed
};

// Points each variant to its copy where OwnTables has made one, a baseline's twin to its baseline's.  For any
// process of the run.  The memory phase and the record of a run's inputs are about the checkpoint's own file,
// so they do without.  Returns the names of the variants that read copies.
std::vector<std::string> UseOwnTables(RunPlan& plan, const std::string& parts_folder);

}  // namespace plelab
