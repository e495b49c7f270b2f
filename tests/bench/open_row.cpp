#include <fcntl.h>
#include <grp.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <functional>
#include <optional>
#include <span>

#include "tests/bench/measure.h"
#include "tests/bench/rows.h"
#include "tests/bench/unit_cgroup.h"

namespace secretfs::bench {
namespace {

constexpr double kReach = 1.10;
constexpr double kReachAudited = 1.35;
constexpr int kOpens = 1000;  // a round
constexpr gid_t kSupplementaryGroup = 60'002;
constexpr uid_t kOrdinaryUser = 60'001;

/// One way to read: which file, served by whom, read by whom.
struct Way {
  std::string file;
  pid_t server = 0;
  bool ordinary_user = false;
  std::vector<double> wall = {};  // microseconds for each open, one figure a round
  std::vector<double> cpu = {};   // the same for the CPU time of reader and server together
};

double SecondsToRead(const std::string& file) {
  const Stopwatch start;
  for (int i = 0; i < kOpens; ++i) ReadSecret(file);
  return start.Seconds();
}

/// The same in a process that may read only because of its supplementary group.
double SecondsToReadAsOrdinaryUser(const std::string& file) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) FailErrno("cannot make a pipe");
  const UniqueFd out(ends[0]);
  UniqueFd in(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) FailErrno("cannot fork");
  if (child == 0) {
    double seconds = -1;
    const gid_t group = kSupplementaryGroup;
    if (::setgroups(1, &group) == 0 && ::setgid(kOrdinaryUser) == 0 &&
        ::setuid(kOrdinaryUser) == 0) {
      try {
        seconds = SecondsToRead(file);
      } catch (const std::exception&) {  // seen as -1 by the parent
      }
    }
    ::_exit(::write(in.get(), &seconds, sizeof seconds) == sizeof seconds ? 0 : 1);
  }
  in.reset();
  double seconds = -1;
  const bool got = ::read(out.get(), &seconds, sizeof seconds) == sizeof seconds;
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!got || seconds < 0) Fail("an ordinary user could not read " + file);
  return seconds;
}

void MeasureOnce(Way& way) {
  constexpr double kMicro = 1e6 / kOpens;
  if (way.ordinary_user) {
    way.wall.push_back(SecondsToReadAsOrdinaryUser(way.file) * kMicro);
    return;
  }
  const double before = CpuSecondsOf(way.server) + CpuSecondsOfThisThread();
  way.wall.push_back(SecondsToRead(way.file) * kMicro);
  const double after = CpuSecondsOf(way.server) + CpuSecondsOfThisThread();
  way.cpu.push_back((after - before) * kMicro);
}

/// Rounds that take each way in turn, with the reader on one CPU and all servers on another, or on
/// the same.
void MeasureAll(std::span<Way> ways, int rounds, int reader_cpu, int server_cpu) {
  for (Way& way : ways) {
    way.wall.clear();
    way.cpu.clear();
    PinProcess(way.server, server_cpu);
  }
  const Pinned reader(reader_cpu);
  for (Way& way : ways) MeasureOnce(way);  // warm
  for (Way& way : ways) way.wall.clear(), way.cpu.clear();
  for (int round = 0; round < rounds; ++round) {
    for (Way& way : ways) MeasureOnce(way);
  }
}

std::string Note(const Way& way, const Way& minimal) {
  std::string note = Text("%.1f against %.1f us", Median(way.wall), Median(minimal.wall));
  if (!way.cpu.empty()) note += Text("; CPU time %.2fx", MedianRatio(way.cpu, minimal.cpu));
  return note;
}

/// The reader in a unit, as systemd has every process: with the audit file alone, and with a rule
/// that asks for the unit too.
void UnitRows(Scene& scene, Table& table, const MinimalFuse& minimal, const Way& audited, int cpu) {
  const std::string unit = "reader.service";
  const Declaration ruled{.access = "mode: \"0400\", confine_to: [\"unit:" + unit + "\"]",
                          .audit = true};
  const SecretFs secretfs(scene, scene.Configure(ruled));
  const UnitCgroup cgroup(unit);
  const std::string in_unit = "  with the audit file, reader in a unit";
  const std::string by_rule = "  with a unit rule and the audit file";
  if (!cgroup.there()) {
    for (const auto& what : {in_unit, by_rule})
      table.AddFact(what, "-", "no cgroup can be made here");
    return;
  }
  const std::string file = secretfs / Scene::NameOf(0, ruled);
  ReadSecret(file, Scene::Content(0));
  std::array<Way, 3> ways{Way{minimal.file(), minimal.process()}, Way{audited.file, audited.server},
                          Way{file, secretfs.process()}};
  MeasureAll(ways, scene.quick() ? 40 : 200, cpu, cpu);
  const auto& [base, by_audit, by_unit] = ways;
  const auto add = [&](const std::string& what, const Way& way) {
    table.AddLimit(what, MedianRatio(way.wall, base.wall), kReachAudited, "x", Note(way, base));
  };
  add(in_unit, by_audit);
  add(by_rule, by_unit);
}

}  // namespace

void OpenRow(Scene& scene, Table& table) {
  const std::string by_group = Text("mode: \"0440\", group: %u", kSupplementaryGroup);
  const Declaration plain{.access = by_group};
  const Declaration audited{.access = by_group, .audit = true};
  const MinimalFuse minimal(scene);
  const SecretFs secretfs(scene, scene.Configure(plain));
  const SecretFs with_audit(scene, scene.Configure(audited));
  const std::string name = Scene::NameOf(0, plain);
  ReadSecret(secretfs / name, Scene::Content(0));
  ReadSecret(with_audit / name, Scene::Content(0));

  std::array<Way, 4> ways{
      Way{minimal.file(), minimal.process()}, Way{secretfs / name, secretfs.process()},
      Way{with_audit / name, with_audit.process()}, Way{secretfs / name, secretfs.process(), true}};
  const auto& [base, bare, audit, group] = ways;
  const auto ratio = [&](const Way& way) { return MedianRatio(way.wall, base.wall); };
  const auto [cpu, other_cpu] = ChooseCpus();

  MeasureAll(ways, scene.quick() ? 40 : 200, cpu, cpu);
  table.AddLimit("open+read+close, one CPU", ratio(bare), kReach, "x", Note(bare, base));
  // Its cgroup has to be read as text, which grows with the hierarchies of the machine.
  table.AddFact("  with the audit file, reader in no unit", Text("%.2fx", ratio(audit)),
                Note(audit, base));
  table.AddFact("  by a supplementary group", Text("%.2fx", ratio(group)), Note(group, base));
  UnitRows(scene, table, minimal, audit, cpu);
  if (cpu == other_cpu) return;
  MeasureAll(ways, scene.quick() ? 15 : 60, cpu, other_cpu);
  table.AddFact("  across CPUs", Text("%.2fx", ratio(bare)), Note(bare, base));
  table.AddFact("  across CPUs, with the audit file", Text("%.2fx", ratio(audit)),
                Note(audit, base));
}

}  // namespace secretfs::bench
