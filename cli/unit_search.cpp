#include "cli/unit_search.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <set>

#include "base/file.h"
#include "core/unit_name.h"

namespace secretfs {
namespace {

namespace stdfs = std::filesystem;

constexpr size_t kMostBytes = size_t{1} << 20U;

constexpr std::string_view kSystemFolders[] = {
    "/etc/systemd/system.control",   "/run/systemd/system.control",  "/run/systemd/transient",
    "/run/systemd/generator.early",  "/etc/systemd/system",          "/etc/systemd/system.attached",
    "/run/systemd/system",           "/run/systemd/system.attached", "/run/systemd/generator",
    "/usr/local/lib/systemd/system", "/usr/lib/systemd/system",      "/lib/systemd/system",
    "/run/systemd/generator.late"};

/// "app@" of "app@one.service", with the '@' for templates too; "" when it is neither.
std::string TemplateStem(const std::string& name) {
  const size_t at = name.find('@');
  return at == std::string::npos ? "" : name.substr(0, at + 1);
}

std::string Suffix(const std::string& name) { return "." + std::string(UnitSuffix(name)); }

/// "app@.service" of "app@one.service"; "" for others, also for templates.
std::string TemplateOf(const std::string& name) {
  const std::string stem = TemplateStem(name);
  if (stem.empty() || stem + Suffix(name) == name) return "";
  return stem + Suffix(name);
}

bool IsUnitOrTemplate(const std::string& name) {
  const std::string stem = TemplateStem(name);
  if (!stem.empty() && stem + Suffix(name) == name) {
    return IsUnitName(stem + "x" + Suffix(name));
  }
  return IsUnitName(name);
}

/// Whose drop-ins count for a unit, the nearest first: "a-b@x.service", "a-b@.service",
/// "a-@x.service", and so on, but not those for all of a kind.
void AddNearNames(const std::string& name, std::vector<std::string>& names) {
  if (std::ranges::find(names, name) != names.end()) return;
  names.push_back(name);
  if (const std::string of = TemplateOf(name); !of.empty()) AddNearNames(of, names);
  const size_t end = std::min(name.find('@'), name.size() - Suffix(name).size());
  if (end < 2) return;
  const size_t dash = name.rfind('-', end - 2);  // a last dash was cut at already
  if (dash == std::string::npos) return;
  AddNearNames(name.substr(0, dash + 1) + name.substr(end), names);
}

class Finder {
 public:
  Finder(std::span<const std::string> folders, const std::function<bool(const std::string&)>& avoid)
      : avoid_(avoid) {
    std::set<stdfs::path> known;
    for (const std::string& folder : folders) {
      std::error_code failed;
      const stdfs::path real = stdfs::canonical(folder, failed);
      if (!failed && known.insert(real).second) folders_.push_back(folder);
    }
  }

  UnitSearch Find() {
    for (const std::string& folder : folders_) List(folder);
    FindAliases();
    for (const std::string& name : names_) {
      if (!aliased_.contains(name)) Add(name);
    }
    return std::move(search_);
  }

 private:
  static std::vector<std::string> NamesIn(const std::string& folder) {
    std::vector<std::string> names;
    std::error_code failed;
    for (stdfs::directory_iterator at(folder, failed), end; !failed && at != end;
         at.increment(failed)) {
      names.push_back(at->path().filename().string());
    }
    std::ranges::sort(names);
    return names;
  }

  void List(const std::string& folder) {
    for (const std::string& name : NamesIn(folder)) {
      const size_t dot = name.rfind('.');
      const std::string kind = name.substr(std::min(dot, name.size()));
      if (kind == ".d") {
        if (IsUnitOrTemplate(name.substr(0, dot))) names_.insert(name.substr(0, dot));
        folders_of_drop_ins_.insert(folder + "/" + name);
      } else if (kind == ".wants" || kind == ".requires" || kind == ".upholds") {
        for (const std::string& wanted : NamesIn(folder + "/" + name)) {
          if (IsUnitOrTemplate(wanted)) names_.insert(wanted);
        }
      } else if (IsUnitOrTemplate(name)) {
        names_.insert(name);
        files_.emplace(name, folder + "/" + name);  // the first one counts
      }
    }
  }

  static std::optional<std::string> Target(const std::string& file) {
    std::error_code failed;
    const stdfs::path target = stdfs::read_symlink(file, failed);
    return failed ? std::nullopt : std::optional(target.string());
  }

  /// A link to a file of another name makes its own a second name of that unit.
  void FindAliases() {
    for (const auto& [name, file] : files_) {
      const auto target = Target(file);
      if (!target) continue;
      const std::string other = stdfs::path(*target).filename().string();
      if (other == name || !IsUnitOrTemplate(other)) continue;
      if (other == TemplateOf(name)) continue;  // an instance
      if (!files_.contains(other)) continue;
      aliases_[other].push_back(name);
      aliased_.insert(name);
    }
  }

  /// Nothing: it is masked, or cannot be read.
  std::optional<UnitFile> Read(const std::string& path) {
    if (Target(path) == "/dev/null") return std::nullopt;
    const auto text = avoid_(path) ? Result<Bytes>(Error{}) : ReadFile(path, kMostBytes);
    if (!text) {
      search_.unread.push_back(path);
      return std::nullopt;
    }
    if (text->empty()) return std::nullopt;
    return UnitFile{path, ParseUnitFile(AsText(*text))};
  }

  void Add(const std::string& name) {
    auto file = files_.find(name);
    if (file == files_.end()) file = files_.find(TemplateOf(name));
    if (file == files_.end()) return;
    auto own = Read(file->second);
    if (!own) return;
    FoundUnit unit{name, {}};
    unit.files.push_back(*std::move(own));
    for (const auto& [base, path] : DropInsOf(name)) {
      if (auto drop_in = Read(path)) unit.files.push_back(*std::move(drop_in));
    }
    search_.units.push_back(std::move(unit));
  }

  /// By their names, in which order they count; of equal ones the nearest.
  std::map<std::string, std::string> DropInsOf(const std::string& name) {
    std::vector<std::string> names;
    AddNearNames(name, names);
    for (const std::string& alias : aliases_[name]) AddNearNames(alias, names);
    std::map<std::string, std::string> found;
    const auto look = [&](const std::string& folder, const std::string& whose) {
      const std::string drop_ins = folder + "/" + whose + ".d";
      if (!folders_of_drop_ins_.contains(drop_ins)) return;
      for (const std::string& base : NamesIn(drop_ins)) {
        if (base.ends_with(".conf")) found.emplace(base, drop_ins + "/" + base);
      }
    };
    for (const std::string& folder : folders_) {
      for (const std::string& near : names) look(folder, near);
    }
    for (const std::string& folder : folders_) look(folder, std::string(UnitSuffix(name)));
    return found;
  }

  const std::function<bool(const std::string&)>& avoid_;
  std::vector<std::string> folders_;
  std::set<std::string> names_;
  std::map<std::string, std::string> files_;
  std::set<std::string> folders_of_drop_ins_;
  std::map<std::string, std::vector<std::string>> aliases_;
  std::set<std::string> aliased_;
  UnitSearch search_;
};

}  // namespace

std::span<const std::string_view> SystemUnitFolders() { return kSystemFolders; }

UnitSearch FindUnits(std::span<const std::string> folders,
                     const std::function<bool(const std::string&)>& avoid) {
  return Finder(folders, avoid).Find();
}

}  // namespace secretfs
