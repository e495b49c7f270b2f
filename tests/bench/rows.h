// The rows of the table: one function each, which measures and adds its lines.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/bench/scene.h"

namespace secretfs::bench {

class Table {
 public:
  /// `measured` must not be over `reach`. Both are shown with `unit` ("x", " ms").
  void AddLimit(const std::string& what, double measured, double reach, const std::string& unit,
                const std::string& note = "");
  /// `measured` must be at least `reach`.
  void AddGoal(const std::string& what, double measured, double reach, const std::string& unit,
               const std::string& note = "");
  /// For information: no figure to reach.
  void AddFact(const std::string& what, const std::string& measured, const std::string& note = "");

  void Print() const;
  [[nodiscard]] bool all_met() const noexcept { return all_met_; }

 private:
  struct Line {
    std::string what;
    std::string measured;
    std::string reach;
    std::string verdict;
    std::string note;
  };
  void Add(Line line);
  std::vector<Line> lines_;
  bool all_met_ = true;
};

/// Open, read and close a secret against the same on a minimal libfuse program.
void OpenRow(Scene& scene, Table& table);
/// `mount` until READY=1 with 10,000 secrets.
void ReadyRow(Scene& scene, Table& table);
/// 1,000 secrets from the start of `mount` to the last byte, against one `age -d` each.
void ReadAllRow(Scene& scene, Table& table);
/// 1,000 secrets, each read for the first time, from a daemon that runs.
void SmallRow(Scene& scene, Table& table);
/// Unwrapping a post-quantum file key, in a build that can.
void HybridRow(Scene& scene, Table& table);
/// `secretfs decrypt` of 256 MiB against `age -d`.
void DecryptRow(Scene& scene, Table& table);
/// What `ls -l` asks, for 1,000 secrets against a tmpfs.
void ListRow(Scene& scene, Table& table);
/// SIGHUP until one of 10,000 secrets has the content that the configuration now says.
void ReloadRow(Scene& scene, Table& table);
/// Resident memory with 100 and with 10,000 secrets read.
void MemoryRow(Scene& scene, Table& table);

}  // namespace secretfs::bench
