// The state of every secret for monitoring, in the text format of Prometheus 0.0.4, for
// .secretfs/metrics. Names and numbers, no values. Pure. (secretfs(1), METRICS)
#pragma once

#include <string>
#include <vector>

#include "core/snapshot.h"
#include "daemon/status.h"

namespace secretfs {

std::string MetricsText(const StatusFacts& facts, const std::vector<File>& files);

}  // namespace secretfs
