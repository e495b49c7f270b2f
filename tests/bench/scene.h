// What the benchmark measures on: a folder of its own, an age identity, age files made by Debian's
// `age`, and secretfs mounted over them. All of it is gone at the end, after a failure too.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/bench/process.h"

namespace secretfs::bench {

/// A new folder below $TMPDIR. Its destructor unmounts whatever is mounted in it.
class Scratch {
 public:
  Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch();
  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

struct Programs {
  std::string secretfs;
  std::string minimal;  // minimal_fuse
};

/// How the secrets of a configuration are declared.
struct Declaration {
  size_t secrets = 1;
  size_t folders = 0;       // that they are spread over; 0: all at the top
  std::string access = "";  // more keys of each secret, as in `mode: "0440"`
  bool audit = false;       // on, to a file
};

class Scene {
 public:
  Scene(Programs programs, bool quick) : programs_(std::move(programs)), quick_(quick) {}

  [[nodiscard]] const Programs& programs() const noexcept { return programs_; }
  [[nodiscard]] bool quick() const noexcept { return quick_; }
  [[nodiscard]] const Scratch& scratch() const noexcept { return scratch_; }

  /// The identity's file; its recipient. Made when first asked for.
  const std::string& Identity();
  const std::string& Recipient();

  /// The age file of the n-th secret. The first kDistinct have a content of their own, of
  /// kSecretBytes; the rest are hard links to them.
  std::string AgeFile(size_t n);
  static std::string Content(size_t n);
  static std::string NameOf(size_t n, const Declaration& declaration);

  /// Writes a configuration and returns its file.
  std::string Configure(const Declaration& declaration);

  /// A name in the scratch folder that nobody has yet.
  std::string Fresh(const std::string& stem);

  static constexpr size_t kDistinct = 1000;
  static constexpr size_t kSecretBytes = 64;

 private:
  const Programs programs_;
  const bool quick_;
  const Scratch scratch_;
  std::string identity_;
  std::string recipient_;
  size_t age_files_ = 0;
  size_t names_ = 0;
};

/// `secretfs mount`, from its start to READY=1; stopped at the end of its scope.
class SecretFs {
 public:
  SecretFs(Scene& scene, const std::string& config);
  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] pid_t process() const noexcept { return process_->id(); }
  [[nodiscard]] double ready_seconds() const noexcept { return ready_seconds_; }

 private:
  std::string path_;
  std::unique_ptr<Process> process_;
  double ready_seconds_ = 0;
};

/// The yardstick's mount; its one file is `secret`.
class MinimalFuse {
 public:
  explicit MinimalFuse(Scene& scene);
  [[nodiscard]] std::string file() const { return path_ + "/secret"; }
  [[nodiscard]] pid_t process() const noexcept { return process_->id(); }

 private:
  std::string path_;
  std::unique_ptr<Process> process_;
};

/// Opens, reads and closes a secret; fails unless its content is as expected. Any content when that
/// is empty.
void ReadSecret(const std::string& file, const std::string& expected = "");

}  // namespace secretfs::bench
