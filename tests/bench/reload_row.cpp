#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/bench/measure.h"
#include "tests/bench/rows.h"

namespace secretfs::bench {
namespace {

constexpr double kReachMilliseconds = 200;
constexpr double kLongest = 10;

void Replace(const std::string& file, const std::string& text) {
  std::ofstream(file + ".new", std::ios::binary) << text;
  std::filesystem::rename(file + ".new", file);
}

std::string Slurp(const std::string& file) {
  std::ostringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return text.str();
}

std::string FirstLine(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::string line;
  std::getline(in, line);
  return line + "\n";
}

}  // namespace

/// All have been read, so that each has a value that must be kept. Half a second of rest between
/// two rounds lets the daemon notice by itself, too, that the configuration changed.
void ReloadRow(Scene& scene, Table& table) {
  const Declaration declaration{.secrets = 10'000, .folders = 100};
  const std::string config = scene.Configure(declaration);
  const SecretFs secretfs(scene, config);
  for (size_t n = 0; n < declaration.secrets; ++n) {
    ReadSecret(secretfs / Scene::NameOf(n, declaration), Scene::Content(n));
  }
  const std::string text = Slurp(config);
  const std::string secret = secretfs / Scene::NameOf(0, declaration);
  const size_t at = text.find(scene.AgeFile(0));
  std::vector<double> milliseconds;
  std::vector<double> cpu;
  for (size_t round = 1; round <= (scene.quick() ? 5U : 15U); ++round) {
    ::usleep(500'000);
    std::string changed = text;
    changed.replace(at, scene.AgeFile(0).size(), scene.AgeFile(round));
    Replace(config, changed);
    const double before = CpuSecondsOf(secretfs.process());
    const Stopwatch start;
    if (::kill(secretfs.process(), SIGHUP) != 0) FailErrno("cannot signal secretfs");
    while (FirstLine(secret) != Scene::Content(round)) {
      if (start.Seconds() > kLongest) Fail("the reload does not come");
      ::usleep(1000);
    }
    milliseconds.push_back(start.Seconds() * 1e3);
    cpu.push_back((CpuSecondsOf(secretfs.process()) - before) * 1e3);
  }
  table.AddLimit("reload of 10,000 secrets, one changed", Median(milliseconds), kReachMilliseconds,
                 " ms", Text("from SIGHUP to the new content; %.0f ms of CPU", Median(cpu)));
}

}  // namespace secretfs::bench
