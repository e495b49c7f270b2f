#include "cli/check_units.h"

#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "base/text.h"
#include "cli/ui.h"
#include "cli/unit_search.h"

namespace secretfs {
namespace {

namespace stdfs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr const char* kPlainFolder = "/run/secretfs/plain";

using Declared = std::map<std::string, const Consumers*>;

Declared DeclaredIn(const Config& config) {
  Declared declared;
  for (const SecretConfig& secret : config.secrets) declared[secret.name] = &secret.consumers;
  for (const ViewConfig& view : config.views) declared[view.name] = &view.consumers;
  return declared;
}

std::optional<std::string> RealLink(const std::string& path) {
  std::error_code failed;
  const stdfs::path target = stdfs::read_symlink(path, failed);
  return failed ? std::nullopt : std::optional(target.string());
}

/// On the system that the units are for, which may not be this one.
std::optional<std::string> UsualLink(const std::string& path) {
  return path == "/var/run" ? std::optional<std::string>("/run") : std::nullopt;
}

PathTrace TraceFor(const UnitsToCheck& what, const Declared& declared) {
  std::map<std::string, std::string> links;
  for (const auto& [name, consumers] : declared) {
    for (const std::string& link : consumers->links) links[link] = what.mount_point + "/" + name;
  }
  return {what.mount_point, std::move(links), what.folder.empty() ? RealLink : UsualLink};
}

std::string MendFor(const UnitRisk& risk, const Declared& declared) {
  const std::string order = "; and order the unit After=secretfs.service";
  if (!declared.contains(risk.below)) {
    return "let a process of the unit look instead, in ExecStart= or by LoadCredential=" + order;
  }
  return "declare `copies: [" + std::string(kPlainFolder) + "/" + risk.below + "]` for " +
         Quote(risk.below) + " and name that path, or use LoadCredential=" + order;
}

std::string PlaceOf(const UnitRisk& risk) { return risk.file + ":" + std::to_string(risk.line); }

void PrintText(const std::vector<UnitRisk>& risks, const Declared& declared) {
  for (const UnitRisk& risk : risks) {
    ui::Print(Printable(risk.unit) + ": " + Printable(PlaceOf(risk)) + ": " + risk.directive + "=" +
              Printable(risk.value));
    ui::Print("  mend: " + Printable(MendFor(risk, declared)));
  }
}

void PrintJson(const std::vector<UnitRisk>& risks, const Declared& declared) {
  Json all = Json::array();
  for (const UnitRisk& risk : risks) {
    Json json{{"unit", risk.unit},   {"file", risk.file},
              {"line", risk.line},   {"directive", risk.directive},
              {"value", risk.value}, {"mend", MendFor(risk, declared)}};
    if (declared.contains(risk.below)) json["secret"] = risk.below;
    all.push_back(std::move(json));
  }
  std::fputs((all.dump(2, ' ', false, Json::error_handler_t::replace) + "\n").c_str(), stdout);
}

/// Instances have what their templates have.
std::vector<UnitRisk> FindRisks(const std::vector<FoundUnit>& units, const PathTrace& trace) {
  std::vector<UnitRisk> risks;
  std::set<std::string> of_templates;
  for (const FoundUnit& unit : units) {  // templates come before their instances, by name
    const std::string stem = unit.name.substr(0, unit.name.find('@'));
    for (UnitRisk& risk : RisksOf(unit.name, unit.files, trace)) {
      if (stem != unit.name && !of_templates.insert(stem + "@ " + PlaceOf(risk)).second) continue;
      risks.push_back(std::move(risk));
    }
  }
  return risks;
}

/// How many of them lie in the mount.
size_t TellUnread(const UnitSearch& found,
                  const std::function<bool(const std::string&)>& lies_in_mount) {
  size_t in_mount = 0;
  for (const std::string& file : found.unread) {
    const bool ours = lies_in_mount(file);
    if (ours) ++in_mount;
    ui::Warn(
        Printable(file) + (ours ? ": is a unit file that lies in the mount" : ": cannot be read"),
        ours ? "copy it to a disk" : "");
  }
  return in_mount;
}

}  // namespace

ExitCode CheckUnits(const UnitsToCheck& what, const Config& config) {
  const Declared declared = DeclaredIn(config);
  const PathTrace trace = TraceFor(what, declared);
  std::vector<std::string> folders;
  if (what.folder.empty()) {
    folders.assign(SystemUnitFolders().begin(), SystemUnitFolders().end());
  } else {
    std::error_code failed;
    if (!stdfs::is_directory(what.folder, failed)) {
      return ui::Fail({Code::kNotFound, "is not a folder of unit files", what.folder, ""});
    }
    folders.push_back(what.folder);
  }
  const PathTrace real(what.mount_point, {}, RealLink);
  const auto lies_in_mount = [&real](const std::string& file) {
    return real.Into(file, {}).has_value();
  };
  const UnitSearch found = FindUnits(folders, lies_in_mount);
  const std::vector<UnitRisk> risks = FindRisks(found.units, trace);
  const size_t in_mount = TellUnread(found, lies_in_mount);
  if (what.json) {
    PrintJson(risks, declared);
  } else if (risks.empty() && in_mount == 0) {
    ui::Print("no unit is at risk; " + std::to_string(found.units.size()) + " units");
  } else {
    PrintText(risks, declared);
  }
  if (risks.empty() && in_mount == 0) return ExitCode::kDone;
  return ui::Fail({Code::kInvalid,
                   std::to_string(risks.size() + in_mount) +
                       " times systemd itself would look into the mount, and the machine hang if "
                       "nobody answered",
                   "", "see secretfs(1), UNITS AT RISK"});
}

}  // namespace secretfs
