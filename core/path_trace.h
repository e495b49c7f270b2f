// Where looking at a path leads, as far as it matters whether that is into one folder: what asks
// this must not look itself, since looking is what may hang. Pure: symlinks are told by others.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace secretfs {

class PathTrace {
 public:
  /// Where the symlink at a path leads, or nothing when there is none.
  using ReadLink = std::function<std::optional<std::string>(const std::string&)>;
  /// `folder`: absolute and clean. `links`: symlinks that will be there, with where they lead.
  /// `read_link` tells of others, and is never asked about what is in the folder.
  PathTrace(std::string folder, std::map<std::string, std::string> links, ReadLink read_link)
      : folder_(std::move(folder)), links_(std::move(links)), read_link_(std::move(read_link)) {}

  /// In the last component, and in all for patterns.
  struct How {
    bool follow_last = true;
    bool is_pattern = false;  // glob(7); "{" stands for anything
  };
  /// What of `path`, which is absolute, is below the folder: "" for the folder itself; nothing if
  /// it does not lead there, or if that depends on kUnknown in it.
  [[nodiscard]] std::optional<std::string> Into(std::string_view path, How how) const;
  /// Stands in a path for text that is not known.
  static constexpr char kUnknown = '\x01';

 private:
  struct Walk;
  std::optional<std::string> Step(Walk walk) const;
  std::optional<std::string> LinkAt(const std::string& path) const;

  const std::string folder_;
  const std::map<std::string, std::string> links_;
  const ReadLink read_link_;
};

}  // namespace secretfs
