#include "tests/bench/scene.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/bench/measure.h"

namespace secretfs::bench {
namespace {

namespace stdfs = std::filesystem;

void WriteText(const std::string& file, const std::string& text) {
  std::ofstream out(file, std::ios::binary);
  out << text;
  out.close();
  if (!out) Fail("cannot write " + file);
}

/// The mount points below a folder, the newest first.
std::vector<std::string> MountsBelow(const std::string& folder) {
  std::vector<std::string> points;
  std::ifstream mounts("/proc/self/mounts");
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream fields(line);
    std::string point;
    fields >> point >> point;
    if (point.starts_with(folder + "/")) points.insert(points.begin(), point);
  }
  return points;
}

}  // namespace

Scratch::Scratch() {
  const char* base = std::getenv("TMPDIR");
  path_ = std::string(base == nullptr ? "/tmp" : base) + "/secretfs-bench.XXXXXX";
  if (::mkdtemp(path_.data()) == nullptr) FailErrno("cannot make a folder");
  path_ = stdfs::canonical(path_).string();
  ::chmod(path_.c_str(), 0755);  // for a reader who is not root
}

Scratch::~Scratch() {
  for (const std::string& point : MountsBelow(path_)) ::umount2(point.c_str(), MNT_DETACH);
  std::error_code failed;
  stdfs::remove_all(path_, failed);
  if (failed) std::fprintf(stderr, "bench: cannot remove %s\n", path_.c_str());
}

const std::string& Scene::Identity() {
  if (!identity_.empty()) return identity_;
  identity_ = scratch_ / "identity.txt";
  Run({"age-keygen", "-o", identity_});
  std::ifstream lines(identity_);
  const std::string label = "# public key: ";
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(label)) recipient_ = line.substr(label.size());
  }
  return identity_;
}

const std::string& Scene::Recipient() {
  Identity();
  return recipient_;
}

std::string Scene::Content(size_t n) {
  const std::string text = Text("the value of secret %zu ", n % kDistinct);
  return text + std::string(kSecretBytes - 1 - text.size(), '.') + "\n";
}

std::string Scene::AgeFile(size_t n) {
  const auto file_of = [&](size_t i) { return scratch_ / Text("age/%05zu.age", i); };
  stdfs::create_directories(scratch_ / "age");
  const std::string plain = scratch_ / "plain";
  for (; age_files_ <= n; ++age_files_) {
    const std::string file = file_of(age_files_);
    if (age_files_ >= kDistinct) {
      stdfs::create_hard_link(file_of(age_files_ % kDistinct), file);
    } else {
      WriteText(plain, Content(age_files_));
      Run({"age", "-r", Recipient(), "-o", file, plain});
    }
  }
  return file_of(n);
}

std::string Scene::NameOf(size_t n, const Declaration& declaration) {
  if (declaration.folders == 0) return Text("secret-%05zu", n);
  return Text("service-%03zu/secret-%05zu", n % declaration.folders, n);
}

std::string Scene::Configure(const Declaration& declaration) {
  std::string text = "identities: [" + Identity() + "]\n";
  if (declaration.audit) text += "audit: {file: " + Fresh("audit") + "}\n";
  text += "secrets:\n";
  AgeFile(declaration.secrets - 1);  // all are made by now
  const std::string more = declaration.access.empty() ? "" : ", " + declaration.access;
  for (size_t n = 0; n < declaration.secrets; ++n) {
    text += "  " + NameOf(n, declaration) + ": {age: " + AgeFile(n) + more + "}\n";
  }
  const std::string folder = Fresh("config");
  stdfs::create_directory(folder);
  WriteText(folder + "/config.yaml", text);
  return folder + "/config.yaml";
}

std::string Scene::Fresh(const std::string& stem) {
  return scratch_ / Text("%s-%zu", stem.c_str(), names_++);
}

SecretFs::SecretFs(Scene& scene, const std::string& config) : path_(scene.Fresh("mount")) {
  stdfs::create_directory(path_);
  NotifySocket notify(scene.Fresh("notify"));
  const std::string log = scene.Fresh("log");
  const Stopwatch start;
  process_ = std::make_unique<Process>(Argv{scene.programs().secretfs, "mount", config, path_}, log,
                                       notify.path());
  notify.AwaitReady(*process_);
  ready_seconds_ = start.Seconds();
}

MinimalFuse::MinimalFuse(Scene& scene) : path_(scene.Fresh("minimal")) {
  constexpr double kLongestStart = 10;
  stdfs::create_directory(path_);
  process_ = std::make_unique<Process>(Argv{scene.programs().minimal, path_}, scene.Fresh("log"));
  for (const Stopwatch start; !stdfs::exists(file());) {
    process_->MustLive();
    if (start.Seconds() > kLongestStart) Fail("minimal_fuse does not answer");
    ::usleep(1000);
  }
}

void ReadSecret(const std::string& file, const std::string& expected) {
  std::array<char, 4096> buffer{};
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) FailErrno("cannot open " + file);
  const ssize_t size = ::read(fd, buffer.data(), buffer.size());
  ::close(fd);
  const std::string_view content(buffer.data(), size < 0 ? 0 : static_cast<size_t>(size));
  if (content.size() != Scene::kSecretBytes || (!expected.empty() && content != expected)) {
    Fail("wrong content in " + file);
  }
}

}  // namespace secretfs::bench
