#include "tests/bench/unit_cgroup.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <fstream>

#include "base/file.h"
#include "core/unit.h"

namespace secretfs::bench {
namespace {

bool Enter(const std::string& folder) {
  std::ofstream processes(folder + "/cgroup.procs");
  processes << ::getpid() << std::flush;
  return processes.good();
}

std::string UnitOfThisProcess() {
  const auto text = ReadFile("/proc/self/cgroup", 65536);
  return text ? UnitsOf(AsText(*text)).unit : "";
}

}  // namespace

UnitCgroup::UnitCgroup(const std::string& unit) {
  const std::array<std::string, 3> hierarchies{"/sys/fs/cgroup", "/sys/fs/cgroup/unified",
                                               "/sys/fs/cgroup/systemd"};
  for (const std::string& hierarchy : hierarchies) {
    if (::access((hierarchy + "/cgroup.procs").c_str(), W_OK) != 0) continue;
    before_ = hierarchy;
    const std::string slice = hierarchy + "/bench" + std::to_string(::getpid()) + ".slice";
    for (const std::string& folder : {slice, slice + "/" + unit}) {
      if (::mkdir(folder.c_str(), 0755) != 0) return;
      made_.push_back(folder);
    }
    there_ = Enter(made_.back()) && UnitOfThisProcess() == unit;
    return;
  }
}

UnitCgroup::~UnitCgroup() {
  if (made_.empty()) return;
  (void)Enter(before_);
  for (auto folder = made_.rbegin(); folder != made_.rend(); ++folder) ::rmdir(folder->c_str());
}

}  // namespace secretfs::bench
