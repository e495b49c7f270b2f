#include <dirent.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <filesystem>
#include <fstream>
#include <memory>

#include "tests/bench/measure.h"
#include "tests/bench/rows.h"

namespace secretfs::bench {
namespace {

constexpr double kReach = 1.5;
constexpr Declaration kDeclaration{.secrets = 1000};

/// A tmpfs with files of the same names, sizes and modes. The scratch folder unmounts it.
std::string PlainFolder(Scene& scene) {
  std::string folder = scene.Fresh("tmpfs");
  std::filesystem::create_directory(folder);
  if (::mount("tmpfs", folder.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") != 0) {
    FailErrno("cannot mount a tmpfs");
  }
  for (size_t n = 0; n < kDeclaration.secrets; ++n) {
    const std::string file = folder + "/" + Scene::NameOf(n, kDeclaration);
    std::ofstream(file) << Scene::Content(n);
    ::chmod(file.c_str(), 0400);
  }
  return folder;
}

/// What `ls -l` of coreutils 9.1 asks the kernel about each file, without the rest of its work.
double SecondsToList(const std::string& folder) {
  const Stopwatch start;
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(folder.c_str()), ::closedir);
  if (directory == nullptr) FailErrno("cannot list " + folder);
  size_t files = 0;
  while (const dirent* entry = ::readdir(directory.get())) {
    if (entry->d_name[0] == '.') continue;
    const std::string path = folder + "/" + entry->d_name;
    struct stat stat {};
    if (::lstat(path.c_str(), &stat) != 0) FailErrno("cannot stat " + path);
    if (stat.st_size != Scene::kSecretBytes) Fail("wrong size of " + path);
    ::getxattr(path.c_str(), "system.posix_acl_access", nullptr, 0);
    ++files;
  }
  if (files != kDeclaration.secrets) Fail("not all secrets are in " + folder);
  return start.Seconds();
}

double SecondsOfLs(const std::string& folder) {
  const Stopwatch start;
  Run({"ls", "-l", folder});
  return start.Seconds();
}

}  // namespace

void ListRow(Scene& scene, Table& table) {
  const std::string plain = PlainFolder(scene);
  const std::string config = scene.Configure(kDeclaration);
  std::vector<double> cold;
  for (int round = 0; round < (scene.quick() ? 2 : 5); ++round) {
    cold.push_back(SecondsToList(SecretFs(scene, config).path()));
  }
  const SecretFs secretfs(scene, config);
  SecondsToList(secretfs.path());
  SecondsToList(plain);
  std::vector<double> ours;
  std::vector<double> native;
  std::vector<double> our_ls;
  std::vector<double> native_ls;
  for (int round = 0; round < (scene.quick() ? 100 : 400); ++round) {
    ours.push_back(SecondsToList(secretfs.path()));
    native.push_back(SecondsToList(plain));
    our_ls.push_back(SecondsOfLs(secretfs.path()));
    native_ls.push_back(SecondsOfLs(plain));
  }
  const auto ms = [](const std::vector<double>& seconds) { return Median(seconds) * 1e3; };
  table.AddLimit("ls -l of 1,000 secrets, its system calls, to tmpfs", MedianRatio(ours, native),
                 kReach, "x", Text("%.2f against %.2f ms", ms(ours), ms(native)));
  table.AddFact("  the program ls", Text("%.2fx", MedianRatio(our_ls, native_ls)),
                Text("%.2f against %.2f ms", ms(our_ls), ms(native_ls)));
  table.AddFact("  cold: the first look decrypts", Text("%.0f ms", ms(cold)));
}

}  // namespace secretfs::bench
