#include "daemon/links.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <optional>

#include "base/file.h"
#include "daemon/outside_path.h"

namespace secretfs {
namespace {

using Links = std::map<std::string, std::string>;

constexpr size_t kMostRecord = size_t{64} << 20U;

Error NotOurs(const std::string& path) {
  return {Code::kInvalid, "is there already, and is not a link of secretfs", path,
          "remove it, or declare the link elsewhere"};
}

/// Puts a new link in the place of ours. What comes to be there meanwhile is put back.
Status ReplaceLink(int folder, const std::string& path, const std::string& old,
                   const std::string& target) {
  const std::string name = NameOf(path);
  const std::string temporary = name.substr(0, NAME_MAX - 16) + ".secretfs-new";
  ::unlinkat(folder, temporary.c_str(), 0);  // of one who was killed here
  if (::symlinkat(target.c_str(), folder, temporary.c_str()) != 0)
    return SystemError(errno, "cannot make the link", path);
  const auto exchange = [&] {
    return ::renameat2(folder, temporary.c_str(), folder, name.c_str(), RENAME_EXCHANGE);
  };
  Status done = Ok{};
  if (exchange() != 0) {
    done = SystemError(errno, "cannot replace the link", path);
  } else if (const auto replaced = ReadLinkAt(folder, temporary.c_str(), path);
             !replaced || *replaced != old) {
    if (exchange() == 0) {
      done = NotOurs(path);
    } else {
      return SystemError(errno, "was replaced by something else, which is beside it now", path);
    }
  }
  ::unlinkat(folder, temporary.c_str(), 0);
  return done;
}

/// `recorded`: where we made it lead before, if we did.
Status MakeLink(const std::string& path, const std::string& target,
                const std::optional<std::string>& recorded) {
  const UniqueFd folder = TRY(OpenFolderOf(path, true, "link"));
  const std::string name = NameOf(path);
  if (const auto same = ReadLinkAt(folder.get(), name.c_str(), path); same && *same == target) {
    return Ok{};  // without the folder's lock, as above
  }
  // One step, which replaces nothing.
  if (::symlinkat(target.c_str(), folder.get(), name.c_str()) == 0) return Ok{};
  if (errno != EEXIST) return SystemError(errno, "cannot make the link", path);
  const auto there = ReadLinkAt(folder.get(), name.c_str(), path);
  if (there && *there == target) return Ok{};
  if (!there || !recorded || *there != *recorded) return NotOurs(path);
  return ReplaceLink(folder.get(), path, *there, target);
}

/// What leads elsewhere by now is no longer ours.
Status RemoveLink(const std::string& path, const std::string& recorded) {
  const auto folder = OpenFolderOf(path, false, "link");
  if (!folder) return folder.error().code == Code::kNotFound ? Status(Ok{}) : folder.error();
  const std::string name = NameOf(path);
  const auto there = ReadLinkAt(folder->get(), name.c_str(), path);
  if (!there || *there != recorded) return Ok{};
  if (::unlinkat(folder->get(), name.c_str(), 0) != 0 && errno != ENOENT)
    return SystemError(errno, "cannot remove the link", path);
  return Ok{};
}

/// Path, NUL, target, NUL, and so on.
Result<Links> ReadRecord(const std::string& file) {
  const auto bytes = ReadFile(file, kMostRecord);
  if (!bytes && bytes.error().code == Code::kNotFound) return Links{};
  if (!bytes) return bytes.error();
  Links links;
  std::string_view rest = AsText(*bytes);
  const auto next = [&rest]() -> std::string {
    const size_t end = rest.find('\0');
    std::string text(rest.substr(0, end));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    return text;
  };
  while (!rest.empty()) {
    const std::string path = next();
    const std::string target = next();
    if (path.starts_with('/') && !target.empty()) links[path] = target;
  }
  return links;
}

Status WriteRecord(const std::string& file, const Links& links) {
  std::string text;
  for (const auto& [path, target] : links) text += path + '\0' + target + '\0';
  return ReplaceFile(file, AsBytes(text), 0600);
}

}  // namespace

std::vector<Error> SyncLinks(const Links& wanted, const std::string& record,
                             const std::string& before) {
  std::vector<Error> problems;
  struct stat st {};
  const bool first = !before.empty() && ::lstat(record.c_str(), &st) != 0 && errno == ENOENT;
  const auto read = ReadRecord(first ? before : record);
  if (!read) problems.push_back(read.error());
  const Links ours = read ? *read : Links{};
  if (ours != wanted) {
    // Before the first is made, or one whose maker was killed would belong to nobody.
    Links soon = ours;
    soon.insert(wanted.begin(), wanted.end());
    if (const Status written = WriteRecord(record, soon); !written) {
      problems.push_back(written.error());
      return problems;
    }
  }
  Links now;
  for (const auto& [path, target] : ours) {
    if (wanted.contains(path)) continue;
    if (const Status removed = RemoveLink(path, target); !removed) {
      problems.push_back(removed.error());
      now.emplace(path, target);  // to be tried again
    }
  }
  for (const auto& [path, target] : wanted) {
    const auto at = ours.find(path);
    const auto recorded = at == ours.end() ? std::nullopt : std::optional(at->second);
    if (const Status made = MakeLink(path, target, recorded); made) {
      now.emplace(path, target);
    } else {
      problems.push_back(made.error());
      if (recorded) now.emplace(path, *recorded);
    }
  }
  if (first || ours != wanted || now != wanted) {
    if (const Status written = WriteRecord(record, now); !written)
      problems.push_back(written.error());
  }
  return problems;
}

}  // namespace secretfs
