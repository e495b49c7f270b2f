#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/bench/measure.h"
#include "tests/bench/rows.h"

namespace secretfs::bench {
namespace {

constexpr double kReach = 0.5;
constexpr size_t kBytes = size_t{256} << 20U;

/// Of zeros; to a cipher all bytes are alike.
std::string EncryptedFile(Scene& scene) {
  const std::string plain = scene.Fresh("plain");
  std::ofstream(plain).close();
  if (::truncate(plain.c_str(), kBytes) != 0) FailErrno("cannot make " + plain);
  std::string encrypted = scene.Fresh("large.age");
  Run({"age", "-r", scene.Recipient(), "-o", encrypted, plain});
  std::filesystem::remove(plain);
  return encrypted;
}

double SecondsFor(const Argv& argv) {
  const Stopwatch start;
  Run(argv);
  return start.Seconds();
}

}  // namespace

void DecryptRow(Scene& scene, Table& table) {
  const std::string file = EncryptedFile(scene);
  const Argv ours{scene.programs().secretfs, "decrypt", "-i", scene.Identity(), file};
  const Argv age{"age", "-d", "-i", scene.Identity(), file};
  std::vector<double> ours_seconds;
  std::vector<double> age_seconds;
  Run(ours);  // the file is in the page cache now
  for (int round = 0; round < (scene.quick() ? 5 : 21); ++round) {
    ours_seconds.push_back(SecondsFor(ours));
    age_seconds.push_back(SecondsFor(age));
  }
  table.AddLimit("decrypt of 256 MiB, to age -d", MedianRatio(ours_seconds, age_seconds), kReach,
                 "x", Text("%.3f against %.3f s", Median(ours_seconds), Median(age_seconds)));
}

}  // namespace secretfs::bench
