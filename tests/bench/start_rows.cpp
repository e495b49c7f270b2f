#include "tests/bench/measure.h"
#include "tests/bench/rows.h"

namespace secretfs::bench {
namespace {

constexpr double kReachReadyMilliseconds = 100;
constexpr double kReachFaster = 20;

/// From the start of `mount` until the last of the secrets was read.
double SecondsToReadAll(Scene& scene, const std::string& config, const Declaration& declaration) {
  const Stopwatch start;
  const SecretFs secretfs(scene, config);
  for (size_t n = 0; n < declaration.secrets; ++n) {
    ReadSecret(secretfs / Scene::NameOf(n, declaration), Scene::Content(n));
  }
  return start.Seconds();
}

double SecondsWithAge(Scene& scene, size_t secrets) {
  const Stopwatch start;
  for (size_t n = 0; n < secrets; ++n) Run({"age", "-d", "-i", scene.Identity(), scene.AgeFile(n)});
  return start.Seconds();
}

}  // namespace

void ReadyRow(Scene& scene, Table& table) {
  const std::string many = scene.Configure({.secrets = 10'000, .folders = 100});
  const std::string one = scene.Configure({.secrets = 1});
  std::vector<double> many_ms;
  std::vector<double> one_ms;
  for (int round = 0; round < (scene.quick() ? 7 : 31); ++round) {
    many_ms.push_back(SecretFs(scene, many).ready_seconds() * 1e3);
    one_ms.push_back(SecretFs(scene, one).ready_seconds() * 1e3);
  }
  table.AddLimit("mount to READY, 10,000 secrets", Median(many_ms), kReachReadyMilliseconds, " ms",
                 Text("%.1fx the start with one secret, %.1f ms", MedianRatio(many_ms, one_ms),
                      Median(one_ms)));
}

void ReadAllRow(Scene& scene, Table& table) {
  const Declaration declaration{.secrets = Scene::kDistinct};
  const std::string config = scene.Configure(declaration);
  std::vector<double> ours;
  std::vector<double> age;
  for (int round = 0; round < (scene.quick() ? 1 : 5); ++round) {
    ours.push_back(SecondsToReadAll(scene, config, declaration));
    age.push_back(SecondsWithAge(scene, declaration.secrets));
  }
  table.AddGoal("1,000 secrets, mount to last byte, to age -d", MedianRatio(age, ours),
                kReachFaster, "x", Text("%.3f against %.2f s", Median(ours), Median(age)));
}

}  // namespace secretfs::bench
