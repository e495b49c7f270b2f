#include "cli/rules_walk.h"

#include <algorithm>
#include <filesystem>

#include "base/file.h"

namespace secretfs {
namespace {

namespace fs = std::filesystem;

class Walker {
 public:
  explicit Walker(const RulesFile& rules) : rules_(rules), root_(rules.rules().folder) {}

  WalkedFiles Walk() {
    Enter(root_);
    std::sort(found_.paths.begin(), found_.paths.end());
    return std::move(found_);
  }

 private:
  void Enter(const fs::path& folder) {
    std::error_code error;
    fs::directory_iterator at(folder, error);
    for (; !error && at != fs::directory_iterator(); at.increment(error)) Look(*at);
    if (error)
      found_.problems.push_back(SystemError(error.value(), "cannot read the folder", folder));
  }

  void Look(const fs::directory_entry& entry) {
    std::error_code error;
    const fs::file_status status = entry.symlink_status(error);
    const fs::path& path = entry.path();
    if (fs::is_directory(status)) {
      const bool others = fs::exists(fs::symlink_status(path / kRulesFileName, error));
      if (path.filename() != ".git" && !others) Enter(path);
    } else if (fs::is_regular_file(status) && path.filename() != kRulesFileName) {
      const std::string below = path.lexically_relative(root_);
      if (rules_.rules().Find(below) != nullptr) found_.paths.push_back(path);
    }
  }

  const RulesFile& rules_;
  fs::path root_;
  WalkedFiles found_;
};

}  // namespace

WalkedFiles FilesOf(const RulesFile& rules) { return Walker(rules).Walk(); }

}  // namespace secretfs
