#include <algorithm>
#include <cstdio>

#include "tests/bench/measure.h"
#include "tests/bench/rows.h"

namespace secretfs::bench {
namespace {

std::string Number(double value, const std::string& unit) {
  return Text(value < 10 ? "%.2f%s" : "%.1f%s", value, unit.c_str());
}

const char* Verdict(bool met) { return met ? "met" : "NOT MET"; }

}  // namespace

void Table::AddLimit(const std::string& what, double measured, double reach,
                     const std::string& unit, const std::string& note) {
  const bool met = measured <= reach;
  all_met_ = all_met_ && met;
  Add({what, Number(measured, unit), "<= " + Number(reach, unit), Verdict(met), note});
}

void Table::AddGoal(const std::string& what, double measured, double reach, const std::string& unit,
                    const std::string& note) {
  const bool met = measured >= reach;
  all_met_ = all_met_ && met;
  Add({what, Number(measured, unit), ">= " + Number(reach, unit), Verdict(met), note});
}

void Table::AddFact(const std::string& what, const std::string& measured, const std::string& note) {
  Add({what, measured, "-", "", note});
}

/// A long run shows what it has so far.
void Table::Add(Line line) {
  std::fprintf(stderr, "bench: %s: %s %s\n", line.what.c_str(), line.measured.c_str(),
               line.verdict.c_str());
  lines_.push_back(std::move(line));
}

void Table::Print() const {
  Line widest{"", "measured", "to reach", "NOT MET", ""};
  for (const Line& line : lines_) {
    widest.what.resize(std::max(widest.what.size(), line.what.size()));
    widest.measured.resize(std::max(widest.measured.size(), line.measured.size()));
    widest.reach.resize(std::max(widest.reach.size(), line.reach.size()));
  }
  const auto print = [&](const Line& line) {
    std::printf("%-*s  %*s  %*s  %-*s  %s\n", static_cast<int>(widest.what.size()),
                line.what.c_str(), static_cast<int>(widest.measured.size()), line.measured.c_str(),
                static_cast<int>(widest.reach.size()), line.reach.c_str(),
                static_cast<int>(widest.verdict.size()), line.verdict.c_str(), line.note.c_str());
  };
  print({"what", "measured", "to reach", "", "note"});
  for (const Line& line : lines_) print(line);
}

}  // namespace secretfs::bench
