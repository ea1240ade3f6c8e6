// Measures a file as a device: latencies of reads one by one, and IOPS with many under way.
#pragma once

#include <cstdint>
#include <vector>

#include "model/devices/device_clock.h"
#include "model/io/random_access_file.h"

namespace plelab {

struct ProbeOptions {
  int64_t reads = 2000;       // one by one
  int64_t deep_reads = 8000;  // submitted together: as many are under way as the file lets
  int64_t read_bytes = 4096;
  uint64_t seed = 1;  // where they lie
};

struct ProbedDevice {
  std::vector<double> latency_us;  // [reads], ascending
  double iops = 0;                 // of deep_reads

  // The smallest latency that a share `probability` of the reads does not exceed.
  double Quantile(double probability) const;
  double mean_us() const;
};

// Reads random whole multiples of read_bytes.  Whether the page cache answers is the file's matter.  Throws
// UserError for a file that is shorter than one read, and what its reads throw.
ProbedDevice Probe(RandomAccessFile& file, const ProbeOptions& options,
                   DeviceClock& clock = SteadyDeviceClock());

}  // namespace plelab
