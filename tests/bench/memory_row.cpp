#include <fstream>
#include <sstream>

#include "tests/bench/measure.h"
#include "tests/bench/rows.h"

namespace secretfs::bench {
namespace {

constexpr double kReachFew = 15;
constexpr double kReachMany = 80;

/// The figure of a line `Label:   1234 kB` in a file of /proc, in MiB.
double MebibytesOf(const std::string& file, const std::string& label) {
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(label + ":")) continue;
    double kibibytes = 0;
    std::istringstream(line.substr(label.size() + 1)) >> kibibytes;
    return kibibytes / 1024;
  }
  Fail("no " + label + " in " + file);
}

void Measure(Scene& scene, Table& table, const std::string& what, const Declaration& declaration,
             double reach) {
  const SecretFs secretfs(scene, scene.Configure(declaration));
  const std::string folder = "/proc/" + std::to_string(secretfs.process());
  const double unread = MebibytesOf(folder + "/status", "VmRSS");
  for (size_t n = 0; n < declaration.secrets; ++n) {
    ReadSecret(secretfs / Scene::NameOf(n, declaration), Scene::Content(n));
  }
  table.AddLimit(what, MebibytesOf(folder + "/status", "VmRSS"), reach, " MiB",
                 Text("PSS %.1f, own %.1f, locked %.1f; %.1f before the first read",
                      MebibytesOf(folder + "/smaps_rollup", "Pss"),
                      MebibytesOf(folder + "/smaps_rollup", "Private_Dirty"),
                      MebibytesOf(folder + "/status", "VmLck"), unread));
}

}  // namespace

void MemoryRow(Scene& scene, Table& table) {
  Measure(scene, table, "resident memory, 100 secrets read", {.secrets = 100}, kReachFew);
  Measure(scene, table, "resident memory, 10,000 secrets read", {.secrets = 10'000, .folders = 100},
          kReachMany);
}

}  // namespace secretfs::bench
