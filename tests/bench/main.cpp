// bench [--quick] [--only ROW]... SECRETFS MINIMAL_FUSE: measures the figures of DESIGN.md and
// prints them as one table. Needs root (it mounts) and Debian's age. Exit code: 0 all figures met,
// 1 not all, 2 it could not measure.
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>
#include <string_view>

#include "tests/bench/measure.h"
#include "tests/bench/rows.h"

namespace secretfs::bench {
namespace {

struct Row {
  std::string_view name;
  void (*measure)(Scene&, Table&);
};
constexpr std::array<Row, 9> kRows{{{"open", OpenRow},
                                    {"ready", ReadyRow},
                                    {"read-all", ReadAllRow},
                                    {"small", SmallRow},
                                    {"hybrid", HybridRow},
                                    {"decrypt", DecryptRow},
                                    {"list", ListRow},
                                    {"reload", ReloadRow},
                                    {"memory", MemoryRow}}};

struct Options {
  bool quick = false;
  std::vector<std::string_view> only;
  Programs programs;
};

Options Parse(std::vector<std::string> words) {
  Options options;
  std::vector<std::string> files;
  for (size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--quick") {
      options.quick = true;
    } else if (words[i] == "--only" && i + 1 < words.size()) {
      const auto* row = std::find_if(kRows.begin(), kRows.end(),
                                     [&](const Row& r) { return r.name == words[i + 1]; });
      if (row == kRows.end()) Fail("no row " + words[i + 1]);
      options.only.push_back(row->name);
      ++i;
    } else {
      files.push_back(words[i]);
    }
  }
  if (files.size() != 2) Fail("usage: bench [--quick] [--only ROW]... SECRETFS MINIMAL_FUSE");
  options.programs = {files[0], files[1]};
  return options;
}

bool Measure(const Options& options) {
  // Every program it starts inherits this: what else the machine does disturbs both sides less.
  if (::setpriority(PRIO_PROCESS, 0, -20) != 0) FailErrno("cannot raise the priority");
  Table table;
  Scene scene(options.programs, options.quick);
  for (const Row& row : kRows) {
    const bool wanted = options.only.empty() || std::find(options.only.begin(), options.only.end(),
                                                          row.name) != options.only.end();
    if (wanted) row.measure(scene, table);
  }
  table.Print();
  return table.all_met();
}

}  // namespace
}  // namespace secretfs::bench

int main(int argc, char** argv) {
  using namespace secretfs::bench;
  try {
    if (::geteuid() != 0) Fail("must be run by root, to mount");
    return Measure(Parse({argv + 1, argv + argc})) ? 0 : 1;
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "bench: error: %s\n", problem.what());
    return 2;
  }
}
